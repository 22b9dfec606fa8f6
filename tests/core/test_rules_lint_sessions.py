"""Who holds which keys and sessions under rules: what of it bars them, and what is worth a look."""

import msgspec

from orgroot.core.rules_lint import lint_rules
from tests.core import scene as s
from tests.core.test_rules_lint import GOOD, TWO, found


def test_only_sessions_that_could_write_are_worth_a_look() -> None:
    """What lists root credentials can do nothing else; what reads a policy could write one."""
    warned = {
        issue.message.split(" ")[0]
        for issue in lint_rules(s.approvals_of(s.rule("r", None, 0)), TWO, s.START)
        if issue.code == "read-session"
    }
    assert warned == {"inspect-bucket-policy", "inspect-queue-policy"}


def test_an_owner_is_nobody_else_of_the_roster() -> None:
    """The key of an owner under another name of the roster would be two people."""
    owners = s.owners_of("bob", "dana", threshold=2)
    assert found(s.approvals_of(GOOD), owners=owners) == []
    people = {"erin": s.person("erin", groups=["security"], keys=s.person("dana")["keys"])}
    assert ("shared-identity", None) in found(s.approvals_of(GOOD, people=people), owners=owners)
    broken = msgspec.structs.replace(owners.keys[0], key="ssh-ed25519 AAAA")
    odd = msgspec.structs.replace(owners, keys=(broken, owners.keys[1]))
    assert found(s.approvals_of(GOOD), owners=odd) == []


def test_a_runner_holds_the_sessions_that_read() -> None:
    """In runner mode nobody who asks for a reading holds a session that could write."""
    issues = lint_rules(s.approvals_of(), TWO, s.START, runner="nightly")
    assert "read-session" not in {issue.code for issue in issues}


def test_what_no_runner_may_execute_waits_for_ever() -> None:
    """Each task once, in the simplest place; handing out sessions is no runner's business."""
    tasks = ["unlock-bucket", "audit-root-credentials"]
    rules = (
        s.rule("run", tasks, 1, each_of={"security": 1}, executors=["readers"]),
        s.rule("alone", tasks[:1], 1, each_of={"security": 1}, buckets=["a-*"]),
        s.rule("sessions", ["root-session"], 1, each_of={"security": 1}),
        s.rule("guarded", ["add-scps"], 1, each_of={"security": 1}),
    )

    def told(runner: str | None) -> list[str]:
        issues = lint_rules(s.approvals_of(*rules), TWO, s.START, runner=runner)
        return [issue.message.split(":")[0] for issue in issues if issue.code == "runner"]

    assert told(None) == []
    assert told("nightly") == ["unlock-bucket (bucket a-x)"]
    assert told("gone") == ["audit-root-credentials", "unlock-bucket"]
