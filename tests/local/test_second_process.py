"""A second process looks at records; with it, without it and when it dies, the log is the same."""

import multiprocessing
from collections.abc import Iterator

import pytest

from orgroot.core.log_verify import verify
from orgroot.local import second_process
from orgroot.local.second_process import ahead
from tests.core import scene as s
from tests.core import world as w


@pytest.fixture(scope="module")
def log() -> w.Log:
    """A log of some hundred records."""
    log = w.Log(s.approvals_of())
    while len(log.raws) < 400:
        w.unlocked(log)
    return log


def records(log: w.Log) -> Iterator[tuple[int, bytes]]:
    """Its records, numbered."""
    return iter(enumerate(log.raws, 1))


def test_a_second_process_finds_what_fits(log: w.Log) -> None:
    """Every record comes once, in order, with its signatures checked."""
    found = list(ahead(records(log), worth=10))
    assert [(seq, raw) for seq, raw, _ in found] == list(records(log))
    assert all(len(seen.fitting) == 1 and seen.secrets == () for _, _, seen in found)
    assert multiprocessing.active_children() == []


def test_a_short_log_is_read_in_turn(log: w.Log) -> None:
    """No process is started for it."""
    found = list(ahead(records(log), worth=1000))
    assert [seq for seq, _, _ in found] == list(range(1, len(log.raws) + 1))
    assert {seen.secrets for _, _, seen in found} == {None}


def test_one_core_or_no_semaphores_are_enough(log: w.Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no second process is to be had, records are looked at in turn."""
    monkeypatch.setattr(second_process, "_cores", lambda: 1)
    assert len(list(ahead(records(log), worth=10))) == len(log.raws)
    monkeypatch.setattr(second_process, "_cores", lambda: 2)
    monkeypatch.setattr(second_process, "_started", lambda: None)
    assert len(list(ahead(records(log), worth=10))) == len(log.raws)


def test_a_second_process_that_dies_changes_nothing(log: w.Log) -> None:
    """What it did not answer is looked at in turn, and the log verifies as before."""

    def dying(several: Iterator[tuple[int, bytes]]) -> Iterator[object]:
        for n, one in enumerate(ahead(several, worth=10)):
            if n == 0:
                for child in multiprocessing.active_children():
                    child.kill()
            yield one

    found = list(dying(records(log)))
    assert [one[:2] for one in found] == list(records(log))  # type: ignore[index]
    state = verify(
        trust=log.trust,
        organization=s.ORG,
        get=log.store.get,
        keys=tuple(log.store),
        now=log.now,
        ahead=dying,  # type: ignore[arg-type] # an iterator of the same triples
    )
    assert state.findings == []
    assert state.seq == len(log.raws)
