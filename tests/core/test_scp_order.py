"""On the way of a plan no target is ever worse off than AWS, or safety, allows."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.plan import DONE, TO_DO, Change, Op
from orgroot.core.scp import MAX_PER_TARGET, ObservedScps
from orgroot.core.scp_changes import attachment_of, scp_of
from orgroot.core.scp_document import allows_something
from orgroot.core.scp_order import in_order, objection
from orgroot.core.scp_plan import plan_scps
from orgroot.errors import IntegrityError, UsageError
from tests.core.scp_world import (
    ACCOUNT,
    ALLOW,
    ORG_ROOT,
    TEXT,
    UNIT,
    declared,
    observed,
    scp,
)

LIST = scp("list", text=ALLOW)
"""An allow list that stands in for FullAWSAccess."""


def steps(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """Each change's operation and SCP."""
    return [(change.op.value, scp_of(change)) for change in changes]


def test_an_allow_list_is_replaced_without_a_gap() -> None:
    """The new list comes before the old one goes."""
    state = observed(LIST, bare=("unit",), unit=("p-list",))
    plan = plan_scps((declared(UNIT, name="new", text=ALLOW),), state).plan
    assert steps(plan.changes) == [
        ("create-scp", "new"),
        ("attach-scp", "new"),
        ("detach-scp", "list"),
        ("delete-scp", "list"),
    ]


def test_an_allow_list_becomes_a_denial_only_after_another_one_allows() -> None:
    """The update waits for the attachment that makes it harmless."""
    state = observed(LIST, bare=("unit",), unit=("p-list",))
    wanted = (declared(UNIT, name="list"), declared(UNIT, name="new", text=ALLOW))
    assert steps(plan_scps(wanted, state).plan.changes) == [
        ("create-scp", "new"),
        ("attach-scp", "new"),
        ("update-scp", "list"),
    ]


@pytest.mark.parametrize(
    ("wanted", "state", "words"),
    [
        ((), observed(scp(), bare=("unit",), unit=("p-one",)), "left without any SCP"),
        (
            (),
            observed(LIST, scp("x", team="t"), bare=("unit",), unit=("p-list", "p-x")),
            "without an SCP that allows anything",
        ),
        (
            (declared(UNIT, name="list"),),
            observed(LIST, bare=("unit",), unit=("p-list",)),
            "without an SCP that allows anything",
        ),
    ],
)
def test_a_plan_that_would_bare_a_target_is_refused(
    wanted: tuple[object, ...], state: ObservedScps, words: str
) -> None:
    """The last SCP, and the last one that allows, stay."""
    with pytest.raises(UsageError, match=words) as caught:
        plan_scps(wanted, state)  # type: ignore[arg-type]
    assert caught.value.code == "scp-order"
    assert UNIT in caught.value.message


def test_where_nothing_allowed_before_nothing_is_asked() -> None:
    """A target that denies everything already may lose a denial."""
    state = observed(scp(), scp("x", team="t"), bare=("unit",), unit=("p-one", "p-x"))
    assert steps(plan_scps((), state).plan.changes) == [
        ("detach-scp", "one"),
        ("delete-scp", "one"),
    ]


def test_what_is_left_is_judged_again_in_its_approved_order() -> None:
    """Filled slots, a vanished Allow, or a wrong order refuse the plan as stale."""
    plan = plan_scps((declared("root"),), observed()).plan.changes
    open_ = dict.fromkeys(range(len(plan)), TO_DO)
    assert objection(plan, open_, observed()) == ""
    full = observed(root=tuple(f"p-{n}" for n in range(9)))
    assert "holds 10 SCPs" in objection(plan, open_, full)
    assert objection(plan, open_ | {1: DONE}, full) == ""
    assert "new text" in objection(plan[::-1], open_, observed())
    removal = plan_scps((), observed(scp(), root=("p-one",))).plan.changes
    assert "still attached to r-ab12" in objection(
        removal[::-1], open_, observed(scp(), root=("p-one",))
    )
    assert "without any SCP" in objection(
        removal, open_, observed(scp(), bare=("root",), root=("p-one",))
    )
    gone = observed(scp(), unit=("p-one",))
    assert "still attached" in objection(removal, open_, gone)


def test_other_changes_have_no_order() -> None:
    """Only SCPs are ordered here."""
    other = Change(op=Op.ENABLE_FEATURE, target="RootSessions", before=False, after=True)
    with pytest.raises((IntegrityError, ValueError)):
        in_order((other,), observed())


NAMES = ("a", "b", "c", "d")
TARGETS = (ORG_ROOT, UNIT, ACCOUNT)
texts = st.sampled_from((TEXT, ALLOW))
places = st.lists(st.sampled_from(TARGETS), unique=True)


@given(
    wanted=st.dictionaries(st.sampled_from(NAMES), st.tuples(texts, places)),
    there=st.dictionaries(st.sampled_from(NAMES), st.tuples(texts, places)),
    others=st.integers(0, 9),
    full=st.booleans(),
)
def test_every_step_of_every_plan_is_safe(
    wanted: dict[str, tuple[str, list[str]]],
    there: dict[str, tuple[str, list[str]]],
    others: int,
    full: bool,  # noqa: FBT001 - drawn
) -> None:
    """Step by step: one SCP at least, ten at most, an Allow where there was one, and the end."""
    fill = tuple(f"p-other{n}" for n in range(others))
    keys = dict(zip(TARGETS, ("root", "unit", "account"), strict=True))
    state = observed(
        *(scp(name, text=text) for name, (text, _) in there.items()),
        bare=() if full else ("unit",),
        **{
            key: (*fill, *(f"p-{n}" for n, (_, at) in there.items() if target in at))
            for target, key in keys.items()
        },
    )
    if any(len(held) > MAX_PER_TARGET for held in state.attached.values()):
        return
    asked = tuple(declared(*at, name=n, text=text) for n, (text, at) in wanted.items())
    try:
        changes = plan_scps(asked, state).plan.changes
    except UsageError:
        return
    allow = {p.id.removeprefix("p-") for p in state.policies if allows_something(p.text or "")}
    held = {t: {p.removeprefix("p-") for p in ids} for t, ids in state.attached.items()}
    for change in changes:
        before = {t for t, names in held.items() if names & allow}
        name = scp_of(change)
        if change.op in (Op.CREATE_SCP, Op.UPDATE_SCP):
            allow = allow | {name} if wanted[name][0] == ALLOW else allow - {name}
        elif change.op is Op.ATTACH_SCP:
            held[change.target].add(attachment_of(change).scp)
        elif change.op is Op.DETACH_SCP:
            held[change.target].discard(name)
        else:
            assert not any(name in names for names in held.values())
        assert all(
            len(names) <= MAX_PER_TARGET and (names or not state.attached[t])
            for t, names in held.items()
        )
        assert before <= {t for t, names in held.items() if names & allow}
    for name, (_, at) in wanted.items():
        assert {t for t, names in held.items() if name in names} == set(at)
