"""How declared SCPs reach all their targets, wave after wave."""

from orgroot.core.config import ScpConfig
from orgroot.core.scp import DeclaredScp, ObservedScps, compare_scps, declare
from orgroot.core.scp_changes import scp_of
from orgroot.core.scp_document import parse_scp
from orgroot.core.scp_rollout import observed_after, rollout
from orgroot.core.scp_waves import from_wave, longest
from tests.core.scp_world import ACCOUNT, ORG_ROOT, OTHER_TEXT, TEXT, UNIT, declared, observed, scp


def waved(*waves: tuple[str, ...], name: str = "one") -> DeclaredScp:
    """An SCP for the whole organization, with waves."""
    configured = ScpConfig(name=name, file="f", description="d", targets=("root",), waves=waves)
    return declare(configured, parse_scp(TEXT, "f"), ORG_ROOT)


def steps(wanted: tuple[DeclaredScp, ...], state: ObservedScps) -> list[list[tuple[str, str, str]]]:
    """Each wave's changes: what, which SCP, where."""
    return [
        [(change.op.value, scp_of(change), change.target) for change in changes]
        for _, changes in rollout(wanted, state)
    ]


def test_each_wave_begins_where_the_one_before_ended() -> None:
    """The canary holds the SCP until the last wave, which attaches it to its target."""
    three = waved((ACCOUNT,), (UNIT,), ("root",))
    assert steps((three,), observed()) == [
        [("create-scp", "one", "one"), ("attach-scp", "one", ACCOUNT)],
        [("attach-scp", "one", UNIT)],
        [
            ("attach-scp", "one", ORG_ROOT),
            ("detach-scp", "one", ACCOUNT),
            ("detach-scp", "one", UNIT),
        ],
    ]


def test_nothing_that_is_reached_is_taken_back() -> None:
    """From the second wave on, the first one has nothing to do."""
    state = observed(scp(), account=("p-one",), unit=("p-one",))
    three = waved((ACCOUNT,), (UNIT,), ("root",))
    assert [len(changes) for changes in steps((three,), state)] == [0, 0, 3]
    assert from_wave((three,), 1, state)[0].targets == (ACCOUNT, UNIT)


def test_without_waves_there_is_one_plan_and_its_end_is_what_is_declared() -> None:
    """Created, rewritten, attached, detached and deleted: nothing is left to do."""
    state = observed(
        scp("old"), scp("one", text=OTHER_TEXT), unit=("p-old", "p-one"), account=("p-one",)
    )
    wanted = (declared(UNIT), declared("root", name="new"))
    assert longest(wanted) == 0
    ((seen, changes),) = rollout(wanted, state)
    assert seen == state
    after = observed_after(state, changes)
    assert compare_scps(wanted, after) == ()
    assert {policy.name for policy in after.policies} == {"FullAWSAccess", "one", "new"}
