"""The terms of break-glass: several rules as one, and never weaker than any of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.config import Approvals, seconds
from orgroot.core.governed_tasks import Task
from orgroot.core.requirements import Emergency, Requirement, requirement
from orgroot.core.selectors import Subject
from tests.core import glass as g
from tests.core import scene as s

Section = dict[str, Any]
section = g.section
GROUPS = st.sampled_from(["oncall", "security", "platform"])


def demanded(approvals: Approvals, *buckets: str) -> Requirement:
    """What these rules demand of unlocking these buckets."""
    subjects = [Subject(account=s.ACCOUNT, resource=name) for name in buckets or ("logs",)]
    found = requirement(approvals, Task.UNLOCK_BUCKET, subjects)
    assert found is not None
    return found


def terms_of(sections: list[Section | None]) -> Emergency | None:
    """The terms of one rule for each of these sections, all of which match."""
    return demanded(g.approvals(*sections)).break_glass


SECTIONS = st.builds(
    lambda groups, review, hours, numbers, verification: section(
        requesters={"groups": sorted(groups)},
        review={"within": f"{hours}h", "group": review, "count": str(numbers[0])},
        max_open_unreviewed=str(numbers[1]),
        max_per_24h=str(numbers[2]),
        user_verification=verification,
    ),
    st.sets(GROUPS, min_size=1),
    GROUPS,
    st.integers(1, 48),
    st.tuples(*[st.integers(1, 4)] * 3),
    st.sampled_from(["required", "preferred"]),
)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ([None], None),
        ([section(), None], None),
        ([None, section()], None),
        (
            [section()],
            Emergency(
                requesters=frozenset({"oncall"}),
                pin=False,
                max_open_unreviewed=1,
                max_per_24h=2,
                review_within=86400,
                review={"security": 1},
            ),
        ),
        (
            [
                section(
                    requesters={"groups": ["oncall", "leads"]},
                    review={"within": "12h", "group": "security", "count": "2"},
                    max_open_unreviewed="3",
                    max_per_24h="1",
                ),
                section(
                    user_verification="required",
                    review={"within": "1d", "group": "leads", "count": "1"},
                    max_open_unreviewed="2",
                ),
                section(review={"within": "1d", "group": "security", "count": "1"}),
            ],
            Emergency(
                requesters=frozenset({"oncall"}),
                pin=True,
                max_open_unreviewed=1,
                max_per_24h=1,
                review_within=43200,
                review={"security": 2, "leads": 1},
            ),
        ),
    ],
)
def test_sections_merge_field_by_field(
    sections: list[Section | None], expected: Emergency | None
) -> None:
    """The strictest of each field; a rule without the section takes it away altogether."""
    assert terms_of(sections) == expected


@given(st.lists(SECTIONS, min_size=1, max_size=4), SECTIONS)
def test_another_rule_only_makes_it_stricter(sections: list[Section], more: Section) -> None:
    """However many rules match, one more never lets anybody do more, later or with fewer eyes."""
    before, after = terms_of(sections), terms_of([*sections, more])
    assert before is not None
    assert after is not None
    assert after.requesters <= before.requesters
    assert after.pin >= before.pin
    assert after.max_open_unreviewed <= before.max_open_unreviewed
    assert after.max_per_24h <= before.max_per_24h
    assert after.review_within <= before.review_within
    assert all(after.review[group] >= n for group, n in before.review.items())
    assert after.review_within <= seconds(more["review"]["within"])
    assert terms_of([*sections, None, more]) is None


@given(
    st.permutations([section(max_per_24h="1"), section(), section(user_verification="required")])
)
def test_the_order_of_rules_does_not_matter(sections: list[Section]) -> None:
    """The strictest is the strictest in any order."""
    assert terms_of(sections) == terms_of(sorted(sections, key=repr))


def test_the_rules_of_all_buckets_count() -> None:
    """Of several buckets, one whose rule allows no break-glass takes it away for all."""
    strict = s.rule("state", ["unlock-bucket"], 1, buckets=["*-tfstate"], each_of={"security": 1})
    rules = s.approvals_of(s.RULES[0] | {"break_glass": g.section()}, strict, people=g.people())
    assert demanded(rules, "logs").break_glass is not None
    assert demanded(rules, "logs", "prod-tfstate").break_glass is None


def test_other_terms_make_no_request_stale() -> None:
    """The terms are those of the moment: they are no part of what an approval was given for."""
    assert demanded(g.approvals()).same_as(demanded(g.approvals(None)))
