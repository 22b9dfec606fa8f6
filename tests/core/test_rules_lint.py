"""Rules that cannot work are told apart from rules that are merely worth a look."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from fakes.key_types import TokenSigner

from orgroot.core.config import Approvals
from orgroot.core.people import RevokedKey
from orgroot.core.rules_lint import lint_rules
from tests.core import scene as s

TWO = s.owners_of("dana", "erik", threshold=2)
ADDED = "2026-01-10T00:00:00Z"
RSA = {"key": "ssh-rsa AAAAB3NzaC1yc2E", "added": "2026-01-10T00:00:00Z"}
UNLOCK = "unlock-bucket"
GOOD = s.rule("good", [UNLOCK], 1, each_of={"security": 1})


def emergency(asks: str, reviews: str, count: int) -> dict[str, Any]:
    """Break-glass for a group, reviewed by another."""
    return {
        "requesters": {"groups": [asks]},
        "review": {"within": "24h", "group": reviews, "count": str(count)},
    }


def found(
    approvals: Approvals, level: str = "error", **fields: Any
) -> list[tuple[str, str | None]]:
    """The issues of a level, as code and rule."""
    issues = lint_rules(approvals, fields.get("owners", TWO), fields.get("now", s.START))
    return [(issue.code, issue.rule) for issue in issues if issue.level == level]


def test_the_usual_rules_are_in_order() -> None:
    """No error, and nothing to look at but that reading needs no approval."""
    assert found(s.approvals_of()) == []
    assert set(found(s.approvals_of(), "warning")) == {("read-session", "reading")}


def test_no_rule_at_all_is_worth_a_word() -> None:
    """An empty list is allowed and means that nobody may ask for anything."""
    assert ("no-rules", None) in found(s.approvals_of(rules=[]), "warning")


@pytest.mark.parametrize(
    ("sentence", "expected", "rules"),
    [
        ("A changing task without approvals.", ("below-minimum", "r"), [s.rule("r", [UNLOCK], 0)]),
        ("A rule for all tasks without approvals.", ("below-minimum", "r"), [s.rule("r", None, 0)]),
        (
            "Total above the slots, nobody counts.",
            ("no-approvers", "r"),
            [s.rule("r", [UNLOCK], 1)],
        ),
        (
            "A group without members.",
            ("empty-group", "r"),
            [GOOD | {"id": "r", "requesters": {"groups": ["platform", "ghosts"]}}],
        ),
        (
            "A break-glass group without members.",
            ("empty-group", "r"),
            [
                GOOD
                | {
                    "id": "r",
                    "break_glass": {
                        "requesters": {"groups": ["oncall"]},
                        "review": {"within": "24h", "group": "security", "count": "1"},
                    },
                }
            ],
        ),
        (
            "Nobody may ask.",
            ("no-requesters", "r"),
            [GOOD | {"id": "r", "requesters": {"groups": []}}],
        ),
        (
            "Two rules leave no common requester.",
            ("unreachable", "good"),
            [GOOD, GOOD | {"id": "two", "requesters": {"groups": ["security"]}}],
        ),
        (
            "More people than there are.",
            ("unreachable", "r"),
            [s.rule("r", [UNLOCK], 99, each_of={"security": 1})],
        ),
        (
            "Some requester can never get the approvals.",
            ("unreachable", "r"),
            [s.rule("r", [UNLOCK], 3, each_of={"platform": 3})],
        ),
        (
            "Only for some buckets are the approvals out of reach.",
            ("unreachable", "good"),
            [GOOD, s.rule("r", [UNLOCK], 4, buckets=["*-x?"], each_of={"security": 4})],
        ),
        (
            "Patterns leave other buckets uncovered.",
            ("HOLE", "r"),
            [s.rule("r", [UNLOCK], 1, buckets=["a-*"], each_of={"security": 1})],
        ),
        (
            "Patterns for tasks without buckets match nothing.",
            ("matches-nothing", "r"),
            [GOOD, s.rule("r", ["add-scps"], 1, buckets=["a"], each_of={"security": 1})],
        ),
        (
            "Some accounts leave the others uncovered.",
            ("HOLE", "r"),
            [s.rule("r", [UNLOCK], 1, accounts=[s.ACCOUNT], each_of={"security": 1})],
        ),
        (
            "Some OUs leave the others uncovered.",
            ("HOLE", "r"),
            [s.rule("r", [UNLOCK], 1, ous=["ou-ab12-dev00001"], each_of={"security": 1})],
        ),
        (
            "Some tags leave the others uncovered.",
            ("HOLE", "r"),
            [s.rule("r", [UNLOCK], 1, tags={"stage": "dev"}, each_of={"security": 1})],
        ),
        (
            "Some queues leave the others uncovered.",
            ("HOLE", "r"),
            [s.rule("r", ["unlock-queue"], 1, queues=["a"], each_of={"security": 1})],
        ),
        (
            "What is left out of the only rule is uncovered.",
            ("HOLE", "good"),
            [GOOD | {"match": {"tasks": [UNLOCK], "except": {"accounts": [s.ACCOUNT]}}}],
        ),
        (
            "An exception without selectors.",
            ("empty-except", "good"),
            [GOOD | {"match": {"tasks": [UNLOCK], "except": {}}}],
        ),
        (
            "An exception that leaves nothing.",
            ("matches-nothing", "r"),
            [GOOD, s.rule("r", [UNLOCK], 1, **{"except": {"tasks": [UNLOCK]}})],
        ),
        (
            "An empty list selects nothing.",
            ("matches-nothing", "r"),
            [GOOD, GOOD | {"id": "r", "match": {"accounts": []}}],
        ),
        (
            "Only where two narrow rules meet may nobody ask.",
            ("unreachable", "good"),
            [
                GOOD | {"requesters": {"groups": ["platform", "security"]}},
                GOOD | {"id": "ou", "match": {"ous": ["ou-ab12-dev00001"]}},
                GOOD
                | {
                    "id": "tag",
                    "match": {"tags": {"a": "b"}},
                    "requesters": {"groups": ["security"]},
                },
            ],
        ),
        (
            "A rule for all tasks hands out sessions too.",
            ("not-alone", "r"),
            [s.rule("r", None, 1, each_of={"security": 1})],
        ),
        (
            "Nobody may break glass.",
            ("unreachable-break-glass", "good"),
            [GOOD | {"break_glass": emergency("readers", "security", 1)}],
        ),
        (
            "Nobody has the hardware key that break-glass wants.",
            ("unreachable-break-glass", "good"),
            [
                GOOD
                | {
                    "break_glass": emergency("platform", "security", 1)
                    | {"user_verification": "required"}
                }
            ],
        ),
        (
            "Some operator's review can never be complete.",
            ("unreachable-review", "good"),
            [GOOD | {"break_glass": emergency("platform", "platform", 3)}],
        ),
        (
            "Handing out sessions stands beside another task.",
            ("not-alone", "r"),
            [s.rule("r", [UNLOCK, "root-session"], 1, each_of={"security": 1})],
        ),
    ],
)
def test_errors_of_rules(
    sentence: str, expected: tuple[str, str | None], rules: list[dict[str, Any]]
) -> None:
    """Each row is one sentence about what bars publication."""
    assert expected in found(s.approvals_of(*rules)), sentence


@pytest.mark.parametrize(
    ("expected", "people"),
    [
        ("shared-identity", {"bob": s.person("bob", keys=s.person("carol")["keys"])}),
        ("shared-identity", {"bob": s.person("bob", aws=[{"arn": s.arn("alice")}])}),
        ("key", {"bob": s.person("bob", keys=[RSA])}),
        (
            "key",
            {"bob": s.person("bob", keys=[RSA | {"key": "ssh-ed25519 AAAA"}])},
        ),
    ],
)
def test_errors_of_people(expected: str, people: dict[str, Any]) -> None:
    """One key or identity for two people, and keys that cannot be verified, bar publication."""
    assert (expected, None) in found(s.approvals_of(people=people))


def test_hardware_keys_that_nobody_has_bar_publication() -> None:
    """Where only hardware keys count, whoever has none can neither ask nor approve."""
    required = {"hardware_key": "required"}
    assert ("unreachable", "good") in found(s.approvals_of(GOOD, defaults=required))
    tokens = {
        name: s.person(name, keys=[{"key": TokenSigner(name).public_key, "added": ADDED}])
        for name in ("alice", "bob")
    }
    assert found(s.approvals_of(GOOD, people=tokens, defaults=required)) == []


def test_only_people_with_a_valid_key_can_approve() -> None:
    """A quorum that needs revoked keys or services is out of reach; keys still to come count."""
    key = s.person("bob")["keys"][0]
    revoked = [key | {"revoked": "2026-01-20T00:00:00Z"}]
    carol = s.person("carol", groups=[])
    erik = s.person("erik", groups=["platform"])
    people = {"bob": s.person("bob", keys=revoked), "carol": carol, "erik": erik}
    approvals = s.approvals_of(GOOD, people=people)
    assert ("unreachable", "good") in found(approvals)
    assert ("no-key", None) in found(approvals, "warning")
    service = people | {"bob": s.person("bob", service="true")}
    assert ("unreachable", "good") in found(s.approvals_of(GOOD, people=service))
    later = people | {"bob": s.person("bob", keys=[key | {"added": "2026-06-01T00:00:00Z"}])}
    assert found(s.approvals_of(GOOD, people=later)) == []


@pytest.mark.parametrize(
    ("expected", "identity"),
    [
        ("identity", {"sso": "bob@corp"}),
        ("session-name", {"arn": "arn:aws:sts::111111111111:assumed-role/operator/bob"}),
        (
            None,
            {
                "arn": "arn:aws:sts::111111111111:assumed-role/operator/bob",
                "session_name_trusted": "true",
            },
        ),
    ],
)
def test_warnings_about_identities(expected: str | None, identity: dict[str, Any]) -> None:
    """Identities that are nobody's, or that their bearer chooses, are worth a look."""
    approvals = s.approvals_of(GOOD, people={"bob": s.person("bob", aws=[identity])})
    assert found(approvals, "warning") == ([(expected, None)] if expected else [])


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        (s.owners_of("dana"), "single-owner"),
        (s.owners_of("dana", "erik"), "threshold"),
        (TWO, None),
    ],
)
def test_warnings_about_owners(owners: Any, expected: str | None) -> None:
    """One owner alone can be lost; a threshold of one lets any owner rule."""
    issues = found(s.approvals_of(GOOD), "warning", owners=owners)
    assert issues == ([(expected, None)] if expected else [])


