"""Where a log lies, from the text `trust.store`, and which keys a store may have for it."""

import re
from dataclasses import dataclass

from orgroot.core.codec import MAX_RECORD_BYTES
from orgroot.errors import IntegrityError, UsageError

S3 = "s3://"
_BUCKET = re.compile(r"(?!.*(-s3alias|--ol-s3|--x-s3|\.mrap)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""A general purpose bucket by its own name: of an alias no rule could keep people off the bucket
(S3 user guide, "General purpose bucket naming rules": reserved suffixes)."""
_PART = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9._=-]+/")
_LARGEST = 64 * 1024 * 1024
"""No list or text of a log comes near this."""
_KEY = re.compile(
    r"[0-9]{12}\.json|objects/[0-9a-f]{64}|facts/(?:0|[1-9][0-9]{0,11})/(?:0|[1-9][0-9]{0,11})\.json"
    r"|proposals/opr_[a-z2-7]{26}(?:\.json|/[0-9a-f]{64}\.sig)"
)


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket and what every key of the log begins with: empty, or ending with a slash."""

    bucket: str
    prefix: str

    @property
    def url(self) -> str:
        """As it is written in `trust.store`."""
        return f"{S3}{self.bucket}/{self.prefix}"


def s3_place(store: str) -> S3Place:
    """The bucket and prefix of an `s3://` store; a slash at the end may be left out.

    Raises:
        UsageError: it is no such store.
    """
    bucket, _, rest = store.removeprefix(S3).partition("/")
    prefix = rest if not rest or rest.endswith("/") else f"{rest}/"
    parts = re.findall(r"[^/]*/", prefix)
    sound = store.startswith(S3) and _BUCKET.fullmatch(bucket) is not None
    if not sound or not all(_PART.fullmatch(part) for part in parts):
        raise UsageError(
            f"{store!r} is not a bucket with a prefix",
            hint="write s3://bucket/prefix/, of letters, digits and . _ = -",
            code="store",
        )
    return S3Place(bucket, prefix)


def longest(key: str) -> int:
    """So many bytes of what lies under a key are read at most: one more than it can have.

    What is longer is nothing of a log, whatever follows: a record of that length is void, and its
    hash is that of these bytes; an object is not what its name says. So nobody can stop the others,
    or fill their memory, by the size of what they append.
    """
    return _LARGEST + 1 if key.startswith("objects/") else MAX_RECORD_BYTES + 1


def is_log_key(key: str) -> bool:
    """Whether the key can name a record, an object or a survey's fact."""
    return _KEY.fullmatch(key) is not None


def require_log_key(key: str) -> str:
    """The key, which names something in a log.

    Raises:
        IntegrityError: it does not.
    """
    if not is_log_key(key):
        raise IntegrityError(f"{key!r} is not the name of anything in a log", code="store-key")
    return key
