"""The root user's own IAM calls in root sessions and with a long-term key, over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import xform_name
from moto.iam.utils import generate_access_key_id_from_account_id

from orgroot.sandbox.root_user_state import (
    RootAccessKey,
    RootCertificate,
    RootMfaDevice,
    RootPassword,
)
from tests.sandbox.organization_rows import INVITED, MEMBER, Live, refusal_of

AUDIT = "IAMAuditRootUserCredentials"
DELETE = "IAMDeleteRootUserCredentials"
RECOVER = "IAMCreateRootUserPassword"
AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
VIRTUAL = f"arn:aws:iam::{MEMBER}:mfa/root-account-mfa-device"
HARDWARE = "GAHT00000001"
UNKNOWN_KEY = "AKIAIOSFODNN7EXAMPLE"
NO_PROFILE = "Login Profile for User null cannot be found."


@dataclass(frozen=True, slots=True)
class Root:
    """A call of the root user that must be refused.

    Attributes:
        task: the task of the session, empty for the long-term key.
        operation: the API operation.
        params: its input.
        code: AWS's code, without a suffix.
        status: the HTTP status.
        message: what the text contains.
        bare: the root user has nothing but a key (else password, keys, certificate, MFA).
    """

    task: str
    operation: str
    params: dict[str, Any]
    code: str
    status: int
    message: str = ""
    bare: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.task or 'long-term'}-{self.operation}-{self.code}"


# What the facts leave open, and what the sandbox answers all the same:
#   DeleteVirtualMFADevice in a session   AccessDenied: its resource is …:mfa/NAME, and the task's
#                                         policy denies every resource but the root user
#   Password given in a session           ValidationError: the docs say that it must be left out
#   no Password with the long-term key    ValidationError: the docs say that it is required there
#   UserName in GetAccessKeyLastUsed      left out, as everywhere else for the root user
REFUSED = (
    Root(AUDIT, "GetLoginProfile", {}, "NoSuchEntity", 404, NO_PROFILE, bare=True),
    Root(DELETE, "GetLoginProfile", {}, "NoSuchEntity", 404, NO_PROFILE, bare=True),
    Root(DELETE, "DeleteLoginProfile", {}, "NoSuchEntity", 404, NO_PROFILE, bare=True),
    Root(RECOVER, "CreateLoginProfile", {}, "EntityAlreadyExists", 409, "already exists"),
    Root(
        RECOVER,
        "CreateLoginProfile",
        {"Password": "correct-horse-9"},
        "ValidationError",
        400,
        "must not be specified",
        bare=True,
    ),
    Root("", "CreateLoginProfile", {}, "ValidationError", 400, "must be specified", bare=True),
    Root(
        DELETE,
        "DeleteAccessKey",
        {"AccessKeyId": UNKNOWN_KEY},
        "NoSuchEntity",
        404,
        f"The Access Key with id {UNKNOWN_KEY} cannot be found.",
    ),
    Root(DELETE, "DeleteAccessKey", {}, "ValidationError", 400, "'accessKeyId'"),
    Root(DELETE, "DeleteSigningCertificate", {"CertificateId": "X" * 32}, "NoSuchEntity", 404),
    Root(DELETE, "DeactivateMFADevice", {"SerialNumber": "GAHT9"}, "NoSuchEntity", 404),
    Root(DELETE, "DeleteVirtualMFADevice", {"SerialNumber": VIRTUAL}, "AccessDenied", 403),
    Root("", "DeleteVirtualMFADevice", {"SerialNumber": VIRTUAL}, "DeleteConflict", 409),
    Root("", "CreateAccessKey", {}, "LimitExceeded", 409, "AccessKeysPerUser: 2"),
    Root("", "UpdateAccessKey", {"AccessKeyId": UNKNOWN_KEY, "Status": "Inactive"},
         "NoSuchEntity", 404),
    Root(AUDIT, "ListAccessKeys", {"MaxItems": 1001}, "ValidationError", 400, "maxItems"),
    Root(AUDIT, "ListAccessKeys", {"MaxItems": 0}, "ValidationError", 400, "maxItems"),
    Root(AUDIT, "ListAccessKeys", {"Marker": "nonsense"}, "ValidationError", 400, "Marker"),
    Root(AUDIT, "DeleteLoginProfile", {}, "AccessDenied", 403),
    Root(DELETE, "GetAccountSummary", {}, "AccessDenied", 403),
    Root(DELETE, "UpdateAccessKey", {"AccessKeyId": UNKNOWN_KEY, "Status": "Inactive"},
         "AccessDenied", 403),
    Root(RECOVER, "ListAccessKeys", {}, "AccessDenied", 403),
)  # fmt: skip


@pytest.fixture
def live() -> Iterator[Live]:
    """A fresh organization behind a port."""
    with Live() as started:
        yield started


def _key(**more: Any) -> RootAccessKey:
    return RootAccessKey(
        id=generate_access_key_id_from_account_id(MEMBER, prefix="AKIA"),
        secret="a-secret-of-the-sandbox",
        created_at=AT,
        **more,
    )


def _give_key(live: Live) -> RootAccessKey:
    key = _key()
    live.organization.root_user(MEMBER).keys[key.id] = key
    return key


def _give_everything(live: Live) -> RootAccessKey:
    user = live.organization.root_user(MEMBER)
    user.password = RootPassword(created_at=AT, last_used=AT)
    user.password_last_used = AT
    spare = _key(last_used=AT, last_region="us-east-1", last_service="s3")
    user.keys[spare.id] = spare
    body = "-----BEGIN CERTIFICATE-----"
    user.certificates["C" * 32] = RootCertificate(id="C" * 32, body=body, uploaded_at=AT)
    for serial in (VIRTUAL, HARDWARE):
        user.mfa[serial] = RootMfaDevice(serial=serial, enabled_at=AT)
    return spare


def _client(live: Live, task: str, key: RootAccessKey) -> Any:
    return live.root_session(task) if task else live.client_with("iam", key.id, key.secret)


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_refuses_as_aws_does(live: Live, row: Root) -> None:
    """Each refusal must carry AWS's code without a suffix, its status and its text."""
    key = _give_key(live)
    if not row.bare:
        _give_everything(live)
    method = getattr(_client(live, row.task, key), xform_name(row.operation))
    refusal = refusal_of(method, **row.params)
    assert (refusal.code, refusal.status) == (row.code, row.status), refusal
    assert row.message in refusal.message


