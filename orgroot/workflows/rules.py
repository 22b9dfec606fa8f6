"""Rules: checked against what they mean, and put in force by an owner's signature.

What stands in the configuration has no force until it is published; nothing here calls AWS.
"""

from datetime import datetime

from msgspec import structs

from orgroot.core.config import Approvals, Owners
from orgroot.core.config_checks import key_material
from orgroot.core.log_state import LogState
from orgroot.core.results import ExitReason, RulesCheck, RulesIssue
from orgroot.core.rules_lint import lint_rules
from orgroot.core.statements import Rules, timestamp
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.audit_log import Appended, AuditLog, signed_once
from orgroot.workflows.desk import LogDesk
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
    issues = _lint(log, approvals, log.trust.owners, now)
    if without is not None:
        after = _lint(log, *_less(approvals, log.trust.owners, without), now)
        issues = tuple(issue for issue in after if issue not in issues)
    return RulesCheck(
        exit_reasons=_reasons(issues),
        issues=issues,
        serial=_serial_in_force(state, approvals),
        without=without,
        receipt=log.receipt() if state.seq else None,
    )


def _lint(
    log: AuditLog, approvals: Approvals, owners: Owners, now: datetime
) -> tuple[RulesIssue, ...]:
    store = log.trust.store
    bucket = store.removeprefix("s3://").split("/")[0] if store.startswith("s3://") else ""
    revoked = log.state.ended_keys
    return lint_rules(approvals, owners, now, revoked=revoked, log_bucket=bucket)


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


def publish(desk: LogDesk) -> RulesCheck:
    """Put the configuration's rules in force; nothing is written where they already are.

    Raises:
        UsageError: no rules, rules with errors, not an owner, no key.
        RequestRefused: other rules came into force meanwhile.
    """
    approvals = authored(desk)
    governed = desk.governed
    log = governed.log
    state = log.require()
    now = log.check_clock(desk.clock.now())
    issues = sound(approvals, log, now)
    in_force = _serial_in_force(state, approvals)
    if in_force is not None:
        return RulesCheck(issues=issues, serial=in_force, receipt=log.receipt())
    serial = state.rules[-1].body.serial + 1 if state.rules else 1
    append_rules(governed, approvals, serial, now)
    return RulesCheck(issues=issues, serial=serial, published=True, receipt=log.receipt())


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


def sound(approvals: Approvals, log: AuditLog, now: datetime) -> tuple[RulesIssue, ...]:
    """The warnings about rules that may be published.

    Raises:
        UsageError: they have an error.
    """
    issues = _lint(log, approvals, log.trust.owners, now)
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


def append_rules(governed: Governed, approvals: Approvals, serial: int, now: datetime) -> Appended:
    """Append a `rules` record signed by one owner.

    Raises:
        UsageError: the signer is no owner of the trust.
        RequestRefused: other rules came first.
    """
    require_owner(governed)
    log, signer = governed.log, governed.signer
    body = Rules(
        **common_fields(log, log.state, now),
        signers=(signer_of(governed.person, signer),),
        serial=serial,
        expires_at=timestamp(approvals.expires),
        approvals=approvals,
    )

    def guard(state: LogState) -> None:
        newest = state.rules[-1].body.serial if state.rules else 0
        if newest != serial - 1:
            raise RequestRefused(
                f"rules with serial {newest} came into force meanwhile", hint="run it again"
            )

    return log.append(signed_once(lambda _state: sign(body, signer)), guard)


def require_owner(governed: Governed) -> None:
    """The person and the key are an owner of the trust.

    Raises:
        UsageError: they are not.
    """
    person, key = governed.person, governed.signer.public_key
    owners = governed.log.trust.owners.keys
    if any(owner.person == person and key_material(owner.key) == key for owner in owners):
        return
    names = ", ".join(sorted({owner.person for owner in owners}))
    raise UsageError(
        f"{person} with this key is no owner of the trust",
        hint=f"the owners are {names}; name one with --as and their key with --key",
        code="not-owner",
    )


def _serial_in_force(state: LogState, approvals: Approvals) -> int | None:
    rules = state.rules_in_force
    return rules.body.serial if rules is not None and rules.body.approvals == approvals else None


def _reasons(issues: tuple[RulesIssue, ...]) -> tuple[ExitReason, ...]:
    return (ExitReason.FINDINGS,) if any(i.level == "error" for i in issues) else ()
