"""The plan that makes SCPs as declared: every change, its texts, its limits, what stays alone."""

from dataclasses import replace

import msgspec
import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Op
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_changes import attachment_of, content_of, known_of
from orgroot.core.scp_plan import ScpPlan, ScpSize, TargetBudget, plan_scps
from orgroot.errors import UsageError
from tests.core.scp_world import (
    ACCOUNT,
    ALLOW,
    ORG_ROOT,
    OTHER_TEXT,
    SPACED,
    TEXT,
    UNIT,
    declared,
    observed,
    scp,
)


def steps(result: ScpPlan) -> list[tuple[str, str]]:
    """Each change's operation and target."""
    return [(change.op.value, change.target) for change in result.plan.changes]


def test_a_missing_scp_is_created_and_attached_to_the_smallest_target_first() -> None:
    """The plan carries the full text, and attaches what it creates: accounts, OUs, the root."""
    result = plan_scps((declared("root", UNIT, ACCOUNT),), observed())
    assert steps(result) == [
        ("create-scp", "one"),
        ("attach-scp", ACCOUNT),
        ("attach-scp", UNIT),
        ("attach-scp", ORG_ROOT),
    ]
    create, first, *_ = result.plan.changes
    assert create.before is None
    assert (content_of(create).policy.text, content_of(create).description) == (TEXT, "d")
    assert msgspec.to_builtins(attachment_of(first)) == {"scp": "one", "id": None, "policy": None}
    assert result.plan.task is Task.ADD_SCPS
    assert result.plan.notes == ()
    assert result.budgets[-1] == TargetBudget(target=ORG_ROOT, attached=1, planned=2)
    assert result.sizes == (ScpSize(scp="one", characters=len(TEXT)),)
    assert len(result.plan.digest) == 64


def test_an_existing_scp_is_attached_where_it_is_missing() -> None:
    """The text that is attached stands in the plan, as AWS has it."""
    result = plan_scps((declared("root", UNIT),), observed(scp(text=SPACED), root=("p-one",)))
    (change,) = result.plan.changes
    assert (change.op, change.target) == (Op.ATTACH_SCP, UNIT)
    attachment = attachment_of(change)
    assert (attachment.scp, attachment.id) == ("one", "p-one")
    assert attachment.policy is not None
    assert attachment.policy.text == SPACED


def test_where_nothing_differs_nothing_is_planned() -> None:
    """Another spelling of the same document is no difference."""
    result = plan_scps((declared("root"),), observed(scp(text=SPACED), root=("p-one",)))
    assert (result.plan.changes, result.plan.notes) == ((), ())
    assert result.budgets[0].planned == 2


def test_without_the_key_nothing_is_managed() -> None:
    """A missing `scps` leaves everything alone; an empty list removes what is orgroot's."""
    assert "not managed" in plan_scps(None, observed(scp())).plan.notes[0]
    foreign = scp("theirs", team="platform")
    emptied = plan_scps((), observed(scp(), foreign, root=("p-one", "p-theirs"), unit=("p-one",)))
    assert steps(emptied) == [
        ("detach-scp", UNIT),
        ("detach-scp", ORG_ROOT),
        ("delete-scp", "one"),
    ]
    assert emptied.plan.task is Task.CHANGE_SCPS
    detached, _, deleted = emptied.plan.changes
    text = attachment_of(detached).policy
    assert text is not None
    assert (text.text, known_of(deleted).policy.text) == (TEXT, TEXT)
    assert emptied.budgets == (
        TargetBudget(target=UNIT, attached=2, planned=1),
        TargetBudget(target=ORG_ROOT, attached=3, planned=2),
    )


def test_another_text_or_description_is_one_update_with_both_texts() -> None:
    """Old and new stand in the plan; what is attached or detached besides refers to them."""
    wanted = replace(declared(UNIT, text=OTHER_TEXT), description="new")
    result = plan_scps((wanted,), observed(scp(), root=("p-one",)))
    assert steps(result) == [
        ("update-scp", "one"),
        ("attach-scp", UNIT),
        ("detach-scp", ORG_ROOT),
    ]
    update, *others = result.plan.changes
    assert (known_of(update).id, known_of(update).policy.text) == ("p-one", TEXT)
    assert (known_of(update).description, content_of(update).description) == ("d", "new")
    assert content_of(update).policy.text == OTHER_TEXT
    assert [(attachment_of(c).id, attachment_of(c).policy) for c in others] == [
        ("p-one", None),
        ("p-one", None),
    ]
    described = plan_scps((replace(declared(), description="new"),), observed(scp()))
    assert steps(described) == [("update-scp", "one")]
    assert described.plan.task is Task.CHANGE_SCPS


