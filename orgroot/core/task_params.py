"""The parameters of each governed task, typed: what a request asks for, exactly.

They stand in signed statements. A value that does not fit, or contradicts itself, is never acted
on: what does not parse is an integrity error, for it comes from the log.
"""

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from orgroot.core.config_scalars import Account, RegionName
from orgroot.core.governed_tasks import NAMED_AFTER, Task, UnlockMode
from orgroot.core.ids import sha256
from orgroot.core.plan import Change, Plan
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.scp_changes import SCP_OPS
from orgroot.core.statements import instant
from orgroot.errors import IntegrityError

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
BucketName = Annotated[
    str,
    Meta(
        pattern=r"^(?!xn--|sthree-|.*(-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)\Z)"
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z"
    ),
]
"""A general purpose bucket by its own name (S3 user guide, "Bucket naming rules").

No alias of an access point: it would be another name for a bucket that must not be named.
"""


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of one task."""


class BucketChange(Params, frozen=True, kw_only=True):
    """One bucket to unlock.

    Attributes:
        bucket: its name.
        region: its Region.
        expected_policy_sha256: SHA-256 of the exact policy that was seen; None where unseen.
        unseen: nobody has seen the policy; only its deletion can be asked for then.
        sids: the statements to drop, as `resource_policy` addresses them.
        before_b64: base64 of the policy that was seen; empty where unseen.
        after_b64: base64 of the policy to put; empty: the policy is deleted.
    """

    bucket: BucketName
    region: RegionName
    expected_policy_sha256: Sha256 | None
    unseen: bool
    sids: tuple[str, ...]
    before_b64: str
    after_b64: str

    def __post_init__(self) -> None:
        before = _decoded(self.before_b64)
        _decoded(self.after_b64)
        if self.unseen != (self.expected_policy_sha256 is None):
            raise ValueError(
                "expected_policy_sha256 is null where the policy is unseen, only there"
            )
        if self.unseen != (before == b""):
            raise ValueError("before_b64 is empty where the policy is unseen, only there")
        if not self.unseen and sha256(before) != self.expected_policy_sha256:
            raise ValueError("expected_policy_sha256 is not the SHA-256 of before_b64")

    @property
    def before(self) -> bytes | None:
        """The policy that was seen, or None."""
        return _decoded(self.before_b64) or None

    @property
    def after(self) -> bytes | None:
        """The policy to put, or None: delete it."""
        return _decoded(self.after_b64) or None


class UnlockBucket(Params, frozen=True, kw_only=True):
    """Unlock buckets of one account."""

    mode: UnlockMode
    buckets: Annotated[tuple[BucketChange, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        _require_distinct(change.bucket for change in self.buckets)
        for change in self.buckets:
            if self.mode is UnlockMode.DELETE and (change.sids or change.after_b64):
                raise ValueError("mode delete leaves no policy and drops no single statement")
            if self.mode is UnlockMode.DROP_STATEMENTS and (change.unseen or not change.sids):
                raise ValueError("mode drop-statements names statements of a policy that was seen")


class BucketRef(Params, frozen=True, kw_only=True):
    """A bucket and its Region."""

    bucket: BucketName
    region: RegionName


class InspectBucketPolicy(Params, frozen=True, kw_only=True):
    """Read the policies of buckets of one account."""

    buckets: Annotated[tuple[BucketRef, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        _require_distinct(ref.bucket for ref in self.buckets)


class AuditRootCredentials(Params, frozen=True, kw_only=True):
    """Read the root credentials of the targets: no parameters."""


class SeenCredentials(Params, frozen=True, kw_only=True):
    """What a survey found in one account; `key_last_used`: the last use of any access key."""

    password: bool
    access_keys: tuple[str, ...]
    signing_certificates: tuple[str, ...]
    mfa_devices: tuple[str, ...]
    key_last_used: str | None = None

    def __post_init__(self) -> None:
        if self.key_last_used is None:
            return
        try:
            instant(self.key_last_used)
        except IntegrityError as error:
            raise ValueError(error.message) from error


class DeleteRootCredentials(Params, frozen=True, kw_only=True):
    """Remove root credentials.

    Attributes:
        only: the kinds to remove.
        seen: by account, what the survey found: this much was approved.
        survey: the id of that survey.
    """

    only: Annotated[tuple[CredentialKind, ...], Meta(min_length=1)]
    seen: dict[Account, SeenCredentials]
    survey: Annotated[str, Meta(pattern=r"^orq_[a-z2-7]{26}\Z")]

    def __post_init__(self) -> None:
        _require_distinct(self.only)


class HandOut(Params, frozen=True, kw_only=True):
    """Hand a root session to another program: account, task policy and duration say it all."""


class WaveCheck(Params, frozen=True, kw_only=True):
    """After the plan, an audit session in this account shows that a wave of an SCP bears it."""

    scp: Annotated[str, Meta(min_length=1)]
    wave: Annotated[int, Meta(ge=1)]
    account: Account


class PlannedChanges(Params, frozen=True, kw_only=True, omit_defaults=True):
    """Make these changes in this order with the operator's own credentials.

    Attributes:
        plan: the changes.
        accept_lockout: root tasks that work today and may be stopped by them.
        waves: how far they bring SCPs that have waves.
        rolls_back: the request whose changes these undo.
    """

    plan: Annotated[tuple[Change, ...], Meta(min_length=1)]
    accept_lockout: tuple[Task, ...] = ()
    waves: tuple[WaveCheck, ...] = ()
    rolls_back: Annotated[str, Meta(pattern=r"^orq_[a-z2-7]{26}\Z")] | None = None

    def __post_init__(self) -> None:
        _require_distinct(self.accept_lockout)
        _require_distinct(check.scp for check in self.waves)
        about_scps = self.accept_lockout or self.waves or self.rolls_back
        if about_scps and not all(change.op in SCP_OPS for change in self.plan):
            raise ValueError("only plans of SCPs accept a lockout, have waves, or roll back")
        if not set(self.accept_lockout) <= frozenset(NAMED_AFTER.values()):
            raise ValueError("only root tasks can be locked out")

    @property
    def task(self) -> Task | None:
        """The strictest task that this needs: what locks out, or goes back, is no addition."""
        stricter = self.rolls_back or self.accept_lockout
        return Task.CHANGE_SCPS if stricter else Plan(changes=self.plan).task


TaskParams = (
    UnlockBucket
    | InspectBucketPolicy
    | AuditRootCredentials
    | DeleteRootCredentials
    | HandOut
    | PlannedChanges
)

PARAMS: Mapping[Task, type[Params]] = MappingProxyType(
    {
        Task.AUDIT_ROOT_CREDENTIALS: AuditRootCredentials,
        Task.INSPECT_BUCKET_POLICY: InspectBucketPolicy,
        Task.DELETE_ROOT_CREDENTIALS: DeleteRootCredentials,
        Task.UNLOCK_BUCKET: UnlockBucket,
        Task.ROOT_SESSION: HandOut,
        Task.ENABLE_ROOT_ACCESS: PlannedChanges,
        Task.DISABLE_ROOT_ACCESS: PlannedChanges,
        Task.CHANGE_DELEGATED_ADMINISTRATOR: PlannedChanges,
        Task.ADD_SCPS: PlannedChanges,
        Task.CHANGE_SCPS: PlannedChanges,
    }
)
"""The tasks that this version can carry out, and the type of their parameters."""


def parse_params(task: Task, params: Mapping[str, Any]) -> TaskParams:
    """The typed parameters of a request in the log.

    Raises:
        IntegrityError: this version cannot carry out the task, or the parameters do not fit it.
    """
    kind = PARAMS.get(task)
    if kind is None:
        raise IntegrityError(f"this version cannot carry out {task}", code="unknown-task")
    try:
        parsed: TaskParams = msgspec.convert(params, kind)  # type: ignore[assignment]
    except (msgspec.ValidationError, RecursionError) as error:
        raise IntegrityError(f"the parameters do not fit {task}: {error}", code="params") from error
    return parsed


def to_params(params: Params) -> dict[str, Any]:
    """The parameters as a request carries them, lists as lists: equal to what a parser gives."""
    tree: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(params))
    return tree


def encoded(policy: bytes | None) -> str:
    """A policy text as parameters carry it: base64, empty for none."""
    return base64.b64encode(policy or b"").decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if encoded(data) != text:
        raise ValueError("not canonical base64")
    return data


def _require_distinct(names: Any) -> None:
    listed = tuple(names)
    if len(set(listed)) != len(listed):
        raise ValueError("something is named twice")