def test_get_user_names_neither_user_nor_path(live: Live) -> None:
    """GetUser must tell id, ARN and dates, and no UserName or Path."""
    user = live.root_session(AUDIT).get_user()["User"]
    assert user.keys() == {"UserId", "Arn", "CreateDate"}
    assert (user["UserId"], user["Arn"]) == (MEMBER, f"arn:aws:iam::{MEMBER}:root")
    _give_everything(live)
    assert live.root_session(AUDIT).get_user()["User"]["PasswordLastUsed"] == AT


def test_every_credential_is_listed_without_a_user_name(live: Live) -> None:
    """Password, keys, certificates and MFA devices must be shown as the root user's own."""
    first = _give_key(live)
    spare = _give_everything(live)
    root = live.root_session(AUDIT)
    profile = root.get_login_profile()["LoginProfile"]
    assert profile == {"CreateDate": AT, "PasswordResetRequired": False}
    keys = root.list_access_keys()["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in keys} == {first.id, spare.id}
    (certificate,) = root.list_signing_certificates()["Certificates"]
    devices = root.list_mfa_devices()["MFADevices"]
    assert [device["SerialNumber"] for device in devices] == [VIRTUAL, HARDWARE]
    for entry in (*keys, certificate, *devices):
        assert "UserName" not in entry


def test_a_key_tells_when_it_was_used_last(live: Live) -> None:
    """A key never used must read N/A without a date; signing a call must count as use."""
    fresh = _give_key(live)
    spare = _give_everything(live)
    root = live.root_session(AUDIT)
    never = root.get_access_key_last_used(AccessKeyId=fresh.id)
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    assert "UserName" not in never
    used = root.get_access_key_last_used(AccessKeyId=spare.id)["AccessKeyLastUsed"]
    assert used == {"LastUsedDate": AT, "ServiceName": "s3", "Region": "us-east-1"}
    live.client_with("sts", fresh.id, fresh.secret).get_caller_identity()
    used = root.get_access_key_last_used(AccessKeyId=fresh.id)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "eu-west-1")
    assert used["LastUsedDate"] > AT


