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
