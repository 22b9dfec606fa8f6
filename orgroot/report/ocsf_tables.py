"""What of OCSF 1.3.0 orgroot uses: classes, activities, statuses, severities, and our mapping.

Numbers and captions are those of the published schema (github.com/ocsf/ocsf-schema, tag 1.3.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

OTHER = 99


class Status(Enum):
    """How it went."""

    UNKNOWN = (0, "Unknown")
    SUCCESS = (1, "Success")
    FAILURE = (2, "Failure")
    INTENDED = (OTHER, "Intended")

    @property
    def number(self) -> int:
        """`status_id`."""
        return self.value[0]

    @property
    def caption(self) -> str:
        """`status`."""
        return self.value[1]


class Severity(Enum):
    """How much it matters."""

    INFORMATIONAL = (1, "Informational")
    LOW = (2, "Low")
    MEDIUM = (3, "Medium")
    HIGH = (4, "High")

    @property
    def number(self) -> int:
        """`severity_id`."""
        return self.value[0]

    @property
    def caption(self) -> str:
        """`severity`."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventClass:
    """A class of events.

    Attributes:
        uid: `class_uid`; its thousands are the category.
        name: `class_name`.
        category: `category_name`.
        profiles: the profiles whose attributes are used.
        activities: `activity_name` by `activity_id`, as far as they are used.
    """

    uid: int
    name: str
    category: str
    profiles: tuple[str, ...]
    activities: Mapping[int, str]


BASE_EVENT = EventClass(
    uid=0, name="Base Event", category="Uncategorized", profiles=("cloud",), activities={}
)
ACCOUNT_CHANGE = EventClass(
    uid=3001,
    name="Account Change",
    category="Identity & Access Management",
    profiles=("cloud",),
    activities={4: "Password Reset", 11: "MFA Factor Disable"},
)
AUTHORIZE_SESSION = EventClass(
    uid=3003,
    name="Authorize Session",
    category="Identity & Access Management",
    profiles=("cloud", "host"),
    activities={1: "Assign Privileges"},
)
ENTITY_MANAGEMENT = EventClass(
    uid=3004,
    name="Entity Management",
    category="Identity & Access Management",
    profiles=("cloud", "host"),
    activities={
        1: "Create",
        2: "Read",
        3: "Update",
        9: "Disable",
        10: "Activate",
        11: "Deactivate",
    },
)
API_ACTIVITY = EventClass(
    uid=6003,
    name="API Activity",
    category="Application Activity",
    profiles=("cloud",),
    activities={1: "Create", 2: "Read", 3: "Update", 4: "Delete"},
)

ACCOUNT_CHANGES: Mapping[str, int] = MappingProxyType(
    {
        "iam:CreateLoginProfile": 4,
        "iam:DeactivateMFADevice": 11,
        "iam:DeleteAccessKey": OTHER,
        "iam:DeleteLoginProfile": OTHER,
        "iam:DeleteSigningCertificate": OTHER,
    }
)
"""Operations on the credentials of a root user, and the activity; the schema lacks most."""

NAMED = frozenset({"iam:DeleteAccessKey", "iam:DeleteSigningCertificate"})
"""Those whose target is the id of a credential."""

_VERBS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ("Create", "Register", "Attach", "Enable")),
    (2, ("Get", "List", "Describe", "Head")),
    (4, ("Delete", "Deregister", "Detach", "Disable", "Deactivate")),
)


def activity_of(operation: str) -> int:
    """The activity of an API call, by the verb of its name."""
    if not operation:
        return OTHER
    return next((number for number, verbs in _VERBS if operation.startswith(verbs)), 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """What a type of statement is about.

    Attributes:
        activity: what it does to that, of Entity Management.
        type: what it is.
        key: where its identity stands: `request`, `execution`, `log`, or a member of the body.
    """

    activity: int
    type: str
    key: str


def _entity(activity: int, kind: str, key: str) -> Entity:
    return Entity(activity=activity, type=kind, key=key)


ENTITIES: Mapping[str, Entity] = MappingProxyType(
    {
        "genesis": _entity(1, "Audit log", "log"),
        "rules": _entity(3, "Approval rules", "serial"),
        "trust": _entity(3, "Owners", "log"),
        "key-revoke": _entity(9, "Signing key", "key"),
        "ack": _entity(3, "Audit log", "log"),
        "drill": _entity(10, "Break-glass drill", "log"),
        "request": _entity(1, "Request", "request"),
        "survey": _entity(1, "Request", "request"),
        "approval": _entity(3, "Request", "request"),
        "denial": _entity(3, "Request", "request"),
        "cancel": _entity(11, "Request", "request"),
        "revoke": _entity(3, "Request", "request"),
        "review": _entity(3, "Request", "request"),
        "intent": _entity(10, "Execution", "execution"),
        "closed": _entity(11, "Execution", "execution"),
        "aborted": _entity(11, "Execution", "execution"),
        "recovered": _entity(3, "Execution", "execution"),
        "reconciled": _entity(2, "CloudTrail", "log"),
        "report": _entity(2, "Organization", "log"),
    }
)
