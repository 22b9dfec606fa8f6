"""Whose word counts at the edges: of time, of groups that somebody left, of filled slots."""

from datetime import timedelta

from orgroot.core.eligibility import could_approve, demand, lapsed, outlived, time_refusals
from orgroot.core.quorum import Missing
from orgroot.core.statements import Denial, timestamp
from tests.core import scene as s
from tests.core.drafts import LATER, RULES, decision_by, executed, granted, law, request

BOTH = s.rule("both", ["unlock-bucket"], 2, each_of={"security": 1, "platform": 1})


def test_a_denial_needs_the_group_then_and_now() -> None:
    """Who left the group since, or joined it later, denies as little as they approve."""
    left = law(people={"bob": s.person("bob", groups=["platform"])})
    record = granted("carol")
    record.denials.append(decision_by("bob", record, kind=Denial))
    assert not executed(record)
    assert executed(record, left)
    record.denials[:] = [decision_by("bob", record, kind=Denial, groups=("platform",))]
    assert executed(record)


def test_nobody_fills_a_slot_of_a_group_that_they_left_or_joined_later() -> None:
    """Each approval counts for the groups its person was in then and is in now, and no other."""
    assert executed(granted("erik", "bob"), law(BOTH))
    left = law(BOTH, people={"erik": s.person("erik", groups=["security"])})
    assert executed(granted("erik", "bob"), left).missing == (Missing(group="platform", count=1),)
    record = granted("bob")
    record.approvals.append(decision_by("erik", record, groups=("security",)))
    assert executed(record, law(BOTH)).missing == (Missing(group="platform", count=1),)
    record.approvals.append(decision_by("olga", record))
    assert executed(record, law(BOTH))


def test_only_those_who_bring_it_nearer_are_named() -> None:
    """Once a slot is filled, more of its group do not help."""
    rules, record = law(BOTH), request()
    assert could_approve(rules, record, LATER) == ("olga", "bob", "carol", "erik")
    record.approvals.append(decision_by("bob", record))
    assert could_approve(rules, record, LATER) == ("olga", "erik")
    record.approvals.append(decision_by("erik", record))
    assert could_approve(rules, record, LATER) == ()


def test_rules_end_at_their_very_instant() -> None:
    """At the instant of their expiry rules govern no more; a second before they do."""
    record, second = request(), timedelta(seconds=1)
    rules = law(expires=timestamp(LATER))
    assert outlived(rules, record, LATER) is not None
    assert outlived(rules, record, LATER - second) is None


def test_the_skew_is_a_limit_that_holds_itself() -> None:
    """What is ahead by just the skew is taken, and by a second more is not."""
    now, second, record = s.START - timedelta(seconds=120), timedelta(seconds=1), request()
    assert list(time_refusals(RULES, record, now)) == []
    assert list(time_refusals(RULES, record, now - second)) != []
    needs = demand(RULES, record)
    assert needs is not None
    assert lapsed(RULES, needs, decision_by("bob", record), now) is None
    assert lapsed(RULES, needs, decision_by("bob", record), now - second) is not None
