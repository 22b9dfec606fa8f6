"""No bit of a record is idle: flip any one of them and the record counts for nothing."""

from collections.abc import Iterator

import pytest

from orgroot.core.audit_log import Fold
from orgroot.core.findings import Void
from orgroot.core.ids import Digest
from orgroot.core.positions import Place
from orgroot.core.preread import DIRECT
from tests.core import scene as s
from tests.core import world as w

STORY = ("genesis", "rules", "request", "approval", "intent", "issued", "begun", "made", "ended")
WHOLE = frozenset({"genesis", "approval", "intent", "issued"})
"""Of these every bit of every byte is flipped; of the others one bit of every byte."""


@pytest.fixture(scope="module")
def story() -> w.Log:
    """One bucket's story, each record of another type."""
    log = w.Log(s.approvals_of())
    w.unlocked(log)
    assert len(log.raws) == len(STORY)
    return log


def before(log: w.Log, place: int) -> Fold:
    """A fold over what stands before a record."""
    fold = log.new_fold()
    for seq, raw in enumerate(log.raws[: place - 1], 1):
        fold.admit(seq, raw)
    return fold


def flips(raw: bytes, *, every: bool) -> Iterator[bytes]:
    """The bytes with one bit flipped, for every bit or for one of each byte."""
    for at, byte in enumerate(raw):
        for bit in range(8) if every else (at % 8,):
            yield raw[:at] + bytes([byte ^ (1 << bit)]) + raw[at + 1 :]


@pytest.mark.parametrize("seq", range(1, len(STORY) + 1), ids=STORY)
def test_a_record_with_one_bit_flipped_counts_for_nothing(story: w.Log, seq: int) -> None:
    """Wherever the bit stands: in envelope, body, key or signature."""
    fold, raw = before(story, seq), story.raws[seq - 1]
    place = Place(seq=seq, prev=fold.state.hash)
    fold._signed(place, raw, DIRECT)  # the record itself passes
    for flipped in flips(raw, every=STORY[seq - 1] in WHOLE):
        with pytest.raises(Void):
            fold._signed(place, flipped, DIRECT)


def test_a_flipped_bit_breaks_what_follows_too(story: w.Log) -> None:
    """The next record no longer follows, whatever else is said of the flipped one."""
    for seq, raw in enumerate(story.raws[:-1], 1):
        flipped = next(flips(raw[len(raw) // 2 :], every=False))
        raws = [*story.raws]
        raws[seq - 1] = raw[: len(raw) // 2] + flipped
        state = story.refold(raws)
        assert {finding.seq for finding in state.findings} >= {seq, seq + 1}
        assert Digest(state.hashes[seq - 1]) != story.state.hashes[seq - 1]
