"""The runner: which requests it executed, which it left alone and why, what it closed."""

from orgroot.core.results.base import ExitReason, Result, Row
from orgroot.core.results.log import RecoveryRow


class RunRow(Row, frozen=True, kw_only=True):
    """One request that was executed: the state it came to, and what went wrong, if anything.

    Attributes:
        execution: `oex_…`.
        exit_reasons: as the task's own result would have had them.
        message: of the error that ended it; empty without one.
    """

    request: str
    task: str
    requester: str
    execution: str
    state: str
    exit_reasons: tuple[ExitReason, ...] = ()
    message: str = ""


class SkippedRow(Row, frozen=True, kw_only=True):
    """One open request that was left alone, and why.

    `exit_reasons`: it was this runner's to execute, and could not even be begun.
    """

    request: str
    task: str
    requester: str
    reason: str
    exit_reasons: tuple[ExitReason, ...] = ()


class ReadyRow(Row, frozen=True, kw_only=True):
    """One request that would be executed (`--dry-run`)."""

    request: str
    task: str
    requester: str


class RunnerRound(Result, frozen=True, kw_only=True, tag="orgroot.runner/v1"):
    """`orgroot runner`: one look at all requests. `ready` is filled by `--dry-run` alone."""

    executed: tuple[RunRow, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    recovered: tuple[RecoveryRow, ...] = ()
    ready: tuple[ReadyRow, ...] = ()
    receipt: str | None = None


class RunnerLine(Result, frozen=True, kw_only=True, tag="orgroot.runner-line/v1"):
    """`orgroot runner --watch`: a line for each request that was executed; keys as in `RunRow`."""

    request: str
    task: str
    requester: str
    execution: str
    state: str
    message: str = ""
    receipt: str | None = None
