"""From the accounts a person named to the accounts a command works on, with as few calls as can be.

Reads Organizations only, changes nothing; an account that is not there ends the command before it
does anything.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from orgroot.core.ids import AccountId
from orgroot.core.organization import (
    MemberAccount,
    SelectedAccounts,
    Selection,
    Surroundings,
    exemptions,
    select,
)
from orgroot.workflows.workspace import Workspace

DESCRIBED_ONE_BY_ONE = 10
"""Up to so many named accounts cost a DescribeAccount each; more cost one walk of ListAccounts."""

_TAG_READERS = 4
"""ListTagsForResource has no published rate; its neighbours allow 5 a second."""


def resolve(ws: Workspace, selection: Selection) -> SelectedAccounts:
    """The accounts a selection means, and those left out with the reason.

    Raises:
        UsageError: nothing or nonsense is selected, or an account or OU is not there.
        AwsError: Organizations could not be read.
    """
    accounts = _known(ws, selection)
    units: frozenset[str] = frozenset()
    paths: Mapping[AccountId, tuple[str, ...]] = {}
    if selection.ous:
        paths, units = walk(ws)
    wanted = [
        a.id for a in accounts if not selection.ous or set(selection.ous) & set(paths.get(a.id, ()))
    ]
    around = Surroundings(
        management_account=AccountId(ws.config.organization.management_account),
        exempt=exemptions(ws.config.accounts.exempt),
        now=ws.clock.now(),
        units=units,
        paths=paths,
        tags=tags_of(ws, wanted) if selection.tags else {},
    )
    if selection.all:
        _note_strangers(ws, accounts)
    return select(selection, accounts, around)


def _note_strangers(ws: Workspace, accounts: Iterable[MemberAccount]) -> None:
    """An exempted id that no account has protects nothing, and may be a slip."""
    here = {account.id for account in accounts}
    for entry in ws.config.accounts.exempt:
        if entry.account not in here:
            ws.progress.note(f"accounts.exempt: {entry.account} is no account of this organization")


def walk(ws: Workspace) -> tuple[dict[AccountId, tuple[str, ...]], frozenset[str]]:
    """Every account with the ids from the root to its parent, and every id of root and OUs."""
    root = ws.organization.root().id
    paths: dict[AccountId, tuple[str, ...]] = {}
    units = {root}
    open_ends: list[tuple[str, ...]] = [(root,)]
    ws.progress.start("reading the organizational units", 0)
    while open_ends:
        path = open_ends.pop()
        paths.update({account.id: path for account in ws.organization.accounts_of(path[-1])})
        for unit in ws.organization.units_of(path[-1]):
            units.add(unit.id)
            open_ends.append((*path, unit.id))
        ws.progress.advance()
    return paths, frozenset(units)


def tags_of(ws: Workspace, accounts: Iterable[AccountId]) -> dict[AccountId, Mapping[str, str]]:
    """The tags of accounts, by account."""
    listed = tuple(accounts)
    ws.progress.start("reading tags", len(listed))

    def read(account: AccountId) -> Mapping[str, str]:
        tags = ws.organization.tags_of(account)
        ws.progress.advance()
        return tags

    with ThreadPoolExecutor(max_workers=_TAG_READERS) as pool:
        return dict(zip(listed, pool.map(read, listed), strict=True))


def _known(ws: Workspace, selection: Selection) -> tuple[MemberAccount, ...]:
    """The accounts a selection can be about; none where it says nothing, which `select` refuses."""
    named = dict.fromkeys((*selection.ids, *selection.exclude))
    if selection.all or selection.ous or selection.tags or len(named) > DESCRIBED_ONE_BY_ONE:
        return ws.organization.accounts()
    found = (ws.organization.account(account) for account in named)
    return tuple(account for account in found if account is not None)
