"""`status`: root access as it is, the rules, what is open, and what differs from the config.

Reads only, with few calls, and opens no root session. Without a log it still shows what AWS says.
"""

from datetime import datetime

from orgroot.core.config import seconds
from orgroot.core.drift import root_access_findings
from orgroot.core.organization import RootAccessState
from orgroot.core.results import (
    ExitReason,
    FeatureStatus,
    RulesStatus,
    Status,
)
from orgroot.core.root_tasks import Feature
from orgroot.core.statements import instant
from orgroot.core.whereabouts import unsettled
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.request_view import list_requests
from orgroot.workflows.review import reviews_due
from orgroot.workflows.root_access import observe
from orgroot.workflows.workspace import Workspace

_WARN_BEFORE = seconds("30d")


def status(ws: Workspace, *, check: bool = False) -> Status:
    """How root access stands.

    Args:
        ws: the command's world; without a log, rules and requests stay empty.
        check: what differs, and a review that is due, is a finding (exit 6).

    Raises:
        AwsError: AWS refused to show it.
        IntegrityError, AuditUnavailable: the log.
    """
    observed = observe(ws)
    log = ws.log if ws.log is not None and ws.log.sync().genesis is not None else None
    now = ws.clock.now()
    differs = (*_access_differs(ws, observed), *_rules_differ(ws, log, now))
    due = () if log is None else reviews_due(log, now)
    return Status(
        exit_reasons=(ExitReason.FINDINGS,) if check and (differs or due) else (),
        organization=ws.config.organization.id,
        management_account=ws.config.organization.management_account,
        caller=ws.caller.arn,
        trusted_access=observed.trusted_access,
        features=FeatureStatus(
            credentials_management=_is_on(observed, Feature.ROOT_CREDENTIALS_MANAGEMENT),
            root_sessions=_is_on(observed, Feature.ROOT_SESSIONS),
        ),
        delegated_administrator=" ".join(sorted(observed.delegated_administrators)) or None,
        rules=None if log is None else _rules(ws, log),
        open_requests=() if log is None else list_requests(ws).requests,
        reviews_due=due,
        differs=differs,
    )


def _is_on(observed: RootAccessState, feature: Feature) -> bool | None:
    return None if observed.features is None else feature in observed.features


def _access_differs(ws: Workspace, observed: RootAccessState) -> tuple[str, ...]:
    return tuple(
        f"{finding.title} ({finding.id})" for finding in root_access_findings(ws.config, observed)
    )


def _rules(ws: Workspace, log: AuditLog) -> RulesStatus | None:
    rules = log.state.rules_in_force
    if rules is None:
        return None
    return RulesStatus(
        serial=rules.body.serial,
        expires_at=rules.body.expires_at,
        sha256=rules.sha256,
        matches_config=ws.config.approvals == rules.body.approvals,
    )


def _rules_differ(ws: Workspace, log: AuditLog | None, now: datetime) -> tuple[str, ...]:
    if log is None:
        return ()
    rules = log.state.rules_in_force
    if rules is None:
        return ("no rules are in force: `orgroot rules publish`",)
    differs = []
    if ws.config.approvals is not None and ws.config.approvals != rules.body.approvals:
        serial = rules.body.serial
        differs.append(
            f"approvals in the config differ from the rules in force (serial {serial}): they have "
            "no force until `orgroot rules publish`"
        )
    left = (instant(rules.body.expires_at) - now).total_seconds()
    if left <= 0:
        differs.append(f"the rules expired at {rules.body.expires_at}: `orgroot rules publish`")
    elif left <= _WARN_BEFORE:
        differs.append(f"the rules expire soon, at {rules.body.expires_at}")
    differs += [
        f"{account} was seen in {' and in '.join(map(str, places))}: the rules of all apply until "
        f"an owner's `orgroot log ack {account}`"
        for account, places in unsettled(rules.body.approvals, log.state.places).items()
    ]
    return tuple(differs)
