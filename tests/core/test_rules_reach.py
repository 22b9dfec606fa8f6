"""Whether rules can be satisfied: by whom, and what people read where nobody can."""

from typing import Any

from orgroot.core.rules_lint import lint_rules
from tests.core import scene as s
from tests.core.test_rules_lint import GOOD, TWO, UNLOCK, emergency, found


def told(*rules: dict[str, Any], code: str, **fields: Any) -> list[str]:
    """The messages of this code."""
    issues = lint_rules(s.approvals_of(*rules, **fields), TWO, s.START)
    return [issue.message for issue in issues if issue.code == code]


def test_who_cannot_sign_cannot_ask() -> None:
    """A requester without a valid key is no requester: where all are so, nobody may ask."""
    gone = s.person("alice")["keys"][0] | {"revoked": "2026-01-20T00:00:00Z"}
    lone = GOOD | {"requesters": {"groups": ["asking"]}}
    people = {"alice": s.person("alice", groups=["asking"], keys=[gone])}
    assert told(lone, code="unreachable", people=people) == [
        f"nobody may ask for {UNLOCK} (good)",
    ]
    service = {"nightly": s.person("nightly", groups=["asking"])}
    assert told(lone, code="unreachable", people=service) == [
        f"nobody may ask for {UNLOCK} (good)",
    ]
    both = people | {"olga": s.person("olga", groups=["asking"])}
    assert told(lone, code="unreachable", people=both) == []


def test_a_rule_of_its_own_is_enough_beside_broad_ones() -> None:
    """Sessions may be handed out where one rule says that and nothing else."""
    broad = s.rule("broad", None, 1, each_of={"security": 1})
    own = s.rule("own", ["root-session"], 1, each_of={"security": 1})
    assert ("not-alone", "broad") in found(s.approvals_of(broad))
    assert found(s.approvals_of(broad, own)) == []


def test_holes_are_named_by_their_simplest_place() -> None:
    """The rest, where a rule names some; the place, where an exception leaves it out."""
    some = s.rule("some", [UNLOCK], 1, accounts=[s.ACCOUNT], each_of={"security": 1})
    but = s.rule("but", [UNLOCK], 1, each_of={"security": 1}, **{"except": {"tags": {"a": "b"}}})
    assert told(some, code="HOLE") == [f"{UNLOCK} of anything else is covered by no rule"]
    assert told(but, code="HOLE") == [f"{UNLOCK} (tag a=b) is covered by no rule"]


def test_the_key_that_break_glass_lacks_is_named() -> None:
    """Where a PIN is wanted, nobody has the key; else nobody is in the group."""
    pin = emergency("platform", "security", 1) | {"user_verification": "required"}
    wants = "unreachable-break-glass"
    assert told(GOOD | {"break_glass": pin}, code=wants) == [
        f"nobody with a hardware key may break glass for {UNLOCK} (good)"
    ]
    service = GOOD | {"break_glass": emergency("readers", "security", 1)}
    assert told(service, code=wants) == [f"nobody may break glass for {UNLOCK} (good)"]
