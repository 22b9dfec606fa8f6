"""Planning and applying service control policies: full texts, proofs, and what is left alone."""

import base64
from pathlib import Path

import msgspec
import pytest
from fakes.aws_members import ORG_ROOT
from fakes.scp_place import (
    ALLOW_ALL,
    ASK,
    MEMBER,
    NAME,
    OTHER_SENT,
    SENT,
    UNIT,
    WRITING,
    CrashError,
    Place,
)

from orgroot.core import audit_log
from orgroot.core.config import ScpConfig
from orgroot.core.organization import OrganizationRoot, ScpSummary
from orgroot.core.results import PlanResult, RequestView
from orgroot.core.scp import TAGS
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    AwsErrorKind,
    Incomplete,
    RequestRefused,
    UsageError,
)
from orgroot.workflows import scp_planning
from orgroot.workflows.execution import execute
from orgroot.workflows.scps import read_scp


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """One SCP is declared on the root and one account, and nothing exists yet."""
    return Place(tmp_path)


def test_the_plan_says_what_is_missing_and_how_full_targets_are(place: Place) -> None:
    """Create, then each attachment; sizes as AWS counts them; nothing is written."""
    plan = scp_planning.plan(place.workspace())
    assert [(change.op, change.target) for change in plan.changes] == [
        ("create-scp", NAME),
        ("attach-scp", MEMBER),
        ("attach-scp", ORG_ROOT),
    ]
    policy = plan.changes[0].after["policy"]
    assert base64.b64decode(policy["b64"]).decode() == SENT
    assert policy["characters"] == len(SENT)
    assert {b["target"]: (b["attached"], b["planned"]) for b in plan.budget} == {
        ORG_ROOT: (1, 2),
        MEMBER: (1, 2),
    }
    assert place.aws.writes == []
    assert (plan.request, plan.applied, plan.exit_reasons) == (None, False, ())


def test_full_texts_stand_in_the_request_and_are_applied(place: Place) -> None:
    """Approved, it creates one tagged SCP, attaches it, reads it back; again: nothing differs."""
    request = place.granted()
    assert place.aws.writes == []
    result = place.run(request)
    assert (result.applied, result.state, result.exit_reasons) == (True, "SUCCEEDED", ())
    assert place.written() == [
        "organizations:CreatePolicy",
        "organizations:AttachPolicy",
        "organizations:AttachPolicy",
    ]
    created = next(scp for scp, _ in place.aws.policies.values() if scp.name == NAME)
    assert place.aws.policies[created.id][1] == SENT
    assert place.aws.policy_tags[created.id] == dict(TAGS)
    assert place.names_on(ORG_ROOT) == ["FullAWSAccess", NAME]
    again = scp_planning.apply(place.workspace(), ASK)
    assert isinstance(again, PlanResult)
    assert (again.changes, again.request) == ((), None)
    assert audit_log.integrity_findings(place.world.log().sync()) == ()


def test_the_executor_opens_no_file(place: Place) -> None:
    """What was approved is applied, whatever the file says or whether it exists."""
    request = place.granted()
    (place.folder / "deny.json").unlink()
    assert place.run(request).applied
    assert [text for scp, text in place.aws.policies.values() if scp.name == NAME] == [SENT]


def test_without_approval_nothing_is_written(place: Place) -> None:
    """Adding SCPs needs an approval: the request waits."""
    view = scp_planning.apply(place.workspace(), ASK)
    assert isinstance(view, RequestView)
    assert execute(place.workspace(), view.id).exit_reasons
    assert place.aws.writes == []


def test_what_another_tool_manages_is_a_note_only(place: Place) -> None:
    """It is compared and never written."""
    place.declare(ScpConfig(name=NAME, file="deny.json", targets=("root",), managed_by="terraform"))
    plan = scp_planning.apply(place.workspace(), ASK)
    assert isinstance(plan, PlanResult)
    assert plan.changes == ()
    assert any("terraform" in note for note in plan.notes)
    assert place.aws.writes == []


def test_what_another_tool_manages_by_now_is_not_written_either(place: Place) -> None:
    """A request that was approved before is refused by name: no call, no intent."""
    request = place.granted()
    place.aws.calls.clear()
    before = place.world.types()
    theirs = ScpConfig(name=NAME, file="deny.json", targets=("root",), managed_by="terraform")
    others = ScpConfig(name="other", file="deny.json", targets=("root",), managed_by="lza")
    place.declare(others, theirs)
    with pytest.raises(UsageError, match="terraform"):
        place.run(request)
    assert place.aws.calls == []
    assert place.world.types() == before


