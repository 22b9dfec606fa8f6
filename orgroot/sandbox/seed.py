"""A company's AWS organization from a number: the same seed gives the same accounts and faults.

New at each start are the organization id and every secret. ``accounts`` counts what ListAccounts
shows, the management account included. Nothing here works outside the sandbox.
"""

import json
import random
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from moto.iam.utils import generate_access_key_id_from_account_id

from orgroot.core.ids import AccountId, RootId
from orgroot.errors import UsageError
from orgroot.sandbox import company
from orgroot.sandbox.company import AccountPlan, plan_members
from orgroot.sandbox.locked_resources import locked_buckets, locked_queues
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import (
    IAM,
    Account,
    AccountState,
    Feature,
    JoinedMethod,
    PolicyType,
)
from orgroot.sandbox.people import ADMINISTRATOR_POLICIES, make_people
from orgroot.sandbox.root_user_state import (
    CredentialStatus,
    RootAccessKey,
    RootCertificate,
    RootMfaDevice,
    RootPassword,
    RootUser,
)
from orgroot.sandbox.world import SandboxUser, SeededAccount, World

REGION: Final = "eu-west-1"
ADMINISTRATOR: Final = "sandbox-administrator"
"""The management account's administrator who is in no roster."""

MAX_ACCOUNTS: Final = 50_000
_LEADING_ZERO_FROM: Final = 12
_LEADING_ZERO: Final = "network"
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_KINDS: Final = (
    ("password", "mfa"),
    ("password", "access-keys", "mfa"),
    ("password", "access-keys", "certificates", "mfa"),
    ("access-keys",),
    ("password",),
    ("certificates",),
    ("password", "access-keys"),
    ("access-keys", "certificates"),
    ("password", "mfa"),
)
_SERVICES: Final = ("s3", "ec2", "iam", "sts", "route53")
_DENY_ROOT: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyRootUser",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
        }
    ],
}
_KEEP_TRAILS: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "KeepTrails",
            "Effect": "Deny",
            "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"],
            "Resource": "*",
        }
    ],
}


def build(*, accounts: int, seed: int, features_on: bool, clock: Callable[[], datetime]) -> World:
    """Build the organization, and say what else is to be made around it.

    Args:
        accounts: how many accounts ListAccounts shows, 1 to 50,000.
        seed: any number; the same one gives the same names, ids, credentials and locks.
        features_on: start with trusted access and both features on, else with all three off.
        clock: answers now in UTC.

    Raises:
        UsageError: the number of accounts is out of range.
    """
    if not 1 <= accounts <= MAX_ACCOUNTS:
        raise UsageError(
            f"a sandbox of {accounts} accounts cannot be made",
            hint=f"give --accounts a number from 1 to {MAX_ACCOUNTS}",
            code="sandbox-accounts",
        )
    seeder = _Seeder(seed, clock())
    seeder.add_units()
    seeder.add_members(plan_members(accounts - 1))
    seeder.add_scps()
    seeder.add_credentials()
    if features_on:
        seeder.turn_features_on()
    return seeder.world()


