"""The log in S3 against a sandbox: conflicts, lost and hung replies, versions, what stops it."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.s3_log import BUCKET, RETAIN, LogPlace

from orgroot.aws.s3_store import S3Store
from orgroot.core.codec import fact_key, object_key, record_key
from orgroot.core.ids import log_id, sha256
from orgroot.core.store_evidence import KeyEvidence
from orgroot.errors import AuditUnavailable, IntegrityError
from orgroot.local.record_cache import FileRecordCache
from orgroot.ports import Created

FIRST = record_key(1)
OTHER = "555555555555"


@pytest.fixture
def cache(tmp_path: Path) -> FileRecordCache:
    """This machine's copy of a log."""
    return FileRecordCache(tmp_path, log_id("5f0c8d2e9b7a4c31"))


def filled(store: S3Store, count: int) -> S3Store:
    """A store with so many records."""
    for seq in range(1, count + 1):
        assert store.create(record_key(seq), b"record %d\n" % seq) is Created.CREATED
    return store


def counted(place: LogPlace, work: Callable[[], object]) -> dict[str, int]:
    """The S3 calls that some work makes."""
    before = place.calls()
    work()
    return {n: c - before.get(n, 0) for n, c in place.calls().items() if c != before.get(n, 0)}


def test_every_object_is_locked_for_longer_than_asked(place: LogPlace) -> None:
    """Compliance mode holds each object from its creation on, for at least `retain`."""
    place.store().create(FIRST, b"one\n")
    version = place.versions(FIRST)[0]
    held = place.s3.get_object_retention(
        Bucket=BUCKET, Key=f"{place.prefix}{FIRST}", VersionId=version["VersionId"]
    )["Retention"]
    assert held["Mode"] == "COMPLIANCE"
    assert held["RetainUntilDate"] - version["LastModified"] >= RETAIN


def test_a_conflict_is_tried_again(place: LogPlace) -> None:
    """409 says that nobody won yet: the same bytes are sent again."""
    place.fault("error", "PutObject", code="ConditionalRequestConflict", status=409, count=2)
    assert place.store().create(FIRST, b"one\n") is Created.CREATED
    assert len(place.versions(FIRST)) == 1
    assert len(place.pauses) == 2


def test_a_throttled_write_is_tried_again(place: LogPlace) -> None:
    """S3 asks for fewer requests: the write waits, and is made."""
    place.fault("throttle", "PutObject", count=3)
    assert place.store().create(FIRST, b"one\n") is Created.CREATED
    assert place.pauses == sorted(place.pauses)
    place.fault("throttle", "PutObject")
    with pytest.raises(AuditUnavailable, match="did not take"):
        place.store().create(record_key(2), b"two\n")


def test_a_store_that_stays_down_is_unavailable(place: LogPlace) -> None:
    """After the last attempt it is exit 5 in every method, never "not there"."""
    store = filled(place.store(), 1)
    for operation in ("PutObject", "ListObjectVersions", "GetObject"):
        place.fault("error", operation, status=500, code="InternalError")
    for call in (
        lambda: store.create(record_key(2), b"two\n"),
        lambda: store.get(FIRST),
        lambda: list(store.sequence(0)),
        store.keys,
    ):
        with pytest.raises(AuditUnavailable):
            call()


def test_a_lost_reply_to_our_own_write_is_no_other_writer(place: LogPlace) -> None:
    """The reply is lost, the retry meets our own bytes: the record is ours, once."""
    store = place.store()
    place.fault("lost-reply", "PutObject", count=1)
    assert store.create(FIRST, b"ours\n") is Created.CREATED
    assert len(place.versions(FIRST)) == 1
    assert store.get(FIRST) == b"ours\n"


def test_a_lost_reply_to_somebody_elses_key_is_their_record(place: LogPlace) -> None:
    """After a lost reply other bytes under the key are another writer's."""
    place.store().create(FIRST, b"theirs\n")
    place.fault("lost-reply", "PutObject", count=1)
    assert place.store().create(FIRST, b"ours\n") is Created.EXISTS
    assert place.store().get(FIRST) == b"theirs\n"


