"""What rules demand together, by tables and by what must hold of any rules."""

from itertools import permutations
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orgroot.core.config import Approvals
from orgroot.core.eligibility import demand
from orgroot.core.governed_tasks import Task
from orgroot.core.quorum import unfilled
from orgroot.core.requirements import Emergency, Requirement, people_needed, requirement
from orgroot.core.selectors import Subject
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import (
    Request,
)
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import decision_by, executed, granted, request


def of(approvals: Approvals, task: Task, *buckets: str) -> Requirement | None:
    """The demand on a task with these buckets of one account."""
    names = buckets or ("",)
    return requirement(approvals, task, [Subject(account=s.ACCOUNT, resource=n) for n in names])


def test_every_bucket_must_be_covered() -> None:
    """One bucket without a rule denies the whole request."""
    approvals = s.approvals_of(s.rule("a", ["unlock-bucket"], 1, buckets=["a-*"]))
    assert of(approvals, Task.UNLOCK_BUCKET, "a-1") is not None
    assert of(approvals, Task.UNLOCK_BUCKET, "a-1", "b-1") is None
    assert of(approvals, Task.UNLOCK_BUCKET) is None
    assert of(approvals, Task.DELETE_ROOT_CREDENTIALS) is None


def test_the_strictest_of_each_field_holds() -> None:
    """Counts are the largest, groups the intersection, and the people the larger sum."""
    approvals = s.approvals_of(
        s.rule(
            "a",
            None,
            2,
            requesters=["platform", "security"],
            approvers=["security", "platform"],
            each_of={"security": 1},
        ),
        s.rule("b", None, 1, approvers=["security"], each_of={"security": 2, "platform": 1}),
    )
    needs = of(approvals, Task.UNLOCK_BUCKET, "x")
    assert needs is not None
    assert (needs.rule_ids, needs.total, needs.people) == (("a", "b"), 2, 3)
    assert needs.each_of == {"security": 2, "platform": 1}
    assert needs.requesters == {"platform"}
    assert needs.approvers == {"security", "platform"}
    assert needs.executors is None


def test_the_task_table_is_a_floor() -> None:
    """Rules that ask for less than the table allows still need its minimum."""
    approvals = s.approvals_of(s.rule("none", None, 0))
    needs = of(approvals, Task.UNLOCK_BUCKET, "x")
    assert needs is not None
    assert needs.people == 1
    assert not executed(granted("bob"), w.in_force(approvals))


def test_sessions_are_handed_out_by_a_rule_of_their_own() -> None:
    """Rules for other tasks as well make it stricter, and never allow it."""
    own = s.rule("own", ["root-session"], 1, each_of={"security": 1})
    broad = s.rule("broad", None, 2, each_of={"security": 2})
    beside = s.rule("beside", ["root-session", "unlock-queue"], 1, each_of={"security": 1})
    assert of(s.approvals_of(broad, beside), Task.ROOT_SESSION) is None
    needs = of(s.approvals_of(broad, beside, own), Task.ROOT_SESSION)
    assert needs is not None
    assert (needs.rule_ids, needs.people) == (("broad", "beside", "own"), 2)
    assert of(s.approvals_of(broad, beside), Task.UNLOCK_QUEUE) is not None


GROUPS = st.sets(st.sampled_from("abc"), max_size=3).map(frozenset)
CROWDS = st.dictionaries(st.sampled_from(["p", "q", "r", "s"]), GROUPS, max_size=4)
SLOTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 2), max_size=2)


@settings(deadline=None)
@given(SLOTS, CROWDS)
def test_matching_is_as_good_as_trying_everything(
    slots: dict[str, int], people: dict[str, frozenset[str]]
) -> None:
    """The slots left open are as few as the best of all assignments leaves."""
    seats = [group for group, count in slots.items() for _ in range(count)]
    nobody = [""] * len(seats)
    best = max(
        sum(group in people.get(who, ()) for who, group in zip(order, seats, strict=False))
        for order in permutations([*people, *nobody], len(seats))
    )
    assert sum(unfilled(slots, people).values()) == len(seats) - best


