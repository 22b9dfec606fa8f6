"""Rules: checked against what they mean, and put in force by an owner's signature.

What stands in the configuration has no force until it is published; nothing here calls AWS.
"""

from datetime import datetime

from msgspec import structs

from orgroot.core.config import Approvals, Config, Owners
from orgroot.core.log_state import LogState
from orgroot.core.owners import owner_keys
from orgroot.core.proposals import objection
from orgroot.core.results import ExitReason, ProposalView, RulesCheck, RulesIssue
from orgroot.core.rules_lint import lint_rules
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Rules, timestamp
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.audit_log import Appended, AuditLog, signed_once
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.proposals import Confirm, all_owners, known, proposal_of, put, view
from orgroot.workflows.signing import common_fields, sign, signer_of
from orgroot.workflows.workspace import Governed


def check(desk: LogDesk, without: str | None = None) -> RulesCheck:
    """Lint the configuration's rules; `serial` is that of the rules in force if they are these.

    Args:
        desk: the configuration and its log.
        without: a person; then only what would be wrong or odd if they left is told.

    Raises:
        UsageError: the configuration has no rules, or no such person.
    """
    approvals = authored(desk)
    log = desk.log
    state = log.sync()
    now = log.check_clock(desk.clock.now())
    runner = desk.config.organization.runner
    issues = _lint(log, approvals, log.trust.owners, now, runner)
    if without is not None:
        after = _lint(log, *_less(approvals, log.trust.owners, without), now, runner)
        issues = tuple(issue for issue in after if issue not in issues)
    return RulesCheck(
        exit_reasons=_reasons(issues),
        issues=issues,
        serial=serial_in_force(state, approvals),
        without=without,
        receipt=log.receipt() if state.seq else None,
    )


def _lint(
    log: AuditLog, approvals: Approvals, owners: Owners, now: datetime, runner: str | None
) -> tuple[RulesIssue, ...]:
    store = log.trust.store
    bucket = store.removeprefix("s3://").split("/")[0] if store.startswith("s3://") else ""
    revoked = log.state.ended_keys
    return lint_rules(approvals, owners, now, revoked=revoked, log_bucket=bucket, runner=runner)


def _less(approvals: Approvals, owners: Owners, person: str) -> tuple[Approvals, Owners]:
    """Rules and owners as if a person had left.

    Raises:
        UsageError: they are neither in the roster nor an owner.
    """
    keys = tuple(owner for owner in owners.keys if owner.person != person)
    if person not in approvals.people and len(keys) == len(owners.keys):
        names = sorted({*approvals.people, *(owner.person for owner in owners.keys)})
        raise UsageError(
            f"{person} is neither in the roster nor an owner",
            hint="people are " + ", ".join(names),
            code="not-in-roster",
        )
    people = {name: entry for name, entry in approvals.people.items() if name != person}
    return (
        structs.replace(approvals, people=people),
        structs.replace(owners, keys=keys),
    )


def publish(desk: LogDesk, confirm: Confirm) -> RulesCheck:
    """Put the configuration's rules in force; nothing is written where they already are.

    Raises:
        UsageError: no rules, rules with errors, not an owner, no key, not confirmed; or several
            owners must sign, who propose them instead.
        RequestRefused: other rules came into force meanwhile.
    """
    approvals = authored(desk)
    governed = desk.governed
    log, signer = governed.log, governed.signer
    state = log.require()
    now = log.check_clock(desk.clock.now())
    issues = sound(desk.config, approvals, log, now)
    in_force = serial_in_force(state, approvals)
    if in_force is not None:
        return RulesCheck(issues=issues, serial=in_force, receipt=log.receipt())
    require_owner(governed)
    threshold = state.trusts[-1].owners.threshold
    if threshold > 1:
        raise UsageError(
            f"{threshold} owners must sign rules of this log",
            hint="propose them with `orgroot rules propose`, sign them with `orgroot rules sign`, "
            "publish them with their id",
            code="threshold",
        )
    body = rules_of(log, approvals, (signer_of(governed.person, signer),), now)
    confirm(view(log, proposal_of(body), now))
    append_rules(governed, body)
    return RulesCheck(issues=issues, serial=body.serial, published=True, receipt=log.receipt())


