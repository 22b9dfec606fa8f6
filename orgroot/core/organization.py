"""The organization as values: accounts, organizational units, root-access features, selection."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orgroot.core.config import Exemption, end_of_day
from orgroot.core.ids import AccountId, OrganizationId
from orgroot.core.root_tasks import Feature
from orgroot.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who AWS says is calling (`sts:GetCallerIdentity`)."""

    account: AccountId
    arn: str
    user_id: str

    @property
    def partition(self) -> str:
        """The AWS partition of the caller, from its ARN."""
        return self.arn.split(":", 2)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAccount:
    """An account of the organization.

    Attributes:
        id: account id.
        name: account name, untrusted text.
        email: root e-mail address, untrusted text.
        state: Organizations' `State` (else the retired `Status`): `ACTIVE`, `SUSPENDED` …
        joined_method: `CREATED` or `INVITED`.
        path: ids from the root container to its parent; empty where AWS did not say.
    """

    id: AccountId
    name: str
    email: str
    state: str
    joined_method: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFacts:
    """`organizations:DescribeOrganization`."""

    id: OrganizationId
    management_account: AccountId
    feature_set: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationRoot:
    """`organizations:ListRoots`: the root container and its policy types by status."""

    id: str
    policy_types: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationalUnit:
    """An organizational unit and the id of its parent."""

    id: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RootAccessState:
    """Centralized root access as AWS reports it.

    Attributes:
        trusted_access: `iam.amazonaws.com` is a trusted service of the organization.
        features: the flags that are on; None while trusted access is off, for AWS hides them then.
        delegated_administrators: accounts registered for `iam.amazonaws.com`.
    """

    trusted_access: bool
    features: frozenset[Feature] | None
    delegated_administrators: tuple[AccountId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpSummary:
    """A service control policy as `organizations:ListPolicies` shows it."""

    id: str
    arn: str
    name: str
    description: str
    aws_managed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which accounts a command was asked about.

    Attributes:
        ids: named one by one.
        all: every member.
        ous: organizational units, each with everything below it.
        tags: KEY → VALUE that an account must carry.
        exclude: ids left out.
        limit: at most so many, in order of id; None: no limit.
    """

    ids: tuple[AccountId, ...] = ()
    all: bool = False
    ous: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[AccountId, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An account that was selected and left out, with the reason in words."""

    account: MemberAccount
    reason: str
    named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedAccounts:
    """The outcome of a selection: accounts to work on, and those left out."""

    accounts: tuple[MemberAccount, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exempted:
    """An exemption in force: left alone until an instant (UTC)."""

    account: AccountId
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known around the accounts when some are selected.

    Attributes:
        management_account: never a target of AssumeRoot.
        exempt: exemptions as configured; those in force count.
        now: UTC.
        units: every OU id and the root id; needed only where a selection names OUs.
        paths: by account, ids from the root container to its parent; needed with `units`.
        tags: by account, its tags; needed only where a selection names tags.
    """

    management_account: AccountId
    exempt: tuple[Exempted, ...]
    now: datetime
    units: Collection[str] = ()
    paths: Mapping[AccountId, Collection[str]] = field(default_factory=dict)
    tags: Mapping[AccountId, Mapping[str, str]] = field(default_factory=dict)


ACTIVE = "ACTIVE"


def exemptions(configured: Iterable[Exemption]) -> tuple[Exempted, ...]:
    """The configured exemptions with the instant each one ends."""
    return tuple(
        Exempted(account=AccountId(e.account), reason=e.reason, until=end_of_day(e.until))
        for e in configured
    )


def select(
    selection: Selection, accounts: Iterable[MemberAccount], around: Surroundings
) -> SelectedAccounts:
    """The accounts a command works on, in order of id, and those left out with the reason.

    Several tags must all match; OUs add up. Excluded accounts are not counted as skipped: the
    caller named them. `limit` counts accounts to work on.

    Raises:
        UsageError: nothing selected, a mix that contradicts itself, an id or OU that is not there.
    """
    require_coherent(selection)
    members = {account.id: account for account in sorted(accounts, key=lambda a: a.id)}
    for account_id in (*selection.ids, *selection.exclude):
        if account_id not in members:
            raise UsageError(
                f"{account_id} is not an account of this organization",
                hint="check the id, and that the credentials are of the right organization",
                code="unknown-account",
            )
    for unit in selection.ous:
        if unit not in around.units:
            raise UsageError(
                f"{unit} is not an OU of this organization",
                hint="check the id, and that the credentials are of the right organization",
                code="unknown-ou",
            )
    chosen: list[MemberAccount] = []
    skipped: list[Skipped] = []
    for account in members.values():
        if account.id in selection.exclude or not _asked_for(account.id, selection, around):
            continue
        reason = _left_out(account, around)
        if reason is None:
            chosen.append(account)
        else:
            named = account.id in selection.ids
            skipped.append(Skipped(account=account, reason=reason, named=named))
    return SelectedAccounts(accounts=tuple(chosen[: selection.limit]), skipped=tuple(skipped))


def require_coherent(selection: Selection) -> None:
    """Check a selection by itself, before anything is read.

    Raises:
        UsageError: nothing is selected, or the ways of selecting contradict each other.
    """
    ways = "account ids, --all, --ou OU-ID or --tag KEY=VALUE"
    if not (selection.ids or selection.all or selection.ous or selection.tags):
        raise UsageError("no account is selected", hint=f"give {ways}", code="no-selection")
    if selection.ids and (selection.all or selection.ous or selection.tags):
        raise UsageError("name accounts or select them by --all, --ou, --tag: not both")
    if selection.all and selection.ous:
        raise UsageError("--all and --ou contradict each other: give one of them")
    if selection.limit is not None and selection.limit < 1:
        raise UsageError(f"--limit {selection.limit} selects nothing: give 1 or more")


def _asked_for(account: AccountId, selection: Selection, around: Surroundings) -> bool:
    if selection.ids:
        return account in selection.ids
    if selection.ous and not set(selection.ous) & set(around.paths.get(account, ())):
        return False
    tags = around.tags.get(account, {})
    return all(tags.get(key) == value for key, value in selection.tags.items())


def _left_out(account: MemberAccount, around: Surroundings) -> str | None:
    if account.id == around.management_account:
        return "the management account: AssumeRoot reaches member accounts only"
    if account.state != ACTIVE:
        return f"not ACTIVE but {account.state or 'in a state AWS did not tell'}"
    for exempted in around.exempt:
        if exempted.account == account.id and around.now < exempted.until:
            last_day = (exempted.until - timedelta(microseconds=1)).date()
            return f"exempt until the end of {last_day}: {exempted.reason}"
    return None
