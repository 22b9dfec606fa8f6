"""Would the SCPs on an account's path let each root task run? Allowed, denied, or depends on what.

An explicit Deny on any level wins, and every level must allow ("How SCPs work with Allow and
Deny", Organizations user guide). Resource control policies only deny, and only on the services they
reach ("RCP evaluation"): RCPFullAWSAccess cannot be detached. The management account is bound by
neither and is not asked about. It shares no code with the sandbox's own evaluator: they check each
other.
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


class PolicyKind(StrEnum):
    """The two kinds of policy, in the words of AWS's own refusals."""

    SCP = "service control policy"
    RCP = "resource control policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scp:
    """A control policy with its statements; its name is unique among those of its kind."""

    name: str
    statements: tuple[Statement, ...]
    kind: PolicyKind = PolicyKind.SCP


Level = tuple[Scp, ...]
"""The SCPs attached directly to one root, OU or account."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Blame:
    """The statement that denies; without a Sid: no statement of this level allows."""

    policy: str
    sid: str
    kind: PolicyKind = PolicyKind.SCP


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What one SCP says to one request.

    Attributes:
        denials: each Deny statement that denies, or may deny, with its answer.
        allows: whether one of its Allow statements covers the request.
    """

    denials: tuple[tuple[Blame, Answer], ...]
    allows: Answer


def stance(scp: Scp, action: str, resource: str, context: RequestContext) -> Stance:
    """Ask one policy about one action on one resource."""
    answers = [(each, each.covers(action, resource, context)) for each in scp.statements]
    return Stance(
        denials=tuple(
            (Blame(policy=scp.name, sid=each.sid, kind=scp.kind), answer)
            for each, answer in answers
            if each.deny and answer.value is not False
        ),
        allows=any_of(answer for each, answer in answers if not each.deny),
    )


def judge(
    levels: Sequence[Level], action: str, resource: str, context: RequestContext
) -> Judgement:
    """Judge one action on one resource; an empty path binds nothing."""
    return joined(
        [[(scp.name, stance(scp, action, resource, context)) for scp in level] for level in levels]
    )


def joined(
    levels: Sequence[Sequence[tuple[str, Stance]]], rcps: Sequence[Stance] = ()
) -> Judgement:
    """What the stances of a whole path amount to; those of SCPs with their names."""
    stances = (*(each for level in levels for _, each in level), *rcps)
    said = [denial for each in stances for denial in each.denials]
    guilty = {blame for blame, answer in said if answer.value}
    if guilty:
        return Judgement(outcome=Outcome.DENIED, by=tuple(sorted(guilty)))
    grants = [any_of(each.allows for _, each in level) for level in levels]
    for level, grant in zip(levels, grants, strict=True):
        if grant.value is False:
            # None of the level's policies allows: all of them are to blame, or their absence.
            silent = tuple(sorted(Blame(policy=name, sid="") for name, _ in level))
            return Judgement(outcome=Outcome.DENIED, by=silent)
    whole = all_of((*(negation(answer) for _, answer in said), *grants))
    if whole.value:
        return Judgement(outcome=Outcome.ALLOWED)
    by = tuple(sorted({blame for blame, _ in said}))
    return Judgement(outcome=Outcome.DEPENDS, by=by, on=whole.on)


def judge_task(task: TaskPolicy, found: Mapping[str, Judgement]) -> TaskJudgement:
    """Judge a root task by what was found of each of its actions."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRequest:
    """One call of a root task: its action, what it is on, and the Region it carries."""

    action: str
    resource: str
    region: str


_IAM_REGION = "us-east-1"
"""IAM is a global service: its requests carry this Region (AWS global condition context keys)."""

_WITHOUT_RESOURCE = frozenset({"iam:GetAccountSummary", "s3:ListAllMyBuckets", "sqs:ListQueues"})
"""Actions without a resource type, so that a policy must say `*` (service authorization
reference)."""


def requests_of(task: TaskPolicy, account: str, region: str) -> Iterator[RootRequest]:
    """The calls of a root task in an account, on buckets and queues of a Region."""
    for action in ROOT_TASKS[task].actions:
        service = action.partition(":")[0]
        resource = _RESOURCES.get(action, _RESOURCES[service])
        where = _IAM_REGION if service == "iam" else region
        yield RootRequest(
            action=action, resource=resource.format(account=account, region=region), region=where
        )


_RCP_SERVICES = frozenset({"s3", "sqs"})
"""What root tasks touch of the services that RCPs reach ("List of AWS services that support
RCPs", Organizations user guide); IAM is none of them."""


def rcps_reach(action: str) -> bool:
    """Whether resource control policies have a say in an action."""
    return action.partition(":")[0] in _RCP_SERVICES


_RESOURCES: Mapping[str, str] = {
    **dict.fromkeys(_WITHOUT_RESOURCE, "*"),
    "iam": "arn:aws:iam::{account}:root",
    "iam:DeleteVirtualMFADevice": "arn:aws:iam::{account}:mfa/" + ANY,
    "s3": "arn:aws:s3:::" + ANY,
    "sqs": "arn:aws:sqs:{region}:{account}:" + ANY,
}
