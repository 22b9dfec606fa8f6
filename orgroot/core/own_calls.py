"""The calls that orgroot makes as roles of its own, root sessions apart.

`policies/iam/` grants them; a test holds the two against each other. Calls that only the management
account can make are left out: no SCP binds it.
"""

OWN_CALLS = (
    "account:ListRegions",
    "cloudtrail:LookupEvents",
    "iam:GetRole",
    "iam:ListOrganizationsFeatures",
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
    "organizations:ListPolicies",
    "organizations:ListPoliciesForTarget",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "organizations:ListTargetsForPolicy",
    "s3:GetObjectRetention",
    "s3:GetObjectVersion",
    "s3:ListBucketVersions",
    "s3:PutObject",
    "s3:PutObjectRetention",
    "sts:AssumeRole",
    "sts:AssumeRoot",
    "sts:SetSourceIdentity",
)