class _Seeder:
    def __init__(self, seed: int, now: datetime) -> None:
        # Wanted: the same world for the same seed. Secrets come from elsewhere.
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self._units: dict[str, str] = {}
        self._seeded_from: dict[AccountId, AccountPlan] = {}
        self._certificate = ""
        root_id = RootId(f"r-{self._suffix(4)}")
        manager = AccountId(self._digits(first="123456789"))
        self.organization = Organization(
            management_account=manager,
            name=f"{company.COMPANY}-management",
            email=f"aws@{company.MAIL_DOMAIN}",
            created_at=self._ago(2_000),
            root_id=root_id,
        )
        self.organization.enable_scps()

    def add_units(self) -> None:
        for path in company.OUS:
            above, _, name = path.rpartition("/")
            parent = self._units[above] if above else self.organization.root_id
            unit_id = f"ou-{self.organization.root_id[2:]}-{self._suffix(8)}"
            self._units[path] = self.organization.new_unit(name, parent, unit_id=unit_id).id

    def add_members(self, plans: tuple[AccountPlan, ...]) -> None:
        many = len(plans) + 1 >= _LEADING_ZERO_FROM
        for plan in plans:
            zero = many and plan.name == _LEADING_ZERO
            account = self.organization.new_account(
                plan.name,
                f"aws+{plan.name}@{company.MAIL_DOMAIN}",
                account_id=self._free_id("0" if zero else "123456789"),
                joined_at=self._ago(self._random.randint(30, 1_900)),
                parent=self._units[plan.ou],
                state=(
                    AccountState.SUSPENDED
                    if plan.name == company.SUSPENDED
                    else AccountState.ACTIVE
                ),
                joined_method=JoinedMethod.INVITED if plan.invited else JoinedMethod.CREATED,
            )
            self._seeded_from[account.id] = plan

    def add_scps(self) -> None:
        self._attach("keep-trails", "Trails go on", _KEEP_TRAILS, "Workloads")
        self._attach("deny-root", "No root user in here", _DENY_ROOT, "Restricted")

    def _attach(self, name: str, description: str, document: Any, ou: str) -> None:
        policies = self.organization.policies
        content = json.dumps(document, separators=(",", ":"))
        scp = policies.create(PolicyType.SCP, f"{company.COMPANY}-{name}", description, content)
        policies.attach(scp.id, self._units[ou])

    def add_credentials(self) -> None:
        manager = self.organization.root_user(self.organization.management_account)
        self._give(manager, ("password", "mfa"), hardware=True)
        left = {company.SHIELDED, company.SUSPENDED}
        readable = [a for a, plan in self._seeded_from.items() if plan.name not in left]
        invited = [a for a in readable if self._seeded_from[a].invited]
        created = [a for a in readable if not self._seeded_from[a].invited]
        # Nine of the 24 members of an organization of 25, and the same share of any other.
        wanted = max(len(self._seeded_from) * 3 // 8, min(1, len(readable)))
        more = self._random.sample(created, max(0, wanted - len(invited)))
        for index, account_id in enumerate((*invited, *sorted(more))):
            user = self.organization.root_user(account_id)
            self._give(user, _KINDS[index % len(_KINDS)], hardware=index % 4 == 1)

    def _give(self, user: RootUser, kinds: tuple[str, ...], *, hardware: bool) -> None:
        age = (self._now - user.created_at).days
        if "password" in kinds:
            used = self._ago(self._random.randint(5, age)) if self._random.random() > 0.5 else None  # noqa: PLR2004 - every other
            user.password = RootPassword(created_at=user.created_at, last_used=used)
            user.password_last_used = used
        if "access-keys" in kinds:
            for number in range(self._random.randint(1, 2)):
                key = self._access_key(user, age, spare=number > 0)
                user.keys[key.id] = key
        if "certificates" in kinds:
            certificate = RootCertificate(
                id=self._suffix(32).upper(),
                body=self._certificate_body(),
                uploaded_at=user.created_at,
            )
            user.certificates[certificate.id] = certificate
        if "mfa" in kinds:
            virtual = f"arn:aws:iam::{user.account}:mfa/root-account-mfa-device"
            serial = f"GAHT{self._random.randrange(10**8):08d}" if hardware else virtual
            user.mfa[serial] = RootMfaDevice(serial=serial, enabled_at=user.created_at)

    def _access_key(self, user: RootUser, age: int, *, spare: bool) -> RootAccessKey:
        used = not spare and self._random.random() > 0.3  # noqa: PLR2004 - most were used
        last_used = self._ago(self._random.randint(1, age)) if used else None
        service = self._random.choice(_SERVICES)
        return RootAccessKey(
            id=generate_access_key_id_from_account_id(user.account, prefix="AKIA"),
            secret=secrets.token_urlsafe(30),
            created_at=user.created_at,
            status=CredentialStatus.INACTIVE if spare else CredentialStatus.ACTIVE,
            last_used=last_used,
            last_region=REGION if used else "N/A",
            last_service=service if used else "N/A",
        )

    def _certificate_body(self) -> str:
        # One for all of them: making a key pair per account would take most of the start.
        if not self._certificate:
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, company.MAIL_DOMAIN)])
            certificate = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(name)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(self._ago(1))
                .not_valid_after(self._now + timedelta(days=365))
                .sign(key, hashes.SHA256())
            )
            self._certificate = certificate.public_bytes(Encoding.PEM).decode()
        return self._certificate

    def turn_features_on(self) -> None:
        self.organization.service_access[IAM] = self._ago(20)
        self.organization.features.update(Feature)

    def world(self) -> World:
        organization = self.organization
        owners = tuple(
            organization.accounts[account_id]
            for account_id, plan in self._seeded_from.items()
            if not plan.invited and plan.name not in {company.SHIELDED, company.SUSPENDED}
        )
        people = make_people(organization.management_account)
        administrator = SandboxUser(name=ADMINISTRATOR, policies=ADMINISTRATOR_POLICIES)
        tag = self._suffix(4)
        few = len(organization.accounts) < _LEADING_ZERO_FROM
        return World(
            organization=organization,
            region=REGION,
            accounts=tuple(self._seeded(account) for account in organization.accounts.values()),
            locked_buckets=locked_buckets(owners, tag, REGION)[: 1 if few else None],
            locked_queues=locked_queues(owners, REGION)[: 1 if few else None],
            people=people,
            users=(
                *(SandboxUser(name=p.name, policies=p.policies) for p in people),
                administrator,
            ),
        )

    def _seeded(self, account: Account) -> SeededAccount:
        plan = self._seeded_from.get(account.id)
        return SeededAccount(
            id=account.id,
            name=account.name,
            ou=plan.ou if plan else "Root",
            ou_id=account.parent,
            state=account.state,
            invited=plan is not None and plan.invited,
            root_credentials=self.organization.root_user(account.id).kinds,
        )

    def _free_id(self, first: str) -> AccountId:
        while True:
            number = AccountId(self._digits(first=first))
            if not self.organization.is_member(number):
                return number

    def _digits(self, *, first: str) -> str:
        return self._random.choice(first) + f"{self._random.randrange(10**11):011d}"

    def _suffix(self, length: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))

    def _ago(self, days: int) -> datetime:
        return self._now - timedelta(days=days)
