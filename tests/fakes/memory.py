"""What a machine remembers, in memory: shared by the processes a test pretends to run."""

from collections.abc import Iterator
from contextlib import contextmanager

from orgroot.core.ids import LogId
from orgroot.ports import Pin


class FakeMemory:
    """Pins, heads, spool and running marks of one machine."""

    def __init__(self) -> None:
        self.pins: dict[str, Pin] = {}
        self.heads: dict[str, tuple[int, str]] = {}
        self.spooled_facts: list[tuple[str, bytes]] = []
        self.marks: set[str] = set()

    def pin(self, organization: str) -> Pin | None:
        """The pin, if any."""
        return self.pins.get(organization)

    def set_pin(self, pin: Pin) -> None:
        """Pin."""
        self.pins[pin.organization] = pin

    def head(self, log: LogId) -> tuple[int, str] | None:
        """The remembered head, if any."""
        return self.heads.get(log)

    def set_head(self, log: LogId, seq: int, record_hash: str) -> None:
        """Remember a head; never a smaller one."""
        if seq >= self.heads.get(log, (0, ""))[0]:
            self.heads[log] = (seq, record_hash)

    def spool(self, name: str, fact: bytes) -> None:
        """Keep a fact."""
        self.spooled_facts.append((name, fact))

    def spooled(self) -> tuple[tuple[str, bytes], ...]:
        """The kept facts."""
        return tuple(self.spooled_facts)

    def unspool(self, name: str) -> None:
        """Forget a fact."""
        self.spooled_facts = [kept for kept in self.spooled_facts if kept[0] != name]

    @contextmanager
    def running(self, execution: str) -> Iterator[None]:
        """Hold the mark of an execution; it goes with the process, however that ends."""
        self.marks.add(execution)
        try:
            yield
        finally:
            self.marks.discard(execution)

    def is_running(self, execution: str) -> bool:
        """The mark is held."""
        return execution in self.marks
