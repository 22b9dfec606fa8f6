"""Handing a root session to another program: asked for, approved and recorded as every act is.

What the program does with it nobody here sees: AWS limits it to the task policy, CloudTrail has it.
"""

from collections.abc import Callable
from typing import Protocol

from orgroot.core import audit_log as chain
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId, RequestId
from orgroot.core.log_state import RequestRecord
from orgroot.core.request_states import HANDED_OUT
from orgroot.core.results import DryRun, ExitReason, HandedOut, RequestView, Result
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.core.statement_parts import Target
from orgroot.core.statements import timestamp
from orgroot.core.task_params import HandOut, to_params
from orgroot.errors import AwsError, IntegrityError, OrgrootError, UsageError
from orgroot.workflows import targets
from orgroot.workflows.buckets import owner_of
from orgroot.workflows.desk import log_of
from orgroot.workflows.execution import execute, submit
from orgroot.workflows.request_view import find, view_of
from orgroot.workflows.requests import Ask, Draft, dry_run
from orgroot.workflows.run import Run
from orgroot.workflows.workspace import Workspace


class Receiver(Protocol):
    """Who is given a session: a program, or whoever reads this program's output."""

    @property
    def form(self) -> str:
        """How it is given, in one word for the log."""
        ...

    def receive(self, session: RootSession, seconds: float) -> None:
        """Give it; it ends after so many seconds.

        Returns:
            once the program has ended, or the session has.

        Raises:
            OrgrootError: nobody got it.
        """
        ...


def request_session(ws: Workspace, account: AccountId, task_policy: TaskPolicy, ask: Ask) -> Result:
    """Ask for a root session to be handed out; nothing is opened, granted or not.

    Raises:
        UsageError: runner mode, not a member account, or a reason is missing.
        RequestRefused: the rules say no.
    """
    _require_direct(ws)
    return submit(ws, _draft(ws, account, task_policy, ask), ask.wait_seconds, act=_granted)


def _granted(ws: Workspace, request_id: RequestId) -> RequestView:
    """Approved: whoever is to have the session asks for it by `session exec` and the like."""
    log = log_of(ws)
    return view_of(log, find(log, request_id), ws.clock.now())


def _require_direct(ws: Workspace) -> None:
    """Where a runner alone opens root sessions, none leaves it."""
    runner = ws.config.organization.runner
    if runner is not None:
        raise UsageError(
            f"{runner} alone opens root sessions here, and it hands none out",
            hint="ask for what is to be done: `orgroot unlock-bucket` and the like",
            code="runner",
        )


def preview(ws: Workspace, account: AccountId, task_policy: TaskPolicy, ask: Ask) -> DryRun:
    """What the request would say; nothing is written."""
    _require_direct(ws)
    return dry_run(ws, "session request", _draft(ws, account, task_policy, ask))


def hand_out(
    ws: Workspace, request_id: str, receiver: Receiver, look: Callable[[RequestView], None]
) -> Result:
    """Open the session that a granted request asks for and give it to somebody, once.

    Args:
        ws: the command's world.
        request_id: the request.
        receiver: who is given it.
        look: shows a person the request; raises UsageError on a no.

    Returns:
        HandedOut; before the quorum, the request with the exit reason WAITING.

    Raises:
        UsageError: runner mode, or the request asks for something else than a session.
        RequestRefused, OutcomeUnknown, AuditUnavailable: as `execution.execute`.
    """
    _require_direct(ws)
    log = ws.governed.log
    log.require()
    request = find(log, request_id)
    if request.body.task is not Task.ROOT_SESSION:
        raise UsageError(
            f"{request.id} asks for {request.body.task}: its session is never handed out",
            hint=f"`orgroot execute {request.id}` does what it asks",
            code="not-a-session",
        )
    return execute(
        ws,
        request.id,
        driver=HandOutDriver(receiver),
        look=lambda granted: look(view_of(log, granted, ws.clock.now())),
    )


class HandOutDriver:
    """Opens one session, gives it away, and records that."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The account as it is now."""
        return targets.live_targets(ws, request)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The account, unless its outcome is recorded."""
        del ws
        return request.remaining()

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Open the session, durably recorded, and let the receiver have it."""
        account, policy = AccountId(run.accounts[0]), _policy(request)
        try:
            session = run.open_session(account, policy)
        except AwsError as error:
            ws.progress.note(f"AWS refused the root session in {account}: {error.message}")
            run.refuse(account, error)
            return
        ws.progress.note(
            f"root session {session.access_key_id} in {account} for {policy.value}, until "
            f"{timestamp(session.expires_at)}; nothing ends it sooner"
        )
        try:
            left = session.expires_at - ws.clock.now()
            self._receiver.receive(session, left.total_seconds())
        except OrgrootError as error:
            ws.progress.note(f"nobody got the session: {error.message}")
            run.close(account, f"failed: nobody got it: {error.message}")
            return
        run.close(account, f"{HANDED_OUT}: {self._receiver.form}")

    def result(self, ws: Workspace, request: RequestRecord) -> Result:
        """What the log says of the handing out."""
        log = ws.governed.log
        account = request.targets[0].account
        run = request.executions[-1]
        issued = next(iter(run.issued.values()), None)
        end = run.closed.get(account)
        refused = run.aborted.get(account, "")
        now = log.check_clock(ws.clock.now())
        outcome = end.outcome if end else f"AWS refused the root session: {refused}"
        return HandedOut(
            exit_reasons=_reasons(outcome, ended=end is not None),
            request=request.id,
            state=chain.request_state(log.state, request, now, log.running).value,
            account=account,
            task_policy=_policy(request).value,
            outcome=outcome,
            access_key_id=issued.access_key_id if issued else None,
            expires_at=issued.expires_at if issued else None,
            receipt=log.receipt(),
        )


def _draft(ws: Workspace, account: AccountId, task_policy: TaskPolicy, ask: Ask) -> Draft:
    return Draft(
        task=Task.ROOT_SESSION,
        targets=targets.targets_of(ws, (owner_of(ws, account),)),
        params=to_params(HandOut()),
        task_policy=task_policy,
        duration_seconds=ask.duration_seconds,
        reason=ask.reason,
        ticket=ask.ticket,
    )


def _reasons(outcome: str, *, ended: bool) -> tuple[ExitReason, ...]:
    if not ended:
        return (ExitReason.AWS_REFUSED,)
    return () if outcome.startswith(HANDED_OUT) else (ExitReason.INCOMPLETE,)


def _policy(request: RequestRecord) -> TaskPolicy:
    """The one task policy that was asked for."""
    policy = request.body.task_policy
    if request.body.task is not Task.ROOT_SESSION or policy is None:
        raise IntegrityError(f"{request.id} does not ask for a session", code="params")
    return policy
