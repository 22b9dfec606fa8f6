"""What a store that keeps versions says of its objects, and what that means for the log.

The oldest version of a key is what counts. Whatever was written or deleted over it is named, and
where nothing held the oldest, nobody can say that it is the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orgroot.core.findings import Finding, FindingCode


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvidence:
    """What a store keeps under one key of the log.

    Attributes:
        key: the key.
        oldest: the version id of the version that counts; None: only delete markers are there.
        further: the version ids of what was written over it, oldest first.
        markers: the version ids of delete markers, oldest first.
        created_at: when S3 says that the oldest was written; None: not known.
        retained_until: until when compliance mode keeps the oldest; None: nothing keeps it.
    """

    key: str
    oldest: str | None
    further: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    created_at: datetime | None = None
    retained_until: datetime | None = None

    @property
    def covered_by(self) -> tuple[str, ...]:
        """Everything that lies over the oldest version: what an owner's `ack` names."""
        return (*self.further, *self.markers)

    def held(self, now: datetime) -> bool:
        """Nobody can have put another version in the place of the oldest: it is under retention."""
        return self.retained_until is not None and self.retained_until > now


def doubtful(
    evidence: Iterable[KeyEvidence], acknowledged: Mapping[str, frozenset[str]], now: datetime
) -> KeyEvidence | None:
    """The first key whose oldest version may not be the first one written, or None.

    Something lies over it, no retention holds it, and no owner has named all of that.
    """
    for each in evidence:
        if each.oldest is not None and _open(each, acknowledged) and not each.held(now):
            return each
    return None


def store_findings(
    evidence: Iterable[KeyEvidence],
    *,
    retain: timedelta,
    acknowledged: Mapping[str, frozenset[str]],
    now: datetime,
) -> Iterator[Finding]:
    """What `log verify` says of the store's own evidence.

    Args:
        evidence: of every key of the log.
        retain: how long every object must be kept, counted from its creation.
        acknowledged: by key, the version ids that an owner has acknowledged.
        now: UTC.
    """
    for each in evidence:
        seq = _seq(each.key)
        if each.oldest is not None and not _long_enough(each, retain):
            detail = f"{each.key} is not kept for the {retain.days} days of trust.retain"
            yield Finding(code=FindingCode.NOT_LOCKED, seq=seq, detail=detail)
        yield from _covered(each, seq, acknowledged, now)


def _covered(
    each: KeyEvidence, seq: int, acknowledged: Mapping[str, frozenset[str]], now: datetime
) -> Iterator[Finding]:
    known = acknowledged.get(each.key, frozenset())
    held = each.held(now) or each.oldest is None
    for code, what, ids in (
        (FindingCode.MULTI_VERSION, "a further version", each.further),
        (FindingCode.DELETE_MARKER, "a delete marker", each.markers),
    ):
        new = [version for version in ids if version not in known]
        if new:
            detail = f"{each.key}: {what} lies over the first one: {', '.join(new)}"
            yield Finding(code=FindingCode.EXTRA_VERSION if held else code, seq=seq, detail=detail)


def _open(each: KeyEvidence, acknowledged: Mapping[str, frozenset[str]]) -> bool:
    return not set(each.covered_by) <= acknowledged.get(each.key, frozenset())


def _long_enough(each: KeyEvidence, retain: timedelta) -> bool:
    if each.retained_until is None or each.created_at is None:
        return False
    return each.retained_until - each.created_at >= retain


def _seq(key: str) -> int:
    """The record number of a key; 0 for anything beside the records."""
    name = key.removesuffix(".json")
    return int(name) if name.isdecimal() and name != key else 0
