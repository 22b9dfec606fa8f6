"""A record store in memory, shared by the processes a test pretends to run, with faults."""

import threading
from collections.abc import Callable, Iterator, Sequence

from orgroot.core.codec import record_key
from orgroot.core.store_evidence import KeyEvidence
from orgroot.core.store_place import longest
from orgroot.errors import AuditUnavailable
from orgroot.ports import Created


class FakeRecordStore:
    """Objects by key; tests may edit `objects` as an attacker would.

    `refuse` sees every key before it is written; what it returns is raised. With `after` set the
    object is stored first, as when the reply to a write is lost.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False
        self.versions: list[KeyEvidence] = []
        self.kept = 0
        self.endpoint: str | None = None
        self.after = False
        self.refuse: Callable[[str], Exception | None] = lambda _key: None
        self.before_create: Callable[[str], None] = lambda _key: None
        self._lock = threading.Lock()

    def create(self, key: str, data: bytes) -> Created:
        """Create if absent."""
        self._require_up()
        self.before_create(key)
        fault = self.refuse(key)
        if fault is not None and not self.after:
            raise fault
        with self._lock:
            if key in self.objects:
                return Created.EXISTS
            self.objects[key] = data
        if fault is not None:
            raise fault
        return Created.CREATED

    def get(self, key: str) -> bytes | None:
        """The object, or None."""
        self._require_up()
        data = self.objects.get(key)
        return None if data is None else data[: longest(key)]

    def sequence(self, after: int) -> Iterator[tuple[int, bytes]]:
        """The dense prefix behind a record."""
        seq = after + 1
        while (raw := self.get(record_key(seq))) is not None:
            yield seq, raw
            seq += 1

    def keys(self) -> Sequence[str]:
        """Every key in order."""
        self._require_up()
        return tuple(sorted(self.objects))

    def evidence(self) -> Sequence[KeyEvidence]:
        """What the test says that the store says."""
        return tuple(self.versions)

    def covered(self) -> Sequence[KeyEvidence]:
        """Those of the records that something lies over."""
        return tuple(each for each in self.versions if each.covered_by)

    def keep(self, seq: int) -> None:
        """Note how far the log was verified."""
        self.kept = seq

    def forget(self) -> bool:
        """Nothing is kept."""
        return False

    def _require_up(self) -> None:
        if self.down:
            raise AuditUnavailable("the store does not answer")
