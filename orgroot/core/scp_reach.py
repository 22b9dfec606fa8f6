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
from orgroot.core.scp_lockout import Scp, requests_of, stance
from orgroot.core.scp_statement import Statement
from orgroot.core.ternary import Answer, any_of

_ANY_ACCOUNT = "000000000000"
_IAM_REGION = "us-east-1"
_NAMED = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_MOST = 20
"""Accounts named in one document that are tried, besides any other."""

_EXEMPTION = '"Null": {"aws:AssumedRoot": "true"}'


def stopped_root_tasks(statements: tuple[Statement, ...], text: str) -> Iterator[Flaw]:
    """Deny statements that stop a root task, or may, in whatever account."""
    accounts = (_ANY_ACCOUNT, *sorted(set(_NAMED.findall(text)))[:_MOST])
    for index, statement in enumerate(statements):
        if statement.deny:
            yield from _stopped((STATEMENT, index), statement, accounts)


def _stopped(path: Path, statement: Statement, accounts: tuple[str, ...]) -> Iterator[Flaw]:
    answers = _asked_of_sessions(statement, accounts)
    certain = tuple(action for action, answer in answers.items() if answer.value)
    if certain:
        spares_roles = not any(_covers_roles(statement, action) for action in certain)
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


def _asked_of_sessions(statement: Statement, accounts: tuple[str, ...]) -> Mapping[str, Answer]:
    """By action of a root task, whether the statement covers it in one of the accounts."""
    found: dict[str, list[Answer]] = {}
    for account in accounts:
        session = request_context(RootPrincipal.ROOT_SESSION, Whereabouts(account=account))
        in_iam = session.settled({"aws:requestedregion": _IAM_REGION})
        for task in TaskPolicy:
            for request in requests_of(task, account, "*"):
                context = in_iam if request.action.startswith("iam:") else session
                answer = statement.covers(request.action, request.resource, context)
                found.setdefault(request.action, []).append(answer)
    return {action: any_of(answers) for action, answers in found.items()}


def _covers_roles(statement: Statement, action: str) -> bool:
    """Whether the statement may also be about roles: then it is no statement on root users."""
    return statement.covers(action, "*", _ROLE).value is not False


_ROLE = RequestContext(
    values=MappingProxyType(
        {
            "aws:principaltype": "AssumedRole",
            "aws:principalarn": f"arn:aws:iam::{_ANY_ACCOUNT}:role/a",
            "aws:principalaccount": _ANY_ACCOUNT,
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
    where = Whereabouts(account=_ANY_ACCOUNT)
    session = request_context(RootPrincipal.ROOT_SESSION, where)
    lost = [
        request.action
        for task in TaskPolicy
        for request in requests_of(task, _ANY_ACCOUNT, "*")
        if stance(scp, request.action, request.resource, session).allows.value is not True
    ]
    if lost:
        words = (
            "it is a list of what is allowed: where FullAWSAccess is not attached beside it, "
            f"nothing else works, and root sessions lose {_tasks(tuple(lost))}"
        )
        yield advice("allow-list", (STATEMENT, allows[0]), words, _ALLOW)


_ALLOW = "keep FullAWSAccess on that level, or allow the actions of root tasks as well"