def test_a_write_that_is_never_answered_is_unavailable(place: LogPlace) -> None:
    """What is never answered is not known to be written, whatever S3 did."""
    place.fault("latency", "PutObject", latency_ms=400)
    with pytest.raises(AuditUnavailable, match="did not take"):
        place.store(read_timeout_seconds=0.1).create(FIRST, b"ours\n")
    assert len(place.pauses) == 3


@pytest.mark.parametrize("operation", ["PutObject", "ListObjectVersions", "GetObject"])
def test_a_hung_reply_ends_by_time(place: LogPlace, operation: str) -> None:
    """A store that answers too late is given up, and asked again with success."""
    place.store().create(FIRST, b"one\n")
    store = place.store(read_timeout_seconds=0.5)
    place.fault("latency", operation, latency_ms=1500, count=1)
    assert store.create(record_key(2), b"two\n") is Created.CREATED
    assert store.get(record_key(2)) == b"two\n"
    assert len(place.versions(record_key(2))) == 1


def test_a_store_that_hangs_for_good_is_unavailable(place: LogPlace) -> None:
    """No command waits for ever."""
    place.fault("latency", "ListObjectVersions", latency_ms=400)
    with pytest.raises(AuditUnavailable):
        place.store(read_timeout_seconds=0.1).keys()


def test_the_first_version_counts(place: LogPlace) -> None:
    """Whatever is written over a record later, the first one is read, by old readers and new."""
    store = filled(place.store(), 2)
    further = place.put(FIRST, b"forged\n")
    for reader in (store, place.store()):
        assert reader.get(FIRST) == b"record 1\n"
    reader = place.store()
    assert [raw for _, raw in reader.sequence(0)] == [b"record 1\n", b"record 2\n"]
    (covered,) = reader.covered()
    assert (covered.key, covered.covered_by) == (FIRST, (further,))
    assert covered.held(datetime.now(UTC))


def test_a_refused_write_leaves_nothing(place: LogPlace) -> None:
    """The condition is S3's to hold: whoever comes second adds no version."""
    store = filled(place.store(), 1)
    assert store.create(FIRST, b"another\n") is Created.EXISTS
    store.keys()
    assert [each.covered_by for each in store.evidence()] == [()]


def test_a_deleted_record_is_still_there(place: LogPlace) -> None:
    """A delete marker hides nothing from the log, and is told."""
    filled(place.store(), 3)
    marker = place.mark_deleted(record_key(2))
    reader = place.store()
    assert [seq for seq, _ in reader.sequence(0)] == [1, 2, 3]
    assert reader.get(record_key(2)) == b"record 2\n"
    assert list(reader.keys()) == [record_key(1), record_key(2), record_key(3)]
    assert [each.markers for each in reader.covered()] == [(marker,)]


def test_a_write_over_a_delete_marker_is_not_the_first(place: LogPlace) -> None:
    """S3 takes a conditional write over a delete marker; the store says EXISTS all the same."""
    filled(place.store(), 1)
    place.mark_deleted(FIRST)
    late = place.store()
    assert late.create(FIRST, b"mine\n") is Created.EXISTS
    assert len(place.versions(FIRST)) == 2
    assert late.get(FIRST) == b"record 1\n"


def test_a_delete_marker_before_the_first_write_stops_nobody(place: LogPlace) -> None:
    """Markers laid out ahead of the log do not take its numbers."""
    for seq in (1, 2):
        place.mark_deleted(record_key(seq))
    store = place.store()
    assert list(store.sequence(0)) == []
    filled(store, 2)
    assert [seq for seq, _ in place.store().sequence(0)] == [1, 2]


def test_more_versions_than_a_page_hide_the_first_one_from_nobody(place: LogPlace) -> None:
    """However often something is written over a record, its first version is found."""
    filled(place.store(), 2)
    for _ in range(3):
        place.put(FIRST, b"forged\n", locked=False)
    with small_pages(place, 2):
        reader = place.store()
        assert [raw for _, raw in reader.sequence(0)] == [b"record 1\n", b"record 2\n"]
        assert reader.get(FIRST) == b"record 1\n"
        assert list(reader.keys()) == [record_key(1), record_key(2)]