def test_an_scp_that_allows_is_no_addition() -> None:
    """Beside an allow list, an Allow loosens: that is a change, and travels as one."""
    created = plan_scps((declared("root", text=ALLOW),), observed())
    known = plan_scps((declared("root", text=ALLOW),), observed(scp(text=ALLOW)))
    assert created.plan.task is known.plan.task is Task.CHANGE_SCPS


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (observed(scp(team="platform")), "`orgroot scp adopt one`"),
        (observed(replace(scp(), aws_managed=True)), "declare yours under another name"),
        (observed(scp(terraform="true")), "change it through Terraform"),
    ],
)
def test_what_is_not_orgroots_is_named_with_the_remedy(state: ObservedScps, words: str) -> None:
    """An SCP of the name that somebody else made ends the plan."""
    with pytest.raises(UsageError) as caught:
        plan_scps((declared("root"), declared("root", name="two")), state)
    assert words in (caught.value.hint or "")


def test_a_neighbours_name_is_declared_as_theirs_or_not_at_all() -> None:
    """Orgroot creates nothing that looks like another tool's."""
    name = "AWSAccelerator-Guardrails-1"
    with pytest.raises(UsageError, match="Landing Zone Accelerator"):
        plan_scps((declared("root", name=name),), observed())
    assert plan_scps((declared("root", name=name, managed_by="lza"),), observed()).plan.notes


def test_what_another_tool_manages_is_compared_and_never_written() -> None:
    """Missing, different and unattached SCPs of terraform are notes, its own business nothing."""
    theirs = declared("root", managed_by="terraform")
    missing = plan_scps((theirs,), observed())
    assert missing.plan.changes == ()
    assert [note.split("; ")[0] for note in missing.plan.notes] == [
        "SCP one: it does not exist",
        f"SCP one: it is not attached to {ORG_ROOT}",
    ]
    assert all("managed by terraform" in note for note in missing.plan.notes)
    differs = plan_scps((theirs,), observed(scp(text=OTHER_TEXT), account=("p-one",)))
    assert differs.plan.changes == ()
    assert [note.split("; ")[0] for note in differs.plan.notes] == [
        "SCP one: its text differs from the declared file",
        f"SCP one: it is not attached to {ORG_ROOT}",
    ]


def test_an_unknown_target_is_refused_when_planning() -> None:
    """An id that the organization does not have ends the plan."""
    with pytest.raises(UsageError, match="no root, OU or account 333333333333"):
        plan_scps((declared("333333333333"),), observed())


def test_scps_must_be_enabled() -> None:
    """The remedy is the exact command; what others manage does not need it."""
    disabled = replace(observed(), enabled=False)
    with pytest.raises(UsageError, match="not enabled") as caught:
        plan_scps((declared("root"),), disabled)
    assert caught.value.hint is not None
    assert "enable-policy-type --root-id r-ab12" in caught.value.hint
    assert plan_scps((declared("root", managed_by="lza"),), disabled).plan.changes == ()


def test_a_target_holds_ten() -> None:
    """FullAWSAccess counts; the eleventh is refused before any call, the tenth is not."""
    eight = tuple(f"p-0000000{n}" for n in range(8))
    tenth = plan_scps((declared("root"),), observed(root=eight))
    assert tenth.budgets[0] == TargetBudget(target=ORG_ROOT, attached=9, planned=10)
    with pytest.raises(UsageError, match=r"holds 10 SCPs and would hold 11") as caught:
        plan_scps((declared("root"),), observed(root=(*eight, "p-00000009")))
    assert caught.value.code == "scp-budget"
    over = observed(scp(), root=(*eight, "p-00000009", "p-one"))
    assert plan_scps((declared("root"),), over).budgets[0].planned == 11


def test_a_full_target_swaps_one_for_another() -> None:
    """Ten before and ten after: the old one goes first, for there is no slot beside it."""
    eight = tuple(f"p-0000000{n}" for n in range(8))
    state = observed(scp("old"), root=(*eight, "p-old"))
    assert steps(plan_scps((declared("root"),), state)) == [
        ("create-scp", "one"),
        ("detach-scp", ORG_ROOT),
        ("attach-scp", ORG_ROOT),
        ("delete-scp", "old"),
    ]
    roomy = observed(scp("old"), root=("p-old",))
    assert steps(plan_scps((declared("root"),), roomy)) == [
        ("create-scp", "one"),
        ("attach-scp", ORG_ROOT),
        ("detach-scp", ORG_ROOT),
        ("delete-scp", "old"),
    ]