@pytest.mark.parametrize("task", [AUDIT, DELETE])
def test_lists_come_in_pages(live: Live, task: str) -> None:
    """A truncated list must carry a Marker that leads to the rest, once."""
    _give_key(live)
    _give_everything(live)
    root = live.root_session(task)
    first = root.list_mfa_devices(MaxItems=1)
    assert first["IsTruncated"]
    rest = root.list_mfa_devices(MaxItems=1, Marker=first["Marker"])
    assert not rest["IsTruncated"]
    assert "Marker" not in rest
    found = [page["MFADevices"][0]["SerialNumber"] for page in (first, rest)]
    assert found == [VIRTUAL, HARDWARE]


def test_everything_can_be_deleted_and_is_gone(live: Live) -> None:
    """After AWS's own order of deletion the account must be in the wanted state."""
    first = _give_key(live)
    spare = _give_everything(live)
    root = live.root_session(DELETE)
    root.delete_login_profile()
    for key in (first, spare):
        root.delete_access_key(AccessKeyId=key.id)
    root.delete_signing_certificate(CertificateId="C" * 32)
    for serial in (VIRTUAL, HARDWARE):
        root.deactivate_mfa_device(SerialNumber=serial)
    assert refusal_of(root.delete_login_profile).code == "NoSuchEntity"
    assert root.list_access_keys()["AccessKeyMetadata"] == []
    assert root.list_signing_certificates()["Certificates"] == []
    assert root.list_mfa_devices()["MFADevices"] == []
    summary = live.root_session(AUDIT).get_account_summary()["SummaryMap"]
    assert _flags(summary) == (0, 0, 0, 0)
    gone = live.client_with("sts", first.id, first.secret)
    assert refusal_of(gone.get_caller_identity).code == "InvalidClientTokenId"


def _flags(summary: dict[str, int]) -> tuple[int, ...]:
    names = ("Password", "AccessKeys", "SigningCertificates")
    return (*(summary[f"Account{name}Present"] for name in names), summary["AccountMFAEnabled"])


def _with(live: Live, kind: str) -> None:
    _give_everything(live)
    user = live.organization.root_user(MEMBER)
    if kind != "password":
        user.password = None
    for name, held in (
        ("access-keys", user.keys),
        ("certificates", user.certificates),
        ("mfa", user.mfa),
    ):
        if name != kind:
            held.clear()


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("password", (1, 0, 0, 0)),
        ("access-keys", (0, 1, 0, 0)),
        ("certificates", (0, 0, 1, 0)),
        ("mfa", (0, 0, 0, 1)),
    ],
)
def test_the_summary_has_a_flag_for_each_kind(
    live: Live, kind: str, flags: tuple[int, ...]
) -> None:
    """Each kind of credential must raise its own flag and no other."""
    _with(live, kind)
    summary = live.root_session(AUDIT).get_account_summary()["SummaryMap"]
    assert _flags(summary) == flags
    assert live.organization.root_user(MEMBER).kinds == (kind,)


def test_the_summary_counts_the_account_and_the_root_user(live: Live) -> None:
    """IAM users and the access role must be counted beside the root user's devices."""
    _give_everything(live)
    live.client("member", "iam").create_user(UserName="ada")
    summary = live.root_session(AUDIT).get_account_summary()["SummaryMap"]
    assert (summary["MFADevices"], summary["MFADevicesInUse"]) == (1, 2)
    assert summary["Users"] == 2  # ada and the administrator who made her
    assert summary["UsersQuota"] > 0


