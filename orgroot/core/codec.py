"""The one spelling of a log record and of the JSON objects beside it: bytes in, values out.

A value has exactly one spelling here, so that its hash speaks for it. Nothing in this module
checks a signature or says that a record is true; text that is not canonical never passes.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from orgroot.core.ids import Digest, sha256
from orgroot.core.spelling import MAX_DEPTH, compact, surely_compact
from orgroot.errors import IntegrityError

MAX_RECORD_BYTES = 128 * 1024
"""The largest record, in bytes, its newline included."""

MAX_INTEGER = 2**53 - 1
"""The largest integer every JSON reader keeps exactly (RFC 7493, section 2.2)."""

EMPTY = Digest("0" * 64)
"""The head of an empty log, and the `prev` of its first record."""


class Signature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One signature over a body.

    Attributes:
        alg: `sshsig` for people and services, `ed25519` for the ephemeral key of an execution.
        sig: the armored SSHSIG, or the base64 of the raw Ed25519 signature.
        key: the OpenSSH public key, `type base64`; given with `sshsig` and only there.
    """

    alg: Literal["sshsig", "ed25519"]
    sig: str
    key: str | None = None

    def __post_init__(self) -> None:
        if (self.alg == "sshsig") != (self.key is not None):
            raise ValueError("a key is given with sshsig, and only there")


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One object of the log.

    Attributes:
        v: the version of the record format.
        seq: the record number, from 1; 0 for the facts of a survey.
        log: the log id.
        prev: the hash of the record before; 64 zeros for the first, empty for survey facts.
        body: the exact statement text that is signed.
        sigs: the signatures over the body.
    """

    v: Literal[1]
    seq: Annotated[int, Meta(ge=0, le=999_999_999_999)]
    log: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    prev: Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")]
    body: str
    sigs: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if (self.seq == 0) != (self.prev == ""):
            raise ValueError("record number 0 and an empty prev belong together")
        if not self.body.isascii():
            raise ValueError("the body is not ASCII")


_DECODER = msgspec.json.Decoder(Record)


def require_plain(value: Any, *, depth: int = MAX_DEPTH) -> None:
    """Refuse what JSON cannot carry in exactly one spelling.

    Raises:
        IntegrityError: `noncanonical`: a float, a key that is not text, an integer beyond
            `MAX_INTEGER`, text that is not Unicode, another type, or nesting beyond `depth`.
    """
    if depth < 0:
        raise _noncanonical(f"nested deeper than {MAX_DEPTH}")
    match value:
        case None | bool():
            pass
        case int() if abs(value) > MAX_INTEGER:
            raise _noncanonical("an integer beyond 53 bits")
        case int():
            pass
        case str():
            _require_unicode(value)
        case list() | tuple():
            for item in value:
                require_plain(item, depth=depth - 1)
        case dict():
            for key, item in value.items():
                _require_unicode(key)
                require_plain(item, depth=depth - 1)
        case _:
            raise _noncanonical(f"a {type(value).__name__}")


def canonical(value: Any) -> bytes:
    """The one spelling: sorted keys, no spaces, ASCII, one newline at the end.

    Raises:
        IntegrityError: `noncanonical`, see `require_plain`.
    """
    require_plain(value)
    return compact(value)


def parse_canonical(raw: bytes) -> Any:
    """The value of a canonical text, e.g. of an object `objects/<sha256>`.

    Raises:
        IntegrityError: `noncanonical`: not JSON, or another spelling than `canonical` gives.
    """
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _noncanonical(f"not JSON ({error})") from error
    if canonical(value) != raw:
        raise _noncanonical("another spelling of the same value")
    return value


def encode_record(
    *, seq: int, log: str, prev: str, body: bytes, sigs: Sequence[Signature]
) -> bytes:
    """The bytes of a record, accepted by `decode_record`.

    Raises:
        IntegrityError: `noncanonical` or `size`, as `decode_record` would say.
    """
    fields = {
        "v": 1,
        "seq": seq,
        "log": log,
        "prev": prev,
        "body": body.decode("ascii", errors="surrogateescape"),
        "sigs": [msgspec.to_builtins(item) for item in sigs],
    }
    raw = compact(fields)
    decode_record(raw)
    return raw


def decode_record(raw: bytes) -> Record:
    """Parse a record, strictly.

    Raises:
        IntegrityError: `size` above `MAX_RECORD_BYTES`; `noncanonical` for anything that is not
            the one spelling of a record.
    """
    if len(raw) > MAX_RECORD_BYTES:
        raise IntegrityError(f"a record of {len(raw)} bytes is above 128 KiB", code="size")
    try:
        record = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _noncanonical(f"not a record ({error})") from error
    if not surely_compact(record, raw) and compact(msgspec.to_builtins(record)) != raw:
        raise _noncanonical("another spelling of the same record")
    return record


def record_hash(raw: bytes) -> Digest:
    """The SHA-256 of a record's raw bytes, its newline included."""
    return sha256(raw)


def record_key(seq: int) -> str:
    """The store's key of a record: its number in 12 digits."""
    return f"{seq:012d}.json"


def fact_key(survey_seq: int, n: int) -> str:
    """The store's key of the n-th fact of the survey recorded as `survey_seq`."""
    return f"facts/{survey_seq}/{n}.json"


def object_key(digest: Digest) -> str:
    """The store's key of a content-addressed object."""
    return f"objects/{digest}"


def _require_unicode(text: Any) -> None:
    if not isinstance(text, str):
        raise _noncanonical("a key that is not text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _noncanonical("text that is not Unicode") from error


def _noncanonical(why: str) -> IntegrityError:
    return IntegrityError(f"not canonical JSON: {why}", code="noncanonical")
