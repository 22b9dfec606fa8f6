"""What statements are made of: the fields of all, who signs, at which head, what about."""

from typing import ClassVar

from msgspec import Struct, field

from orgroot.core.facts import Part
from orgroot.core.root_tasks import TaskPolicy


class Signer(Part, frozen=True, kw_only=True):
    """Who signs, as a roster (or owner) name, and the OpenSSH public key: `type base64`."""

    person: str
    key: str


class HeadRef(Part, frozen=True, kw_only=True):
    """A position of the log: record number and the SHA-256 of that record's raw bytes."""

    seq: int
    hash: str


class Tool(Part, frozen=True, kw_only=True):
    """The program that prepared the statement."""

    version: str


class RulesRef(Part, frozen=True, kw_only=True):
    """The rules a request was made under: evidence only, execution decides under the live ones."""

    serial: int
    sha256: str


class ObjectRef(Part, frozen=True, kw_only=True):
    """A content-addressed object `objects/<sha256>` that stands for something too long."""

    sha256: str
    count: int


class Target(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What a request is about: a member account, or (management tasks) the organization.

    Attributes:
        account: member account id; empty for management tasks.
        name: its name when requested.
        ou_path: ids from the organization root to its parent, joined by `/`; empty: nobody
            looked.
        tags_sha256: SHA-256 of its tags as canonical JSON; empty: nobody looked.
        tags: of the tag keys that the rules look at, each value; null: it does not carry the key.
        partition: `aws`.
        region: the Region the session will use.
        organization: the organization id, for management tasks only.
    """

    account: str = ""
    name: str = ""
    ou_path: str = ""
    tags_sha256: str = ""
    tags: dict[str, str | None] = field(default_factory=dict)
    partition: str = ""
    region: str = ""
    organization: str = ""


class SessionAsk(Part, frozen=True, kw_only=True):
    """How long a root session may live, in seconds (at most 900)."""

    duration_seconds: int


class SpooledFact(Part, frozen=True, kw_only=True):
    """A fact that its execution signed and the log did not take: its exact text, and base64."""

    body: str
    sig: str


class RecoveredEnd(Part, frozen=True, kw_only=True):
    """How the work on one account ended, as far as it can be seen afterwards.

    Attributes:
        account: the account; empty for a management task, and for a survey as a whole.
        outcome: `done`, `not-done`, or `unverified`: it could not be read.
        detail: what it was concluded from.
    """

    account: str
    outcome: str
    detail: str


class Moved(Part, frozen=True, kw_only=True):
    """Where an account is now, as `Target` says it: an owner has looked."""

    account: str
    ou_path: str
    tags_sha256: str
    tags: dict[str, str | None]


class Versions(Part, frozen=True, kw_only=True):
    """Further versions of one key in the store: an owner has looked."""

    key: str
    version_ids: tuple[str, ...]


class FoundSession(Part, frozen=True, kw_only=True):
    """A root session that its execution could not put on record, as CloudTrail shows it.

    Attributes:
        account, task_policy, access_key_id: of the session.
        at: when it was issued (UTC).
        event_id: CloudTrail's id of the AssumeRoot event.
    """

    account: str
    task_policy: TaskPolicy
    access_key_id: str
    at: str
    event_id: str


class Statement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """The fields every statement has.

    Attributes:
        schema: `orgroot.statement/v1`.
        org: organization id.
        log: log id.
        created_at: UTC, whole seconds.
        nonce: 128 random bits in hexadecimal.
        head: the log head its preparer had verified; `{0, 64 zeros}` for the genesis.
        tool: the program that prepared it.
    """

    NAMESPACE: ClassVar[str] = ""

    schema: str
    org: str
    log: str
    created_at: str
    nonce: str
    head: HeadRef
    tool: Tool


class PersonStatement(Statement, frozen=True, kw_only=True):
    """A statement signed by one person or service."""

    signer: Signer


class OwnersStatement(Statement, frozen=True, kw_only=True):
    """A statement signed by a threshold of owners.

    Attributes:
        signers: the owners' keys that may sign it; the record's signatures say which of them did.
    """

    signers: tuple[Signer, ...]
