"""What inspecting and unlocking share: the bucket in its root session, and whose it is.

Only reads are sent from here.
"""

import re
from collections.abc import Iterable

import msgspec

from orgroot.core.config_scalars import RegionName
from orgroot.core.ids import AccountId
from orgroot.core.organization import ACTIVE, MemberAccount
from orgroot.core.secrets import RootSession
from orgroot.core.task_params import BucketName
from orgroot.errors import AwsError, AwsErrorKind, UsageError
from orgroot.workflows.workspace import Workspace

_REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-[0-9]\b")

_ABSENT = "no-such-bucket"
_FOREIGN = "wrong-account"
ELSEWHERE = "wrong-region"


def bucket_name(text: str) -> str:
    """A bucket's name, checked before any call.

    Raises:
        UsageError: not the name of a general purpose bucket.
    """
    try:
        return msgspec.convert(text, BucketName)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{text!r} is not the name of a general purpose bucket",
            hint="a name is 3 to 63 lower-case letters, digits, dots and hyphens; no ARN or URL",
            code="bucket-name",
        ) from error


def region_name(text: str) -> str:
    """A Region, checked before any call.

    Raises:
        UsageError: not the form of a Region.
    """
    try:
        return msgspec.convert(text, RegionName)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{text!r} is not a Region", hint="write it as eu-west-1", code="region"
        ) from error


def owner_of(ws: Workspace, account: AccountId) -> MemberAccount:
    """The member account whose buckets these are said to be.

    Raises:
        UsageError: not a member, the management account, or not ACTIVE.
    """
    if account == ws.config.organization.management_account:
        raise UsageError(
            "AssumeRoot does not reach the management account",
            hint="sign in there as an administrator, or as its root user",
            code="management-account",
        )
    member = ws.organization.account(account)
    if member is None:
        raise UsageError(
            f"{account} is not an account of {ws.config.organization.id}",
            hint="check the id: it is the account that owns the bucket",
            code="unknown-account",
        )
    if member.state != ACTIVE:
        raise UsageError(f"{account} is {member.state}, not ACTIVE", code="not-active")
    return member


def locate(ws: Workspace, session: RootSession, bucket: str, asked: str) -> str:
    """The bucket's Region, from `ListBuckets` of its account; else the one that was asked for.

    Raises:
        UsageError: no such bucket, or another account's: each by its own code.
        AwsError: AWS refuses both ways of finding out.
    """
    try:
        listed = ws.resource_policies.buckets(session, bucket)
    except AwsError as error:
        if error.kind is not AwsErrorKind.DENIED:
            raise
        return asked
    for found in listed:
        if found.name == bucket:
            return found.region or asked
    raise _not_listed(ws, session, bucket, asked)


def read_policy(ws: Workspace, session: RootSession, bucket: str, region: str) -> bytes | None:
    """The bucket's policy, or None.

    Raises:
        UsageError: no such bucket, another account's, or in another Region.
        AwsError: any other refusal.
    """
    try:
        return ws.resource_policies.bucket_policy(session, bucket, region)
    except AwsError as error:
        usage = _explained(error, session.account, bucket, region)
        if usage is None:
            raise
        raise usage from error


def _not_listed(ws: Workspace, session: RootSession, bucket: str, asked: str) -> UsageError:
    """Why a bucket is not in its account's list: GetBucketPolicy tells absent from foreign."""
    try:
        ws.resource_policies.bucket_policy(session, bucket, asked)
    except AwsError as error:
        absent = error.kind is AwsErrorKind.NOT_FOUND
    else:
        absent = False
    return _absent(session.account, bucket) if absent else _foreign(session.account, bucket)


def _explained(error: AwsError, account: str, bucket: str, region: str) -> UsageError | None:
    match error.kind:
        case AwsErrorKind.NOT_FOUND:
            return _absent(account, bucket)
        case AwsErrorKind.WRONG_REGION:
            named = [found for found in _REGION.findall(error.message) if found != region]
            where = f" --bucket-region {named[0]}" if named else " --bucket-region REGION"
            return UsageError(
                f"the bucket {bucket} is not in {region}",
                hint=f"run it again with{where}",
                code=ELSEWHERE,
            )
        case AwsErrorKind.DENIED if error.aws_code == "MethodNotAllowed":
            return _foreign(account, bucket)
        case _:
            return None


def _absent(account: str, bucket: str) -> UsageError:
    return UsageError(
        f"there is no bucket {bucket}",
        hint=f"look at its spelling; {account} does not have it either",
        code=_ABSENT,
    )


def _foreign(account: str, bucket: str) -> UsageError:
    return UsageError(
        f"{account} does not own the bucket {bucket}",
        hint="name the account that owns it with --account",
        code=_FOREIGN,
    )


def sid_flags(sids: Iterable[str], separator: str = " ") -> str:
    """`--sid '…'` for each, to be pasted: S3 lets a bucket's owner put quotes into a Sid."""
    return separator.join("--sid '" + sid.replace("'", "'\"'\"'") + "'" for sid in sids)
