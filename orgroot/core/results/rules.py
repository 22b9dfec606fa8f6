"""What rules say somewhere, and what owners say of what was found."""

from orgroot.core.results.base import Result, Row


class PlaceRow(Row, frozen=True, kw_only=True):
    """A place in which the log saw an account; a tag that it did not carry is null."""

    ou_path: str
    tags: dict[str, str | None]


class MovedRow(Row, frozen=True, kw_only=True):
    """An account where it is now, and where the log saw it before."""

    account: str
    name: str
    ou_path: str
    tags: dict[str, str | None]
    tags_sha256: str
    before: tuple[PlaceRow, ...]


class VersionsRow(Row, frozen=True, kw_only=True):
    """Further versions of one key of the log's store."""

    key: str
    version_ids: tuple[str, ...]


class Acknowledged(Result, frozen=True, kw_only=True, tag="orgroot.ack/v1"):
    """`orgroot log ack`; `record`: its number, null where nothing was to be acknowledged."""

    moves: tuple[MovedRow, ...]
    versions: tuple[VersionsRow, ...]
    reason: str
    record: int | None
    receipt: str
