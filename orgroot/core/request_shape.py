"""Whether a request makes sense in itself: task, task policy, targets and parameters agree.

A request that does not is never approved or executed, whatever the rules say: a plan that loosens
cannot travel under a task that only adds.
"""

from collections.abc import Iterator

from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task, UnlockMode
from orgroot.core.log_state import RequestRecord
from orgroot.core.plan import Op
from orgroot.core.resource_policy import drop_statements
from orgroot.core.scp_changes import Attachment, adopted_of, attachment_of, content_of, known_of
from orgroot.core.scp_document import parse_scp
from orgroot.core.selectors import BUCKET_TASKS, QUEUE_TASKS
from orgroot.core.task_params import PlannedChanges, UnlockBucket, parse_params
from orgroot.errors import IntegrityError, UsageError

_ONE_ACCOUNT = BUCKET_TASKS | QUEUE_TASKS | {Task.ROOT_SESSION}
"""Tasks whose requests are about one account."""


def malformed(request: RequestRecord) -> Iterator[str]:
    """What is wrong with a request in itself, one sentence each."""
    body = request.body
    policies = GOVERNED_TASKS[body.task].task_policies
    if body.task_policy not in (policies or (None,)):
        yield f"{body.task_policy} is not a task policy of {body.task}."
    if (body.session is None) == bool(policies):
        what = "says nothing of" if policies else "opens none, and names"
        yield f"A request for {body.task} {what} the length of its root sessions."
    yield from _wrong_targets(request)
    try:
        params = parse_params(body.task, request.params)
    except IntegrityError as error:
        yield f"{error.message[:1].upper()}{error.message[1:]}."
        return
    if isinstance(params, PlannedChanges):
        if params.task != body.task:
            yield f"Its plan needs {params.task}, and it asks for {body.task}."
        yield from _wrong_scps(params)
    if isinstance(params, UnlockBucket) and params.mode is UnlockMode.DROP_STATEMENTS:
        yield from _wrong_repairs(params)


def _wrong_targets(request: RequestRecord) -> Iterator[str]:
    body, targets = request.body, request.targets
    if GOVERNED_TASKS[body.task].power is Power.OPERATOR:
        if [(t.organization, t.account) for t in targets] != [(body.org, "")]:
            yield f"{body.task} is about the organization {body.org} and nothing else."
        return
    accounts = request.accounts
    if not targets or len(accounts) != len(targets) or any(t.organization for t in targets):
        yield f"{body.task} is about member accounts."
    if len(set(accounts)) != len(accounts):
        yield "An account is named twice."
    if body.task in _ONE_ACCOUNT and len(targets) != 1:
        yield f"{body.task} is about one account."


def _wrong_repairs(params: UnlockBucket) -> Iterator[str]:
    """What is put is what was seen less the statements that are named: nothing is slipped in."""
    for change in params.buckets:
        try:
            rest = drop_statements(change.before or b"", change.sids)
        except UsageError as error:
            yield f"The policy of {change.bucket} cannot be repaired so: {error.message}."
            continue
        if rest != change.after:
            named = ", ".join(change.sids)
            yield f"What is put on {change.bucket} is not its policy without {named}."


def _wrong_scps(params: PlannedChanges) -> Iterator[str]:
    """An SCP's text is one that every reader understands alike, and is there to be read."""
    written = {c.target for c in params.plan if c.op in (Op.CREATE_SCP, Op.UPDATE_SCP)}
    seen: set[str] = set()
    for change in params.plan:
        try:
            match change.op:
                case Op.CREATE_SCP | Op.UPDATE_SCP:
                    text = content_of(change).policy.text
                    if parse_scp(text, change.target).text != text:
                        yield f"The text of SCP {change.target} is not as it is sent."
                    if change.op is Op.CREATE_SCP:
                        seen.add(change.target)
                    else:
                        known_of(change)
                case Op.ATTACH_SCP | Op.DETACH_SCP:
                    yield from _unsaid(attachment_of(change), change.op, seen, written)
                case Op.DELETE_SCP:
                    known_of(change)
                case Op.ADOPT_SCP:
                    adopted_of(change)
                case _:
                    pass
        except (IntegrityError, UsageError) as error:
            yield f"{error.message[:1].upper()}{error.message[1:]}."


def _unsaid(about: Attachment, op: Op, created: set[str], written: set[str]) -> Iterator[str]:
    """What an attachment, or its end, does not say of its SCP."""
    known = about.id is not None and (about.policy is not None or about.scp in written)
    if not known and (op is Op.DETACH_SCP or about.scp not in created):
        verb = "attaches" if op is Op.ATTACH_SCP else "detaches"
        yield f"It {verb} SCP {about.scp} without saying which text that is."
