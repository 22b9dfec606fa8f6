"""Would the SCPs on an account's path let each root task run? Allowed, denied, or depends on what.

An explicit Deny on any level wins, and every level must allow ("How SCPs work with Allow and
Deny", Organizations user guide). The management account is bound by no SCP and is not asked about.
It shares no code with the sandbox's own evaluator: they check each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orgroot.core.request_context import RequestContext
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.scp_statement import ANY, Statement
from orgroot.core.ternary import Answer, all_of, any_of, negation


class Outcome(StrEnum):
    """The three answers."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scp:
    """A service control policy with its statements; `name` is what people know it by."""

    name: str
    statements: tuple[Statement, ...]


Level = tuple[Scp, ...]
"""The SCPs attached directly to one root, OU or account."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Blame:
    """The statement that denies; without a Sid: no statement of this level allows."""

    policy: str
    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the SCPs of a path say to one action.

    Attributes:
        outcome: the answer.
        by: the statements that deny, or the level that does not allow.
        on: what it depends on.
    """

    outcome: Outcome
    by: tuple[Blame, ...] = ()
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskJudgement:
    """What the SCPs of a path say to one root task: the worst of its actions.

    Attributes:
        task_policy: the task.
        outcome: denied where one action of it is, else depends where one does.
        denied_actions: the actions that are certainly denied.
        by: who denies them, or may deny them where it depends.
        on: what it depends on.
    """

    task_policy: TaskPolicy
    outcome: Outcome
    denied_actions: tuple[str, ...]
    by: tuple[Blame, ...]
    on: tuple[str, ...]


def judge_task(
    levels: Sequence[Level], task: TaskPolicy, account: str, region: str, context: RequestContext
) -> TaskJudgement:
    """Judge a root task by all of its actions.

    Args:
        levels: from the root to the account; an empty path binds nothing.
        task: the root task.
        account: the member account's id.
        region: where the bucket or queue lies.
        context: what is known of the caller, see `request_contexts`; its Region is `region`,
            which IAM's own calls replace by the one that IAM has.
    """
    found = {
        action: judge(levels, action, resource, context.settled({"aws:requestedregion": where}))
        for action, resource, where in _requests(task, account, region)
    }
    denied = tuple(a for a, judgement in found.items() if judgement.outcome is Outcome.DENIED)
    open_ = tuple(j for j in found.values() if j.outcome is Outcome.DEPENDS)
    telling = tuple(found[action] for action in denied) or open_
    outcome = Outcome.DENIED if denied else Outcome.DEPENDS if open_ else Outcome.ALLOWED
    return TaskJudgement(
        task_policy=task,
        outcome=outcome,
        denied_actions=denied,
        by=tuple(sorted({blame for judgement in telling for blame in judgement.by})),
        on=tuple(sorted({key for judgement in open_ for key in judgement.on})),
    )


def judge(
    levels: Sequence[Level], action: str, resource: str, context: RequestContext
) -> Judgement:
    """Judge one action on one resource."""
    doubts: list[tuple[Blame, Answer]] = []
    guilty: list[Blame] = []
    for level in levels:
        for blame, answer in _denials(level, action, resource, context):
            if answer.value:
                guilty.append(blame)
            elif answer.on:
                doubts.append((blame, answer))
    if guilty:
        return Judgement(outcome=Outcome.DENIED, by=tuple(sorted(set(guilty))))
    grants = [_allowed(level, action, resource, context) for level in levels]
    for level, grant in zip(levels, grants, strict=True):
        if grant.value is False:
            return Judgement(outcome=Outcome.DENIED, by=_silent(level))
    whole = all_of((*(negation(answer) for _, answer in doubts), *grants))
    if whole.value:
        return Judgement(outcome=Outcome.ALLOWED)
    by = tuple(sorted({blame for blame, _ in doubts}))
    return Judgement(outcome=Outcome.DEPENDS, by=by, on=whole.on)


def _denials(
    level: Level, action: str, resource: str, context: RequestContext
) -> Iterator[tuple[Blame, Answer]]:
    for scp in level:
        for statement in scp.statements:
            if statement.deny:
                blame = Blame(policy=scp.name, sid=statement.sid)
                yield blame, statement.covers(action, resource, context)


def _allowed(level: Level, action: str, resource: str, context: RequestContext) -> Answer:
    return any_of(
        statement.covers(action, resource, context)
        for scp in level
        for statement in scp.statements
        if not statement.deny
    )


def _silent(level: Level) -> tuple[Blame, ...]:
    """The policies of a level none of which allows: all of them are to blame, or their absence."""
    return tuple(sorted(Blame(policy=scp.name, sid="") for scp in level))


_IAM_REGION = "us-east-1"
"""IAM is a global service: its requests carry this Region (AWS global condition context keys)."""

_WITHOUT_RESOURCE = frozenset({"iam:GetAccountSummary", "s3:ListAllMyBuckets", "sqs:ListQueues"})
"""Actions without a resource type, so that a policy must say `*` (service authorization
reference)."""


def _requests(task: TaskPolicy, account: str, region: str) -> Iterator[tuple[str, str, str]]:
    """The requests of a task: action, resource, Region."""
    for action in ROOT_TASKS[task].actions:
        service = action.partition(":")[0]
        resource = _RESOURCES.get(action, _RESOURCES[service])
        where = _IAM_REGION if service == "iam" else region
        yield action, resource.format(account=account, region=region), where


_RESOURCES: Mapping[str, str] = {
    **dict.fromkeys(_WITHOUT_RESOURCE, "*"),
    "iam": "arn:aws:iam::{account}:root",
    "iam:DeleteVirtualMFADevice": "arn:aws:iam::{account}:mfa/" + ANY,
    "s3": "arn:aws:s3:::" + ANY,
    "sqs": "arn:aws:sqs:{region}:{account}:" + ANY,
}
