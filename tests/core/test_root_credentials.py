"""Root credentials: unknown is never clean, and secrets show nothing."""

import pickle
from itertools import product

import pytest

from orgroot.core.root_credentials import (
    AccessKey,
    AccountSummary,
    CredentialKind,
    Presence,
    RootCredentials,
    credential_kinds,
)
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.secrets import Secret
from orgroot.errors import UsageError

PRESENT, ABSENT, UNKNOWN = Presence.PRESENT, Presence.ABSENT, Presence.UNKNOWN
KEY = AccessKey(id="AKIAEXAMPLE", status="Active", created_at=None, last_used_at=None)


def test_clean_is_said_only_where_everything_needed_is_known() -> None:
    """Present anywhere is not clean, else unknown anywhere is unknown; MFA does not count."""
    for kinds in product(Presence, repeat=4):
        password, keys, certificates, mfa = kinds
        summary = AccountSummary(
            password=password, access_keys=keys, signing_certificates=certificates, mfa=mfa
        )
        expected: bool | None = True
        if UNKNOWN in kinds[:3]:
            expected = None
        if PRESENT in kinds[:3]:
            expected = False
        assert summary.clean is expected


@pytest.mark.parametrize(
    ("password", "keys", "certificates", "devices", "empty"),
    [
        (ABSENT, (), (), (), True),
        (PRESENT, (), (), (), False),
        (UNKNOWN, (), (), (), False),
        (ABSENT, (KEY,), (), (), False),
        (ABSENT, (), ("C1",), (), False),
        (ABSENT, (), (), ("arn:aws:iam::222222222222:mfa/root",), False),
    ],
)
def test_empty_means_nothing_at_all_is_left(
    password: Presence,
    keys: tuple[AccessKey, ...],
    certificates: tuple[str, ...],
    devices: tuple[str, ...],
    empty: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """MFA devices count here, and an unknown password is not an absent one."""
    credentials = RootCredentials(
        password=password, access_keys=keys, signing_certificates=certificates, mfa_devices=devices
    )
    assert credentials.empty is empty


def test_a_task_policys_arn_is_aws_own() -> None:
    """`sts:AssumeRoot` takes exactly these ARNs, in the partition of the caller."""
    assert TaskPolicy.AUDIT.arn() == (
        "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
    )
    assert TaskPolicy.AUDIT.arn("aws-eusc").startswith("arn:aws-eusc:iam::aws:")
    assert set(ROOT_TASKS) == set(TaskPolicy)


def test_a_secret_tells_nothing_by_accident() -> None:
    """Neither repr, str, a format string nor pickle gives it out; `reveal` does."""
    secret = Secret("wJalrXUtnFEMI")
    assert {repr(secret), str(secret), f"{secret}"} == {"Secret(…)"}
    assert secret.reveal() == "wJalrXUtnFEMI"
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(secret)


def test_kinds_are_named_in_any_order_and_once() -> None:
    """Order, blanks and repetition of a list of kinds mean nothing."""
    wanted = (CredentialKind.PASSWORD, CredentialKind.MFA)
    assert credential_kinds("mfa, password,mfa,") == wanted


@pytest.mark.parametrize("text", ["", " , ", "passwords", "mfa,keys"])
def test_what_is_no_kind_is_refused_with_those_there_are(text: str) -> None:
    """A text that names no kind, or something else, is refused, and the hint lists the kinds."""
    with pytest.raises(UsageError, match="is not a kind") as caught:
        credential_kinds(text)
    assert "signing-certificates" in (caught.value.hint or "")
