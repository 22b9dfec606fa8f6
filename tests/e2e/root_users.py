"""Root users as the sandbox's own IAM answers for them: plain boto3, nothing of orgroot."""

from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.e2e.playground import Playground

AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"


@dataclass(frozen=True, kw_only=True)
class RootUser:
    """What a root user has."""

    password: bool
    access_keys: tuple[str, ...]
    certificates: tuple[str, ...]
    mfa: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """It has nothing to sign in or sign with, and no MFA device."""
        return not (self.password or self.access_keys or self.certificates or self.mfa)


class RootUsers:
    """Reads root users in audit sessions of the sandbox's administrator, whom nobody watches."""

    def __init__(self, place: Playground) -> None:
        self._sts = place.administrator("sts")
        self._credentials = Credentials("none", "none", "none")
        session = botocore.session.Session()
        session._credentials = self._credentials
        self._iam: Any = session.create_client(
            "iam", region_name=place.info["region"], endpoint_url=place.info["endpoint"]
        )

    def read(self, account: str) -> RootUser:
        """One root user."""
        answer = self._sts.assume_root(TargetPrincipal=account, TaskPolicyArn={"arn": AUDIT})
        given = answer["Credentials"]
        self._credentials.access_key = given["AccessKeyId"]
        self._credentials.secret_key = given["SecretAccessKey"]
        self._credentials.token = given["SessionToken"]
        iam = self._iam
        keys = iam.list_access_keys()["AccessKeyMetadata"]
        certificates = iam.list_signing_certificates()["Certificates"]
        devices = iam.list_mfa_devices()["MFADevices"]
        return RootUser(
            password=self._has_password(),
            access_keys=tuple(sorted(key["AccessKeyId"] for key in keys)),
            certificates=tuple(sorted(each["CertificateId"] for each in certificates)),
            mfa=tuple(sorted(device["SerialNumber"] for device in devices)),
        )

    def _has_password(self) -> bool:
        try:
            self._iam.get_login_profile()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return False
        return True
