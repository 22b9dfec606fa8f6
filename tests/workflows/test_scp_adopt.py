"""`scp adopt NAME`: an SCP that somebody made becomes orgroot's, by an approved request."""

from pathlib import Path

import pytest
from fakes.aws_members import ORG_ROOT
from fakes.scp_place import ASK, MEMBER, NAME, OTHER_SENT, SENT, Place

from orgroot.core.config import ScpConfig
from orgroot.core.governed_tasks import Task
from orgroot.core.results import PlanResult, RequestView
from orgroot.core.scp import TAGS
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows import scp_adopt, scp_planning
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An SCP of the declared name that the platform team made and attached."""
    found = Place(tmp_path)
    made = found.aws.create_scp(NAME, "", SENT, {"team": "platform"})
    for target in (ORG_ROOT, MEMBER):
        found.aws.attach_scp(made.id, target)
    found.aws.calls.clear()
    return found


def approved(place: Place) -> str:
    """The adoption, asked for and approved."""
    view = scp_adopt.adopt(place.workspace(), NAME, ASK)
    assert isinstance(view, RequestView)
    assert view.task == Task.CHANGE_SCPS
    approve(place.world.desk("bob"), view.id, "", lambda _summary: None)
    return view.id


def test_it_is_tagged_and_nothing_else(place: Place) -> None:
    """After the approval the plan finds it as its own; its text was not sent again."""
    with pytest.raises(UsageError, match="is not orgroot's") as caught:
        scp_planning.plan(place.workspace())
    assert f"`orgroot scp adopt {NAME}`" in (caught.value.hint or "")
    preview = scp_adopt.plan(place.workspace(), NAME)
    assert [(change.op, change.target) for change in preview.changes] == [("adopt-scp", NAME)]
    request = approved(place)
    assert place.aws.writes == []
    result = place.run(request)
    assert (result.applied, result.command) == (True, "scp adopt")
    assert place.written() == ["organizations:TagResource"]
    (policy,) = (scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)
    assert place.aws.policy_tags[policy] == {"team": "platform", **TAGS}
    assert scp_planning.plan(place.workspace()).changes == ()
    again = scp_adopt.adopt(place.workspace(), NAME, ASK)
    assert isinstance(again, PlanResult)
    assert (again.changes, again.notes) == ((), (f"SCP {NAME} is orgroot's already",))


def test_another_text_than_the_one_approved_is_not_adopted(place: Place) -> None:
    """The text on record would not be the one that is orgroot's from then on."""
    request = approved(place)
    (policy,) = (scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)
    place.aws.update_scp(policy, "", OTHER_SENT)
    before = list(place.aws.writes)
    with pytest.raises(RequestRefused, match="stale"):
        execute(place.workspace(), request)
    assert place.aws.writes == before


@pytest.mark.parametrize(
    ("name", "words"),
    [("FullAWSAccess", "is AWS's own"), ("nobody", "has no SCP"), ("other", "is not declared")],
)
def test_what_cannot_be_adopted_is_refused_before_anything(
    place: Place, name: str, words: str
) -> None:
    """By name, with nothing written anywhere."""
    place.aws.create_scp("other", "", SENT, {})
    before, records = list(place.aws.writes), len(place.world.store.objects)
    with pytest.raises(UsageError, match=words):
        scp_adopt.adopt(place.workspace(), name, ASK)
    assert (place.aws.writes, len(place.world.store.objects)) == (before, records)


def test_what_the_configuration_leaves_to_another_tool_stays_theirs(place: Place) -> None:
    """`managed_by` outweighs the wish."""
    place.declare(ScpConfig(name=NAME, file="deny.json", targets=("root",), managed_by="terraform"))
    with pytest.raises(UsageError, match="is managed by terraform"):
        scp_adopt.adopt(place.workspace(), NAME, ASK)