def test_what_no_configuration_says_is_an_error_in_a_record() -> None:
    """Times without zone or beyond all times, double ids and broken patterns make rules void."""
    good = s.approvals_of(GOOD)
    naive = msgspec.structs.replace(good, expires=good.expires.replace(tzinfo=None))
    far = msgspec.structs.replace(good, expires=good.expires.replace(year=9000))
    keys = good.people["bob"].keys
    gone = msgspec.structs.replace(keys[0], revoked=datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    bob = msgspec.structs.replace(good.people["bob"], keys=(gone,))
    person = msgspec.structs.replace(good, people=good.people | {"bob": bob})
    twice = msgspec.structs.replace(good, rules=good.rules * 2)
    assert found(naive) == [("time", None)]
    assert found(far) == [("time", None)]
    assert found(person) == [("time", None)]
    assert found(twice) == [("invalid", None)]


def test_a_pattern_of_any_name_covers_all() -> None:
    """`*` leaves no hole; a rule for all tasks with buckets is about tasks that have any."""
    wild = s.rule("wild", None, 1, buckets=["*"], each_of={"security": 1})
    assert found(s.approvals_of(wild)) == []


@pytest.mark.parametrize(
    ("sentence", "expected", "rules"),
    [
        (
            "An exception by OU: whoever moves accounts can use it.",
            ("except-by-ous", "r"),
            [s.rule("r", [UNLOCK], 1, **{"except": {"ous": ["ou-ab12-dev00001"]}})],
        ),
        (
            "An exception by tag: whoever tags accounts can use it.",
            ("except-by-tags", "r"),
            [s.rule("r", [UNLOCK], 1, **{"except": {"tags": {"a": "b"}}})],
        ),
        (
            "A service among those who decide.",
            ("service", "r"),
            [s.rule("r", [UNLOCK], 1, each_of={"readers": 1})],
        ),
        (
            "A service among those who break glass.",
            ("service", "r"),
            [GOOD | {"id": "r", "break_glass": emergency("readers", "security", 1)}],
        ),
        (
            "Break-glass of one rule is lost where another applies too.",
            ("no-break-glass", "r"),
            [GOOD, GOOD | {"id": "r", "break_glass": emergency("platform", "security", 1)}],
        ),
        (
            "More combinations than are looked at.",
            ("not-all-checked", None),
            [s.rule(f"r{n}", [UNLOCK], 1, ous=[f"ou-ab12-{n:08d}"]) for n in range(12)],
        ),
    ],
)
def test_warnings_about_rules(
    sentence: str, expected: tuple[str, str | None], rules: list[dict[str, Any]]
) -> None:
    """Each row is one sentence about what is worth a look."""
    assert expected in found(s.approvals_of(*rules), "warning"), sentence


def test_break_glass_that_works_is_in_order() -> None:
    """Operators who can sign, and reviewers other than each of them."""
    rule = GOOD | {"break_glass": emergency("platform", "security", 1)}
    assert found(s.approvals_of(rule)) == []


def test_keys_that_the_log_revoked_count_for_nothing() -> None:
    """A quorum of people whose keys a record has ended is out of reach."""
    names = ("bob", "carol", "erik")
    gone = {s.key(name): RevokedKey(seq=9) for name in names}
    issues = lint_rules(s.approvals_of(GOOD), TWO, s.START, revoked=gone)
    assert ("error", "unreachable") in [(issue.level, issue.code) for issue in issues]
    assert sum(issue.code == "no-key" for issue in issues) == len(names)


def test_owners_too_few_to_sign_are_an_error() -> None:
    """Where an owner left, the others may not be enough for the next rules."""
    few = msgspec.structs.replace(TWO, keys=TWO.keys[:1])
    assert ("owners", None) in found(s.approvals_of(GOOD), owners=few)


def test_the_bucket_of_the_log_belongs_into_signed_rules() -> None:
    """Each machine knows it by its own configuration alone, unless a rule says never."""

    def codes(*rules: dict[str, Any]) -> list[str]:
        issues = lint_rules(s.approvals_of(*rules), TWO, s.START, log_bucket="corp-log")
        return [issue.code for issue in issues]

    assert "log-bucket" in codes(GOOD)
    assert "log-bucket" not in codes(GOOD | {"never": {"buckets": ["corp-*"]}})


def test_a_session_that_is_handed_out_knows_no_buckets() -> None:
    """Rules about names of buckets do not bind it: worth a look."""
    sessions = s.rule("sessions", ["root-session"], 1, each_of={"security": 1})
    assert found(s.approvals_of(GOOD, sessions), "warning") == []
    never = GOOD | {"never": {"buckets": ["corp-audit"]}}
    assert found(s.approvals_of(never, sessions), "warning") == [("handed-out", "sessions")]
