"""What one execution says it did: facts, signed by its ephemeral key, in statements' own spelling.

Values only: whether a fact is in order is judged in `execution_facts`. No fact ever holds a secret.
"""

from msgspec import Struct

from orgroot.core.root_tasks import TaskPolicy

FACT_CONTEXT = b"orgroot-fact-v1\0"
"""What an ephemeral key signs before the body, so that no signature serves two purposes."""


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of a statement."""


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What one execution did: signed by its ephemeral key over `orgroot-fact-v1` NUL body.

    Attributes:
        schema: `orgroot.statement/v1`.
        execution_id: the `oex_` id of the intent or survey.
        seq: the record number it was signed for; 0 in the spool and in survey objects.
        prev: the hash of the record before; empty in the spool and in survey objects.
        at: UTC, whole seconds.
    """

    schema: str
    execution_id: str
    seq: int
    prev: str
    at: str


class IssuedItem(Part, frozen=True, kw_only=True):
    """A root session was issued; never its secret or token."""

    account: str
    task_policy: TaskPolicy
    access_key_id: str
    expires_at: str
    aws_request_id: str


class StepIntentItem(Part, frozen=True, kw_only=True):
    """A change is about to be made; `before_b64` is the backup."""

    account: str
    n: int
    operation: str
    target: str
    before_b64: str


class StepResultItem(Part, frozen=True, kw_only=True):
    """A change was made, or refused."""

    account: str
    n: int
    outcome: str
    after_sha256: str
    error: str


class ClosedItem(Part, frozen=True, kw_only=True):
    """The end of the work on one account (or the organization); `objects` are survey digests."""

    account: str
    outcome: str
    objects: tuple[str, ...]


class AbortedItem(Part, frozen=True, kw_only=True):
    """A definite refusal by AWS, no session: the request may be executed again."""

    account: str
    error: str


class Issued(Fact, frozen=True, kw_only=True, tag="issued"):
    """Root sessions were issued."""

    items: tuple[IssuedItem, ...]


class StepIntent(Fact, frozen=True, kw_only=True, tag="step-intent"):
    """Changes are about to be made."""

    items: tuple[StepIntentItem, ...]


class StepResult(Fact, frozen=True, kw_only=True, tag="step-result"):
    """Changes were made, or refused."""

    items: tuple[StepResultItem, ...]


class Closed(Fact, frozen=True, kw_only=True, tag="closed"):
    """Work on accounts has ended."""

    items: tuple[ClosedItem, ...]


class Aborted(Fact, frozen=True, kw_only=True, tag="aborted"):
    """AWS refused before anything happened."""

    items: tuple[AbortedItem, ...]


Item = IssuedItem | StepIntentItem | StepResultItem | ClosedItem | AbortedItem
Observed = Issued | StepIntent | StepResult | Closed | Aborted
