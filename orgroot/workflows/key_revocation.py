"""Ending a key at once: by any one owner, or by its own person.

Nothing waits for a publication, and no later publication brings it back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orgroot.core.findings import FindingCode, Void
from orgroot.core.log_state import LogState
from orgroot.core.owners import owners_in_force, signers_of
from orgroot.core.people import usable_key
from orgroot.core.public_keys import PublicKey
from orgroot.core.results import KeyRevoked
from orgroot.core.revocation import ending
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import KeyRevoke, instant
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.signing import common_fields, sign, signer_of

Confirm = Callable[[PublicKey], None]
"""Shows the key and has the end of its fingerprint typed; raises UsageError on a no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Which key shall end.

    Attributes:
        person: whose it is.
        fingerprint: `SHA256:…`; None: the only one they have.
        reason: why, for the log.
        since: from when on it was in other hands (`2026-11-25T10:00:00Z`); None: not said.
    """

    person: str
    fingerprint: str | None
    reason: str
    since: str | None


def revokers(log: AuditLog, person: str) -> tuple[Signer, ...]:
    """Who may end a key of this person: the owners, and the person."""
    rules = log.state.rules_in_force
    own = () if rules is None else rules.roster.keys_of(person, log.clock.now())
    mine = frozenset((person, key.text) for key in own)
    return signers_of(owners_in_force(log.state), mine)


def revoke_key(desk: LogDesk, what: Ended, confirm: Confirm) -> KeyRevoked:
    """End a key: from here on it speaks for nobody.

    Raises:
        UsageError: no such key, no reason, no time, nobody who may, or not confirmed.
        RequestRefused: it has ended, or it is the key of an owner whom a new trust must replace.
    """
    governed = desk.governed
    log = governed.log
    state = log.require()
    now = log.check_clock(desk.clock.now())
    key = _key(state, what)
    me = signer_of(governed.person, governed.signer)
    body = KeyRevoke(
        **common_fields(log, state, now),
        signer=me,
        person=what.person,
        key=key.text,
        reason=_reason(what),
        compromised_since=_since(what),
    )
    _require_ends(state, body)
    confirm(key)
    owners, found = (what.person, key.text) in owners_in_force(state), len(state.findings)
    log.append(
        signed_once(lambda _state: sign(body, governed.signer)),
        lambda newest: _require_ends(newest, body),
    )
    end = log.state.ended_keys[key.text]
    return KeyRevoked(
        person=what.person,
        fingerprint=key.fingerprint,
        seq=end.seq,
        owner_key="none" if not owners else "ended" if end.owner else "counts",
        compromised=tuple(
            finding.seq
            for finding in log.state.findings[found:]
            if finding.code is FindingCode.KEY_COMPROMISED
        ),
        receipt=log.receipt(),
    )


def _key(state: LogState, what: Ended) -> PublicKey:
    """The key that is meant, among those of the roster and the owners."""
    known = {key.fingerprint: key for key in _keys(state, what.person)}
    chosen = [key for name, key in known.items() if what.fingerprint in {None, name}]
    if len(chosen) == 1:
        return chosen[0]
    named = what.fingerprint or f"{len(known)} keys"
    raise UsageError(
        f"{named} of {what.person}: which key shall end?"
        if known
        else f"{what.person} has no key in the roster and is no owner",
        hint="name one with --fingerprint: " + (", ".join(known) or "people are in the roster"),
        code="which-key",
    )


def _keys(state: LogState, person: str) -> Iterator[PublicKey]:
    rules = state.rules_in_force
    entry = None if rules is None else rules.body.approvals.people.get(person)
    texts = [key.key for key in entry.keys] if entry is not None else []
    texts += [o.key for o in state.trusts[-1].owners.keys if o.person == person]
    for text in texts:
        key = usable_key(text)
        if key is not None:
            yield key


def _reason(what: Ended) -> str:
    if not what.reason.strip():
        raise UsageError("why does it end?", hint="add --reason", code="reason")
    return what.reason


def _since(what: Ended) -> str | None:
    if what.since is None:
        return None
    try:
        instant(what.since)
    except IntegrityError as error:
        raise UsageError(
            f"--compromised-since {what.since!r} is not a time",
            hint="write it as 2026-11-25T10:00:00Z, in UTC",
            code="time",
        ) from error
    return what.since


def _require_ends(state: LogState, body: KeyRevoke) -> None:
    """Return if the record would end the key.

    Raises:
        RequestRefused: it would not.
    """
    try:
        ending(state, body, state.seq + 1)
    except Void as void:
        raise RequestRefused(
            f"it would not count: {void.detail}",
            hint="for an owner's key: `orgroot trust propose`",
            code="cannot-revoke",
        ) from void
