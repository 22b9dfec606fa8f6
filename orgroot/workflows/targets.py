"""What a request names: member accounts and the organization, as AWS describes them now.

Reads Organizations only. An account that is gone or not ACTIVE is never among the live targets.
"""

from collections.abc import Iterable, Mapping

from orgroot.core.codec import canonical
from orgroot.core.ids import AccountId, sha256
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import ACTIVE, MemberAccount
from orgroot.core.statement_parts import Target
from orgroot.workflows.selection import tags_of, walk
from orgroot.workflows.workspace import Workspace

LOCATED_ONE_BY_ONE = 5
"""Up to so many accounts have their parents listed upwards; more cost one walk of the OU tree."""


def targets_of(ws: Workspace, accounts: Iterable[MemberAccount]) -> tuple[Target, ...]:
    """Accounts as a request names them: where they are and what tags they carry, read now."""
    listed = tuple(accounts)
    if len(listed) <= LOCATED_ONE_BY_ONE:
        paths = {account.id: ws.organization.path_of(account.id) for account in listed}
    else:
        paths = walk(ws)[0]
    tags = tags_of(ws, (account.id for account in listed if account.id in paths))
    return tuple(
        _target(ws, account, paths[account.id], tags[account.id])
        for account in listed
        if account.id in paths
    )


def unlocated(ws: Workspace, account: MemberAccount) -> Target:
    """An account as a reading names it, without OU path and tags: no call at all.

    Two Organizations calls per account are too slow for a sweep, and rules by OU or tag are not
    enforced yet, so no decision rests on them.
    """
    return _target(ws, account, (), None)


def organization_target(ws: Workspace) -> Target:
    """The organization as a request of a management task names it."""
    return Target(organization=ws.config.organization.id)


def live_targets(
    ws: Workspace, request: RequestRecord, *, located: bool = True
) -> tuple[Target, ...]:
    """The request's accounts as AWS has them now; those gone or not ACTIVE are left out."""
    wanted = request.accounts
    accounts: tuple[MemberAccount, ...]
    if len(wanted) == 1:
        found = ws.organization.account(AccountId(wanted[0]))
        accounts = () if found is None else (found,)
    else:
        accounts = tuple(a for a in ws.organization.accounts() if a.id in set(wanted))
    active = tuple(account for account in accounts if account.state == ACTIVE)
    if not located:
        return tuple(unlocated(ws, account) for account in active)
    return targets_of(ws, active)


def live_organization(ws: Workspace) -> tuple[Target, ...]:
    """The organization as it is now; nothing where the credentials are of another one."""
    same = ws.organization.describe().id == ws.config.organization.id
    return (organization_target(ws),) if same else ()


def _target(
    ws: Workspace,
    account: MemberAccount,
    path: tuple[str, ...],
    tags: Mapping[str, str] | None,
) -> Target:
    return Target(
        account=account.id,
        name=account.name,
        ou_path="/".join(path),
        tags_sha256="" if tags is None else sha256(canonical(dict(tags))),
        partition=ws.caller.partition,
        region=ws.config.organization.region,
    )
