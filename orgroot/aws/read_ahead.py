"""Reading objects in the order of a listing over many connections, each at most a little early."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from orgroot.aws.log_bucket import Stored

CONNECTIONS = 32
"""So many reads at once: S3 takes thousands a second, a laptop's line a few dozen."""

_WINDOW = 2 * CONNECTIONS
_MOST = 4 * _WINDOW
"""So many objects of a folder are begun, and held, before anybody takes them."""

Version = tuple[str, str]
"""A key and the version of it that counts."""

Read = Callable[[str, str], Stored | None]


def read_all(read: Read, versions: tuple[Version, ...]) -> Iterator[Stored | None]:
    """Read versions over many connections; the answers come in order."""
    if len(versions) == 1:
        yield read(*versions[0])
        return
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        yield from pool.map(lambda version: read(*version), versions)


@dataclass(slots=True)
class _Row:
    """The objects of one folder in the order in which they are likely taken."""

    order: list[Version] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    begun: dict[int, Future[Stored | None]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)


class ReadAhead:
    """Whoever takes one object of a folder after the other finds the next ones under way.

    By number or by name: objects a little out of order are not read twice.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}
        self._pool: ThreadPoolExecutor | None = None

    def order(self, versions: Iterable[Version]) -> None:
        """These will be taken, most likely in this order."""
        with self._lock:
            for version in versions:
                row = self._rows.setdefault(_folder(version[0]), _Row())
                row.places[version[0]] = len(row.order)
                row.order.append(version)

    def clear(self) -> None:
        """Nothing is expected to be taken any more."""
        with self._lock:
            for row in self._rows.values():
                for future in row.begun.values():
                    future.cancel()
            self._rows.clear()

    def take(self, key: str) -> Stored | None:
        """The object that was ordered under a key; None where none was, or it is gone."""
        with self._lock:
            row = self._rows.get(_folder(key))
            place = None if row is None else row.places.get(key)
            if row is None or place is None:
                return None
            row.taken.add(place)
            if place not in row.begun and len(row.begun) < _MOST:
                self._begin(row, place)
            begun = row.begun.pop(place, None)
            version = row.order[place]
        return self._read(*version) if begun is None else begun.result()

    def _begin(self, row: _Row, place: int) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="read-ahead")
        for n in range(place, min(place + _WINDOW, len(row.order))):
            if n == place or (n not in row.begun and n not in row.taken):
                row.begun[n] = self._pool.submit(self._read, *row.order[n])


def _folder(key: str) -> str:
    return key.rpartition("/")[0]
