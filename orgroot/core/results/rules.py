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


class SlotRow(Row, frozen=True, kw_only=True):
    """So many distinct people of a group; group null: of all who count."""

    group: str | None
    count: int


class EmergencyRow(Row, frozen=True, kw_only=True):
    """Break-glass where it is allowed; times in seconds."""

    requesters: tuple[str, ...]
    user_verification: str
    max_open_unreviewed: int
    max_per_24h: int
    review_within: int
    review: tuple[SlotRow, ...]


class RegionRow(Row, frozen=True, kw_only=True):
    """What a task needs in one part of the organization.

    Attributes:
        where: an example of the part (`ou …`, `tag KEY=VALUE`, `bucket …`); empty: anything else.
        rules: the rules that apply; none: it is denied, and all counts are 0.
        people: distinct approvers needed at least.
        requesters, executors, approvers: groups; executors null: the requester alone.
        may_ask, may_approve: people who could now.
        max_seconds, request_ttl, approval_ttl: seconds.
    """

    task: str
    where: tuple[str, ...]
    rules: tuple[str, ...]
    people: int = 0
    total: int = 0
    each_of: tuple[SlotRow, ...] = ()
    requesters: tuple[str, ...] = ()
    may_ask: tuple[str, ...] = ()
    executors: tuple[str, ...] | None = None
    approvers: tuple[str, ...] = ()
    may_approve: tuple[str, ...] = ()
    max_seconds: int = 0
    tickets: tuple[str, ...] = ()
    request_ttl: int = 0
    approval_ttl: int = 0
    deny_threshold: int = 0
    hardware_key: bool = False
    never_buckets: tuple[str, ...] = ()
    never_queues: tuple[str, ...] = ()
    break_glass: EmergencyRow | None = None


class AskerRow(Row, frozen=True, kw_only=True):
    """What holds for the person who would ask."""

    person: str
    may_ask: bool
    refusals: tuple[str, ...]
    could_approve: tuple[str, ...]
    out_of_reach: tuple[SlotRow, ...]


class RulesShow(Result, frozen=True, kw_only=True, tag="orgroot.rules/v1"):
    """`orgroot rules show`; `serial`: of the rules in force, null for those of the config."""

    serial: int | None
    expires_at: str
    expired: bool
    regions: tuple[RegionRow, ...]
    asker: AskerRow | None = None
    notes: tuple[str, ...] = ()
    receipt: str | None = None
