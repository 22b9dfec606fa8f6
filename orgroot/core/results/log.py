"""The audit log and its rules."""

from typing import Any

from orgroot.core.results.base import Result, Row


class LogHead(Row, frozen=True, kw_only=True):
    """The newest record."""

    seq: int
    hash: str


class LogFinding(Row, frozen=True, kw_only=True):
    """A finding of `log verify`; seq 0: about the store; `level`: integrity or attention."""

    code: str
    seq: int
    detail: str
    level: str


class ReceiptRow(Row, frozen=True, kw_only=True):
    """A receipt that was held against the log; `holds`: the log has that very record."""

    seq: int
    hash: str
    holds: bool


class LogVerify(Result, frozen=True, kw_only=True, tag="orgroot.log-verify/v1"):
    """`orgroot log verify`."""

    records: int
    head: LogHead
    findings: tuple[LogFinding, ...]
    receipts: tuple[ReceiptRow, ...] = ()
    receipt: str | None = None


class LogRecordRow(Row, frozen=True, kw_only=True):
    """One record of `log show`; `signers` are roster names or an execution id."""

    seq: int
    type: str
    at: str
    signers: tuple[str, ...]
    subject: str
    hash: str
    body: dict[str, Any] | None = None


class LogShow(Result, frozen=True, kw_only=True, tag="orgroot.log-show/v1"):
    """`orgroot log show`."""

    records: tuple[LogRecordRow, ...]
    head: LogHead


class LogInit(Result, frozen=True, kw_only=True, tag="orgroot.log-init/v1"):
    """`orgroot log init`: what was created."""

    log_id: str
    store: str
    trust_sha256: str
    rules_serial: int
    head: LogHead
    receipt: str
    warnings: tuple[str, ...] = ()


class Init(Result, frozen=True, kw_only=True, tag="orgroot.init/v1"):
    """`orgroot init`; `mode`: observer or team; the log's fields are null in observer mode."""

    config: str
    mode: str
    organization: str
    log_id: str | None = None
    store: str | None = None
    trust_sha256: str | None = None
    receipt: str | None = None
    warnings: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


class RulesIssue(Row, frozen=True, kw_only=True):
    """A lint of the rules; `level`: error or warning."""

    level: str
    code: str
    rule: str | None
    message: str


class RulesCheck(Result, frozen=True, kw_only=True, tag="orgroot.rules-check/v1"):
    """`orgroot rules check` and `orgroot rules publish`."""

    issues: tuple[RulesIssue, ...]
    serial: int | None = None
    published: bool = False
    receipt: str | None = None


class RecoveredAccount(Row, frozen=True, kw_only=True):
    """How the work on one account ended, as far as it can be seen; "" is the organization."""

    account: str
    outcome: str
    detail: str


class RecoveryRow(Row, frozen=True, kw_only=True):
    """One execution that had been left open.

    Attributes:
        execution, request, task: which.
        outcome: `closed`; `waiting`: it may still run, until `waits_until`; `running` on this
            machine, left alone; `continue`: its request can be executed further; `kept`: a fact on
            this machine that the log can no longer count; `looked`: it had ended, and CloudTrail
            was asked for sessions that are not on record.
        accounts: what was found for those that are closed now.
        waits_until: UTC, where it waits.
        detail: what to do, or why.
        sessions: access key ids that CloudTrail showed and that are on record now.
    """

    execution: str
    request: str
    task: str
    outcome: str
    accounts: tuple[RecoveredAccount, ...]
    waits_until: str | None
    detail: str
    sessions: tuple[str, ...] = ()


class Recovery(Result, frozen=True, kw_only=True, tag="orgroot.recovery/v1"):
    """What `recover` found open, and what it closed."""

    executions: tuple[RecoveryRow, ...]
    receipt: str | None
