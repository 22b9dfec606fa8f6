"""What AWS's error codes and reasons mean to us, and what to do: rows only, read by `error_codes`.

A message that is empty leaves the word to AWS's own text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orgroot.errors import AwsErrorKind

_K = AwsErrorKind


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means: kind, our words (empty: AWS's own text is the best), what to do."""

    kind: AwsErrorKind
    message: str = ""
    hint: str | None = None


_ENABLE = "run `orgroot enable` in the management account"
_LATER = "try again in a minute"
_MANAGEMENT = "use credentials of the organization's management account"

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        # IAM's organization features (IAM API reference, ListOrganizationsFeatures and Enable…)
        "ServiceAccessNotEnabled": Meaning(
            _K.TRUSTED_ACCESS_OFF,
            "IAM is not a trusted service of this organization, so AWS hides the features",
            _ENABLE,
        ),
        "AccountNotManagementOrDelegatedAdministrator": Meaning(
            _K.NOT_MANAGEMENT,
            "the caller is in an ordinary member account",
            "use credentials of the management account or of the delegated administrator for IAM",
        ),
        "CallerIsNotManagementAccount": Meaning(
            _K.NOT_MANAGEMENT,
            "only the management account can turn a feature on; the delegated administrator can "
            "list and turn off",
            _MANAGEMENT,
        ),
        "OrganizationNotFound": Meaning(
            _K.NO_ORGANIZATION, "the caller's account is in no organization", _MANAGEMENT
        ),
        "AWSOrganizationsNotInUse": Meaning(
            _K.NO_ORGANIZATION, "the caller's account is in no organization", _MANAGEMENT
        ),
        "OrganizationNotInAllFeaturesMode": Meaning(
            _K.NOT_ALL_FEATURES,
            "the organization has consolidated billing only",
            "enable all features of the organization first (organizations:EnableAllFeatures)",
        ),
        # Organizations: registering, finding
        "AccountAlreadyRegistered": Meaning(
            _K.ALREADY, "this account is already the delegated administrator"
        ),
        "AccountNotRegistered": Meaning(
            _K.NOT_FOUND, "this account is not a delegated administrator for IAM"
        ),
        "AccountNotFound": Meaning(
            _K.NOT_FOUND, "this account is not in the organization", "check the account id"
        ),
        "TargetNotFound": Meaning(
            _K.NOT_FOUND, "this root, OU, account or policy is not in the organization"
        ),
        "ParentNotFound": Meaning(_K.NOT_FOUND, "this root or OU is not in the organization"),
        "ChildNotFound": Meaning(_K.NOT_FOUND, "this account or OU is not in the organization"),
        "RootNotFound": Meaning(_K.NOT_FOUND, "the organization has no such root"),
        "OrganizationalUnitNotFound": Meaning(_K.NOT_FOUND, "there is no such OU"),
        "PolicyNotFound": Meaning(_K.NOT_FOUND, "there is no such policy"),
        "PolicyNotAttached": Meaning(_K.NOT_FOUND, "the policy is not attached to this target"),
        # Organizations: changing policies
        "DuplicatePolicy": Meaning(
            _K.ALREADY,
            "a policy of this name exists",
            "give the new one another name, or adopt the existing one",
        ),
        "DuplicatePolicyAttachment": Meaning(
            _K.ALREADY, "the policy is attached to this target already"
        ),
        "PolicyTypeAlreadyEnabled": Meaning(_K.ALREADY, "the policy type is on already"),
        "MalformedPolicyDocument": Meaning(
            _K.INVALID,
            "",
            "correct the policy's text: AWS's policy grammar is in the IAM user guide",
        ),
        "PolicyTypeNotEnabled": Meaning(
            _K.INVALID,
            "service control policies are off in this organization",
            "turn the policy type on at the root (organizations:EnablePolicyType)",
        ),
        "PolicyTypeNotAvailableForOrganization": Meaning(
            _K.NOT_ALL_FEATURES,
            "this organization cannot use service control policies",
            "enable all features of the organization first (organizations:EnableAllFeatures)",
        ),
        "PolicyChangesInProgress": Meaning(
            _K.CONFLICT, "AWS is still applying an earlier policy change", _LATER
        ),
        "PolicyInUse": Meaning(
            _K.CONFLICT, "the policy is attached somewhere", "detach it everywhere first"
        ),
        "ConcurrentModification": Meaning(
            _K.CONFLICT, "someone else is changing the same thing", _LATER
        ),
        "FinalizingOrganization": Meaning(
            _K.CONFLICT, "AWS is still setting the organization up", "try again in an hour"
        ),
        "UnsupportedAPIEndpoint": Meaning(
            _K.INVALID, "this endpoint does not offer the operation", "use a commercial Region"
        ),
        "Service": Meaning(_K.UNAVAILABLE, "AWS Organizations had an internal error", _LATER),
        # STS
        "InvalidAction": Meaning(
            _K.INVALID,
            "this STS endpoint does not know the operation: AssumeRoot exists on Regional "
            "endpoints only",
            "set organization.region to a Region such as eu-west-1",
        ),
        "RegionDisabled": Meaning(
            _K.WRONG_REGION,
            "STS is not active in this Region for the caller's account",
            "activate it in the account settings of IAM, or set another organization.region",
        ),
        "PackedPolicyTooLarge": Meaning(
            _K.LIMIT, "", "a session policy names too much: select fewer accounts at once"
        ),
        # IAM inside a member account
        "NoSuchEntity": Meaning(_K.NOT_FOUND),
        "EntityAlreadyExists": Meaning(_K.ALREADY),
        "EntityTemporarilyUnmodifiable": Meaning(
            _K.CONFLICT, "IAM is still applying an earlier change to this root user", _LATER
        ),
        "DeleteConflict": Meaning(_K.CONFLICT),
        "LimitExceeded": Meaning(
            _K.LIMIT, "", "this is a quota, trying again does not help: see Service Quotas"
        ),
        "ServiceFailure": Meaning(_K.UNAVAILABLE, "IAM had an internal error", _LATER),
        # S3
        "NoSuchBucket": Meaning(
            _K.NOT_FOUND, "there is no such bucket", "check the bucket's name and account"
        ),
        "NoSuchKey": Meaning(_K.NOT_FOUND, "there is no such object"),
        "NoSuchVersion": Meaning(_K.NOT_FOUND, "there is no such version of the object"),
        "PreconditionFailed": Meaning(_K.ALREADY, "an object is there already"),
        "ConditionalRequestConflict": Meaning(
            _K.CONFLICT, "another conditional write of the same object is under way", _LATER
        ),
        "NoSuchBucketPolicy": Meaning(_K.NOT_FOUND, "the bucket has no policy"),
        "MethodNotAllowed": Meaning(
            _K.DENIED, "another account owns it", "name the account that owns the bucket"
        ),
        "MalformedPolicy": Meaning(_K.INVALID, "", "correct the bucket policy's text"),
        "InvalidBucketName": Meaning(_K.INVALID, "", "check the bucket's name"),
        "AllAccessDisabled": Meaning(_K.DENIED, "AWS has disabled all access to this bucket"),
        "OperationAborted": Meaning(
            _K.CONFLICT, "another change to this bucket is under way", _LATER
        ),
        # Anywhere
        "InvalidInput": Meaning(_K.INVALID),
        "InvalidParameterValue": Meaning(_K.INVALID),
        "MissingParameter": Meaning(_K.INVALID),
        "ValidationError": Meaning(_K.INVALID),
        "Validation": Meaning(_K.INVALID),
    }
)
"""By plain code (see `error_codes.plain_code`)."""

