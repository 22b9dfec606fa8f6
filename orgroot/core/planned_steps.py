"""Which changes a request allows, as an execution announces them: AWS's operation and its target.

What approvers read is all that may be done: a change that no request names is never legal, and a
reading has none.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, assert_never

import msgspec

from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RequestRecord
from orgroot.core.plan import Change, Op
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.scp_changes import SCP_OPS, step_of
from orgroot.core.task_params import (
    BucketChange,
    DeleteRootCredentials,
    PlannedChanges,
    SeenCredentials,
    UnlockBucket,
    parse_params,
)

Step = tuple[str, str]
"""AWS's operation, and what the log calls its target."""

PASSWORD = "password"  # noqa: S105 - the target of a step, not a password
DELETE_PASSWORD = "iam:DeleteLoginProfile"  # noqa: S105 - an operation
DELETE_KEY = "iam:DeleteAccessKey"
DELETE_CERTIFICATE = "iam:DeleteSigningCertificate"
DEACTIVATE_MFA = "iam:DeactivateMFADevice"

_FEATURES = {Op.ENABLE_FEATURE: "Enable", Op.DISABLE_FEATURE: "Disable"}
_SWITCHES = {
    Op.ENABLE_TRUSTED_ACCESS: "organizations:EnableAWSServiceAccess",
    Op.DISABLE_TRUSTED_ACCESS: "organizations:DisableAWSServiceAccess",
    Op.REGISTER_DELEGATED_ADMINISTRATOR: "organizations:RegisterDelegatedAdministrator",
    Op.DEREGISTER_DELEGATED_ADMINISTRATOR: "organizations:DeregisterDelegatedAdministrator",
}


def planned_steps(request: RequestRecord, account: str) -> Counter[Step]:
    """The changes that one execution of a request may make in an account, each as often as it may.

    Raises:
        IntegrityError: the parameters do not fit the task.
    """
    if request.body.task is Task.DELETE_ROOT_CREDENTIALS:
        return Counter(_deletions(request.params, account))
    params = parse_params(request.body.task, request.params)
    match params:
        case UnlockBucket():
            return Counter(map(policy_step, params.buckets))
        case PlannedChanges():
            return Counter(map(change_step, params.plan))
        case _:
            return Counter()


def policy_step(change: BucketChange) -> Step:
    """How a bucket is unlocked."""
    put = change.after is not None
    return ("s3:PutBucketPolicy" if put else "s3:DeleteBucketPolicy"), change.bucket


def change_step(change: Change) -> Step:
    """How a change of a plan is made."""
    if change.op in SCP_OPS:
        return step_of(change)
    if change.op in _FEATURES:
        feature = change.target.removeprefix("Root")
        return f"iam:{_FEATURES[change.op]}OrganizationsRoot{feature}", change.target
    return _SWITCHES[change.op], change.target


def _deletions(params: Any, account: str) -> Iterator[Step]:
    """What is deleted in one account; of thousands, only that one is looked at."""
    one = {account: params["seen"][account]} if account in params["seen"] else {}
    found = msgspec.convert({**params, "seen": one}, DeleteRootCredentials)
    for seen in found.seen.values():
        for kind in found.only:
            yield from _of_kind(kind, seen)


def _of_kind(kind: CredentialKind, seen: SeenCredentials) -> Iterator[Step]:
    match kind:
        case CredentialKind.PASSWORD:
            yield from [(DELETE_PASSWORD, PASSWORD)] if seen.password else []
        case CredentialKind.ACCESS_KEYS:
            yield from ((DELETE_KEY, key) for key in seen.access_keys)
        case CredentialKind.SIGNING_CERTIFICATES:
            yield from ((DELETE_CERTIFICATE, each) for each in seen.signing_certificates)
        case CredentialKind.MFA:
            yield from ((DEACTIVATE_MFA, device) for device in seen.mfa_devices)
        case _:
            assert_never(kind)
