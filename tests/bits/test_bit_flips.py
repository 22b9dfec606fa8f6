"""No bit of a record is idle: flip any one of them and the record counts for nothing.

It is tried for one record of every type and for every bit of it. Behind a bit of the signed text a
verification has to say that the text has another digest, over and over, which takes most of the
time: so one bit of each byte there meets real signatures, and the others meet `Unforgeable` ones.
Nor is it run while coverage is measured, which would double its time and finds nothing new by it.
"""

from collections.abc import Iterator

import pytest

from orgroot.core.audit_log import check_fact_object
from orgroot.core.codec import decode_record
from orgroot.core.findings import Void
from orgroot.core.fold import Fold
from orgroot.core.ids import Digest, sha256
from orgroot.core.positions import Place
from orgroot.core.preread import DIRECT, Checks
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.sshsig import Verified
from orgroot.core.statements import from_text
from orgroot.errors import IntegrityError
from tests.core import every_type as e
from tests.core import scene as s
from tests.core import world as w

TAGS = tuple(e.tag_of(kind) for kind in e.TYPES)


class Unforgeable:
    """`Checks` for which a signature fits the one text that it was verified over, and no other."""

    def __init__(self) -> None:
        self.learning = True
        self._fitting: dict[tuple[str, str, str, bytes], Verified | None] = {}

    def person(self, armored: str, text: bytes, *, namespace: str, key: str) -> Verified:
        """As `sshsig.verify`."""
        name = (namespace, key, armored, text)
        if self.learning:
            self._fitting[name] = DIRECT.person(armored, text, namespace=namespace, key=key)
        return self._known(name)  # type: ignore[return-value] # None is kept of facts only

    def fact(self, key: str, text: bytes, sig: str) -> None:
        """As `ephemeral.verify_fact`."""
        if self.learning:
            DIRECT.fact(key, text, sig)
            self._fitting["", key, sig, text] = None
        self._known(("", key, sig, text))

    def _known(self, name: tuple[str, str, str, bytes]) -> Verified | None:
        if name not in self._fitting:
            raise IntegrityError("nobody signed this", code="badsig")
        return self._fitting[name]


@pytest.fixture(scope="module")
def log() -> w.Log:
    """A log with a record of every type, each of which counts."""
    log = e.story()
    assert log.state.findings == []
    return log


@pytest.fixture(scope="module")
def firsts(log: w.Log) -> dict[str, int]:
    """Where the first record of each type stands."""
    found: dict[str, int] = {}
    for seq, raw in enumerate(log.raws, 1):
        found.setdefault(e.tag_of(type(from_text(decode_record(raw).body.encode()))), seq)
    return found


def before(log: w.Log, place: int, checks: Checks = DIRECT) -> Fold:
    """A fold over what stands before a record."""
    fold = log.new_fold()
    for seq, raw in enumerate(log.raws[: place - 1], 1):
        fold.admit(seq, raw, checks)
    return fold


def flips(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each bit of the bytes, as a byte and a bit of it, and the bytes with it flipped."""
    for at, byte in enumerate(raw):
        for bit in range(8):
            yield at, bit, raw[:at] + bytes([byte ^ (1 << bit)]) + raw[at + 1 :]


def void_of(fold: Fold, place: Place, raw: bytes, checks: Checks) -> Void | None:
    """What makes a record void; None where it would pass."""
    try:
        fold._signed(place, raw, checks)
    except Void as void:
        return void
    return None


def test_every_type_is_among_them(firsts: dict[str, int]) -> None:
    """A type that is new must be put into the story."""
    assert set(firsts) == set(TAGS)


@pytest.mark.parametrize("tag", TAGS)
def test_a_record_with_one_bit_flipped_counts_for_nothing(
    log: w.Log, firsts: dict[str, int], tag: str
) -> None:
    """Wherever it stands, in text, envelope, key or signature: it is void, for what is exit 4."""
    seq = firsts[tag]
    raw = log.raws[seq - 1]
    ideal = Unforgeable()
    fold = before(log, seq, ideal)
    place = Place(seq=seq, prev=fold.state.hash)
    assert fold._signed(place, raw, ideal) == fold._signed(place, raw, DIRECT)
    ideal.learning = False
    assert fold._signed(place, raw, ideal)  # the record itself passes
    behind_text = raw.rindex(b'","log":')
    for at, bit, flipped in flips(raw):
        real = at >= behind_text or bit == at % 7
        void = void_of(fold, place, flipped, DIRECT if real else ideal)
        assert void is not None, (at, bit)
        assert not void.code.attention, (at, bit, void)


def test_a_flipped_bit_breaks_what_follows_too(log: w.Log) -> None:
    """The next record no longer follows, whatever else is said of the flipped one."""
    for seq, raw in enumerate(log.raws[:-1], 1):
        middle = len(raw) // 2
        flipped = raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]
        raws = [*log.raws]
        raws[seq - 1] = flipped
        state = log.refold(raws)
        assert {finding.seq for finding in state.findings} >= {seq, seq + 1}
        assert state.hashes[seq - 1] == sha256(flipped) != Digest(log.state.hashes[seq - 1])


def test_a_fact_beside_the_log_with_one_bit_flipped_is_refused(log: w.Log) -> None:
    """The facts of a survey are objects; each bit of one is signed, or in its one spelling."""
    run = next(r for r in log.state.executions.values() if r.body.__struct_config__.tag == "survey")
    log.fact_object(run.id, 1, s.issued(policy=TaskPolicy.AUDIT))
    raw = log.store[f"facts/{run.seq}/1.json"]
    check_fact_object(run, raw)
    for _, _, flipped in flips(raw):
        with pytest.raises(IntegrityError):
            check_fact_object(run, flipped)
