"""Which IAM actions an API call needs, and on which resources.

It follows the "Service Authorization Reference": most operations need the action of their own name;
S3 and a few others differ. It grants nothing.
"""

from collections.abc import Mapping
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox.model import Principal, PrincipalKind
from orgroot.sandbox.passed_roles import PASS_ROLE, passed

Needs = tuple[tuple[str, str], ...]
"""Action and resource ARN; every one must be allowed."""

_S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
}
_S3_EXTRAS = {
    "ObjectLockMode": "PutObjectRetention",
    "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
    "Tagging": "PutObjectTagging",
    "BypassGovernanceRetention": "BypassGovernanceRetention",
}
_VERSIONED = frozenset(
    {"GetObject", "DeleteObject", "GetObjectAcl", "GetObjectTagging", "PutObjectTagging"}
)
_ROOT_KINDS = frozenset({PrincipalKind.ROOT_USER, PrincipalKind.ROOT_SESSION})
OWN_USER_OPERATIONS = frozenset(
    {
        "GetUser",
        "GetLoginProfile",
        "CreateLoginProfile",
        "UpdateLoginProfile",
        "DeleteLoginProfile",
        "ListAccessKeys",
        "CreateAccessKey",
        "UpdateAccessKey",
        "DeleteAccessKey",
        "GetAccessKeyLastUsed",
        "ListSigningCertificates",
        "UploadSigningCertificate",
        "UpdateSigningCertificate",
        "DeleteSigningCertificate",
        "ListMFADevices",
        "EnableMFADevice",
        "DeactivateMFADevice",
        "ResyncMFADevice",
        "ChangePassword",
    }
)
_ACTION_PREFIX = {"monitoring": "cloudwatch"}
_ARN_PARAMETERS = (
    "ResourceArn",
    "TopicArn",
    "TargetArn",
    "resourceArn",
    "ResourceARN",
    "KeyId",
)
_NAMED_RESOURCES = (
    ("dynamodb", "TableName", "table/{}"),
    ("events", "Name", "rule/{}"),
    ("events", "Rule", "rule/{}"),
    ("sns", "Name", "{}"),
    ("lambda", "FunctionName", "function:{}"),
    ("ecr", "repositoryName", "repository/{}"),
)
"""Service, the parameter that names the resource, and the end of its ARN."""


def needed(
    service: str, operation: str, params: Mapping[str, Any], principal: Principal, region: str
) -> Needs:
    """The actions with their resources, the main one first."""
    account = principal.account
    match service:
        case "s3":
            return _s3(operation, params)
        case "iam":
            main = (f"iam:{operation}", _iam(operation, params, principal))
        case "sts":
            return _sts(operation, params, principal)
        case "sqs":
            return ((f"sqs:{operation}", _queue_arn(params, account, region)),)
        case _:
            prefix = _ACTION_PREFIX.get(service, service)
            main = (f"{prefix}:{operation}", _other(service, params, account, region))
    roles = passed(service, operation, params, account)
    return (main, *((PASS_ROLE, role) for role in roles), *_tagged(service, operation, params))


def _tagged(service: str, operation: str, params: Mapping[str, Any]) -> Needs:
    """What making something with tags needs besides ("Using tags" in both user guides)."""
    if not params.get("Tags") or not operation.startswith("Create"):
        return ()
    if service == "organizations":
        return (("organizations:TagResource", "*"),)
    kind = operation.removeprefix("Create")
    return ((f"iam:Tag{kind}", "*"),) if service == "iam" else ()


def _s3(operation: str, params: Mapping[str, Any]) -> Needs:
    bucket, key = params.get("Bucket"), params.get("Key")
    name = _S3_ACTIONS.get(operation, operation)
    if bucket is None:
        return ((f"s3:{name}", "*"),)
    arn = f"arn:aws:s3:::{bucket}"
    if operation == "DeleteObjects":
        objects = params.get("Delete", {}).get("Objects", [])
        wanted = tuple(
            (_versioned(name, item.get("VersionId")), f"{arn}/{item.get('Key', '')}")
            for item in objects
        )
        return (wanted or ((f"s3:{name}", f"{arn}/*"),)) + _extras(params, f"{arn}/*")
    if key is None:
        extra: Needs = ()
        if operation == "CreateBucket" and params.get("ObjectLockEnabledForBucket"):
            extra = (("s3:PutBucketObjectLockConfiguration", arn), ("s3:PutBucketVersioning", arn))
        return ((f"s3:{name}", arn), *extra)
    arn = f"{arn}/{key}"
    main = (_versioned(name, params.get("VersionId")), arn)
    source = params.get("CopySource")
    if isinstance(source, str):
        path = source.lstrip("/").split("?", 1)[0]
        return (main, ("s3:GetObject", f"arn:aws:s3:::{path}"), *_extras(params, arn))
    return (main, *_extras(params, arn))


