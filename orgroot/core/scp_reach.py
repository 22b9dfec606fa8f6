"""Which statements of one SCP would stop root sessions, or the calls that orgroot makes itself.

Judged by what a statement does, with the evaluator that `scp check` uses, not by how it is written.
What the whole path of an account says is for `scp check`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from orgroot.core.json_places import Path
from orgroot.core.own_calls import OWN_CALLS
from orgroot.core.request_context import RequestContext
from orgroot.core.root_principals import RootPrincipal, Whereabouts, request_context
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.scp_flaws import STATEMENT, Flaw, advice, warning
from orgroot.core.scp_lockout import RootRequest, Scp, requests_of, stance
from orgroot.core.scp_statement import Statement
from orgroot.core.ternary import Answer, any_of

ANY_ACCOUNT = "000000000000"
"""Stands for every account that a document does not name."""

_IAM_REGION = "us-east-1"
_NAMED = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_MOST = 20
"""Accounts, and Regions, named in one document that are tried, besides any other."""

_REGION = re.compile(r"(?<![a-z-])[a-z]{2}(?:-[a-z]+)+-[0-9](?![0-9])")

_EXEMPTION = '"Null": {"aws:AssumedRoot": "true"}'


def stopped_root_tasks(statements: tuple[Statement, ...], text: str) -> Iterator[Flaw]:
    """Deny statements that stop a root task, or may, in whatever account."""
    accounts = (ANY_ACCOUNT, *sorted(set(_NAMED.findall(text)))[:_MOST])
    regions = sorted(set(_REGION.findall(text)))[:_MOST]
    places = [(account, _IAM_REGION) for account in accounts]
    places += [(ANY_ACCOUNT, region) for region in regions]
    for index, statement in enumerate(statements):
        if statement.deny:
            answers = _asked_of_sessions(statement, places)
            yield from _stopped((STATEMENT, index), statement, answers)


def _stopped(path: Path, statement: Statement, answers: Mapping[str, Answer]) -> Iterator[Flaw]:
    certain = tuple(action for action, answer in answers.items() if answer.value)
    if certain:
        spares_roles = not _covers_roles(statement, certain)
        code = "root-deny" if spares_roles else "stops-root-task"
        words = f"it stops root sessions too: {_tasks(certain)}"
        yield warning(code, path, words, _remedy(certain, root_deny=spares_roles))
        return
    open_ = {action: answer for action, answer in answers.items() if answer.value is None}
    if open_:
        keys = ", ".join(sorted({key for answer in open_.values() for key in answer.on}))
        words = f"it may stop root sessions, depending on {keys}: {_tasks(tuple(open_))}"
        yield advice("may-stop-root-task", path, words, _SETTLE)


_SETTLE = f"settle it with `orgroot scp check --file F --context KEY=VALUE`, or add {_EXEMPTION}"


def _remedy(actions: tuple[str, ...], *, root_deny: bool) -> str:
    exempt = f"add {_EXEMPTION} to its Condition: the key is there in AssumeRoot sessions alone"
    return exempt if root_deny else f"{exempt}; or leave out {_listed(actions)}"


def _tasks(actions: tuple[str, ...]) -> str:
    """The root tasks that some of these actions belong to, in a few words."""
    hit = [task.value for task in TaskPolicy if set(ROOT_TASKS[task].actions) & set(actions)]
    return "all five root tasks" if len(hit) == len(TaskPolicy) else ", ".join(hit)


def _asked_of_sessions(
    statement: Statement, places: Sequence[tuple[str, str]]
) -> Mapping[str, Answer]:
    """By action of a root task, whether the statement covers it somewhere."""
    found: dict[str, list[Answer]] = {}
    for account, region in places:
        for request, context in session_calls(tuple(TaskPolicy), account, region):
            answer = statement.covers(request.action, request.resource, context)
            found.setdefault(request.action, []).append(answer)
    return {action: any_of(answers) for action, answers in found.items()}


def session_calls(
    tasks: Sequence[TaskPolicy], account: str = ANY_ACCOUNT, region: str = _IAM_REGION
) -> Iterator[tuple[RootRequest, RequestContext]]:
    """The calls of root tasks in a session, each with what is known of it beforehand.

    Which Region a bucket's or queue's request goes to is left open.
    """
    where = Whereabouts(account=account)
    for task in tasks:
        for request in requests_of(task, account, region):
            known = request_context(RootPrincipal.ROOT_SESSION, where, action=request.action)
            if request.action.startswith("iam:"):
                known = known.settled({"aws:requestedregion": _IAM_REGION})
            yield request, known


def _covers_roles(statement: Statement, actions: tuple[str, ...]) -> bool:
    """Whether the statement may also be about roles: then it is no statement on root users."""
    return any(
        statement.covers(request.action, request.resource, _ROLE).value is not False
        for request, _ in session_calls(tuple(TaskPolicy))
        if request.action in actions
    )


_ROLE = RequestContext(
    values=MappingProxyType(
        {
            "aws:principaltype": "AssumedRole",
            "aws:principalarn": f"arn:aws:iam::{ANY_ACCOUNT}:role/a",
            "aws:principalaccount": ANY_ACCOUNT,
            "aws:assumedroot": None,
            "aws:userid": "AROA:a",
        }
    )
)
"""Some role in some account."""

_OWN = RequestContext(
    values=MappingProxyType(
        {
            "aws:principaltype": "AssumedRole",
            "aws:assumedroot": None,
            "aws:principalisawsservice": "false",
            "aws:viaawsservice": "false",
            "aws:securetransport": "true",
        }
    )
)
"""The role that orgroot works as: what its name is, the document cannot know."""


def stopped_own_calls(statements: tuple[Statement, ...]) -> Iterator[Flaw]:
    """Deny statements that stop, whoever asks, what orgroot calls as its own roles."""
    for index, statement in enumerate(statements):
        if not statement.deny:
            continue
        hit = [call for call in OWN_CALLS if statement.covers(call, "*", _OWN).value]
        if hit:
            words = f"it stops what orgroot itself calls: {_listed(hit)}"
            yield advice("stops-orgroot", (STATEMENT, index), words, _OWN_REMEDY)


_FEW = 4
_OWN_REMEDY = (
    "do not attach it above the delegated administrator, or spare orgroot's roles by "
    "aws:PrincipalArn; no SCP binds the management account"
)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def narrowed(scp: Scp) -> Iterator[Flaw]:
    """Whether its Allow statements, without FullAWSAccess beside them, would take tasks away."""
    allows = [index for index, each in enumerate(scp.statements) if not each.deny]
    if not allows:
        return
    lost = [
        request.action
        for request, known in session_calls(tuple(TaskPolicy))
        if stance(scp, request.action, request.resource, known).allows.value is not True
    ]
    if lost:
        words = (
            "it is a list of what is allowed: where FullAWSAccess is not attached beside it, "
            f"nothing else works, and root sessions lose {_tasks(tuple(lost))}"
        )
        yield advice("allow-list", (STATEMENT, allows[0]), words, _ALLOW)


_ALLOW = "keep FullAWSAccess on that level, or allow the actions of root tasks as well"