def test_another_text_and_another_target_are_asked_for_with_both_texts(place: Place) -> None:
    """The update, the attachment and the detachment are made in a safe order, and read back."""
    place.run(place.granted())
    place.aws.calls.clear()
    (place.folder / "deny.json").write_text(OTHER_SENT)
    place.declare(ScpConfig(name=NAME, file="deny.json", targets=(MEMBER,), description="new"))
    request = place.granted()
    assert place.aws.writes == []
    assert place.run(request).applied
    assert place.written() == ["organizations:UpdatePolicy", "organizations:DetachPolicy"]
    assert [text for scp, text in place.aws.policies.values() if scp.name == NAME] == [OTHER_SENT]
    assert place.names_on(ORG_ROOT) == ["FullAWSAccess"]
    assert place.names_on(MEMBER) == ["FullAWSAccess", NAME]
    assert scp_planning.plan(place.workspace()).changes == ()
    assert audit_log.integrity_findings(place.world.log().sync()) == ()


def test_what_is_declared_no_more_is_detached_everywhere_and_deleted(place: Place) -> None:
    """Where orgroot's SCP is attached is asked of AWS, not of the configuration."""
    place.run(place.granted())
    created = next(scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)
    place.aws.attachments["ou-ab12-elsewhere"] = ["p-FullAWSAccess", created]
    place.aws.calls.clear()
    place.declare()
    assert place.run(place.granted()).applied
    assert place.written() == ["organizations:DetachPolicy"] * 3 + ["organizations:DeletePolicy"]
    assert created not in place.aws.policies
    assert not any(created in there for there in place.aws.attachments.values())


@pytest.mark.parametrize("change", ["text", "description", "slot"])
def test_a_change_of_somebody_else_makes_the_plan_stale(place: Place, change: str) -> None:
    """What was seen is not there any more: refused before the intent, by name."""
    place.run(place.granted())
    (place.folder / "deny.json").write_text(OTHER_SENT)
    place.declare(
        ScpConfig(name=NAME, file="deny.json", targets=("root", MEMBER, "ou-ab12-x1234567"))
    )
    place.aws.attachments["ou-ab12-x1234567"] = ["p-FullAWSAccess"]
    request = place.granted()
    created = next(scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)
    if change == "slot":
        for n in range(9):
            other = place.aws.create_scp(f"other {n}", "", ALLOW_ALL, {})
            place.aws.attach_scp(other.id, UNIT)
    else:
        text = {"text": SENT.replace("*", "s3:*", 1), "description": SENT}[change]
        place.aws.update_scp(created, "changed" if change == "description" else "", text)
    before = list(place.aws.writes)
    records = len(place.world.store.objects)
    with pytest.raises(RequestRefused, match="stale") as caught:
        place.run(request)
    assert (UNIT if change == "slot" else NAME) in caught.value.message
    assert (place.aws.writes, len(place.world.store.objects)) == (before, records)


def test_what_is_not_orgroots_is_refused_with_the_remedy(place: Place) -> None:
    """An SCP of the name that somebody made: exit 2, nothing written."""
    place.aws.create_scp(NAME, "", SENT, {"team": "platform"})
    before = list(place.aws.writes)
    with pytest.raises(UsageError, match="not orgroot's"):
        scp_planning.apply(place.workspace(), ASK)
    assert place.aws.writes == before


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_killed_while_removing_a_new_plan_holds_what_is_left(place: Place, n: int) -> None:
    """After a crash between any two changes the rest is asked for, and nothing is done twice."""
    place.run(place.granted())
    (place.folder / "other.json").write_text(OTHER_SENT)
    place.declare(ScpConfig(name="other", file="other.json", targets=("root",)))
    place.aws.calls.clear()
    request = place.granted()
    place.crash_at(n)
    with pytest.raises(CrashError):
        place.run(request)
    place.aws.hooks.clear()
    assert place.run(place.granted()).applied
    assert [scp.name for scp, _ in place.aws.policies.values()] == ["FullAWSAccess", "other"]
    assert len(place.written()) == len(WRITING) + 1  # two detachments


@pytest.mark.parametrize("declared", [None, ()])
def test_nothing_declared_is_nothing_to_do(place: Place, declared: object) -> None:
    """Not managed, or an empty list without SCPs of ours: no change."""
    place.world.config = msgspec.structs.replace(place.world.config, scps=declared)
    plan = scp_planning.plan(place.workspace())
    assert plan.changes == ()