ALL_GROUPS = ["platform", "security", "readers"]
SELECTORS = st.sampled_from(
    [
        {},
        {"buckets": ["*"]},
        {"buckets": ["example-*"]},
        {"buckets": ["other"]},
        {"queues": ["*"]},
        {"accounts": [s.ACCOUNT]},
        {"accounts": [s.OTHER]},
        {"ous": ["ou-ab12-11111111"]},
        {"ous": ["ou-ab12-22222222"]},
        {"tags": {"stage": "prod"}},
    ]
)
RULE = st.builds(
    lambda total, slots, groups, match, excepted, more: s.rule(
        "r",
        None,
        total,
        each_of=slots,
        requesters=["platform"],
        **{name: named for name, named in groups.items() if named},
        **match,
        **({"except": excepted} if excepted else {}),
        **more,
    ),
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(ALL_GROUPS), st.integers(1, 2), max_size=2),
    st.fixed_dictionaries(
        dict.fromkeys(
            ("approvers", "executors"),
            st.lists(st.sampled_from(ALL_GROUPS), max_size=2, unique=True),
        )
    ),
    SELECTORS,
    SELECTORS,
    st.sampled_from(
        [
            {},
            {"never": {"buckets": ["example-*"]}},
            {"never": {"buckets": ["other"]}},
            {"session": {"max_seconds": "120"}},
            {"ticket": "INC-[0-9]+"},
        ]
    ),
)
SUPPORTERS = st.lists(st.sampled_from(list(s.PEOPLE)), unique=True)


def numbered(rules: list[dict[str, Any]]) -> Approvals:
    """Rules with distinct ids."""
    return s.approvals_of(*(rule | {"id": f"r{n}"} for n, rule in enumerate(rules)))


@settings(max_examples=60, deadline=None)
@given(st.lists(RULE, min_size=1, max_size=3), RULE, SUPPORTERS, st.sampled_from(["alice", "olga"]))
def test_adding_a_rule_never_loosens(
    rules: list[dict[str, Any]], more: dict[str, Any], who: list[str], executor: str
) -> None:
    """What more rules grant, fewer granted too, if they covered it and could be published."""
    before, after = w.in_force(numbered(rules)), w.in_force(numbered([*rules, more]))
    assume(all(people_needed(rule) for rule in before.body.approvals.rules))
    if executed(granted(*who), after, executor) and demand(before, request()) is not None:
        assert executed(granted(*who), before, executor)


def strictness(needs: Requirement) -> tuple[int, ...]:
    """What must never fall when a rule is added."""
    return (
        needs.people,
        needs.total,
        *(needs.each_of.get(group, 0) for group in ALL_GROUPS),
        -len(needs.requesters),
        -needs.max_seconds,
        len(needs.tickets),
        len(needs.never_buckets),
        -(len(needs.executors) if needs.executors is not None else 0),
        -(len(needs.approvers) if needs.approvers is not None else len(ALL_GROUPS)),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(RULE, min_size=1, max_size=3), RULE)