def test_recovery_makes_a_password_present(live: Live) -> None:
    """CreateLoginProfile in a session must raise the flag and answer no UserName."""
    root = live.root_session(RECOVER)
    profile = root.create_login_profile()["LoginProfile"]
    assert profile.keys() == {"CreateDate", "PasswordResetRequired"}
    assert profile["PasswordResetRequired"] is False
    assert root.get_login_profile()["LoginProfile"] == profile
    audit = live.root_session(AUDIT)
    assert _flags(audit.get_account_summary()["SummaryMap"]) == (1, 0, 0, 0)
    live.root_session(DELETE).delete_login_profile()
    assert _flags(audit.get_account_summary()["SummaryMap"]) == (0, 0, 0, 0)


def test_a_virtual_device_stays_until_it_is_deleted(live: Live) -> None:
    """Deactivating must leave the virtual device to be deleted; hardware is just gone."""
    key = _give_key(live)
    _give_everything(live)
    root = live.client_with("iam", key.id, key.secret)
    for serial in (VIRTUAL, HARDWARE):
        root.deactivate_mfa_device(SerialNumber=serial)
    assert live.root_session(AUDIT).get_account_summary()["SummaryMap"]["MFADevices"] == 1
    root.delete_virtual_mfa_device(SerialNumber=VIRTUAL)
    assert live.root_session(AUDIT).get_account_summary()["SummaryMap"]["MFADevices"] == 0
    assert refusal_of(root.delete_virtual_mfa_device, SerialNumber=VIRTUAL).code == "NoSuchEntity"


def test_a_long_term_root_user_runs_its_own_keys(live: Live) -> None:
    """A second key must work at once, and no more once it is inactive."""
    key = _give_key(live)
    root = live.client_with("iam", key.id, key.secret)
    made = root.create_access_key()["AccessKey"]
    assert "UserName" not in made
    second = live.client_with("sts", made["AccessKeyId"], made["SecretAccessKey"])
    assert second.get_caller_identity()["Arn"] == f"arn:aws:iam::{MEMBER}:root"
    root.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert refusal_of(second.get_caller_identity).code == "InvalidClientTokenId"


def test_a_certificate_can_be_made_inactive(live: Live) -> None:
    """An inactive certificate must still be listed and still raise the flag."""
    key = _give_key(live)
    _give_everything(live)
    root = live.client_with("iam", key.id, key.secret)
    root.update_signing_certificate(CertificateId="C" * 32, Status="Inactive")
    (certificate,) = root.list_signing_certificates()["Certificates"]
    assert certificate["Status"] == "Inactive"
    summary = live.root_session(AUDIT).get_account_summary()["SummaryMap"]
    assert summary["AccountSigningCertificatesPresent"] == 1
    change = root.update_signing_certificate
    assert refusal_of(change, CertificateId="C" * 32, Status="Gone").code == "ValidationError"


def test_a_long_term_root_user_sets_its_password(live: Live) -> None:
    """With its own key the root user must give a password, and then has one."""
    key = _give_key(live)
    root = live.client_with("iam", key.id, key.secret)
    root.create_login_profile(Password="correct-horse-9")
    assert live.organization.root_user(MEMBER).password is not None


def test_one_account_never_answers_for_another(live: Live) -> None:
    """The credentials of one root user must not be seen from another account's session."""
    _give_key(live)
    _give_everything(live)
    other = live.root_session(AUDIT, INVITED)
    assert other.list_access_keys()["AccessKeyMetadata"] == []
    assert _flags(other.get_account_summary()["SummaryMap"]) == (0, 0, 0, 0)
    assert other.get_user()["User"]["UserId"] == INVITED


@pytest.mark.parametrize(
    "call",
    [
        lambda root: root.list_access_keys(UserName="administrator"),
        lambda root: root.get_login_profile(UserName="administrator"),
        lambda root: root.list_mfa_devices(UserName="administrator"),
    ],
)
def test_a_session_sees_no_iam_user(live: Live, call: Callable[[Any], Any]) -> None:
    """A call that names an IAM user must be outside of the task, whatever the user has."""
    live.client("member", "iam").get_user()
    root = live.root_session(AUDIT)
    assert refusal_of(call, root=root).code == "AccessDenied"
