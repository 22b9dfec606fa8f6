"""What every command says on stderr before its own work, where there is something to say."""

from datetime import datetime

from orgroot.cli.terminal import say
from orgroot.core.rules_lint import expiry_notice
from orgroot.core.statements import instant
from orgroot.workflows.audit_log import AuditLog


def tell_of_rules(log: AuditLog | None, now: datetime) -> None:
    """Rules that end soon, or have ended, are named until owners renew them."""
    rules = None if log is None else log.state.rules_in_force
    if rules is None:
        return
    words = expiry_notice(instant(rules.body.expires_at), now)
    if words is not None:
        say(f"{words}; an owner renews them: `orgroot rules publish`")
