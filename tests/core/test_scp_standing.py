"""What is left of approved changes of SCPs: to do, done, or stale with the reason."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from orgroot.core.plan import Change, ChangeState, Op
from orgroot.core.scp import DeclaredScp, ObservedScps
from orgroot.core.scp_changes import attached_at, attachment_of, content_of, scp_of
from orgroot.core.scp_document import policy_text
from orgroot.core.scp_plan import plan_scps
from orgroot.core.scp_standing import standing
from orgroot.errors import IntegrityError
from tests.core.scp_world import (
    ACCOUNT,
    ORG_ROOT,
    OTHER_TEXT,
    SPACED,
    TEXT,
    declared,
    observed,
    scp,
)

ONE = ("p-one",)
UPDATED = scp(text=OTHER_TEXT)


def plan(state: ObservedScps, *wanted: DeclaredScp) -> tuple[Change, ...]:
    """The changes that make it so."""
    return plan_scps(wanted, state).plan.changes


ADDING = plan(observed(), declared("root"))
ATTACHING = plan(observed(scp()), declared("root"))
CHANGING = plan(observed(scp(), account=ONE), declared("root", text=OTHER_TEXT))
"""Update, attach to the root, detach from the account."""
REMOVING = plan(observed(scp(), root=ONE))


def states(changes: tuple[Change, ...], now: ObservedScps) -> list[str]:
    """What is left of each."""
    return [standing(change, now).state.value for change in changes]


@pytest.mark.parametrize(
    ("changes", "now", "left"),
    [
        (ADDING, observed(), ["to-do", "to-do"]),
        (ADDING, observed(scp()), ["done", "to-do"]),
        (ADDING, observed(scp(), root=ONE), ["done", "done"]),
        (CHANGING, observed(scp(), account=ONE), ["to-do", "to-do", "to-do"]),
        (CHANGING, observed(scp(text=SPACED), account=ONE), ["to-do", "to-do", "to-do"]),
        (CHANGING, observed(UPDATED, account=ONE), ["done", "to-do", "to-do"]),
        (CHANGING, observed(UPDATED, root=ONE, account=ONE), ["done", "done", "to-do"]),
        (CHANGING, observed(UPDATED, root=ONE), ["done", "done", "done"]),
        (REMOVING, observed(scp(), root=ONE), ["to-do", "to-do"]),
        (REMOVING, observed(scp()), ["done", "to-do"]),
        (REMOVING, observed(), ["done", "done"]),
    ],
)
def test_changes_are_to_do_then_done(
    changes: tuple[Change, ...], now: ObservedScps, left: list[str]
) -> None:
    """Before the plan, between its steps, and after it."""
    assert states(changes, now) == left


FOREIGN = scp(team="platform")
OTHER = replace(scp(), id="p-other")
RENAMED = replace(scp(), name="two")


@pytest.mark.parametrize(
    ("change", "now", "words"),
    [
        (ADDING[0], observed(FOREIGN), "does not carry orgroot's tag"),
        (ADDING[0], observed(UPDATED), "another text"),
        (ADDING[1], observed(FOREIGN), "does not carry orgroot's tag"),
        (ATTACHING[0], observed(FOREIGN), "does not carry orgroot's tag"),
        (ATTACHING[0], observed(UPDATED), "another text"),
        (ATTACHING[0], observed(scp(text=None)), "another text"),
        (ATTACHING[0], observed(), "SCP one is gone"),
        (ATTACHING[0], observed(OTHER), "another policy"),
        (ATTACHING[0], replace(observed(scp()), attached={}), "no target r-ab12 any more"),
        (CHANGING[0], observed(), "SCP one is gone"),
        (CHANGING[0], observed(OTHER), "another policy"),
        (CHANGING[0], observed(FOREIGN), "does not carry orgroot's tag"),
        (CHANGING[0], observed(scp(text=None)), "another text or description"),
        (CHANGING[0], observed(replace(scp(), description="new")), "another text or description"),
        (REMOVING[0], observed(UPDATED, root=ONE), "another text"),
        (REMOVING[0], observed(FOREIGN, root=ONE), "does not carry orgroot's tag"),
        (REMOVING[0], observed(OTHER, root=("p-other",)), "another policy"),
        (REMOVING[0], observed(RENAMED, root=ONE), "called two now"),
        (REMOVING[0], replace(observed(scp()), attached={}), "no target r-ab12 any more"),
        (REMOVING[1], observed(UPDATED), "another text"),
        (REMOVING[1], observed(FOREIGN), "does not carry orgroot's tag"),
        (REMOVING[1], observed(OTHER), "another policy"),
        (REMOVING[1], observed(RENAMED), "called two now"),
    ],
)
def test_a_changed_world_makes_a_change_stale(
    change: Change, now: ObservedScps, words: str
) -> None:
    """What was approved is done to what was seen, or nothing is."""
    found = standing(change, now)
    assert found.state is ChangeState.STALE
    assert words in found.reason


@pytest.mark.parametrize(
    ("op", "before", "after"),
    [
        (Op.CREATE_SCP, None, None),
        (Op.CREATE_SCP, None, {"policy": {}, "description": ""}),
        (
            Op.CREATE_SCP,
            None,
            {
                "policy": {**msgspec.to_builtins(policy_text(TEXT)), "sha256": "0" * 64},
                "description": "",
            },
        ),
        (Op.UPDATE_SCP, None, CHANGING[0].after),
        (Op.ATTACH_SCP, None, {"scp": "one"}),
        (Op.DETACH_SCP, None, ATTACHING[0].after),
        (Op.DELETE_SCP, None, None),
        (Op.ENABLE_FEATURE, False, True),
    ],
)
def test_a_change_that_does_not_fit_is_an_integrity_error(op: Op, before: Any, after: Any) -> None:
    """What the log says is done exactly, or not at all."""
    with pytest.raises(IntegrityError):
        standing(Change(op=op, target=ORG_ROOT, before=before, after=after), observed())


def test_where_a_plan_attaches_and_detaches_is_known() -> None:
    """The targets, without the SCPs that it creates, rewrites or deletes."""
    assert attached_at(CHANGING) == {ORG_ROOT, ACCOUNT}
    assert attached_at(REMOVING[1:]) == frozenset()


def test_a_change_of_something_else_is_about_no_scp() -> None:
    """Asked for the SCP of a feature there is no answer; nor has a feature's change a text."""
    change = Change(op=Op.DISABLE_FEATURE, target=ACCOUNT, before=True, after=False)
    for part in (scp_of, content_of, attachment_of):
        with pytest.raises(IntegrityError):
            part(change)
