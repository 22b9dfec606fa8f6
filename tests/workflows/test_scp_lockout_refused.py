"""A plan that would stop a root task that works today: refused, unless its request says so."""

from pathlib import Path

import pytest
from fakes.scp_place import ASK, MEMBER, NAME, SENT, Place

from orgroot.core.config import ScpConfig
from orgroot.core.governed_tasks import NAMED_AFTER, Task
from orgroot.core.results import RequestView
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows import scp_planning
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.scp_planning import Wanted

LOCKS = SENT.replace(',"Condition":{"Null":{"aws:AssumedRoot":"true"}}', "")
BUCKETS = LOCKS.replace('"Action":"*"', '"Action":"s3:DeleteBucketPolicy"')
ALLOWS = '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{},"Resource":"*"}}}}'
EVERYTHING = tuple(NAMED_AFTER.values())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A member account, and an SCP that is declared for it and locks root sessions out."""
    found = Place(tmp_path)
    found.aws.add_account(MEMBER)
    found.write(LOCKS)
    return found


def test_a_lockout_is_refused_by_task_account_policy_and_sid(place: Place) -> None:
    """Plan and apply end with 3, and nothing is written anywhere."""
    records = len(place.world.store.objects)
    for act in (
        lambda: scp_planning.plan(place.workspace()),
        lambda: scp_planning.apply(place.workspace(), ASK),
    ):
        with pytest.raises(RequestRefused) as caught:
            act()
        assert caught.value.code == "lockout"
        assert f"unlock-bucket in {MEMBER} would be denied" in caught.value.message
        assert f"{NAME} (DenyRoot)" in caught.value.message
        for task in EVERYTHING:
            assert f"--accept-lockout {task}" in (caught.value.hint or "")
    assert (place.aws.writes, len(place.world.store.objects)) == ([], records)


def test_an_accepted_lockout_stands_in_the_request_in_its_own_words(place: Place) -> None:
    """Approvers read it first; then it is done."""
    wanted = Wanted(accept_lockout=EVERYTHING)
    plan = scp_planning.plan(place.workspace(), wanted)
    assert any(note.startswith("accepted lockout: unlock-bucket in") for note in plan.notes)
    view = scp_planning.apply(place.workspace(), ASK, wanted)
    assert isinstance(view, RequestView)
    assert view.task == Task.CHANGE_SCPS
    assert view.params["accept_lockout"] == [task.value for task in EVERYTHING]
    assert view.summary["changes"][0].startswith("LOCKOUT ACCEPTED: root sessions of audit-root")
    approve(place.world.desk("bob"), view.id, "", lambda _summary: None)
    assert place.run(view.id).applied


def test_a_lockout_that_would_not_come_is_not_accepted(place: Place) -> None:
    """Nobody signs a blank: a task that goes on working is refused on the list."""
    place.write(BUCKETS)
    needed = Wanted(accept_lockout=(Task.UNLOCK_BUCKET,))
    assert scp_planning.plan(place.workspace(), needed).changes
    more = Wanted(accept_lockout=(Task.UNLOCK_BUCKET, Task.UNLOCK_QUEUE))
    with pytest.raises(UsageError, match="does not stop unlock-queue"):
        scp_planning.plan(place.workspace(), more)
    with pytest.raises(RequestRefused, match="unlock-bucket"):
        scp_planning.plan(place.workspace())


def test_it_is_judged_again_on_the_organization_that_is_there(place: Place) -> None:
    """What was harmless when approved, and would lock out now, is refused before the intent."""
    exempt = SENT.replace('"Deny"', '"Allow"')
    place.write(exempt.replace("DenyRoot", "AllowAll"))
    place.declare(ScpConfig(name=NAME, file="deny.json", targets=(MEMBER,)))
    old = place.aws.create_scp(
        "old", "", LOCKS.replace("Deny", "Allow"), {"orgroot:managed": "true"}
    )
    place.aws.attach_scp(old.id, MEMBER)
    request = place.granted()
    place.aws.attachments[MEMBER].remove("p-FullAWSAccess")
    before, records = list(place.aws.writes), len(place.world.store.objects)
    with pytest.raises(RequestRefused) as caught:
        execute(place.workspace(), request)
    assert caught.value.code == "lockout"
    assert (place.aws.writes, len(place.world.store.objects)) == (before, records)


def test_what_does_not_work_today_is_no_reason_to_refuse(place: Place) -> None:
    """A second lock on a locked door is no lockout."""
    theirs = place.aws.create_scp("theirs", "", LOCKS, {})
    place.aws.attach_scp(theirs.id, MEMBER)
    assert scp_planning.plan(place.workspace()).changes


def test_a_plan_describes_each_policy_once(place: Place) -> None:
    """What the plan compares with is what the lockout check judges: Organizations is slow."""
    place.write(SENT)
    place.run(place.granted())
    place.world.clock.forward(91)  # younger plans are looked after, whether somebody undid them
    place.write(SENT.replace('"*","Resource"', '"iam:*","Resource"'))
    before = len(place.aws.calls)
    assert scp_planning.plan(place.workspace()).changes
    calls = place.aws.calls[before:]
    read = [call.subject for call in calls if call.operation == "organizations:DescribePolicy"]
    assert len(read) == len(set(read)) == len(place.aws.policies)


IAM, S3 = ALLOWS.format('["iam:*","sqs:*"]'), ALLOWS.format('["s3:*"]')
OWNED = {"orgroot:managed": "true"}


def trading(place: Place) -> None:
    """Two allow lists on an account, declared to trade what they allow."""
    for name, there, wanted in (("one", IAM, S3), ("two", S3, IAM)):
        made = place.aws.create_scp(name, "", there, OWNED)
        place.aws.attach_scp(made.id, MEMBER)
        place.write(wanted, f"{name}.json")
    place.aws.attachments[MEMBER].remove("p-FullAWSAccess")
    lists = (ScpConfig(name=n, file=f"{n}.json", targets=(MEMBER,)) for n in ("one", "two"))
    place.declare(*lists)


def test_a_lockout_between_two_steps_is_refused_and_the_step_named(place: Place) -> None:
    """What works before a plan and after it stops on its way: step, task, account and policies."""
    trading(place)
    before, records = list(place.aws.writes), len(place.world.store.objects)
    with pytest.raises(RequestRefused) as caught:
        scp_planning.plan(place.workspace())
    assert caught.value.code == "lockout"
    assert "after step 1 of 2 (update-scp one) and until a later one" in caught.value.message
    assert f"audit-root-credentials in {MEMBER} would be denied by" in caught.value.message
    assert "no order of the steps was found" in (caught.value.hint or "")
    assert (place.aws.writes, len(place.world.store.objects)) == (before, records)


def test_an_accepted_interruption_takes_the_order_that_stops_nothing_else(place: Place) -> None:
    """The approvers read the step; executed, the steps are made in that order."""
    trading(place)
    wanted = Wanted(accept_lockout=(Task.UNLOCK_BUCKET,))
    plan = scp_planning.plan(place.workspace(), wanted)
    assert [change.target for change in plan.changes] == ["two", "one"]
    (note,) = plan.notes
    assert note.startswith("accepted lockout: after step 1 of 2 (update-scp two) and until a later")
    assert place.run(place.granted(wanted)).applied


def test_an_interruption_that_came_after_the_approvals_is_refused(place: Place) -> None:
    """While FullAWSAccess lies beside them, the lists may trade; without it they may not."""
    trading(place)
    place.aws.attachments[MEMBER].append("p-FullAWSAccess")
    request = place.granted()
    place.aws.attachments[MEMBER].remove("p-FullAWSAccess")
    before, records = list(place.aws.writes), len(place.world.store.objects)
    with pytest.raises(RequestRefused) as caught:
        execute(place.workspace(), request)
    assert (caught.value.code, "after step 1 of 2" in caught.value.message) == ("lockout", True)
    assert (place.aws.writes, len(place.world.store.objects)) == (before, records)