@pytest.mark.parametrize(
    ("scp", "words"),
    [
        (ScpConfig(name=NAME, file="absent.json", targets=("root",)), "cannot be read"),
        (ScpConfig(name=NAME, file="broken.json", targets=("root",)), "broken"),
        (ScpConfig(name=NAME, file="binary.json", targets=("root",)), "UTF-8"),
        (ScpConfig(name=NAME, file="huge.json", targets=("root",)), "larger"),
        (ScpConfig(name=NAME, file="deny.json", targets=("nowhere",)), "no target"),
        (ScpConfig(name=NAME, file="deny.json", targets=("ou-ab12-99999999",)), "no root"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything(
    place: Place, scp: ScpConfig, words: str
) -> None:
    """Missing or wrong files and targets: exit 2 by name, nothing written."""
    (place.folder / "broken.json").write_text("{broken")
    (place.folder / "binary.json").write_bytes(b"\xff\xfe")
    (place.folder / "huge.json").write_bytes(b" " * 300_000)
    place.declare(scp)

    def attached(target: str) -> tuple[ScpSummary, ...]:
        raise AwsError("none", kind=AwsErrorKind.NOT_FOUND, aws_code="T", operation=target)

    if scp.targets[0].startswith("ou-"):
        place.aws.attached_scps = attached  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=words):
        scp_planning.apply(place.workspace(), ASK)
    assert place.aws.writes == []


def test_disabled_scps_are_said(place: Place) -> None:
    """Where the policy type is off the remedy is named."""

    def root() -> OrganizationRoot:
        return OrganizationRoot(id=ORG_ROOT, policy_types={})

    place.aws.root = root  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="not enabled"):
        scp_planning.plan(place.workspace())


def test_a_denied_listing_is_awss_answer(place: Place) -> None:
    """A target that may not be read is not a target without SCPs."""
    place.aws.fail("organizations:ListPoliciesForTarget")
    with pytest.raises(AwsError):
        scp_planning.plan(place.workspace())


def test_a_foreign_scp_of_the_name_makes_the_plan_stale(place: Place) -> None:
    """Someone created the name meanwhile: refused before any change."""
    request = place.granted()
    place.aws.create_scp(NAME, "", SENT, {})
    before = list(place.aws.writes)
    with pytest.raises(RequestRefused, match="stale"):
        place.run(request)
    assert place.aws.writes == before


def test_an_scp_that_vanishes_before_its_attachment_is_a_refusal(place: Place) -> None:
    """The attachment finds nothing to attach: what was done is said."""
    request = place.granted()
    real = place.aws.scps

    def scps_now() -> tuple[ScpSummary, ...]:
        described = {
            call.subject
            for call in place.aws.calls
            if call.operation == "organizations:DescribePolicy"
        }
        return tuple(scp for scp in real() if scp.name != NAME or scp.id not in described)

    place.aws.scps = scps_now  # type: ignore[method-assign]
    with pytest.raises(Incomplete, match="create-scp"):
        place.run(request)


@pytest.mark.parametrize("operation", ["organizations:CreatePolicy", "organizations:AttachPolicy"])
def test_a_refusal_is_awss_answer_and_the_rest_can_be_asked_for_again(
    place: Place, operation: str
) -> None:
    """The first refused change is exit 8, a later one exit 9; a new plan holds what is left."""
    request = place.granted()
    place.aws.fail(operation)
    with pytest.raises((AwsError, Incomplete)):
        place.run(request)
    assert place.run(place.granted()).applied
    assert place.names_on(MEMBER) == ["FullAWSAccess", NAME]
    assert [scp.name for scp, _ in place.aws.policies.values()].count(NAME) == 1


def test_a_lost_answer_to_create_is_settled_by_reading(place: Place) -> None:
    """The SCP is there with its text: done, and not created twice."""
    request = place.granted()
    place.aws.fail("organizations:CreatePolicy", AwsErrorKind.LOST, after=True)
    assert place.run(request).applied


@pytest.mark.parametrize("n", [1, 2, 3])
def test_killed_in_the_middle_a_new_plan_holds_what_is_left(place: Place, n: int) -> None:
    """After a crash the command again plans and does the rest, nothing twice."""
    request = place.granted()
    place.crash_at(n)
    with pytest.raises(CrashError):
        place.run(request)
    place.aws.hooks.clear()
    assert place.run(place.granted()).applied
    assert place.names_on(ORG_ROOT) == ["FullAWSAccess", NAME]
    assert place.names_on(MEMBER) == ["FullAWSAccess", NAME]
    assert place.written().count("organizations:CreatePolicy") == 1


def test_an_unavailable_log_stops_it_before_any_change(place: Place) -> None:
    """No durable record, no change."""
    request = place.granted()
    ws = place.workspace()
    place.world.store.down = True
    with pytest.raises(AuditUnavailable):
        execute(ws, request)
    assert place.aws.writes == []


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_it(tmp_path: Path) -> None:
    """Windows tools write one; AWS never sees it."""
    file = tmp_path / "deny.json"
    file.write_bytes(b"\xef\xbb\xbf{}")
    assert read_scp(file, "deny") == "{}"