def test_garbage_between_the_records_costs_a_call_and_no_more(place: LogPlace) -> None:
    """A page full of foreign names before each record does not hide the record behind them."""
    filled(place.store(), 3)
    for seq in (1, 2, 3, 4):
        for n in range(4):
            place.put(f"{seq:012d}!{n}", b"junk", locked=False)
            place.put(f"{record_key(seq)}.{n}", b"junk", locked=False)
    place.put("000000000009.json", b"far ahead\n")
    with small_pages(place, 2):
        assert [seq for seq, _ in place.store().sequence(0)] == [1, 2, 3]


@contextlib.contextmanager
def small_pages(place: LogPlace, size: int) -> Iterator[None]:
    """S3's listings have so many lines a page while this is open."""
    data_plane = place.server.front.data_plane
    data_plane.version_page = size
    yield
    data_plane.version_page = 1000


def test_what_a_sync_costs(place: LogPlace, cache: FileRecordCache) -> None:
    """Nothing new is one call; a new record is read once; a cold read is a listing and a GET each.

    With a copy on this machine a command reads only the tail.
    """
    writer = filled(place.store(), 5)
    cold = place.store(cache=cache)
    read = counted(place, lambda: list(cold.sequence(0)))
    assert read == {"ListObjectVersions": 2, "GetObject": 5}
    cold.keep(5)
    assert counted(place, lambda: list(cold.sequence(5))) == {"ListObjectVersions": 1}
    warm = place.store(cache=cache)
    assert counted(place, lambda: list(warm.sequence(0))) == {"ListObjectVersions": 1}
    writer.create(record_key(6), b"record 6\n")
    warm = place.store(cache=cache)
    tail = counted(place, lambda: list(warm.sequence(0)))
    assert tail == {"ListObjectVersions": 2, "GetObject": 1}
    assert [raw for _, raw in warm.sequence(0)][-1] == b"record 6\n"


def test_what_a_write_costs(place: LogPlace) -> None:
    """One write, and one look whether it is the first."""
    store = place.store()
    made = counted(place, lambda: store.create(FIRST, b"one\n"))
    assert made == {"PutObject": 1, "ListObjectVersions": 1}


def test_a_copy_gives_what_the_store_gave(place: LogPlace, cache: FileRecordCache) -> None:
    """Records from the copy and from S3 are the same, in order, without a gap."""
    filled(place.store(), 3)
    first = place.store(cache=cache)
    given = list(first.sequence(0))
    first.keep(2)  # the third was not verified
    again = place.store(cache=cache)
    assert list(again.sequence(0)) == given
    assert again.forget()
    assert not place.store(cache=cache).forget()


def test_an_emptied_store_is_empty_whatever_this_machine_kept(
    place: LogPlace, cache: FileRecordCache
) -> None:
    """The copy stands in for nothing that S3 has lost: that is for the head memory to see."""
    place.put(FIRST, b"record 1\n", locked=False)
    store = place.store(cache=cache)
    list(store.sequence(0))
    store.keep(1)
    place.destroy(FIRST, place.versions(FIRST)[0]["VersionId"])
    assert list(place.store(cache=cache).sequence(0)) == []
    assert cache.last() is None
    with pytest.raises(IntegrityError) as caught:
        list(store.sequence(1))
    assert caught.value.code == "rollback"


def test_another_record_in_the_place_of_the_last_is_noticed(
    place: LogPlace, cache: FileRecordCache
) -> None:
    """An unlocked record that was replaced is read anew by the next command and stops this one."""
    place.put(FIRST, b"record 1\n", locked=False)
    store = place.store(cache=cache)
    list(store.sequence(0))
    store.keep(1)
    old = place.versions(FIRST)[0]["VersionId"]
    place.put(FIRST, b"another\n", locked=False)
    place.destroy(FIRST, old)
    assert list(place.store(cache=cache).sequence(0)) == [(1, b"another\n")]
    with pytest.raises(IntegrityError) as caught:
        list(store.sequence(1))
    assert caught.value.code == "fork"


