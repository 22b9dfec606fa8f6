"""`scp check` of the organization as a plan would leave it, orgroot's own or Terraform's.

What counts is what the plan would stop: what is stopped already is shown, and is no finding.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from orgroot.core.results import ExitReason, ScpCheck, ScpStopped
from orgroot.core.scp_after import organization_after
from orgroot.core.scp_check import Memory
from orgroot.core.scp_course import Course
from orgroot.core.scp_guard import edits_of
from orgroot.core.scp_regressions import Asked, Judged, Stopped, regressions
from orgroot.core.scp_tree import ScpTree
from orgroot.core.statements import timestamp
from orgroot.core.terraform_organization import PlannedOrganization, planned_organization
from orgroot.core.terraform_plan import parse_terraform_plan
from orgroot.ports import Clock
from orgroot.workflows.scp_check import Question, blames, check_result
from orgroot.workflows.scp_planning import planned_steps
from orgroot.workflows.scp_tree import observe_tree
from orgroot.workflows.workspace import Workspace


def check_plan(ws: Workspace, targets: tuple[str, ...], question: Question) -> ScpCheck:
    """What `scp apply` would make of the live organization's root sessions, all waves of it.

    Args:
        ws: the command's world.
        targets: accounts, or what they lie below; empty: all.
        question: what is known besides.

    Raises:
        UsageError: as `scp_planning.plan`, but for what it would stop; or as `observe_tree`.
        AwsError: Organizations could not be read.
    """
    tree, notes = observe_tree(ws, targets)
    plan = planned_steps(ws, tree)
    after = organization_after(tree, edits_of(plan.changes, tree))
    passage = Course(tree, plan.changes, _asked(question, ws.clock)).passage(plan.changes)
    passing = tuple((passage.step(each), each.stopped) for each in passage.between)
    notes = (*notes, *plan.notes)
    return compare(tree, after, question, ws.clock, notes=notes, passing=passing)


def check_terraform(
    ws: Workspace, data: bytes, source: str, targets: tuple[str, ...], question: Question
) -> ScpCheck:
    """What a Terraform plan would make of the live organization's root sessions.

    Args:
        ws: the command's world.
        data: the plan, as `terraform show -json` writes it.
        source: its file, for errors.
        targets: accounts, or what they lie below; empty: all.
        question: what is known besides.

    Raises:
        UsageError: it is no plan, or one of another organization; or as `observe_tree`.
        AwsError: Organizations could not be read.
    """
    plan = parse_terraform_plan(data, source)
    tree, notes = observe_tree(ws, targets)
    return _terraform(planned_organization(plan, tree), question, ws.clock, notes)


def check_terraform_alone(
    data: bytes, source: str, question: Question, clock: Clock, notes: tuple[str, ...] = ()
) -> ScpCheck:
    """What a Terraform plan would stop as far as it shows by itself; needs no credentials.

    Raises:
        UsageError: it is no plan.
    """
    organization = planned_organization(parse_terraform_plan(data, source), None)
    return _terraform(organization, question, clock, notes)


def compare(
    before: ScpTree,
    after: ScpTree,
    question: Question,
    clock: Clock,
    *,
    notes: tuple[str, ...] = (),
    names: Mapping[str, str] = MappingProxyType({}),
    passing: tuple[tuple[str, Stopped], ...] = (),
) -> ScpCheck:
    """Every answer of the organization after a plan, and what the plan would stop.

    Args:
        before: the organization as it is.
        after: as it would be.
        question: what is known besides.
        clock: the time of the check.
        notes: what was not judged.
        names: what imagined accounts stand for.
        passing: what it would stop on its way, each with the step that begins it.
    """
    found = list(question.check(after, clock).run())
    result = check_result(found, tree=after, notes=notes, names=names)
    asked = _asked(question, clock)
    rows = [
        *(_row(each, names) for each in regressions(Judged(before, asked), Judged(after, asked))),
        *(_row(each, names, step) for step, each in passing),
    ]
    return msgspec.structs.replace(
        result,
        planned=True,
        stopped=tuple(rows),
        exit_reasons=(ExitReason.FINDINGS,) if rows else (),
    )


def _terraform(
    planned: PlannedOrganization, question: Question, clock: Clock, notes: tuple[str, ...]
) -> ScpCheck:
    unread = tuple(f"not judged: {each}" for each in planned.unread)
    result = compare(
        planned.before,
        planned.after,
        question,
        clock,
        notes=(*notes, *planned.notes, *unread),
        names=planned.names,
    )
    if not unread:
        return result
    reasons = (*result.exit_reasons, ExitReason.INCOMPLETE)
    return msgspec.structs.replace(result, exit_reasons=reasons)


def _asked(question: Question, clock: Clock) -> Asked:
    now = timestamp(clock.now())
    return {
        "regions": question.regions,
        "now": now,
        "settled": question.settled,
        "said": Memory(),
    }


def _row(stopped: Stopped, names: Mapping[str, str], step: str | None = None) -> ScpStopped:
    judgement = stopped.judgement
    return ScpStopped(
        accounts=tuple(names.get(account, account) for account in stopped.accounts),
        regions=stopped.regions,
        task_policy=judgement.task_policy.value,
        decision=judgement.outcome.value,
        denied_actions=judgement.denied_actions,
        by=blames(judgement),
        depends_on=judgement.on,
        step=step,
    )
