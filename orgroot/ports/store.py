"""Where the log lies: a store of objects that are created once, and a machine's copy of it."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Protocol

from orgroot.core.store_evidence import KeyEvidence


class Created(Enum):
    """The two answers of a conditional write."""

    CREATED = auto()
    EXISTS = auto()


class RecordStore(Protocol):
    """Where the log lies: objects that are created once and never changed.

    Keys are `000000000042.json`, `objects/<sha256>`, `facts/<seq>/<n>.json`. Every method raises
    AuditUnavailable when the store does not answer or is not durable.
    """

    @property
    def endpoint(self) -> str | None:
        """By which kind of endpoint it is reached, `aws` or `sandbox`; None: on this machine."""
        ...

    def create(self, key: str, data: bytes) -> Created:
        """Create if absent; on return the object is durable and seen by every reader."""
        ...

    def get(self, key: str) -> bytes | None:
        """The object's bytes, or None."""
        ...

    def sequence(self, after: int) -> Iterable[tuple[int, bytes]]:
        """The records of the dense prefix behind record number `after`, in order.

        Raises:
            IntegrityError: where the store can tell, record `after` is not there any more.
        """
        ...

    def keys(self) -> Sequence[str]:
        """Every key in the store, for `log verify` and for refusing a store that is not empty."""
        ...

    def evidence(self) -> Iterable[KeyEvidence]:
        """What a store that keeps versions says of each key of the log, for `log verify`."""
        ...

    def covered(self) -> Sequence[KeyEvidence]:
        """Of the records given by `sequence`, those over whose first version something lies."""
        ...

    def keep(self, seq: int) -> None:
        """The records up to `seq` were verified: this machine may keep a copy of them."""
        ...

    def forget(self) -> bool:
        """Drop this machine's copy; True where records came from it."""
        ...


class RecordCache(Protocol):
    """This machine's copy of records it had verified, each bound to a version in the store."""

    def last(self) -> tuple[int, str] | None:
        """Number and version id of the newest record that is kept."""
        ...

    def records(self) -> Iterator[tuple[int, bytes]]:
        """The kept records in order, from 1; it ends before the first that was damaged."""
        ...

    def keep(self, records: Sequence[tuple[int, str, bytes]]) -> None:
        """Add verified records (number, version id, bytes) behind the last; failing is no error."""
        ...

    def drop(self) -> None:
        """Forget all of it."""
        ...
