"""The configuration as typed values: what config.yaml and a `rules` record may say.

Every scalar of the YAML arrives as text and is converted here, so an account id keeps its leading
zero; every error carries the path of the field it is about. Rules that need knowledge of people and
tasks together are checked in `rules_lint`, not here.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct

from orgroot.core.config_checks import check_config
from orgroot.core.config_scalars import (
    Account,
    Duration,
    FindingId,
    Name,
    RegionName,
    RoleArn,
    Target,
    TopicArn,
    Unit,
    Why,
)
from orgroot.core.governed_tasks import Task
from orgroot.core.structure import convert

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


RETAIN = "400d"
"""How long a log in S3 keeps its records by default: a year, and what an audit of it takes."""


def seconds(duration: str) -> int:
    """The length of a `Duration` in seconds."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def end_of_day(day: date) -> datetime:
    """`until: DATE` means the end of that day, UTC."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the configuration; a key it does not know is an error."""


class Groups(Section, frozen=True, kw_only=True):
    """Groups of the roster."""

    groups: tuple[Name, ...]


class OrganizationConfig(Section, frozen=True, kw_only=True):
    """Which organization this configuration governs; must equal the live one.

    `runner`: the service that alone opens root sessions; other people's commands leave it to it.
    """

    id: Annotated[
        str,
        Meta(
            pattern=r"^o-[a-z0-9]{10,32}\Z",
            description="an organization id is o- and 10 to 32 letters or digits",
        ),
    ]
    management_account: Account
    region: RegionName
    delegated_administrator: Account | None = None
    executor_roles: dict[Account, str] = {}
    runner: Name | None = None


class RootAccess(Section, frozen=True, kw_only=True):
    """The desired state of centralized root access; `managed_by` another tool is never written."""

    managed_by: Name = "orgroot"
    credentials_management: bool | None = None
    root_sessions: bool | None = None


class OwnerKey(Section, frozen=True, kw_only=True):
    """An owner of the trust and the SSH public key that speaks for them."""

    person: Name
    key: str


class Owners(Section, frozen=True, kw_only=True):
    """Who may sign rules: a threshold of distinct persons."""

    threshold: Annotated[int, Meta(ge=1)]
    keys: Annotated[tuple[OwnerKey, ...], Meta(min_length=1)]


class Trust(Section, frozen=True, kw_only=True):
    """The pinned root of trust of one log."""

    log_id: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{16}\Z",
            description="a log id is 16 lower-case hexadecimal digits",
        ),
    ]
    store: str
    owners: Owners
    store_account: Account | None = None
    store_region: RegionName | None = None
    retain: Duration | None = None
    checkpoint: str | None = None

    @property
    def kept_for(self) -> timedelta:
        """How long each object of a log in S3 is kept from its creation on: a day at least."""
        return max(timedelta(days=1), timedelta(seconds=seconds(self.retain or RETAIN)))


class Exemption(Section, frozen=True, kw_only=True):
    """An account left alone on purpose until a date (the end of that day, UTC)."""

    account: Account
    reason: Why
    until: date


class AccountsConfig(Section, frozen=True, kw_only=True):
    """Which accounts are left alone."""

    exempt: tuple[Exemption, ...] = ()
    hold_if_root_key_used_within: Duration | None = None


class ScpConfig(Section, frozen=True, kw_only=True):
    """An SCP that shall exist and be attached; `managed_by` another tool is never written."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    file: str
    targets: tuple[Target, ...]
    description: Annotated[str, Meta(max_length=512)] = ""
    managed_by: Name = "orgroot"
    waves: tuple[tuple[Target, ...], ...] | None = None


class PersonKey(Section, frozen=True, kw_only=True):
    """One SSH public key of a person, with its validity."""

    key: str
    added: datetime
    revoked: datetime | None = None
    reason: str | None = None


class AwsIdentity(Section, frozen=True, kw_only=True):
    """An AWS identity of a person: an Identity Center user (`sso`) or an ARN."""

    sso: str | None = None
    accounts: tuple[Account, ...] = ()
    permission_sets: tuple[str, ...] = ()
    arn: str | None = None
    session_name_trusted: bool = False


class Person(Section, frozen=True, kw_only=True):
    """A roster entry: a human being or, with `service`, a machine that never approves."""

    groups: tuple[Name, ...] = ()
    keys: tuple[PersonKey, ...] = ()
    aws: tuple[AwsIdentity, ...] = ()
    service: bool = False


class Defaults(Section, frozen=True, kw_only=True):
    """Times and strictness where no rule says otherwise."""

    request_ttl: Duration = "4h"
    approval_ttl: Duration = "2h"
    deny_threshold: Annotated[int, Meta(ge=1)] = 1
    max_clock_skew: Duration = "120s"
    hardware_key: Annotated[
        str,
        Meta(
            pattern=r"^(required|preferred|off)\Z",
            description="write required, preferred or off",
        ),
    ] = "preferred"


class Selectors(Section, frozen=True, kw_only=True):
    """What a rule is about; an absent selector matches anything."""

    tasks: tuple[Task, ...] | None = None
    accounts: tuple[Account, ...] | None = None
    ous: tuple[Unit, ...] | None = None
    tags: dict[str, str] | None = None
    buckets: tuple[str, ...] | None = None
    queues: tuple[str, ...] | None = None


class Match(Selectors, frozen=True, kw_only=True, rename={"except_": "except"}):
    """Selectors and their exceptions."""

    except_: Selectors | None = None


class Slot(Section, frozen=True, kw_only=True):
    """So many distinct approvers of one group."""

    group: Name
    count: Annotated[int, Meta(ge=1)]


class Quorum(Section, frozen=True, kw_only=True):
    """How many distinct people approve: `total` in all, and each group's slots."""

    total: Annotated[int, Meta(ge=0)]
    each_of: tuple[Slot, ...] = ()


