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


class CallRow(Row, frozen=True, kw_only=True):
    """A change of an execution; `outcome` is empty where only its beginning is on record."""

    account: str
    operation: str
    target: str
    outcome: str
    error: str


class LogRecordRow(Row, frozen=True, kw_only=True):
    """One record of the log, for `log show` and `log export`.

    Attributes:
        seq, hash: its number and the SHA-256 of its raw bytes.
        type: of the statement or fact; `foreign`: it could not be understood.
        at: UTC, as the statement says.
        signers: roster names, or an execution id.
        subject: what it is about, in a few words, and why it does not count.
        counts: false: it is in the log and takes no effect.
        person: who stands behind it; of a fact, whoever executes.
        caller: the identity that AWS reported for them, where the record or its execution says so.
        request, execution, task: which it belongs to.
        accounts: those that it names.
        calls: of a step-intent or step-result, the changes.
        fact: the number of a survey's fact beside the log; its `seq` is that of the survey.
        body: the statement.
    """

    seq: int
    type: str
    at: str
    signers: tuple[str, ...]
    subject: str
    hash: str
    counts: bool = True
    person: str | None = None
    caller: str | None = None
    request: str | None = None
    execution: str | None = None
    task: str | None = None
    accounts: tuple[str, ...] = ()
    calls: tuple[CallRow, ...] = ()
    fact: int | None = None
    body: dict[str, Any] | None = None


class LogShow(Result, frozen=True, kw_only=True, tag="orgroot.log-show/v1"):
    """`orgroot log show`."""

    records: tuple[LogRecordRow, ...]
    head: LogHead


class LogExport(Result, frozen=True, kw_only=True, tag="orgroot.log-export/v1"):
    """`orgroot log export --out FILE`: what was written; `last_seq` 0: no record was asked for."""

    format: str
    out: str
    sha256: str
    records: int
    first_seq: int
    last_seq: int
    head: LogHead
    receipt: str
    attention: int


class LogMove(Result, frozen=True, kw_only=True, tag="orgroot.log-move/v1"):
    """`orgroot log move`: a copy that verifies up to the same head.

    Attributes:
        store, target: from where to where; `done`: false for a dry run.
        records, objects: what the copy holds; `copied`: how many of both were written now.
        strays: names in the old store that are no part of a log; they stay there.
        config: the lines that `trust:` must have from now on.
    """

    store: str
    target: str
    done: bool
    records: int
    objects: int
    copied: int
    strays: tuple[str, ...]
    head: LogHead
    config: tuple[str, ...]
    receipt: str


class LogInit(Result, frozen=True, kw_only=True, tag="orgroot.log-init/v1"):
    """`orgroot log init`: what was created, or what waits for further owners.

    `signed`: the owners who have; `lacking`: how many more must. Until then `rules_serial` and
    `receipt` are null.
    """

    log_id: str
    store: str
    trust_sha256: str
    rules_serial: int | None
    head: LogHead
    receipt: str | None
    warnings: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    lacking: int = 0


class Init(Result, frozen=True, kw_only=True, tag="orgroot.init/v1"):
    """`orgroot init`; `mode`: observer or team; the log's fields are null in observer mode.

    `signed`: the owners who have; `lacking`: how many more must run `orgroot log init`.
    """

    config: str
    mode: str
    organization: str
    log_id: str | None = None
    store: str | None = None
    trust_sha256: str | None = None
    receipt: str | None = None
    warnings: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    lacking: int = 0


class RulesIssue(Row, frozen=True, kw_only=True):
    """A lint of the rules; `level`: error or warning."""

    level: str
    code: str
    rule: str | None
    message: str


class RulesCheck(Result, frozen=True, kw_only=True, tag="orgroot.rules-check/v1"):
    """`orgroot rules check` and `orgroot rules publish`.

    `without`: only what would break if this person left.
    """

    issues: tuple[RulesIssue, ...]
    serial: int | None = None
    published: bool = False
    without: str | None = None
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
            machine, left alone; `continue`: its request can be executed further; `late`: it
            had ended, and what this machine still held of it is on record as evidence; `looked`: it
            had ended, and CloudTrail was asked for sessions that are not on record.
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
