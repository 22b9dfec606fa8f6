"""The log in S3: a record store whose keys are created once, each locked from the start.

Of each key the oldest version is what counts, whatever was written or deleted over it. A key that
S3 did not answer for is AuditUnavailable, never absent.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from orgroot.aws.endpoints import EndpointKind
from orgroot.aws.log_bucket import LogBucket, Stored
from orgroot.aws.log_versions import Versions
from orgroot.aws.read_ahead import CONNECTIONS, ReadAhead, read_all
from orgroot.core.codec import record_key
from orgroot.core.store_evidence import KeyEvidence
from orgroot.core.store_place import is_log_key, require_log_key
from orgroot.errors import IntegrityError
from orgroot.ports import Created, RecordCache

_MARGIN = timedelta(hours=1)
"""Retention is counted from S3's own time of creation: this much more covers clock and retries."""

_BATCH = 8 * CONNECTIONS
"""So many records are fetched, and held, at a time."""


class S3Store:
    """`RecordStore` over a bucket with Object Lock. Every method may be called from any thread.

    Args:
        bucket: the calls, below the log's prefix.
        retain: how long every object is kept from its creation on.
        cache: this machine's copy of verified records; None: it keeps none.
    """

    def __init__(
        self, bucket: LogBucket, *, retain: timedelta, cache: RecordCache | None = None
    ) -> None:
        self._bucket = bucket
        self._versions = Versions(bucket)
        self._retain = retain
        self._cache = cache
        self._lock = threading.Lock()
        self._ahead = ReadAhead(self._read)
        self._listing: dict[str, KeyEvidence] = {}
        self._surveys: set[str] = set()
        self._retained: dict[str, datetime | None] = {}
        self._covered: dict[str, KeyEvidence] = {}
        self._newest = (0, "")
        self._unkept: list[tuple[int, str, bytes]] = []
        self._copied = False

    @property
    def endpoint(self) -> EndpointKind:
        """Whether AWS itself answers, or a sandbox."""
        return self._bucket.door.endpoint_kind

    def create(self, key: str, data: bytes) -> Created:
        """Create if absent; CREATED once S3 shows our version as the first under its key.

        A conditional write succeeds over a delete marker, so its success alone does not say that
        nothing was there before (S3 user guide, "Conditional writes").

        Raises:
            AuditUnavailable: not written, or not known to be.
            IntegrityError: not a key of a log, or the record before it is not there any more.
        """
        require_log_key(key)
        until = self._bucket.door.clock.now() + self._retain + _MARGIN
        written = self._bucket.write(key, data, retain_until=until)
        if written.version is None and not written.unsure:
            return Created.EXISTS
        there = self._confirmed(key)
        if there is None or there.oldest is None:
            raise IntegrityError(
                f"{key} was written to the audit log, and it is not there", code="store-entry"
            )
        # After a write that was not answered the first version may be ours: no record has the
        # bytes of another, and objects of the same bytes are the same object.
        if there.oldest == written.version or (written.unsure and self._bytes_of(there) == data):
            self._note(replace(there, retained_until=until), data)
            return Created.CREATED
        return Created.EXISTS

    def get(self, key: str) -> bytes | None:
        """The bytes of the key's first version, or None.

        Raises:
            AuditUnavailable: the store cannot be read.
            IntegrityError: not a key of a log.
        """
        folder, _, _ = require_log_key(key).rpartition("/")
        if folder.startswith("facts/"):
            self._expect_facts(f"{folder}/")
        ahead = self._ahead.take(key)
        if ahead is not None:
            return ahead.data
        there = self._versions.look(key)
        return None if there is None or there.oldest is None else self._bytes_of(there)

    def sequence(self, after: int) -> Iterator[tuple[int, bytes]]:
        """The records behind `after`; what this machine keeps a copy of is not fetched again.

        Raises:
            AuditUnavailable: the store cannot be read.
            IntegrityError: the record that this process read or wrote last is not there any more.
        """
        at, listed = after, self._versions.dense(after + 1)
        if after == 0 and self._cache is not None:
            listed, copies = self._copies(self._cache, listed)
            for at, raw in copies:
                yield at, raw
            if at != self._newest[0]:  # a copy was damaged
                self._cache.drop()
                listed = self._versions.dense(at + 1)
        elif after and after == (newest := self._newest)[0]:
            listed = self._versions.dense(after)
            self._require_same(newest, next(listed, None))
        fetched = True
        while fetched:
            fetched = False
            for at, raw in self._fetch(listed):
                fetched = True
                yield at, raw
            listed = self._versions.dense(at + 1)

    def keys(self) -> Sequence[str]:
        """Every key below the prefix that has a version, strays included, in order."""
        found = {each.key: each for each in self._versions.under("")}
        with self._lock:
            self._listing = found
        self._ahead.clear()
        self._surveys.clear()
        self._order(found.values())
        return tuple(key for key, each in found.items() if each.oldest is not None)

    def evidence(self) -> Iterator[KeyEvidence]:
        """Versions, delete markers and retention of every key of the log."""
        if not self._listing:
            self.keys()
        known = [each for key, each in self._listing.items() if is_log_key(key)]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            yield from pool.map(self._with_retention, known)

    def covered(self) -> Sequence[KeyEvidence]:
        """Of the records given by `sequence`, those over whose first version something lies."""
        with self._lock:
            known = tuple(self._covered.values())
        return tuple(map(self._with_retention, known))

    def keep(self, seq: int) -> None:
        """Keep a copy of the verified records up to `seq` on this machine."""
        with self._lock:
            ready = [each for each in self._unkept if each[0] <= seq]
            self._unkept = [each for each in self._unkept if each[0] > seq]
        if ready and self._cache is not None:
            self._cache.keep(ready)

    def forget(self) -> bool:
        """Drop this machine's copy; True where records came from it."""
        if self._cache is not None:
            self._cache.drop()
        with self._lock:
            self._unkept, self._newest = [], (0, "")
        copied, self._copied = self._copied, False
        return copied

    # --- records --------------------------------------------------------------------------------

    def _fetch(self, listed: Iterator[KeyEvidence]) -> Iterator[tuple[int, bytes]]:
        while batch := tuple(islice(listed, _BATCH)):
            versions = tuple((each.key, each.oldest or "") for each in batch)
            for each, stored in zip(batch, read_all(self._read, versions), strict=True):
                if stored is None:
                    return  # it was deleted since it was listed: the prefix ends before it
                self._note(each, stored.data)
                yield _number(each.key), stored.data

    def _copies(
        self, cache: RecordCache, listed: Iterator[KeyEvidence]
    ) -> tuple[Iterator[KeyEvidence], Iterable[tuple[int, bytes]]]:
        """What lies behind the kept records, and the kept ones, if the last is in the store still.

        One call tells that, and what is new; a store that was emptied, cut or rewritten is read
        anew, so that it is compared with what this machine remembers.
        """
        last = cache.last()
        if last is None:
            return listed, ()
        behind = self._versions.dense(last[0])
        there = next(behind, None)
        if there is None or there.oldest != last[1]:
            cache.drop()
            return listed, ()
        self._newest, self._copied = last, True
        self._note_cover(there)
        return behind, cache.records()

    def _require_same(self, newest: tuple[int, str], there: KeyEvidence | None) -> None:
        """The record that this process read or wrote last is there still.

        Raises:
            IntegrityError: it is gone, or another lies in its place.
        """
        seq, version = newest
        if there is None or there.key != record_key(seq):
            raise IntegrityError(
                f"record {seq} of the audit log in {self._bucket.place.url} is not there any more",
                hint="`orgroot log verify` compares the log with what this machine remembers",
                code="rollback",
            )
        if there.oldest != version:
            raise IntegrityError(
                f"record {seq} of the audit log in {self._bucket.place.url} is another one now",
                hint="`orgroot log verify` compares the log with what this machine remembers",
                code="fork",
            )

    def _confirmed(self, key: str) -> KeyEvidence | None:
        """What lies under a key just written; for a record also: the one before is there still."""
        newest = self._newest
        if not newest[0] or key != record_key(newest[0] + 1):
            return self._versions.look(key)
        listed = self._versions.dense(newest[0])
        self._require_same(newest, next(listed, None))
        return next(listed, None)

    def _note(self, there: KeyEvidence, data: bytes) -> None:
        """Remember what was read or written, as far as it is a record."""
        seq = _number(there.key)
        if not seq:
            return
        version = there.oldest or ""
        with self._lock:
            if there.retained_until is not None:
                self._retained[there.key] = there.retained_until
            if seq > self._newest[0]:
                self._newest = (seq, version)
                self._unkept.append((seq, version, data))
        self._note_cover(there)

    def _note_cover(self, there: KeyEvidence) -> None:
        if there.covered_by:
            with self._lock:
                self._covered[there.key] = there

    # --- objects --------------------------------------------------------------------------------

    def _expect_facts(self, folder: str) -> None:
        """List a survey's facts once: they are read one after the other."""
        with self._lock:
            if folder in self._surveys or self._listing:
                return
            self._surveys.add(folder)
        self._order(self._versions.under(folder))

    def _order(self, found: Iterable[KeyEvidence]) -> None:
        there = [(each.key, each.oldest) for each in found if each.oldest and is_log_key(each.key)]
        self._ahead.order(sorted(there, key=lambda version: _in_order(version[0])))

    def _bytes_of(self, there: KeyEvidence) -> bytes | None:
        stored = self._read(there.key, there.oldest or "")
        return None if stored is None else stored.data

    def _read(self, key: str, version: str) -> Stored | None:
        stored = self._bucket.read(key, version)
        if stored is not None:
            with self._lock:
                self._retained[key] = stored.retained_until
        return stored

    def _with_retention(self, each: KeyEvidence) -> KeyEvidence:
        if each.oldest is None:
            return each
        with self._lock:
            until = self._retained.get(each.key)
        if until is None:  # GetObject leaves it out where the caller may not see it
            until = self._bucket.retained_until(each.key, each.oldest)
        return replace(each, retained_until=until)


def _number(key: str) -> int:
    """The record number of a key; 0 for an object or fact."""
    return 0 if "/" in key else int(key.removesuffix(".json"))


def _in_order(key: str) -> tuple[str, int, str]:
    """Facts by their number, all else by name."""
    folder, _, name = key.rpartition("/")
    number = int(name.removesuffix(".json")) if folder.startswith("facts/") else 0
    return folder, number, name
