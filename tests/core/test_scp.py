"""SCPs declared against SCPs observed: the plan, its limits, and what is left of it later."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from orgroot.core.config import ScpConfig
from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change, ChangeState, Op
from orgroot.core.scp import (
    TAGS,
    DeclaredScp,
    ObservedScp,
    ObservedScps,
    ScpDifference,
    TargetBudget,
    attachment_of,
    compare_scps,
    creation,
    declare,
    plan_scps,
    standing,
)
from orgroot.core.scp_document import parse_scp, policy_text
from orgroot.errors import IntegrityError, UsageError

ORG_ROOT, UNIT, ACCOUNT = "r-ab12", "ou-ab12-sandbox01", "222222222222"
TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
OTHER_TEXT = TEXT.replace("s3", "iam")
SPACED = TEXT.replace(",", " , ")
FULL = ObservedScp(
    id="p-FullAWSAccess",
    name="FullAWSAccess",
    description="",
    aws_managed=True,
    text=None,
    tags={},
)
OURS = ObservedScp(
    id="p-11112222", name="one", description="d", aws_managed=False, text=SPACED, tags=TAGS
)
FOREIGN = replace(OURS, tags={"team": "platform"})


def declared(*targets: str, **changes: str) -> DeclaredScp:
    """An SCP named `one`, declared for these targets."""
    fields = {"name": "one", "file": "one.json", "description": "d"} | changes
    return declare(ScpConfig(targets=targets, **fields), parse_scp(TEXT, "one.json"), ORG_ROOT)


def observed(*policies: ObservedScp, **attached: tuple[str, ...]) -> ObservedScps:
    """An organization with these SCPs; what each target holds besides FullAWSAccess."""
    full = ("p-FullAWSAccess",)
    return ObservedScps(
        org_root=ORG_ROOT,
        enabled=True,
        policies=(FULL, *policies),
        attached={
            ORG_ROOT: (*full, *attached.get("root", ())),
            UNIT: (*full, *attached.get("unit", ())),
            ACCOUNT: (*full, *attached.get("account", ())),
        },
    )


def test_a_missing_scp_is_created_and_attached() -> None:
    """The plan carries the full text, and attaches what it creates to each target in order."""
    result = plan_scps((declared("root", ACCOUNT),), observed())
    create, first, second = result.plan.changes
    assert (create.op, create.target, create.before) == (Op.CREATE_SCP, "one", None)
    assert creation(create).policy.text == TEXT
    assert creation(create).description == "d"
    assert [(c.op, c.target) for c in (first, second)] == [
        (Op.ATTACH_SCP, ORG_ROOT),
        (Op.ATTACH_SCP, ACCOUNT),
    ]
    assert msgspec.to_builtins(attachment_of(first)) == {"scp": "one", "id": None, "policy": None}
    assert result.plan.task is Task.ADD_SCPS
    assert result.plan.notes == ()
    assert result.budgets == (
        TargetBudget(target=ACCOUNT, attached=1, planned=2),
        TargetBudget(target=ORG_ROOT, attached=1, planned=2),
    )
    assert len(result.plan.digest) == 64


def test_an_existing_scp_is_attached_where_it_is_missing() -> None:
    """The text that is attached stands in the plan, as AWS has it."""
    result = plan_scps((declared("root", UNIT),), observed(OURS, root=("p-11112222",)))
    (change,) = result.plan.changes
    assert (change.op, change.target) == (Op.ATTACH_SCP, UNIT)
    attachment = attachment_of(change)
    assert (attachment.scp, attachment.id) == ("one", "p-11112222")
    assert attachment.policy is not None
    assert attachment.policy.text == SPACED


def test_where_nothing_differs_nothing_is_planned() -> None:
    """Another spelling of the same document is no difference."""
    result = plan_scps((declared("root"),), observed(OURS, root=("p-11112222",)))
    assert (result.plan.changes, result.plan.notes, result.blocked) == ((), (), False)
    assert result.budgets[0].planned == 2


def test_without_the_key_nothing_is_managed() -> None:
    """A missing `scps` leaves everything alone; an empty list would remove."""
    assert "not managed" in plan_scps(None, observed(OURS)).plan.notes[0]
    emptied = plan_scps((), observed(OURS, FOREIGN))
    assert emptied.blocked
    (note,) = emptied.plan.notes
    assert note.startswith("SCP one: it is orgroot's and not declared: it needs to be removed")


@pytest.mark.parametrize(
    ("policy", "attached", "words"),
    [
        (replace(OURS, text=OTHER_TEXT), {}, "needs an update"),
        (replace(OURS, text=None), {}, "needs an update"),
        (FOREIGN, {}, "needs to be adopted"),
        (replace(OURS, aws_managed=True), {}, "needs to be adopted"),
        (OURS, {"account": ("p-11112222",)}, f"attached to {ACCOUNT} too"),
    ],
)
def test_what_this_version_cannot_do_blocks_the_whole_plan(
    policy: ObservedScp, attached: dict[str, Any], words: str
) -> None:
    """A plan that needs an update, an adoption or a detachment says so and does nothing."""
    second = replace(declared("root"), name="two")
    result = plan_scps((declared("root"), second), observed(policy, **attached))
    assert result.blocked
    assert result.plan.changes == ()
    assert any(words in note and "this version does nothing" in note for note in result.plan.notes)
    assert {budget.planned for budget in result.budgets} == {1}


def test_another_description_is_noted_and_blocks_nothing() -> None:
    """A description changes nothing that is denied."""
    result = plan_scps((declared("root", description="new"),), observed(OURS))
    assert not result.blocked
    assert len(result.plan.changes) == 1
    assert "its description differs" in result.plan.notes[0]


def test_what_another_tool_manages_is_compared_and_never_written() -> None:
    """Missing, different and unattached SCPs of terraform are notes, its own business nothing."""
    scp = declared("root", managed_by="terraform", description="other")
    missing = plan_scps((scp,), observed())
    assert missing.plan.changes == ()
    assert not missing.blocked
    assert [note.split("; ")[0] for note in missing.plan.notes] == [
        "SCP one: it does not exist",
        f"SCP one: it is not attached to {ORG_ROOT}",
    ]
    assert all("managed by terraform" in note for note in missing.plan.notes)
    differs = plan_scps(
        (scp,), observed(replace(FOREIGN, text=OTHER_TEXT), account=("p-11112222",))
    )
    assert [note.split("; ")[0] for note in differs.plan.notes] == [
        "SCP one: its text differs from the declared file",
        f"SCP one: it is not attached to {ORG_ROOT}",
    ]


def test_differences_are_named_in_order() -> None:
    """The comparison knows nothing of plans: drift reads it too."""
    second = replace(declared(UNIT), name="two")
    undeclared = replace(OURS, id="p-33334444", name="old")
    found = compare_scps((declared("root"), second), observed(OURS, undeclared))
    assert [(d.kind, d.name, d.target) for d in found] == [
        (ScpDifference.NOT_ATTACHED, "one", ORG_ROOT),
        (ScpDifference.MISSING, "two", ""),
        (ScpDifference.NOT_ATTACHED, "two", UNIT),
        (ScpDifference.UNDECLARED, "old", ""),
    ]


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
    over = observed(OURS, root=(*eight, "p-00000009", "p-11112222"))
    assert plan_scps((declared("root"),), over).budgets[0].planned == 11


def _plan(*policies: ObservedScp) -> tuple[Change, ...]:
    return plan_scps((declared("root"),), observed(*policies)).plan.changes


def test_changes_are_to_do_then_done() -> None:
    """Before the plan, between its steps, and after it."""
    create, attach = _plan()
    created = observed(OURS)
    attached = observed(OURS, root=("p-11112222",))
    assert [standing(create, o).state for o in (observed(), created, attached)] == [
        ChangeState.TO_DO,
        ChangeState.DONE,
        ChangeState.DONE,
    ]
    assert [standing(attach, o).state for o in (observed(), created, attached)] == [
        ChangeState.TO_DO,
        ChangeState.TO_DO,
        ChangeState.DONE,
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (observed(FOREIGN), "does not carry orgroot's tag"),
        (observed(replace(OURS, text=OTHER_TEXT)), "another text"),
        (observed(replace(OURS, text=None)), "another text"),
        (observed(), "SCP one is gone"),
        (observed(replace(OURS, id="p-55556666")), "another policy"),
        (replace(observed(OURS), attached={}), "no target r-ab12 any more"),
        (observed(OURS, root=("p-00000000",) * 9), "holds 10 SCPs already"),
    ],
)
def test_a_changed_world_makes_an_attachment_stale(state: ObservedScps, words: str) -> None:
    """What was approved is attached, or nothing is."""
    (attach,) = _plan(OURS)
    found = standing(attach, state)
    assert found.state is ChangeState.STALE
    assert words in found.reason


def test_a_name_that_is_taken_makes_a_creation_stale() -> None:
    """Somebody else created an SCP of that name in the meantime."""
    create = _plan()[0]
    assert standing(create, observed(FOREIGN)).state is ChangeState.STALE


@pytest.mark.parametrize(
    ("op", "after"),
    [
        (Op.CREATE_SCP, None),
        (Op.CREATE_SCP, {"policy": {}, "description": ""}),
        (
            Op.CREATE_SCP,
            {
                "policy": {**msgspec.to_builtins(policy_text(TEXT)), "sha256": "0" * 64},
                "description": "",
            },
        ),
        (Op.ATTACH_SCP, {"scp": "one"}),
        (Op.ENABLE_FEATURE, True),
    ],
)
def test_a_change_that_does_not_fit_is_an_integrity_error(op: Op, after: Any) -> None:
    """What the log says is done exactly, or not at all."""
    with pytest.raises(IntegrityError):
        standing(Change(op=op, target=ORG_ROOT, before=None, after=after), observed())