def _versioned(name: str, version: Any) -> str:
    if version and name in _VERSIONED:
        return f"s3:{name.replace('Object', 'ObjectVersion', 1)}"
    return f"s3:{name}"


def _extras(params: Mapping[str, Any], arn: str) -> Needs:
    return tuple(
        (f"s3:{action}", arn) for member, action in _S3_EXTRAS.items() if params.get(member)
    )


def _iam(operation: str, params: Mapping[str, Any], principal: Principal) -> str:
    home = f"arn:aws:iam::{principal.account}"
    path = str(params.get("Path") or "/") if operation.startswith("Create") else "/"
    for member, kind in (("UserName", "user"), ("RoleName", "role"), ("GroupName", "group")):
        if name := params.get(member):
            return f"{home}:{kind}{path}{name}"
    if policy := params.get("PolicyArn"):
        return str(policy)
    if operation == "DeleteVirtualMFADevice":
        return str(params.get("SerialNumber", "*"))
    if operation in OWN_USER_OPERATIONS:
        if principal.kind in _ROOT_KINDS:
            return f"{home}:root"
        if principal.kind is PrincipalKind.USER:
            return principal.arn
    return "*"


def _sts(operation: str, params: Mapping[str, Any], principal: Principal) -> Needs:
    if operation == "AssumeRoot":
        return (("sts:AssumeRoot", root_arn(str(params.get("TargetPrincipal", "")))),)
    role = str(params.get("RoleArn", "*"))
    needs: Needs = ((f"sts:{operation}", role),)
    # A session that has one hands it on, which needs the same permission ("Monitor and control
    # actions taken with assumed roles", IAM user guide).
    inherited = principal.source_identity if operation == "AssumeRole" else None
    if params.get("SourceIdentity") or inherited:
        needs += (("sts:SetSourceIdentity", role),)
    if params.get("Tags"):
        needs += (("sts:TagSession", role),)
    return needs


def root_arn(target: str) -> str:
    """The root principal's ARN of a ``TargetPrincipal``, which may be a bare account id."""
    return f"arn:aws:iam::{target}:root" if target.isdigit() else target


def _queue_arn(params: Mapping[str, Any], account: AccountId, region: str) -> str:
    if url := params.get("QueueUrl"):
        owner, _, queue = str(url).rstrip("/").rpartition("/")
        return f"arn:aws:sqs:{region}:{owner.rpartition('/')[2] or account}:{queue}"
    if name := params.get("QueueName"):
        holder = str(params.get("QueueOwnerAWSAccountId") or account)
        return f"arn:aws:sqs:{region}:{holder}:{name}"
    return f"arn:aws:sqs:{region}:{account}:*"


def _other(service: str, params: Mapping[str, Any], account: AccountId, region: str) -> str:
    for name in _ARN_PARAMETERS:
        value = params.get(name)
        if isinstance(value, str) and value.startswith("arn:"):
            return value
    home = f"arn:aws:{service}:{region}:{account}"
    if service == "ecs":
        return _ecs(params, home)
    for of, member, form in _NAMED_RESOURCES:
        if service == of and isinstance(params.get(member), str):
            return f"{home}:{form.format(params[member].rpartition(':')[2])}"
    return "*"


def _ecs(params: Mapping[str, Any], home: str) -> str:
    """The resource of an ECS call: a task definition, else a service, else anything."""
    task = params.get("family") or params.get("taskDefinition")
    if isinstance(params.get("service") or params.get("serviceName"), str):
        cluster = str(params.get("cluster", "default")).rpartition("/")[2]
        service = str(params.get("service") or params["serviceName"]).rpartition("/")[2]
        return f"{home}:service/{cluster}/{service}"
    if isinstance(task, str):
        return _task_definition(task, home)
    return "*"


def task_definition(name: str, account: AccountId, region: str) -> str:
    """The ARN of a task definition, of which a call may name the family alone."""
    return _task_definition(name, f"arn:aws:ecs:{region}:{account}")


def _task_definition(name: str, home: str) -> str:
    family, _, revision = name.rpartition("/")[2].partition(":")
    return f"{home}:task-definition/{family}:{revision or '*'}"


def owner_of(resource: str, fallback: AccountId) -> AccountId:
    """The account in a resource ARN, else the fallback (S3 ARNs name no account)."""
    parts = resource.split(":", 5)
    if len(parts) > 4 and parts[4].isdigit() and len(parts[4]) == 12:  # noqa: PLR2004 - ARN form
        return AccountId(parts[4])
    return fallback
