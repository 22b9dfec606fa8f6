"""Which versions lie under the keys of a log in S3, told by listings alone."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from orgroot.aws.log_bucket import Listed, LogBucket
from orgroot.core.codec import record_key
from orgroot.core.store_evidence import KeyEvidence


class Versions:
    """Listings of one bucket below the log's prefix."""

    def __init__(self, bucket: LogBucket) -> None:
        self._bucket = bucket

    def under(self, prefix: str) -> Iterator[KeyEvidence]:
        """What lies under every key that begins with `prefix`, in order."""
        return grouped(line for page in self._bucket.pages(prefix) for line in page.lines)

    def look(self, key: str) -> KeyEvidence | None:
        """What lies under one key now; None where nothing does."""
        lines: list[Listed] = []
        for page in self._bucket.pages(key):
            lines += (line for line in page.lines if line.key == key)
            if page.lines and page.lines[-1].key != key:
                break
        return next(grouped(lines), None)

    def dense(self, first: int) -> Iterator[KeyEvidence]:
        """What lies under the records from `first` on, up to the first number without a version.

        Every listing begins right before the wanted number, and what else lies in the store cannot
        make it longer than by one call for each record.
        """
        wanted = first
        while True:
            marker = record_key(wanted).removesuffix(".json")
            page = self._bucket.page("", after=marker, delimiter="/")
            groups = list(grouped(page.lines))
            if page.more is not None and len(groups) > 1:
                groups.pop()  # its older versions may be on the next page
            found = 0
            for each in groups:
                key = record_key(wanted + found)
                if each.key > key:
                    return
                if each.key == key:
                    there = self.look(key) if page.more is not None and len(groups) == 1 else each
                    if there is None or there.oldest is None:
                        return
                    yield there
                    found += 1
            if page.more is None:
                return
            if not found:  # a page full of something else
                there = self.look(record_key(wanted))
                if there is None or there.oldest is None:
                    return
                yield there
                found = 1
            wanted += found


def grouped(lines: Iterable[Listed]) -> Iterator[KeyEvidence]:
    """What lies under each key, from lines in order of key, the newest of each key first."""
    for key, group in groupby(lines, key=lambda line: line.key):
        of_key = tuple(group)
        versions = [line for line in reversed(of_key) if not line.marker]
        yield KeyEvidence(
            key=key,
            oldest=versions[0].version if versions else None,
            further=tuple(line.version for line in versions[1:]),
            markers=tuple(line.version for line in reversed(of_key) if line.marker),
            created_at=versions[0].created_at if versions else None,
        )