REASONS: Mapping[str, Meaning] = MappingProxyType(
    {
        "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE": Meaning(
            _K.CONFLICT,
            "a delegated administrator for IAM is registered",
            "deregister it first; `orgroot disable` does that in the right order",
        ),
        "SERVICE_ACCESS_NOT_ENABLED": Meaning(
            _K.TRUSTED_ACCESS_OFF, "IAM is not a trusted service of this organization", _ENABLE
        ),
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR": Meaning(
            _K.INVALID,
            "the management account cannot be a delegated administrator",
            "name a member account, such as the security account",
        ),
        "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR": Meaning(
            _K.INVALID, "a suspended account cannot be a delegated administrator"
        ),
        "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED": Meaning(
            _K.LIMIT,
            "IAM has its delegated administrators already",
            "deregister the present one first",
        ),
        "POLICY_NUMBER_LIMIT_EXCEEDED": Meaning(
            _K.LIMIT, "the organization has as many policies as it may", "delete unused policies"
        ),
        "POLICY_CONTENT_LIMIT_EXCEEDED": Meaning(
            _K.LIMIT,
            "the policy's text is longer than AWS allows",
            "shorten or split it; white space counts",
        ),
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": Meaning(
            _K.LIMIT,
            "this target has as many service control policies attached as it may",
            "detach or merge some of them",
        ),
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": Meaning(
            _K.INVALID,
            "every target needs at least one service control policy",
            "attach its successor first",
        ),
        "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE": Meaning(
            _K.NOT_ALL_FEATURES,
            "the organization has consolidated billing only",
            "enable all features of the organization first (organizations:EnableAllFeatures)",
        ),
        "IMMUTABLE_POLICY": Meaning(_K.INVALID, "AWS manages this policy: it cannot be changed"),
        "NON_DETACHABLE_POLICY": Meaning(_K.INVALID, "AWS does not allow detaching this policy"),
        "INVALID_ENUM_POLICY_TYPE": Meaning(_K.INVALID, "AWS does not know this policy type"),
        "TARGET_NOT_SUPPORTED": Meaning(
            _K.INVALID, "a policy of this type cannot be attached to this target"
        ),
    }
)
"""By the `Reason` of ConstraintViolation and InvalidInput (Organizations API reference)."""
