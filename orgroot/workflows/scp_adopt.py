"""`scp adopt NAME`: a request that makes an SCP which somebody made orgroot's, by tag and record.

Its text stands in the request as it is, and nothing of it changes. What belongs to AWS or to
another tool is never adopted.
"""

from orgroot.core.plan import Plan
from orgroot.core.results import PlanResult, Result
from orgroot.core.scp_adoption import adoption
from orgroot.core.task_params import PlannedChanges
from orgroot.workflows.execution import submit
from orgroot.workflows.plan_execution import plan_draft, plan_result
from orgroot.workflows.requests import Ask
from orgroot.workflows.scps import observe
from orgroot.workflows.workspace import Workspace


def plan(ws: Workspace, name: str) -> PlanResult:
    """What adopting would change: the tag, or nothing.

    Raises:
        UsageError: there is no such SCP, it is somebody else's, or it is not declared.
        AwsError: Organizations could not be read.
    """
    return plan_result("scp adopt", _plan(ws, name))


def adopt(ws: Workspace, name: str, ask: Ask) -> Result:
    """Ask for it, and do it once it is granted.

    Raises:
        as `plan`; RequestRefused by the rules; as `plan_execution.carry_out`.
    """
    made = _plan(ws, name)
    if not made.changes:
        return plan_result("scp adopt", made)
    asked = PlannedChanges(plan=made.changes)
    return submit(ws, plan_draft(ws, asked, ask), ask.wait_seconds)


def _plan(ws: Workspace, name: str) -> Plan:
    configured = next((scp for scp in ws.config.scps or () if scp.name == name), None)
    observed = observe(ws, frozenset({name}), frozenset())
    change = adoption(name, configured, observed.named(name))
    if change is None:
        return Plan(changes=(), notes=(f"SCP {name} is orgroot's already",))
    return Plan(changes=(change,))
