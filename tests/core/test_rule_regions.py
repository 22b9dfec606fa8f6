"""What rules tell apart, by example: every combination that matters, the simplest first."""

import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.rule_regions import Choice, example_names, regions_of
from orgroot.core.wildcards import matches
from tests.core import scene as s

UNLOCK = ["unlock-bucket"]
DEV, INNER = "ou-ab12-dev00001", "ou-ab12-inner001"


def test_one_region_where_nothing_is_told_apart() -> None:
    """A rule without further selectors, and a task that no rule names."""
    approvals = s.approvals_of(s.rule("a", UNLOCK, 1))
    (everywhere,) = regions_of(approvals, Task.UNLOCK_BUCKET).regions
    assert everywhere.words == "unlock-bucket"
    assert everywhere.needs is not None
    (nowhere,) = regions_of(approvals, Task.ADD_SCPS).regions
    assert nowhere.needs is None


def test_every_selector_makes_a_region() -> None:
    """Account, OU, tag and bucket, and where they meet; each named by its simplest example."""
    approvals = s.approvals_of(
        s.rule("all", UNLOCK, 1),
        s.rule("account", UNLOCK, 1, accounts=[s.ACCOUNT]),
        s.rule("ou", UNLOCK, 1, ous=[DEV]),
        s.rule("tag", UNLOCK, 1, tags={"a=b": "c"}),
        s.rule("bucket", UNLOCK, 1, buckets=["*-tfstate"]),
        s.rule("not", UNLOCK, 1, **{"except": {"ous": [DEV]}}),
    )
    found = regions_of(approvals, Task.UNLOCK_BUCKET)
    assert found.complete
    by_rules = {r.needs.rule_ids: r.words for r in found.regions if r.needs is not None}
    assert by_rules[("all", "not")] == "unlock-bucket"
    assert by_rules[("all", "tag", "not")] == "unlock-bucket (tag a=b=c)"
    assert by_rules[("all", "ou")] == f"unlock-bucket (ou {DEV})"
    assert by_rules[("all", "account", "ou", "tag", "bucket")] == (
        f"unlock-bucket (account {s.ACCOUNT}, ou {DEV}, tag a=b=c, bucket x-tfstate)"
    )
    assert len(by_rules) == 16


def test_an_ou_may_lie_in_another() -> None:
    """What holds in both at once is a region of its own."""
    approvals = s.approvals_of(
        s.rule("outside", UNLOCK, 1, **{"except": {"ous": [DEV]}}),
        s.rule("inside", UNLOCK, 1, ous=[DEV], **{"except": {"ous": [INNER]}}),
    )
    holes = [r for r in regions_of(approvals, Task.UNLOCK_BUCKET).regions if r.needs is None]
    assert [hole.where for hole in holes] == [(Choice("ou", DEV), Choice("ou", INNER))]


def test_queues_and_tag_values() -> None:
    """Of a tag one value at a time; queues only for tasks about queues."""
    approvals = s.approvals_of(
        s.rule("a", ["unlock-queue"], 1, queues=["orders-?"], tags={"stage": "prod"}),
        s.rule("b", ["unlock-queue"], 1, tags={"stage": "dev"}),
        s.rule("c", None, 1),
    )
    words = [region.words for region in regions_of(approvals, Task.UNLOCK_QUEUE).regions]
    assert words == [
        "unlock-queue",
        "unlock-queue (tag stage=dev)",
        "unlock-queue (tag stage=prod, queue orders-x)",
    ]
    assert len(regions_of(approvals, Task.ADD_SCPS).regions) == 1


def test_too_many_combinations_are_said() -> None:
    """Where not all were looked at, the answer says so."""
    ous = [f"ou-ab12-{n:08d}" for n in range(12)]
    approvals = s.approvals_of(*(s.rule(ou, UNLOCK, 1, ous=[ou]) for ou in ous))
    assert not regions_of(approvals, Task.UNLOCK_BUCKET).complete


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["*"], []),
        (["a-*", "*"], ["a-x"]),
        (["a-*", "*-b"], ["a-x", "x-b", "a-x-b", "a-x-b"]),
        (["a?"], ["ax"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_example_names(patterns: list[str], names: list[str]) -> None:
    """Each pattern has an example, and two that overlap have one in common."""
    assert list(example_names(patterns)) == names
    for pattern in patterns:
        assert any(matches(pattern, name) for name in names) or not names
