"""An owner acknowledges what was found: accounts that were moved, versions in the log's store.

The places are read in AWS now; nothing is acknowledged that the owner was not shown.
"""

from orgroot.core.ids import AccountId
from orgroot.core.results import Acknowledged, MovedRow, PlaceRow, VersionsRow
from orgroot.core.statement_parts import Moved, Target, Versions
from orgroot.core.statements import Ack
from orgroot.core.whereabouts import Whereabouts, seen_in
from orgroot.errors import UsageError
from orgroot.workflows.audit_log import no_guard, signed_once
from orgroot.workflows.desk import Desk
from orgroot.workflows.rules import require_owner
from orgroot.workflows.signing import common_fields, sign, signer_of
from orgroot.workflows.targets import targets_of
from orgroot.workflows.workspace import Workspace


def moved_accounts(ws: Workspace, accounts: tuple[AccountId, ...]) -> tuple[MovedRow, ...]:
    """Where the accounts are now, those left out that the log never saw elsewhere.

    Raises:
        UsageError: an account is not in the organization, or gone.
    """
    log = ws.governed.log
    places = log.require().places
    members = []
    for account in accounts:
        member = ws.organization.account(account)
        if member is None:
            raise UsageError(
                f"{account} is not an account of {ws.config.organization.id}",
                hint="check the id, and that the credentials are of the right organization",
                code="unknown-account",
            )
        members.append(member)
    rows = []
    for target in targets_of(ws, members):
        before = tuple(p for p in places.get(target.account, ()) if not _is(p, target))
        if before:
            rows.append(_row(target, before))
        else:
            ws.progress.note(f"the log never saw {target.account} elsewhere: nothing to say of it")
    return tuple(rows)


def acknowledge(
    desk: Desk, moves: tuple[MovedRow, ...], versions: tuple[VersionsRow, ...], reason: str
) -> Acknowledged:
    """Sign and append it; nothing is written where nothing is to be acknowledged.

    Raises:
        UsageError: no reason, or not an owner.
    """
    governed = desk.governed
    log = governed.log
    state = log.require()
    if not reason.strip():
        raise UsageError("an acknowledgement needs a reason", hint="add --reason", code="reason")
    require_owner(governed)
    seq: int | None = None
    if moves or versions:
        body = Ack(
            **common_fields(log, state, log.check_clock(desk.clock.now())),
            signer=signer_of(governed.person, governed.signer),
            moves=tuple(
                Moved(
                    account=row.account,
                    ou_path=row.ou_path,
                    tags_sha256=row.tags_sha256,
                    tags=dict(row.tags),
                )
                for row in moves
            ),
            versions=tuple(Versions(key=row.key, version_ids=row.version_ids) for row in versions),
            reason=reason,
        )
        seq = log.append(signed_once(lambda _state: sign(body, governed.signer)), no_guard).seq
    return Acknowledged(
        moves=moves, versions=versions, reason=reason, record=seq, receipt=log.receipt()
    )


def _is(place: Whereabouts, target: Target) -> bool:
    return place.agrees_with(seen_in(target))


def _row(target: Target, before: tuple[Whereabouts, ...]) -> MovedRow:
    return MovedRow(
        account=target.account,
        name=target.name,
        ou_path=target.ou_path,
        tags=dict(target.tags),
        tags_sha256=target.tags_sha256,
        before=tuple(PlaceRow(ou_path=p.ou_path, tags=dict(p.tags)) for p in before),
    )