class SessionLimit(Section, frozen=True, kw_only=True):
    """The longest root session, in seconds (AWS allows at most 900)."""

    max_seconds: Annotated[int, Meta(ge=60, le=900)]


class Review(Section, frozen=True, kw_only=True):
    """Who reviews a break-glass run, and by when."""

    within: Duration
    group: Name
    count: Annotated[int, Meta(ge=1)]


class BreakGlass(Section, frozen=True, kw_only=True):
    """Who may act first and be reviewed after."""

    requesters: Groups
    review: Review
    user_verification: Annotated[
        str, Meta(pattern=r"^(required|preferred)\Z", description="write required or preferred")
    ] = "preferred"
    max_open_unreviewed: Annotated[int, Meta(ge=1)] = 1
    max_per_24h: Annotated[int, Meta(ge=1)] = 2


class Never(Section, frozen=True, kw_only=True):
    """Resources that no request may name."""

    buckets: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


class Rule(Section, frozen=True, kw_only=True):
    """One approval rule; of all that match, the strictest value of each field holds."""

    id: Name
    match: Match
    requesters: Groups
    approvals: Quorum
    executors: Groups | None = None
    approvers: Groups | None = None
    session: SessionLimit | None = None
    ticket: str | None = None
    break_glass: BreakGlass | None = None
    never: Never | None = None


class Approvals(Section, frozen=True, kw_only=True):
    """People and rules: authored here, in force only as a signed `rules` record of the log."""

    expires: datetime
    people: dict[Name, Person]
    rules: tuple[Rule, ...]
    defaults: Defaults = Defaults()


class AcceptedFinding(Section, frozen=True, kw_only=True):
    """A drift finding accepted until a date (the end of that day, UTC)."""

    finding: FindingId
    reason: Why
    until: date


class DriftConfig(Section, frozen=True, kw_only=True):
    """What the drift report takes as accepted."""

    accepted: tuple[AcceptedFinding, ...] = ()


class KnownCaller(Section, frozen=True, kw_only=True):
    """A principal outside orgroot that may call AssumeRoot, for some tasks, until a date."""

    role: RoleArn
    tasks: tuple[Task, ...]
    reason: Why
    until: date


class OrganizationTrail(Section, frozen=True, kw_only=True):
    """The bucket of an organization trail, which has the calls of every member account.

    Attributes:
        bucket: its name.
        account: who owns it.
        region: where it lies.
        prefix: the trail's key prefix, without a slash at the end.
    """

    bucket: str
    account: Account
    region: RegionName
    prefix: str = ""


class ReconcileConfig(Section, frozen=True, kw_only=True):
    """What the reconciliation takes as known, and the roles it reads other accounts through."""

    known_callers: tuple[KnownCaller, ...] = ()
    roles: dict[Account, str] = {}
    organization_trail: OrganizationTrail | None = None


class MonitoringConfig(Section, frozen=True, kw_only=True):
    """Where root-use alarms live and whom they tell."""

    regions: tuple[RegionName, ...]
    notify: TopicArn


class Config(Section, frozen=True, kw_only=True):
    """The whole of config.yaml. Only `version` and `organization` are required (observer mode).

    A missing section means "not managed"; an empty list means "remove all".
    """

    version: Annotated[int, Meta(ge=1, le=1, description="this orgroot reads version 1")]
    organization: OrganizationConfig
    root_access: RootAccess | None = None
    trust: Trust | None = None
    accounts: AccountsConfig = AccountsConfig()
    scps: tuple[ScpConfig, ...] | None = None
    approvals: Approvals | None = None
    drift: DriftConfig = DriftConfig()
    reconcile: ReconcileConfig = ReconcileConfig()
    monitoring: MonitoringConfig | None = None


def parse_config(tree: Mapping[str, Any]) -> Config:
    """Convert a tree of text scalars into a Config.

    Raises:
        ConfigError: names the path of the first wrong field, with "did you mean" for unknown keys.
    """
    config = convert(tree, Config)
    check_config(config)
    return config
