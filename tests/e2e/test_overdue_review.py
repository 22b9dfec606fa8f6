"""An emergency that nobody answered for in time: what then says so, and what is refused."""

from collections.abc import Iterator

import pytest

from tests.e2e.playground import Playground, playground
from tests.e2e.test_attacks import Target
from tests.e2e.test_threats_emergency import emergency, look

WITHIN = 24 * 3600
"""Seconds that the sandbox's rules give a review."""


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox whose log lies in S3, so that every command goes by the time of AWS."""
    options = ("--accounts", "12", "--store", "s3")
    with playground(tmp_path_factory.mktemp("own") / "s", *options) as found:
        yield found


def told(place: Playground, request: str) -> dict[str, object]:
    """What each command that looks at it says of an emergency."""
    drift = place.run("carol", "drift", "-o", "json")
    verified = place.run("carol", "log", "verify", "-o", "json")
    due = [
        (owed["request"], owed["operator"], owed["overdue"])
        for owed in place.ok("alice", "status", "--check", code=6)["reviews_due"]
    ]
    kinds = {found["id"]: found["severity"] for found in drift.json["findings"]}
    return {
        "state": place.ok("carol", "request", "show", request)["state"],
        "due": due,
        "drift": kinds.get(f"break-glass.overdue/{request}"),
        "verify": (verified.code, [found["code"] for found in verified.json["findings"]]),
    }


def test_a_review_that_is_overdue(own: Playground) -> None:
    """OVERDUE everywhere from its deadline on, and its operator waits; a late review ends it."""
    first, second, third = Target(own), Target(own), Target(own)
    look(first)
    request = own.ok("alice", *emergency(first))["request"]
    own.control("clock", {"advance_seconds": WITHIN - 600})
    assert told(own, request) == {
        "state": "UNREVIEWED",
        "due": [(request, "alice", False)],
        "drift": None,
        "verify": (0, []),
    }

    own.control("clock", {"advance_seconds": 601})
    assert told(own, request) == {
        "state": "OVERDUE",
        "due": [(request, "alice", True)],
        "drift": "high",
        "verify": (6, ["OVERDUE_REVIEW"]),
    }
    assert "OVERDUE" in own.run("alice", "status", "--check").out
    assert "was not reviewed in time" in own.run("carol", "drift").out
    for target in (second, third):
        look(target)
    refused = own.refused("alice", 3, *emergency(second))
    assert f"awaits its review: {request}" in refused.err
    own.refused("alice", 3, "review", request, "--yes")
    owed_by_olga = own.ok("olga", *emergency(third))["request"]  # the other debt is alice's alone

    late = own.ok("bob", "review", request, "--comment", "late, and it was right", "--yes")
    assert late["state"] == "REVIEWED"
    assert told(own, request) == {
        "state": "REVIEWED",
        "due": [(owed_by_olga, "olga", False)],
        "drift": None,
        "verify": (0, []),
    }
    assert own.ok("alice", *emergency(second))["state"] == "UNREVIEWED"
    own.all_witnessed()