def propose(desk: LogDesk, *, only_show: bool = False) -> ProposalView | RulesCheck:
    """Let the configuration's rules wait for the owners' signatures.

    Nothing is written where they are in force, or wait already, or with `only_show`.

    Raises:
        UsageError: no rules, or rules with errors.
    """
    approvals = authored(desk)
    log = desk.log
    state = log.require()
    now = log.check_clock(desk.clock.now())
    issues = sound(desk.config, approvals, log, now)
    in_force = serial_in_force(state, approvals)
    if in_force is not None:
        return RulesCheck(issues=issues, serial=in_force, receipt=log.receipt())
    waiting = (
        proposal
        for proposal in known(log)
        if isinstance(proposal.body, Rules)
        and proposal.body.approvals == approvals
        and objection(state, proposal, now) is None
    )
    proposal = next(waiting, None) or proposal_of(rules_of(log, approvals, all_owners(log), now))
    if not only_show:
        put(log, proposal)
    return view(log, proposal, now, waits=not only_show)


def authored(desk: LogDesk) -> Approvals:
    """The rules of the configuration.

    Raises:
        UsageError: there are none.
    """
    if desk.config.approvals is None:
        raise UsageError(
            "the configuration has no approvals: section",
            hint="`orgroot init --team …` writes one to start from",
            code="no-approvals",
        )
    return desk.config.approvals


def sound(
    config: Config, approvals: Approvals, log: AuditLog, now: datetime
) -> tuple[RulesIssue, ...]:
    """The warnings about rules that may be published.

    Raises:
        UsageError: they have an error.
    """
    issues = _lint(log, approvals, log.trust.owners, now, config.organization.runner)
    errors = [issue for issue in issues if issue.level == "error"]
    if errors:
        first = errors[0]
        where = f"rule {first.rule}: " if first.rule else ""
        raise UsageError(
            f"{where}{first.message} ({first.code})",
            hint=f"`orgroot rules check` shows all {len(errors)} errors",
            code="rules",
        )
    if approvals.expires <= now:
        raise UsageError(
            f"these rules expired at {timestamp(approvals.expires)}",
            hint="set approvals.expires to a later time",
            code="rules",
        )
    return issues


def rules_of(
    log: AuditLog, approvals: Approvals, signers: tuple[Signer, ...], now: datetime
) -> Rules:
    """The next rules of a log, to be signed by some of these owners."""
    return Rules(
        **common_fields(log, log.state, now),
        signers=signers,
        serial=len(log.state.rules) + 1,
        expires_at=timestamp(approvals.expires),
        approvals=approvals,
    )


def append_rules(governed: Governed, body: Rules) -> Appended:
    """Append rules that one owner signs.

    Raises:
        RequestRefused: other rules came first.
    """

    def guard(state: LogState) -> None:
        if len(state.rules) != body.serial - 1:
            raise RequestRefused(
                f"rules with serial {len(state.rules)} came into force meanwhile",
                hint="run it again",
            )

    return governed.log.append(signed_once(lambda _state: sign(body, governed.signer)), guard)


def require_owner(governed: Governed) -> None:
    """The person and the key are an owner of the trust, and the log has not ended the key.

    Raises:
        UsageError: they are not.
    """
    person, key = governed.person, governed.signer.public_key
    log = governed.log
    owners = owner_keys(log.state, log.trust.owners)
    if (person, key) in owners:
        return
    names = ", ".join(sorted({name for name, _ in owners}))
    raise UsageError(
        f"{person} with this key is no owner of the trust",
        hint=f"the owners are {names}; name one with --as and their key with --key",
        code="not-owner",
    )


def serial_in_force(state: LogState, approvals: Approvals) -> int | None:
    """The serial of the rules in force where they are these."""
    rules = state.rules_in_force
    return rules.body.serial if rules is not None and rules.body.approvals == approvals else None


def _reasons(issues: tuple[RulesIssue, ...]) -> tuple[ExitReason, ...]:
    return (ExitReason.FINDINGS,) if any(i.level == "error" for i in issues) else ()
