"""What owners decide: proposals, the trust, keys that ended."""

from orgroot.core.results.base import Result, Row


class DifferenceRow(Row, frozen=True, kw_only=True):
    """One value that would change; null: it is not there."""

    path: str
    before: str | None
    after: str | None


class ProposalView(Result, frozen=True, kw_only=True, tag="orgroot.proposal/v1"):
    """A statement that owners sign one after the other.

    Attributes:
        id, kind, serial: which; `kind`: rules, trust or genesis.
        state: OPEN (signatures are lacking), READY, PUBLISHED, or STALE (`detail` says why).
        proposed_at, ends_at: from when, and until when it can be published (UTC).
        signed: the owners whose signatures count.
        lacking: how many more must sign.
        could_sign: the owners who could.
        changes: what it changes against what is in force.
        receipt: pins the log; null where it has no record yet.
    """

    id: str
    kind: str
    serial: int
    state: str
    proposed_at: str
    ends_at: str
    signed: tuple[str, ...]
    lacking: int
    could_sign: tuple[str, ...]
    changes: tuple[DifferenceRow, ...]
    detail: str = ""
    receipt: str | None = None


class ProposalRow(Row, frozen=True, kw_only=True):
    """One proposal in a list; the fields are those of `orgroot.proposal/v1`."""

    id: str
    kind: str
    serial: int
    state: str
    proposed_at: str
    signed: tuple[str, ...]
    lacking: int
    detail: str


class ProposalList(Result, frozen=True, kw_only=True, tag="orgroot.proposals/v1"):
    """`orgroot rules proposals`: what waits for signatures, and what did."""

    proposals: tuple[ProposalRow, ...]


class KeyRevoked(Result, frozen=True, kw_only=True, tag="orgroot.key-revoke/v1"):
    """`orgroot rules key-revoke`.

    Attributes:
        person, fingerprint: whose key ended, and which.
        seq: the record from which on it speaks for nobody.
        owner_key: `none`: it is no owner's key; `ended`: as such too; `counts`: as an owner's key
            it counts until the trust names another.
        compromised: earlier records that it signed while it was in other hands.
        receipt: pins the log.
    """

    person: str
    fingerprint: str
    seq: int
    owner_key: str
    compromised: tuple[int, ...]
    receipt: str


class OwnerRow(Row, frozen=True, kw_only=True):
    """An owner; `ended`: the key signs nothing any more."""

    person: str
    key: str
    fingerprint: str
    ended: bool


class TrustView(Result, frozen=True, kw_only=True, tag="orgroot.trust/v1"):
    """`orgroot trust show`: whose log it is now.

    Attributes:
        log_id, store: which log.
        seq: the record that says so: the genesis, or the newest change of owners.
        trust_sha256: what machines pin.
        threshold, owners, retain: the trust in force.
        configured: the configuration names exactly these.
        yaml: the `trust:` section to put into the configuration.
        receipt: pins the log.
    """

    log_id: str
    store: str
    seq: int
    trust_sha256: str
    threshold: int
    owners: tuple[OwnerRow, ...]
    retain: str | None
    configured: bool
    yaml: str
    receipt: str