def test_nothing_is_appended_to_a_store_that_was_emptied_meanwhile(place: LogPlace) -> None:
    """A record whose predecessor is gone does not count as written."""
    place.put(FIRST, b"record 1\n", locked=False)
    store = place.store()
    list(store.sequence(0))
    place.destroy(FIRST, place.versions(FIRST)[0]["VersionId"])
    with pytest.raises(IntegrityError) as caught:
        store.create(record_key(2), b"record 2\n")
    assert caught.value.code == "rollback"


def test_a_damaged_copy_is_read_anew(
    place: LogPlace, cache: FileRecordCache, tmp_path: Path
) -> None:
    """From the first damaged record on everything comes from S3, and the copy is gone."""
    filled(place.store(), 4)
    store = place.store(cache=cache)
    given = list(store.sequence(0))
    store.keep(4)
    (file,) = tmp_path.rglob("*.cache")
    raw = bytearray(file.read_bytes())
    raw[raw.index(b"record 3")] ^= 1
    file.write_bytes(raw)
    assert list(place.store(cache=cache).sequence(0)) == given
    assert cache.last() is None


def test_facts_of_a_survey_are_listed_once(place: LogPlace) -> None:
    """Facts are read in the order of their numbers, of each the first version."""
    store = place.store()
    for n in range(1, 13):
        store.create(fact_key(7, n), b"fact %d\n" % n)
    place.put(fact_key(7, 2), b"forged\n")
    reader = place.store()
    found: list[bytes | None] = []
    calls = counted(place, lambda: found.extend(reader.get(fact_key(7, n)) for n in range(1, 13)))
    assert found == [b"fact %d\n" % n for n in range(1, 13)]
    assert calls == {"ListObjectVersions": 1, "GetObject": 12}
    assert reader.get(fact_key(7, 13)) is None
    store.create(fact_key(7, 13), b"fact 13\n")
    assert reader.get(fact_key(7, 13)) == b"fact 13\n"


def test_the_evidence_tells_versions_markers_and_retention(place: LogPlace) -> None:
    """Of every key: which version counts, since when, how long it is kept, and what lies over."""
    store = filled(place.store(), 1)
    second = place.put(record_key(2), b"bare\n", locked=False)
    short = place.put(record_key(3), b"short\n", days=30)
    digest = sha256(b"text\n")
    store.create(object_key(digest), b"text\n")
    marker = place.mark_deleted(record_key(3))
    place.put("notes.txt", b"stray", locked=False)
    reader = place.store()
    assert "notes.txt" in tuple(reader.keys())
    assert reader.get(record_key(3)) == b"short\n"
    found = {each.key: each for each in reader.evidence()}
    assert set(found) == {FIRST, record_key(2), record_key(3), object_key(digest)}
    assert locked_for(found[FIRST]) >= RETAIN
    assert locked_for(found[object_key(digest)]) >= RETAIN
    assert (found[record_key(2)].oldest, found[record_key(2)].retained_until) == (second, None)
    assert (found[record_key(3)].oldest, found[record_key(3)].markers) == (short, (marker,))
    assert locked_for(found[record_key(3)]) < RETAIN
    assert [each.key for each in place.store().evidence()] == sorted(found)


def locked_for(each: KeyEvidence) -> timedelta:
    """For how long a version was locked when it was made."""
    assert each.retained_until is not None
    assert each.created_at is not None
    return each.retained_until - each.created_at


def test_governance_mode_holds_nothing(place: LogPlace) -> None:
    """Whoever may bypass governance can delete: that is not under retention."""
    until = datetime.now(UTC) + timedelta(days=500)
    place.s3.put_object(
        Bucket=BUCKET,
        Key=f"{place.prefix}{FIRST}",
        Body=b"one\n",
        ChecksumAlgorithm="SHA256",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
    )
    (each,) = place.store().evidence()
    assert each.retained_until is None


def test_many_threads_write_and_read_at_once(place: LogPlace) -> None:
    """Facts are written by many threads; none is lost, each is read as it was written."""
    store = place.store()
    threads = [
        threading.Thread(target=store.create, args=(fact_key(3, n), b"fact %d\n" % n))
        for n in range(1, 17)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.get(fact_key(3, n)) for n in range(1, 17)] == [
        b"fact %d\n" % n for n in range(1, 17)
    ]
