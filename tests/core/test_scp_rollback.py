"""Putting SCPs back: every kind of change is undone, by what its execution has on record."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.facts import StepIntentItem, StepResultItem
from orgroot.core.ids import ExecutionId, sha256
from orgroot.core.log_state import ExecutionRecord
from orgroot.core.plan import Change, Op
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_changes import attachment_of, content_of, known_of, scp_of, step_of
from orgroot.core.scp_plan import plan_scps
from orgroot.core.scp_rollback import differing, done_by, undoing
from orgroot.errors import UsageError
from tests.core import world as w
from tests.core.scp_world import (
    ACCOUNT,
    ALLOW,
    ORG_ROOT,
    OTHER_TEXT,
    TEXT,
    UNIT,
    declared,
    observed,
    scp,
)

ONE = ("p-one",)
Ended = Literal["done", "refused", "unknown"] | None


def steps(changes: tuple[Change, ...]) -> list[tuple[str, str, str]]:
    """Each change's operation, SCP and target."""
    return [(c.op.value, scp_of(c), c.target) for c in changes]


def execution(*ended: tuple[Change, Ended]) -> ExecutionRecord:
    """An execution that made these steps, and how each ended."""
    run = ExecutionRecord(
        id=ExecutionId("oex_x"),
        seq=9,
        record_hash=sha256(b""),
        body=w.Log().survey_body(),
        accounts=(),
    )
    for n, (change, outcome) in enumerate(ended, 1):
        operation, target = step_of(change)
        run.numbers.setdefault("", []).append(n)
        run.step_intents["", n] = StepIntentItem(
            account="", n=n, operation=operation, target=target, before_b64=""
        )
        if outcome is not None:
            run.step_results["", n] = StepResultItem(
                account="", n=n, outcome=outcome, after_sha256="", error=""
            )
    return run


ADDED = plan_scps((declared("root", ACCOUNT),), observed()).plan.changes


def test_only_what_was_made_is_undone() -> None:
    """What was refused, or done before, is not among it; what nobody knows cannot be undone."""
    create, account, root = ADDED
    assert done_by(execution((create, "done"), (account, "refused")), ADDED) == (create,)
    assert done_by(execution((account, "done"), (root, "done")), ADDED) == (account, root)
    for ended in ("unknown", None):
        with pytest.raises(UsageError, match="does not say how it ended"):
            done_by(execution((create, ended)), ADDED)  # type: ignore[arg-type]


def test_what_was_added_is_taken_away() -> None:
    """Detached from each target, then deleted, with the texts in full."""
    now = observed(scp(), root=ONE, account=ONE)
    back = undoing(ADDED, now)
    assert steps(back) == [
        ("detach-scp", "one", ACCOUNT),
        ("detach-scp", "one", ORG_ROOT),
        ("delete-scp", "one", "one"),
    ]
    detached = attachment_of(back[0])
    assert (detached.id, detached.policy and detached.policy.text) == ("p-one", TEXT)
    assert (known_of(back[-1]).id, known_of(back[-1]).policy.text) == ("p-one", TEXT)


def test_a_text_and_its_targets_are_put_back() -> None:
    """The old text and description come back, and the old targets with them."""
    before = observed(scp(), account=ONE)
    done = plan_scps((declared(UNIT, text=OTHER_TEXT),), before).plan.changes
    back = undoing(done, observed(scp(text=OTHER_TEXT), unit=ONE))
    assert steps(back) == [
        ("update-scp", "one", "one"),
        ("attach-scp", "one", ACCOUNT),
        ("detach-scp", "one", UNIT),
    ]
    update, *others = back
    assert known_of(update).policy.text == OTHER_TEXT
    assert (content_of(update).policy.text, content_of(update).description) == (TEXT, "d")
    assert [(attachment_of(c).id, attachment_of(c).policy) for c in others] == [("p-one", None)] * 2


def test_what_was_deleted_is_created_and_attached_again() -> None:
    """AWS gives it another id; name, text, description and targets are as before."""
    done = plan_scps((), observed(scp(), root=ONE)).plan.changes
    back = undoing(done, observed())
    assert steps(back) == [("create-scp", "one", "one"), ("attach-scp", "one", ORG_ROOT)]
    assert content_of(back[0]).policy.text == TEXT
    assert attachment_of(back[1]).id is None


def test_what_differs_is_named() -> None:
    """Somebody changed a text, or took a target away: both are said."""
    assert differing(ADDED, observed(scp(), root=ONE, account=ONE)) == ()
    found = differing(ADDED, observed(scp(text=OTHER_TEXT), root=ONE))
    assert found[0] == "create-scp one: SCP one has another text than the one approved"
    assert found[1] == f"attach-scp {ACCOUNT}: it is not so any more"


def test_nothing_is_put_back_where_nothing_changed() -> None:
    """A plan that only tagged has changed no text and no attachment."""
    tagged = Change(op=Op.ADOPT_SCP, target="one", before={}, after={})
    with pytest.raises(UsageError, match="nothing to put back"):
        undoing((tagged,), observed())


def played(changes: tuple[Change, ...], state: ObservedScps) -> dict[str, tuple[str, set[str]]]:
    """The text and the targets of every SCP after the changes; FullAWSAccess left out."""
    names = {p.id: p.name for p in state.policies}
    there = {
        p.name: (p.text or "", {t for t, held in state.attached.items() if p.id in held})
        for p in state.policies
        if p.name != "FullAWSAccess"
    }
    assert set(names) == {p.id for p in state.policies}
    for change in changes:
        name = scp_of(change)
        match change.op:
            case Op.CREATE_SCP:
                there[name] = (content_of(change).policy.text, set())
            case Op.UPDATE_SCP:
                there[name] = (content_of(change).policy.text, there[name][1])
            case Op.ATTACH_SCP:
                there[name][1].add(change.target)
            case Op.DETACH_SCP:
                there[name][1].discard(change.target)
            case _:
                assert there.pop(name)[1] == set()
    return there


def state_of(scps: dict[str, tuple[str, set[str]]]) -> ObservedScps:
    """An organization with these SCPs on these targets."""
    keys = {"root": ORG_ROOT, "unit": UNIT, "account": ACCOUNT}
    return observed(
        *(scp(name, text=text) for name, (text, _) in scps.items()),
        **{
            key: tuple(f"p-{name}" for name, (_, at) in scps.items() if target in at)
            for key, target in keys.items()
        },
    )


places = st.sets(st.sampled_from((ORG_ROOT, UNIT, ACCOUNT)))
scps = st.dictionaries(
    st.sampled_from(("a", "b", "c")),
    st.tuples(st.sampled_from((TEXT, OTHER_TEXT, ALLOW)), places),
)


@given(there=scps, wanted=scps)
def test_a_rollback_gives_back_what_was_there(
    there: dict[str, tuple[str, set[str]]], wanted: dict[str, tuple[str, set[str]]]
) -> None:
    """Whatever a plan did: undone, every text and every attachment is as before it."""
    before = state_of(there)
    asked = tuple(declared(*at, name=n, text=text) for n, (text, at) in wanted.items())
    changes = plan_scps(asked, before).plan.changes
    if not changes:
        return
    after = played(changes, before)
    assert after == wanted
    now = state_of(after)
    assert differing(changes, now) == ()
    assert played(undoing(changes, now), now) == there
