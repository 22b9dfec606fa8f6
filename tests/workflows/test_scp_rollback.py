"""`scp rollback RECEIPT`: what an executed plan changed is asked to be put back, or refused."""

from pathlib import Path

import pytest
from fakes.aws_members import ORG_ROOT
from fakes.scp_place import ALLOW_ALL, ASK, MEMBER, NAME, OTHER_SENT, SENT, UNIT, CrashError, Place

from orgroot.core import audit_log
from orgroot.core.config import ScpConfig
from orgroot.core.governed_tasks import NAMED_AFTER, Task
from orgroot.core.organization import Selection
from orgroot.core.results import RequestView
from orgroot.errors import AwsErrorKind, Incomplete, IntegrityError, RequestRefused, UsageError
from orgroot.workflows import scp_rollback
from orgroot.workflows.approvals import approve
from orgroot.workflows.inventory import inventory

LOCKS = SENT.replace(',"Condition":{"Null":{"aws:AssumedRoot":"true"}}', "")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An SCP that was applied to the root and an account, then rewritten and moved to an OU."""
    found = Place(tmp_path)
    found.aws.add_account(MEMBER)
    found.aws.attachments[UNIT] = ["p-FullAWSAccess"]
    found.run(found.granted())
    found.write(OTHER_SENT)
    found.declare(ScpConfig(name=NAME, file="deny.json", targets=(UNIT,), description="new"))
    return found


def applied(place: Place) -> str:
    """The plan that shall be undone; its receipt."""
    receipt = place.run(place.granted()).receipt
    assert receipt is not None
    return receipt


def ours(place: Place) -> tuple[str, str]:
    """Description and text of the SCP."""
    (found,) = ((s.description, text) for s, text in place.aws.policies.values() if s.name == NAME)
    return found


def approved(place: Place, receipt: str) -> str:
    """The rollback, asked for and approved."""
    view = scp_rollback.rollback(place.workspace(), receipt, ASK)
    assert isinstance(view, RequestView)
    assert view.task == Task.CHANGE_SCPS
    approve(place.world.desk("bob"), view.id, "", lambda _summary: None)
    return view.id


def test_texts_and_attachments_are_put_back(place: Place) -> None:
    """One request, approved by reading what it puts back; then all is as before that plan."""
    receipt = applied(place)
    assert (ours(place), place.names_on(ORG_ROOT)) == (("new", OTHER_SENT), ["FullAWSAccess"])
    plan = scp_rollback.plan(place.workspace(), receipt)
    assert [change.op for change in plan.changes] == [
        "update-scp",
        "attach-scp",
        "attach-scp",
        "detach-scp",
    ]
    assert any("configuration" in note for note in plan.notes)
    request = approved(place, receipt)
    summary = place.world.log().sync().requests[request].params
    assert summary["rolls_back"].startswith("orq_")
    result = place.run(request)
    assert (result.applied, result.command) == (True, "scp rollback")
    assert ours(place) == ("", SENT)
    assert place.names_on(ORG_ROOT) == place.names_on(MEMBER) == ["FullAWSAccess", NAME]
    assert place.names_on(UNIT) == ["FullAWSAccess"]
    assert audit_log.integrity_findings(place.world.log().sync()) == ()


def test_a_rollback_can_be_rolled_back(place: Place) -> None:
    """It is a plan like any other, and its receipt names it."""
    back = place.run(approved(place, applied(place))).receipt
    assert back is not None
    place.run(approved(place, back))
    assert (ours(place), place.names_on(UNIT)) == (("new", OTHER_SENT), ["FullAWSAccess", NAME])


def test_what_came_after_is_not_lost(place: Place) -> None:
    """Somebody changed a text or an attachment since: named, and nobody is asked."""
    receipt = applied(place)
    policy = next(scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)
    place.aws.update_scp(policy, "new", SENT.replace("*", "s3:*", 1))
    place.aws.detach_scp(policy, UNIT)
    before, records = list(place.aws.writes), len(place.world.store.objects)
    with pytest.raises(RequestRefused) as caught:
        scp_rollback.rollback(place.workspace(), receipt, ASK)
    assert "update-scp deny-root" in caught.value.message
    assert f"attach-scp {UNIT}: it is not so any more" in caught.value.message
    assert (place.aws.writes, len(place.world.store.objects)) == (before, records)


def test_a_rollback_locks_nobody_out_either(place: Place) -> None:
    """The text from before would stop root sessions: refused unless the request says so."""
    place.declare(ScpConfig(name=NAME, file="deny.json", targets=("root",)))
    policy = next(scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)
    place.aws.update_scp(policy, "", LOCKS)
    place.write(OTHER_SENT)
    receipt = applied(place)
    with pytest.raises(RequestRefused) as caught:
        scp_rollback.rollback(place.workspace(), receipt, ASK)
    assert caught.value.code == "lockout"
    everything = tuple(NAMED_AFTER.values())
    assert scp_rollback.plan(place.workspace(), receipt, everything).changes


def test_a_lockout_that_would_not_come_is_not_accepted(place: Place) -> None:
    """As in any plan of SCPs."""
    receipt = applied(place)
    with pytest.raises(UsageError, match="does not stop"):
        scp_rollback.plan(place.workspace(), receipt, (Task.UNLOCK_BUCKET,))


def test_half_a_plan_is_undone_by_half(place: Place) -> None:
    """AWS refused the second change: only what was made is put back."""
    request = place.granted()
    place.aws.fail("organizations:AttachPolicy", AwsErrorKind.DENIED)
    with pytest.raises(Incomplete):
        place.run(request)
    log = place.world.log()
    log.sync()
    receipt = log.receipt()
    plan = scp_rollback.plan(place.workspace(), receipt)
    assert [change.op for change in plan.changes] == ["update-scp"]


def test_only_the_receipt_of_a_plan_of_scps_will_do(place: Place) -> None:
    """Another log's, another record's, one of another task, or one from before anything."""
    receipt = applied(place)
    head = receipt.split()
    for wrong in (
        f"orgroot1 {'0' * 16} {head[2]} {head[3]}",
        f"orgroot1 {head[1]} {head[2]} {'0' * 64}",
        f"orgroot1 {head[1]} 999999 {head[3]}",
    ):
        with pytest.raises(IntegrityError):
            scp_rollback.plan(place.workspace(), wrong)
    with pytest.raises(UsageError, match="is not a receipt"):
        scp_rollback.plan(place.workspace(), "the last one")
    state = place.world.log().sync()
    first = f"orgroot1 {head[1]} 2 {state.hashes[1]}"
    with pytest.raises(UsageError, match="after nothing was executed"):
        scp_rollback.plan(place.workspace(), first)
    survey = inventory(place.workspace(), Selection(ids=(MEMBER,)))
    assert scp_rollback.plan(place.workspace(), survey.receipt or "").changes  # type: ignore[attr-defined]


def test_a_plan_may_be_named_by_its_id(place: Place) -> None:
    """One that was executed and has ended; no other, and no request of another task."""
    request = place.granted()
    with pytest.raises(UsageError, match="no plan of SCPs that was executed"):
        scp_rollback.plan(place.workspace(), request)
    place.run(request)
    assert len(scp_rollback.plan(place.workspace(), request).changes) == 4
    survey = inventory(place.workspace(), Selection(ids=(MEMBER,))).survey  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="no plan of SCPs"):
        scp_rollback.plan(place.workspace(), survey)


def test_a_plan_that_died_is_not_undone(place: Place) -> None:
    """Nobody knows how it ended, until it is recovered."""
    request = place.granted()
    place.crash_at(1)
    with pytest.raises(CrashError):
        place.run(request)
    with pytest.raises(UsageError, match="has not ended"):
        scp_rollback.plan(place.workspace(), request)


def test_a_plan_that_was_under_way_is_not_undone(place: Place) -> None:
    """The receipt stands in the middle of its records."""
    applied(place)
    state = place.world.log().sync()
    run = max(state.executions.values(), key=lambda each: each.seq)
    middle = f"orgroot1 {place.world.log().id} {run.seq + 1} {state.hashes[run.seq]}"
    with pytest.raises(UsageError, match="was under way"):
        scp_rollback.plan(place.workspace(), middle)


def test_full_access_stays_full_access(place: Place) -> None:
    """Where another SCP stands in for FullAWSAccess, what it allows is not taken away."""
    place.declare(
        ScpConfig(name=NAME, file="deny.json", targets=(UNIT,), description="new"),
        ScpConfig(name="list", file="list.json", targets=(UNIT,)),
    )
    place.write(ALLOW_ALL, "list.json")
    receipt = applied(place)
    place.aws.attachments[UNIT].remove("p-FullAWSAccess")
    with pytest.raises(UsageError, match="would be left without"):
        scp_rollback.plan(place.workspace(), receipt)
