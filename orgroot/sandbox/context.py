"""The condition keys of a call: AWS's global keys and those of IAM, STS, S3, SQS and ECS used here.

It follows "AWS global condition context keys" (IAM user guide). A key that AWS would not send is
absent, because policies test for absence.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox.actions import task_definition
from orgroot.sandbox.conditions import Context
from orgroot.sandbox.model import Call, PrincipalKind
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.policy_language import principal_arn

_TYPES = {
    PrincipalKind.ROOT_USER: "Account",
    PrincipalKind.ROOT_SESSION: "Account",
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
}
_S3_KEYS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:versionid",
    "ACL": "s3:x-amz-acl",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "s3:x-amz-storage-class",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "IfNoneMatch": "s3:if-none-match",
    "IfMatch": "s3:if-match",
}
_CREATING = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})


def of(
    call: Call, organization: Organization, owner: AccountId, tags: Mapping[str, str]
) -> Context:
    """The condition keys of a call, by lower-case name.

    Args:
        call: the call.
        organization: whose ids the organization keys carry.
        owner: the account that owns the resource.
        tags: the tags of the calling user or role.
    """
    principal = call.principal
    keys: dict[str, str | tuple[str, ...]] = {
        "aws:principalarn": principal_arn(principal),
        "aws:principalaccount": principal.account,
        "aws:principaltype": _TYPES[principal.kind],
        "aws:userid": principal.user_id,
        "aws:requestedregion": call.region,
        "aws:resourceaccount": owner,
        "aws:sourceip": call.source_ip,
        "aws:useragent": call.user_agent,
        # The sandbox stands for AWS's own far end, which clients reach over TLS.
        "aws:securetransport": "true",
        "aws:currenttime": call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(call.at.timestamp())),
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
    }
    if organization.is_member(principal.account):
        keys["aws:principalorgid"] = organization.organization_id
        keys["aws:principalorgpaths"] = (organization.org_path(principal.account),)
    if organization.is_member(owner):
        keys["aws:resourceorgid"] = organization.organization_id
        keys["aws:resourceorgpaths"] = (organization.org_path(owner),)
    keys.update({f"aws:principaltag/{name.lower()}": value for name, value in tags.items()})
    keys.update(_of_session(call))
    keys.update(_of_service(call))
    return keys


def _of_session(call: Call) -> dict[str, str]:
    principal = call.principal
    keys: dict[str, str] = {}
    if principal.kind is PrincipalKind.USER:
        keys["aws:username"] = principal.name
    if principal.kind is PrincipalKind.ROOT_SESSION:
        keys["aws:assumedroot"] = "true"
    if principal.issued_at is not None:
        keys["aws:tokenissuetime"] = principal.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        keys["aws:multifactorauthpresent"] = "false"
    if principal.source_identity:
        keys["aws:sourceidentity"] = principal.source_identity
    return keys


def _of_service(call: Call) -> dict[str, str]:
    params = call.params
    if call.service == "sts":
        return _of_sts(call.operation, params)
    if call.service == "s3":
        return _of_s3(call)
    if call.service == "ecs" and isinstance(task := params.get("taskDefinition"), str):
        return {"ecs:task-definition": task_definition(task, call.principal.account, call.region)}
    if call.service == "iam" and (policy := params.get("PolicyArn")):
        return {"iam:policyarn": str(policy)}
    if call.service == "organizations":
        keys = {
            "organizations:serviceprincipal": params.get("ServicePrincipal"),
            "organizations:policytype": params.get("PolicyType") or params.get("Type"),
        }
        return {name: str(value) for name, value in keys.items() if value}
    return {}


def _of_sts(operation: str, params: Mapping[str, Any]) -> dict[str, str]:
    keys: dict[str, str] = {}
    if operation == "AssumeRoot":
        keys["sts:taskpolicyarn"] = str(params.get("TaskPolicyArn", {}).get("arn", ""))
    if name := params.get("RoleSessionName"):
        keys["sts:rolesessionname"] = str(name)
    if identity := params.get("SourceIdentity"):
        keys["sts:sourceidentity"] = str(identity)
    if external := params.get("ExternalId"):
        keys["sts:externalid"] = str(external)
    return keys


def _of_s3(call: Call) -> dict[str, str]:
    keys = {
        name: str(call.params[member])
        for member, name in _S3_KEYS.items()
        if call.params.get(member) is not None
    }
    keys["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    if call.operation in {*_CREATING, "CreateMultipartUpload", "UploadPart"}:
        keys["s3:objectcreationoperation"] = "true" if call.operation in _CREATING else "false"
    until = call.params.get("ObjectLockRetainUntilDate")
    if isinstance(until, datetime):
        keys["s3:object-lock-retain-until-date"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
        days = -(-(until - call.at).total_seconds() // 86400)
        keys["s3:object-lock-remaining-retention-days"] = str(int(days))
    return keys
