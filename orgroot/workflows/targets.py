"""What a request names: member accounts and the organization, as AWS describes them now.

Reads Organizations only. An account that is gone or not ACTIVE is never among the live targets.
"""

from collections.abc import Iterable, Mapping

from orgroot.core.codec import canonical
from orgroot.core.config import Approvals
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId, sha256
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import ACTIVE, MemberAccount
from orgroot.core.selectors import asked
from orgroot.core.statement_parts import Target
from orgroot.workflows.selection import tags_of, walk
from orgroot.workflows.workspace import Workspace

LOCATED_ONE_BY_ONE = 5
"""Up to so many accounts have their parents listed upwards; more cost one walk of the OU tree."""


def targets_of(ws: Workspace, accounts: Iterable[MemberAccount]) -> tuple[Target, ...]:
    """Accounts as a request names them: where they are and what tags they carry, read now."""
    keys = asked(_approvals(ws)).tags
    return _looked_at(ws, dict.fromkeys(accounts, keys), paths=True)


def reading_targets(
    ws: Workspace, accounts: Iterable[MemberAccount], task: Task
) -> tuple[Target, ...]:
    """Accounts as a reading names them: OU paths and tags only where rules look at them.

    An Organizations call per account is too slow for a sweep that no rule asks it of.
    """
    approvals = _approvals(ws)
    keys = asked(approvals).tags if asked(approvals, task).tags else None
    wanted = dict.fromkeys(accounts, keys)
    return _looked_at(ws, wanted, paths=asked(approvals).ous)


def organization_target(ws: Workspace) -> Target:
    """The organization as a request of a management task names it."""
    return Target(organization=ws.config.organization.id)


def live_targets(ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
    """The request's accounts as AWS has them now; those gone or not ACTIVE are left out.

    Of each is read what the request says of it: what nobody looked at then is no fact of it.
    """
    named = {target.account: target for target in request.targets}
    active = tuple(a for a in _accounts(ws, tuple(named)) if a.state == ACTIVE)
    wanted = {
        account: frozenset(named[account.id].tags) if named[account.id].tags_sha256 else None
        for account in active
    }
    return _looked_at(ws, wanted, paths=any(target.ou_path for target in request.targets))


def live_organization(ws: Workspace) -> tuple[Target, ...]:
    """The organization as it is now; nothing where the credentials are of another one."""
    same = ws.organization.describe().id == ws.config.organization.id
    return (organization_target(ws),) if same else ()


def _approvals(ws: Workspace) -> Approvals:
    """The rules in force, which say what has to be looked at."""
    log = ws.governed.log
    log.require()
    return log.rules().body.approvals


def _accounts(ws: Workspace, wanted: tuple[str, ...]) -> tuple[MemberAccount, ...]:
    if len(wanted) == 1:
        found = ws.organization.account(AccountId(wanted[0]))
        return () if found is None else (found,)
    return tuple(account for account in ws.organization.accounts() if account.id in set(wanted))


def _looked_at(
    ws: Workspace, wanted: Mapping[MemberAccount, frozenset[str] | None], *, paths: bool
) -> tuple[Target, ...]:
    """Accounts with their OU paths, and with the tags of these keys; None: tags are not read.

    Where paths are read, an account that is in no OU and not in the root is gone.
    """
    located = _paths(ws, wanted) if paths else {account.id: () for account in wanted}
    here = {account: keys for account, keys in wanted.items() if account.id in located}
    tags = tags_of(ws, (account.id for account, keys in here.items() if keys is not None))
    return tuple(
        _target(ws, account, located[account.id], tags.get(account.id), keys or frozenset())
        for account, keys in here.items()
    )


def _paths(ws: Workspace, accounts: Iterable[MemberAccount]) -> Mapping[AccountId, tuple[str, ...]]:
    listed = tuple(accounts)
    if len(listed) <= LOCATED_ONE_BY_ONE:
        return {account.id: ws.organization.path_of(account.id) for account in listed}
    return walk(ws)[0]


def _target(
    ws: Workspace,
    account: MemberAccount,
    path: tuple[str, ...],
    tags: Mapping[str, str] | None,
    keys: frozenset[str],
) -> Target:
    return Target(
        account=account.id,
        name=account.name,
        ou_path="/".join(path),
        tags_sha256="" if tags is None else sha256(canonical(dict(tags))),
        tags={} if tags is None else {key: tags.get(key) for key in sorted(keys)},
        partition=ws.caller.partition,
        region=ws.config.organization.region,
    )
