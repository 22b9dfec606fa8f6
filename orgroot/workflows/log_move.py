"""A log copied to another store, byte for byte: nothing is signed, changed, overwritten or removed.

A copy that was interrupted goes on where it stopped. Only a copy that was read back in full, and
verifies up to the same head, is one.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from orgroot.core.config import Trust
from orgroot.core.log_verify import LookAhead, in_turn
from orgroot.core.results import ExitReason, LogHead, LogMove
from orgroot.core.store_place import is_log_key
from orgroot.errors import IntegrityError, UsageError
from orgroot.ports import Created, Progress, RecordStore
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.log_show import read_whole
from orgroot.workflows.store_memory import require_world

_AT_ONCE = 16
_HELD = 256
"""So many objects are copied at a time, and held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """What there is to copy.

    Attributes:
        objects: keys of objects and facts, which records name: they go first.
        records: keys of records, in order.
        strays: names that are no part of a log, which stay behind.
    """

    objects: tuple[str, ...]
    records: tuple[str, ...]
    strays: tuple[str, ...]


def cargo(log: AuditLog) -> Cargo:
    """What lies in a log's store, once the log was read and holds.

    Raises:
        IntegrityError: the log was altered: look at it before it is copied.
        UsageError: there is no log.
    """
    log.require()
    keys = log.store.keys()
    known = [key for key in keys if is_log_key(key)]
    return Cargo(
        objects=tuple(key for key in known if "/" in key),
        records=tuple(key for key in known if "/" not in key),
        strays=tuple(key for key in keys if not is_log_key(key)),
    )


def plan(log: AuditLog, trust: Trust, found: Cargo) -> LogMove:
    """What `move` would copy; nothing is written."""
    state = log.state
    return LogMove(
        store=log.trust.store,
        target=trust.store,
        done=False,
        records=len(found.records),
        objects=len(found.objects),
        copied=0,
        strays=found.strays,
        head=LogHead(seq=state.seq, hash=state.hash),
        config=config_lines(trust),
        receipt=log.receipt(),
    )


def move(
    log: AuditLog,
    target: RecordStore,
    trust: Trust,
    progress: Progress,
    ahead: LookAhead = in_turn,
) -> LogMove:
    """Copy a log to a store that is empty or holds a part of the same copy, and verify it there.

    Args:
        log: where it lies now.
        target: where it shall lie.
        trust: the log's trust with the target in it.
        progress: told of each object.
        ahead: how records are looked at by themselves.

    Raises:
        UsageError: the target holds something else.
        IntegrityError: the log was altered, or what is read back is not what was copied.
        AuditUnavailable: one of the stores does not answer: the same command goes on later.
    """
    require_world(log.require(), target.endpoint)
    found = cargo(log)
    there = frozenset(target.keys())
    _require_ours(there, found, trust)
    progress.start("copying the log", len(found.objects) + len(found.records))
    copied = 0
    while True:
        for keys in _in_order(found, there):
            copied += _copy(log.store, target, keys, there, progress)
        copy = AuditLog(target, trust, log.organization, log.memory, log.clock)
        verified = read_whole(copy, ahead)
        end, state = copy.sync(), log.sync()
        if (end.seq, end.hash) == (state.seq, state.hash):
            break
        there, found = frozenset(target.keys()), cargo(log)  # somebody appended meanwhile
        _require_ours(there, found, trust)
    return LogMove(
        exit_reasons=(ExitReason.INTEGRITY,) if verified.wrong else (),
        store=log.trust.store,
        target=trust.store,
        done=True,
        records=len(found.records),
        objects=len(found.objects),
        copied=copied,
        strays=found.strays,
        head=LogHead(seq=end.seq, hash=end.hash),
        config=config_lines(trust),
        receipt=copy.receipt(),
    )


def config_lines(trust: Trust) -> tuple[str, ...]:
    """What `trust:` of every configuration must say of the store from now on."""
    lines = [f"store: {trust.store}"]
    if trust.store_account is not None:
        lines.append(f'store_account: "{trust.store_account}"')
    if trust.store_region is not None:
        lines.append(f"store_region: {trust.store_region}")
    return tuple(lines)


def _in_order(found: Cargo, there: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """What is there is compared before anything is written, and objects go before records."""
    yield tuple(key for key in (*found.objects, *found.records) if key in there)
    for keys in (found.objects, found.records):
        yield tuple(key for key in keys if key not in there)


def _require_ours(there: frozenset[str], found: Cargo, trust: Trust) -> None:
    other = sorted(there - {*found.objects, *found.records})
    if other:
        raise UsageError(
            f"{trust.store} holds {other[0]}, which the log does not: it is no copy of it",
            hint="name an empty store; nothing is ever overwritten",
            code="store-not-empty",
        )


def _copy(
    source: RecordStore,
    target: RecordStore,
    keys: Sequence[str],
    there: frozenset[str],
    progress: Progress,
) -> int:
    """Copy what is missing and compare the rest; answers how many were copied."""

    def one(item: tuple[str, bytes]) -> bool:
        key, data = item
        fresh = key not in there and target.create(key, data) is Created.CREATED
        if not fresh and target.get(key) != data:
            raise IntegrityError(
                f"{key} in the target is not what it is in the log",
                hint="it is not overwritten: name another store",
                code="store-entry",
            )
        progress.advance()
        return fresh

    items = _bytes_of(source, keys)
    copied = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := tuple(islice(items, _HELD)):
            copied += sum(pool.map(one, some))
    return copied


def _bytes_of(source: RecordStore, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for key in keys:
        data = source.get(key)
        if data is None:
            raise IntegrityError(f"{key} vanished from the log while it was copied", code="object")
        yield key, data