def test_adding_a_rule_makes_no_field_weaker(
    rules: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """Field by field the demand on a covered request only grows; a covered one stays covered."""
    before = demand(w.in_force(numbered(rules)), request())
    after = demand(w.in_force(numbered([*rules, more])), request())
    assume(before is not None)
    assert before is not None
    assert after is not None
    pairs = zip(strictness(before), strictness(after), strict=True)
    assert all(new >= old for old, new in pairs)


GLASS = st.none() | st.builds(
    lambda asks, reviews, within, pin, open_, daily: {
        "requesters": {"groups": asks},
        "review": {"group": reviews[0], "count": str(reviews[1]), "within": within},
        "user_verification": pin,
        "max_open_unreviewed": str(open_),
        "max_per_24h": str(daily),
    },
    st.lists(st.sampled_from(ALL_GROUPS), min_size=1, max_size=3, unique=True),
    st.tuples(st.sampled_from(ALL_GROUPS), st.integers(1, 3)),
    st.sampled_from(["1h", "90m", "2d"]),
    st.sampled_from(["required", "preferred"]),
    st.integers(1, 3),
    st.integers(1, 3),
)


@settings(deadline=None)
@given(st.lists(GLASS, min_size=1, max_size=3), GLASS)
def test_adding_a_rule_never_loosens_break_glass(terms: list[Any], more: Any) -> None:
    """Fewer may, fewer times, and more must review it sooner; one rule without it ends it."""

    def merged(each: list[Any]) -> Emergency | None:
        rules = (
            s.rule(f"r{n}", None, 1, each_of={"security": 1})
            | ({} if glass is None else {"break_glass": glass})
            for n, glass in enumerate(each)
        )
        needs = of(s.approvals_of(*rules), Task.UNLOCK_BUCKET, "x")
        assert needs is not None
        return needs.break_glass

    before, after = merged(terms), merged([*terms, more])
    assert (after is None) is (before is None or more is None)
    if before is None or after is None:
        return
    assert after.requesters <= before.requesters & set(more["requesters"]["groups"])
    assert after.pin is (before.pin or more["user_verification"] == "required")
    for name in ("max_open_unreviewed", "max_per_24h"):
        assert getattr(after, name) == min(getattr(before, name), int(more[name]))
    assert after.review_within <= before.review_within
    wanted = {more["review"]["group"]: int(more["review"]["count"])}
    for group in ALL_GROUPS:
        assert after.review.get(group, 0) == max(before.review.get(group, 0), wanted.get(group, 0))


OWN = ("alice", "alter", "mirror")
"""Entries of one human being: alice, one with her key, one with her AWS identity."""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(RULE, min_size=1, max_size=3),
    st.lists(st.sampled_from(OWN), max_size=4),
    st.sampled_from(OWN),
)
def test_the_requester_alone_is_never_enough(
    rules: list[dict[str, Any]], who: list[str], executor: str
) -> None:
    """No set of approvals that holds only the requester's identities is granted."""
    everything = list(ALL_GROUPS)
    people = {
        "alice": s.person("alice", groups=everything),
        "alter": s.person("alter", groups=everything, keys=s.person("alice")["keys"]),
        "mirror": s.person("mirror", groups=everything, aws=[{"arn": s.arn("alice")}]),
    }
    numbered_rules = [rule | {"id": f"r{n}"} for n, rule in enumerate(rules)]
    law_now = w.in_force(s.approvals_of(*numbered_rules, people=people))
    record = request()
    for name in who:
        signer = Signer(person=name, key=s.key("mirror" if name == "mirror" else "alice"))
        record.approvals.append(decision_by(name, record, groups=tuple(everything), signer=signer))
    assert not executed(record, law_now, executor)


@settings(max_examples=60, deadline=None)
@given(st.lists(RULE, min_size=1, max_size=3), SUPPORTERS, st.sampled_from(list(s.PEOPLE)))
def test_fewer_approvals_never_grant_more(
    rules: list[dict[str, Any]], who: list[str], gone: str
) -> None:
    """Taking an approval away grants nothing that was not granted with it."""
    law_now = w.in_force(numbered(rules))
    fewer = [person for person in who if person != gone]
    if executed(granted(*fewer), law_now):
        assert executed(granted(*who), law_now)


def test_requests_are_read_only_values() -> None:
    """A decision changes nothing it looks at."""
    record = granted("bob")
    body = msgspec.to_builtins(record.body)
    executed(record)
    assert isinstance(record.body, Request)
    assert msgspec.to_builtins(record.body) == body
