"""SCPs declared against SCPs observed: whose they are, and every difference by name."""

from dataclasses import replace

import pytest

from orgroot.core.scp import TAGS, ScpDifference, compare_scps
from orgroot.errors import UsageError
from tests.core.scp_world import ORG_ROOT, UNIT, declared, observed, scp


def test_differences_are_named_in_order() -> None:
    """The comparison knows nothing of plans: drift reads it too."""
    found = compare_scps((declared("root"), declared(UNIT, name="two")), observed(scp(), scp("z")))
    assert [(d.kind, d.name, d.target) for d in found] == [
        (ScpDifference.NOT_ATTACHED, "one", ORG_ROOT),
        (ScpDifference.MISSING, "two", ""),
        (ScpDifference.NOT_ATTACHED, "two", UNIT),
        (ScpDifference.UNDECLARED, "z", ""),
    ]


@pytest.mark.parametrize("name", ["AWSAccelerator-Guardrails-1", "aws-guardrails-AbCdEf"])
def test_a_neighbours_name_outweighs_the_tag(name: str) -> None:
    """What is called like an SCP of another tool's is never orgroot's."""
    assert scp("mine").ours
    assert not replace(scp("mine"), name=name).ours
    assert not replace(scp("mine"), aws_managed=True).ours
    assert not replace(scp("mine"), tags={**TAGS, "orgroot:managed": "false"}).ours


@pytest.mark.parametrize("target", ["r-ab12", "root"])
def test_root_is_the_organization_root(target: str) -> None:
    """`root` in the configuration is the id of the root container."""
    assert declared(target).targets == (ORG_ROOT,)


@pytest.mark.parametrize("targets", [("root", "r-ab12"), ("everything",), ("12345",), ("",)])
def test_targets_are_ids_and_stand_once(targets: tuple[str, ...]) -> None:
    """A target that is no id, or the same one twice, is refused."""
    with pytest.raises(UsageError) as caught:
        declared(*targets)
    assert caught.value.code == "scp-target"
