"""What a rule is about: its selectors against one thing that a request is about.

Where an account is, and which tags it carries, may be unknown. A rule that may match by what is
unknown makes a request stricter and never covers it: see `requirements`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from orgroot.core.config import Approvals, Rule, Selectors
from orgroot.core.governed_tasks import Task
from orgroot.core.wildcards import matches

BUCKET_TASKS = frozenset({Task.UNLOCK_BUCKET, Task.INSPECT_BUCKET_POLICY})
"""Tasks whose requests name buckets."""

QUEUE_TASKS = frozenset({Task.UNLOCK_QUEUE, Task.INSPECT_QUEUE_POLICY})
"""Tasks whose requests name queues."""


class Fit(IntEnum):
    """Whether a rule matches; the smaller of two holds for both together."""

    NO = 0
    UNKNOWN = 1
    YES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One account (or the organization), and one resource in it where the task names some.

    Attributes:
        account: member account id; empty: the organization.
        ou_path: ids from the organization's root to its parent, joined by `/`; empty: unknown.
        tags: of the tag keys that were looked at, each value; None: the account does not carry
            the key. A key that does not stand here is unknown.
        resource: the bucket's or queue's name; empty where none is named.
    """

    account: str = ""
    ou_path: str = ""
    tags: tuple[tuple[str, str | None], ...] = ()
    resource: str = ""


ORGANIZATION = Subject()
"""What a management task is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What some rules look at beside task and resource.

    Attributes:
        accounts: account ids.
        ous: where an account is.
        tags: the tag keys.
    """

    accounts: bool = False
    ous: bool = False
    tags: frozenset[str] = field(default_factory=frozenset)

    @property
    def places(self) -> bool:
        """Where an account is, or what it carries, matters at all."""
        return self.ous or bool(self.tags)


def asked(approvals: Approvals, task: Task | None = None) -> Asked:
    """What the rules look at; with a task only those that may be about it."""
    used = [
        selectors
        for rule in approvals.rules
        if task is None or _names_task(rule.match, task)
        for selectors in (rule.match, rule.match.except_)
        if selectors is not None
    ]
    return Asked(
        accounts=any(selectors.accounts is not None for selectors in used),
        ous=any(selectors.ous is not None for selectors in used),
        tags=frozenset(key for selectors in used for key in selectors.tags or ()),
    )


def fit(rule: Rule, task: Task, subject: Subject) -> Fit:
    """Whether a rule is about this task and subject: its selectors, less its exceptions."""
    matched, excepted = _fit(rule.match, task, subject), rule.match.except_
    if matched is Fit.NO or excepted is None or is_empty(excepted):
        return matched
    return min(matched, Fit(Fit.YES - _fit(excepted, task, subject)))


def is_empty(selectors: Selectors) -> bool:
    """Nothing is selected by; an exception without selectors excepts nothing."""
    return all(getattr(selectors, name) is None for name in Selectors.__struct_fields__)


def _names_task(selectors: Selectors, task: Task) -> bool:
    return selectors.tasks is None or task in selectors.tasks


def _fit(selectors: Selectors, task: Task, subject: Subject) -> Fit:
    """All selectors together; an absent one matches any."""
    if not _names_task(selectors, task) or not _fits_resource(selectors, task, subject.resource):
        return Fit.NO
    if selectors.accounts is not None and subject.account not in selectors.accounts:
        return Fit.NO
    fits = [Fit.YES]
    if selectors.ous is not None:
        fits.append(_in_ou(selectors.ous, subject))
    fits += [_tagged(key, value, subject) for key, value in (selectors.tags or {}).items()]
    return min(fits)


def _fits_resource(selectors: Selectors, task: Task, name: str) -> bool:
    """Names of resources select among those of their kind, and no task that names none."""
    if selectors.buckets is None and selectors.queues is None:
        return True
    patterns: Iterable[str] = ()
    if task in BUCKET_TASKS:
        patterns = selectors.buckets or ()
    elif task in QUEUE_TASKS:
        patterns = selectors.queues or ()
    return any(matches(pattern, name) for pattern in patterns)


def _in_ou(ous: Iterable[str], subject: Subject) -> Fit:
    """Anywhere on the path: an OU selects what lies below it too. The organization is in none."""
    if subject.account and not subject.ou_path:
        return Fit.UNKNOWN
    return Fit.NO if set(ous).isdisjoint(subject.ou_path.split("/")) else Fit.YES


def _tagged(key: str, value: str, subject: Subject) -> Fit:
    """The organization carries no tags here."""
    for known, has in subject.tags:
        if known == key:
            return Fit.YES if has == value else Fit.NO
    return Fit.UNKNOWN if subject.account else Fit.NO
