"""Waves: how far an SCP reaches, by whose order, and what comes before."""

from dataclasses import replace

import pytest

from orgroot.core.config import ScpConfig
from orgroot.core.scp import DeclaredScp, ObservedScps, declare
from orgroot.core.scp_document import parse_scp
from orgroot.core.scp_plan import plan_scps
from orgroot.core.scp_waves import Reach, at_wave, reaches, up_to
from orgroot.errors import UsageError
from tests.core.scp_world import (
    ACCOUNT,
    ORG_ROOT,
    OTHER_TEXT,
    SPACED,
    TEXT,
    UNIT,
    declared,
    observed,
    scp,
)


def waved(
    *waves: tuple[str, ...], targets: tuple[str, ...] = ("root",), text: str = TEXT, who: str = ""
) -> DeclaredScp:
    """An SCP with waves."""
    configured = ScpConfig(
        name="one",
        file="f",
        description="d",
        targets=targets,
        waves=waves,
        managed_by=who or "orgroot",
    )
    return declare(configured, parse_scp(text, "f"), ORG_ROOT)


CANARY = waved((ACCOUNT,), (UNIT,), ("root",))


def reached(wanted: DeclaredScp, state: ObservedScps, wave: int | None) -> list[Reach]:
    """How far the plan for a wave goes."""
    changes = plan_scps(up_to((wanted,), wave), state).plan.changes
    return list(reaches((wanted,), changes, state))


def test_canaries_hold_the_scp_until_the_last_wave() -> None:
    """Wave by wave more is attached; with the last one only the targets keep it."""
    targets = [up_to((CANARY,), wave)[0].targets for wave in (1, 2, 3, None)]
    assert targets == [(ACCOUNT,), (ACCOUNT, UNIT), (ORG_ROOT,), (ORG_ROOT,)]
    assert CANARY.named == {ACCOUNT, UNIT, ORG_ROOT}
    last = plan_scps(up_to((CANARY,), 3), observed(scp(), account=("p-one",), unit=("p-one",)))
    assert [(c.op.value, c.target) for c in last.plan.changes] == [
        ("attach-scp", ORG_ROOT),
        ("detach-scp", ACCOUNT),
        ("detach-scp", UNIT),
    ]


@pytest.mark.parametrize(
    ("state", "wave", "expected"),
    [
        (observed(), 1, (1, (ACCOUNT,), (), ())),
        (observed(), 2, (2, (UNIT,), (ACCOUNT,), (ACCOUNT,))),
        (observed(scp(), account=("p-one",)), 2, (2, (UNIT,), (ACCOUNT,), ())),
        (observed(scp(), account=("p-one",)), None, (3, (ORG_ROOT,), (UNIT,), (UNIT,))),
        (observed(scp(text=OTHER_TEXT), account=("p-one",)), 1, (1, (ACCOUNT,), (), ())),
    ],
)
def test_a_plan_reaches_a_wave_after_the_one_before(
    state: ObservedScps, wave: int | None, expected: tuple[object, ...]
) -> None:
    """What must be there before, and what of it is not."""
    (reach,) = reached(CANARY, state, wave)
    assert (reach.wave, reach.targets, reach.before, reach.lacking) == expected


@pytest.mark.parametrize(
    ("state", "wave"),
    [
        (observed(scp(), account=("p-one",)), 1),
        (observed(scp(text=SPACED), root=("p-one",)), None),
        (observed(replace(scp(), description="old"), root=("p-one",)), None),
        (observed(scp(), root=("p-one",), unit=("p-one",)), None),
        (observed(scp(text=OTHER_TEXT)), 1),
    ],
)
def test_what_brings_no_text_further_reaches_nothing(state: ObservedScps, wave: int | None) -> None:
    """No change, another description, a detachment, or a text that is attached nowhere."""
    found = reached(CANARY, state, wave)
    assert [reach.wave for reach in found] == ([1] if state.policies[-1].text == OTHER_TEXT else [])


def test_a_text_that_reached_several_waves_is_not_rewritten() -> None:
    """It would be in force everywhere at once: another SCP has waves of its own."""
    state = observed(scp(text=OTHER_TEXT), account=("p-one",), unit=("p-one",))
    with pytest.raises(UsageError, match="beyond its first wave") as caught:
        reached(CANARY, state, 2)
    assert "as another SCP, with waves" in (caught.value.hint or "")
    stray = observed(scp(text=OTHER_TEXT), root=("p-one",))
    assert [r.wave for r in reached(waved((ACCOUNT,), targets=(ACCOUNT,)), stray, None)] == [1]


def test_without_waves_nothing_waits() -> None:
    """Nor where another tool rolls out."""
    assert reached(declared("root"), observed(), None) == []
    theirs = waved(("root",), who="terraform")
    assert reached(theirs, observed(), None) == []
    assert at_wave((declared("root"), theirs), 1) == ()


def test_an_scp_stands_at_its_last_wave_at_most() -> None:
    """A shorter list has ended where a longer one goes on."""
    assert [(r.wave, r.targets) for r in at_wave((CANARY, waved(("root",))), 2)] == [
        (2, (UNIT,)),
        (1, (ORG_ROOT,)),
    ]


@pytest.mark.parametrize(
    ("wanted", "wave", "words"),
    [
        ((CANARY,), 4, "the longest list has 3"),
        ((CANARY,), 0, "the longest list has 3"),
        ((declared("root"),), 1, "no SCP has `waves:`"),
        ((), 1, "no SCP has `waves:`"),
    ],
)
def test_a_wave_that_nobody_has_is_a_mistake(
    wanted: tuple[DeclaredScp, ...], wave: int, words: str
) -> None:
    """It is not taken for the last one."""
    with pytest.raises(UsageError, match=words):
        up_to(wanted, wave)


@pytest.mark.parametrize(
    ("waves", "targets", "words"),
    [
        (((),), ("root",), "names no target"),
        ((("root",), ("r-ab12",)), ("root",), "name a target twice"),
        (((ACCOUNT,),), ("root", ACCOUNT), "no wave names its target r-ab12"),
        ((("root",), (ACCOUNT,)), ("root",), "its last wave names 222222222222"),
        ((("nowhere",),), ("root",), "is no target"),
    ],
)
def test_waves_end_with_the_targets(
    waves: tuple[tuple[str, ...], ...], targets: tuple[str, ...], words: str
) -> None:
    """Each target once, and no canary in the last wave."""
    with pytest.raises(UsageError, match=words):
        waved(*waves, targets=targets)


def test_a_target_of_a_later_wave_must_exist_too() -> None:
    """What will fail then is said now."""
    later = waved((ACCOUNT,), ("333333333333",), ("root",))
    with pytest.raises(UsageError, match="no root, OU or account 333333333333"):
        plan_scps(up_to((later,), 1), observed())
