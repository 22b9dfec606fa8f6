"""The IAM operations that a root user may call on itself: no UserName goes in, none comes out.

Each takes the root user, the call and the time, and changes that root user only. Errors carry AWS's
codes for IAM, which have no ``Exception`` suffix.
"""

import base64
import binascii
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from moto.iam.utils import generate_access_key_id_from_account_id

from orgroot.sandbox.model import ApiError, Call, PrincipalKind
from orgroot.sandbox.root_user_state import (
    CredentialStatus,
    RootAccessKey,
    RootMfaDevice,
    RootPassword,
    RootUser,
)

_MAX_KEYS: Final = 2
_PAGE: Final = 100
_MAX_PAGE: Final = 1_000


def _no_such(text: str) -> ApiError:
    return ApiError("NoSuchEntity", text, 404)


def _no_login_profile() -> ApiError:
    return _no_such("Login Profile for User null cannot be found.")


def _validation(text: str) -> ApiError:
    return ApiError("ValidationError", text, 400)


def _get_user(user: RootUser, _call: Call, _now: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {
        "UserId": user.account,
        "Arn": user.arn,
        "CreateDate": user.created_at,
    }
    if user.password_last_used is not None:
        about["PasswordLastUsed"] = user.password_last_used
    return {"User": about}


def _get_login_profile(user: RootUser, _call: Call, _now: datetime) -> dict[str, Any]:
    if user.password is None:
        raise _no_login_profile()
    return _login_profile(user.password)


def _create_login_profile(user: RootUser, call: Call, now: datetime) -> dict[str, Any]:
    in_session = call.principal.kind is PrincipalKind.ROOT_SESSION
    if in_session == bool(call.params.get("Password")):
        verb = "must not" if in_session else "must"
        raise _validation(f"Password {verb} be specified for this principal.")
    if user.password is not None:
        raise ApiError("EntityAlreadyExists", "Login Profile for user null already exists.", 409)
    user.password = RootPassword(created_at=now)
    return _login_profile(user.password)


def _delete_login_profile(user: RootUser, _call: Call, _now: datetime) -> dict[str, Any]:
    if user.password is None:
        raise _no_login_profile()
    user.password = None
    return {}


def _list_access_keys(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    entries = [
        {"AccessKeyId": key.id, "Status": key.status.value, "CreateDate": key.created_at}
        for key in user.keys.values()
    ]
    return _page("AccessKeyMetadata", entries, call.params)


def _create_access_key(user: RootUser, _call: Call, now: datetime) -> dict[str, Any]:
    if len(user.keys) >= _MAX_KEYS:
        raise ApiError(
            "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {_MAX_KEYS}", 409
        )
    key = RootAccessKey(
        id=generate_access_key_id_from_account_id(user.account, prefix="AKIA"),
        secret=secrets.token_urlsafe(30),
        created_at=now,
    )
    user.keys[key.id] = key
    return {
        "AccessKey": {
            "AccessKeyId": key.id,
            "Status": key.status.value,
            "SecretAccessKey": key.secret,
            "CreateDate": key.created_at,
        }
    }


def _update_access_key(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    key = _key(user, call)
    status = _status(call)
    user.keys[key.id] = replace(key, status=status)
    return {}


def _delete_access_key(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    del user.keys[_key(user, call).id]
    return {}


def _get_access_key_last_used(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    key = _key(user, call)
    used: dict[str, Any] = {"ServiceName": key.last_service, "Region": key.last_region}
    if key.last_used is not None:
        used["LastUsedDate"] = key.last_used
    return {"AccessKeyLastUsed": used}


def _list_certificates(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    entries = [
        {
            "CertificateId": certificate.id,
            "CertificateBody": certificate.body,
            "Status": certificate.status.value,
            "UploadDate": certificate.uploaded_at,
        }
        for certificate in user.certificates.values()
    ]
    return _page("Certificates", entries, call.params)


def _update_certificate(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    certificate_id = _certificate_id(user, call)
    status = _status(call)
    user.certificates[certificate_id] = replace(user.certificates[certificate_id], status=status)
    return {}


def _delete_certificate(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    del user.certificates[_certificate_id(user, call)]
    return {}


def _list_mfa_devices(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    return _page("MFADevices", _devices(user.mfa.values()), call.params)


def _deactivate_mfa_device(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    serial = _required(call, "SerialNumber")
    device = user.mfa.pop(serial, None)
    if device is None:
        raise _no_such(f"MFA Device with serial number {serial} cannot be found.")
    if device.is_virtual:
        user.idle_mfa[serial] = device
    return {}


def _delete_virtual_mfa_device(user: RootUser, call: Call, _now: datetime) -> dict[str, Any]:
    serial = _required(call, "SerialNumber")
    if serial in user.mfa:
        raise ApiError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409)
    if user.idle_mfa.pop(serial, None) is None:
        raise _no_such(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    return {}


def _login_profile(password: RootPassword) -> dict[str, Any]:
    return {"LoginProfile": {"CreateDate": password.created_at, "PasswordResetRequired": False}}


def _devices(devices: Iterable[RootMfaDevice]) -> list[dict[str, Any]]:
    return [{"SerialNumber": d.serial, "EnableDate": d.enabled_at} for d in devices]


def _required(call: Call, name: str) -> str:
    value = call.params.get(name)
    if not isinstance(value, str) or not value:
        member = name[0].lower() + name[1:]
        raise _validation(
            f"1 validation error detected: Value null at '{member}' failed to satisfy "
            "constraint: Member must not be null"
        )
    return value


def _key(user: RootUser, call: Call) -> RootAccessKey:
    key_id = _required(call, "AccessKeyId")
    if (key := user.keys.get(key_id)) is None:
        raise _no_such(f"The Access Key with id {key_id} cannot be found.")
    return key


def _certificate_id(user: RootUser, call: Call) -> str:
    certificate_id = _required(call, "CertificateId")
    if certificate_id not in user.certificates:
        raise _no_such(f"The Certificate with id {certificate_id} cannot be found.")
    return certificate_id


def _status(call: Call) -> CredentialStatus:
    try:
        return CredentialStatus(_required(call, "Status"))
    except ValueError as error:
        raise _validation(
            "1 validation error detected: Value at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, Inactive]"
        ) from error


def _page(
    name: str, entries: Sequence[dict[str, Any]], params: Mapping[str, Any]
) -> dict[str, Any]:
    size = params.get("MaxItems", _PAGE)
    if not isinstance(size, int) or not 1 <= size <= _MAX_PAGE:
        raise _validation(
            f"1 validation error detected: Value '{size}' at 'maxItems' failed to satisfy "
            "constraint: Member must have value between 1 and 1000"
        )
    start = _from_marker(params.get("Marker"))
    end = start + size
    answer: dict[str, Any] = {name: list(entries[start:end]), "IsTruncated": end < len(entries)}
    if answer["IsTruncated"]:
        answer["Marker"] = base64.urlsafe_b64encode(f"after:{end}".encode()).decode()
    return answer


def _from_marker(marker: Any) -> int:
    if marker is None:
        return 0
    try:
        number = base64.urlsafe_b64decode(marker).decode().removeprefix("after:")
        return int(number)
    except (ValueError, TypeError, binascii.Error) as error:
        raise _validation("Invalid Marker.") from error


OPERATIONS: Final[Mapping[str, Callable[[RootUser, Call, datetime], dict[str, Any]]]] = {
    "GetUser": _get_user,
    "GetLoginProfile": _get_login_profile,
    "CreateLoginProfile": _create_login_profile,
    "DeleteLoginProfile": _delete_login_profile,
    "ListAccessKeys": _list_access_keys,
    "CreateAccessKey": _create_access_key,
    "UpdateAccessKey": _update_access_key,
    "DeleteAccessKey": _delete_access_key,
    "GetAccessKeyLastUsed": _get_access_key_last_used,
    "ListSigningCertificates": _list_certificates,
    "UpdateSigningCertificate": _update_certificate,
    "DeleteSigningCertificate": _delete_certificate,
    "ListMFADevices": _list_mfa_devices,
    "DeactivateMFADevice": _deactivate_mfa_device,
    "DeleteVirtualMFADevice": _delete_virtual_mfa_device,
}
"""By API operation; GetAccountSummary is not among them, for it counts IAM users too."""
