"""Waves: each is applied, then proved by a live root session, before the next may be asked for."""

import json
from pathlib import Path

import pytest
from fakes.aws_members import ORG_ROOT
from fakes.scp_place import ASK, NAME, OTHER_SENT, Place

from orgroot.core import audit_log
from orgroot.core.config import ScpConfig
from orgroot.core.organization import OrganizationalUnit
from orgroot.core.results import ExitReason, PlanResult, RequestView
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp import TAGS
from orgroot.errors import AwsErrorKind, Incomplete, RequestRefused, UsageError
from orgroot.workflows import scp_planning
from orgroot.workflows.inventory import inventory
from orgroot.workflows.scp_check import Question
from orgroot.workflows.scp_planned import check_plan
from orgroot.workflows.scp_planning import Wanted

CANARY, UNIT, OTHERS = "222222222222", "ou-ab12-dev00001", "333333333333"
WAVES = ((CANARY,), (UNIT,), ("root",))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two accounts, one in an OU; the SCP goes to the first, then the OU, then everywhere."""
    found = Place(tmp_path)
    found.aws.units[UNIT] = OrganizationalUnit(id=UNIT, name="dev", parent=ORG_ROOT)
    found.aws.attachments[UNIT] = ["p-FullAWSAccess"]
    for account, parent in ((CANARY, ORG_ROOT), (OTHERS, UNIT)):
        found.aws.add_account(account).parent = parent
        found.aws.attachments[account] = ["p-FullAWSAccess"]
    found.declare(declared())
    return found


def declared(waves: tuple[tuple[str, ...], ...] = WAVES) -> ScpConfig:
    """The SCP with its waves."""
    return ScpConfig(name=NAME, file="deny.json", targets=("root",), waves=waves)


def wave(place: Place, number: int) -> PlanResult:
    """Apply a wave."""
    return place.run(place.granted(Wanted(wave=number)))


def sessions(place: Place) -> list[str]:
    """The accounts of the root sessions so far."""
    return [session.account for session, _ in place.aws.sessions]


def test_wave_by_wave_to_the_end(place: Place) -> None:
    """Each wave adds its targets, opens one audit session below them, and says what it proves."""
    asked = scp_planning.apply(place.workspace(), ASK, Wanted(wave=1))
    assert isinstance(asked, RequestView)
    assert asked.params["waves"] == [{"scp": NAME, "wave": 1, "account": CANARY}]
    assert sessions(place) == []
    first = wave(place, 1)
    assert [(row.account, row.verified, row.reason) for row in first.waves] == [
        (CANARY, True, None)
    ]
    assert (first.applied, first.exit_reasons) == (True, ())
    assert place.names_on(CANARY) == ["FullAWSAccess", NAME]
    assert place.names_on(UNIT) == ["FullAWSAccess"]
    second = wave(place, 2)
    assert [(row.wave, row.account, row.verified) for row in second.waves] == [(2, OTHERS, True)]
    last = wave(place, 3)
    assert last.applied
    assert place.names_on(ORG_ROOT) == ["FullAWSAccess", NAME]
    assert place.names_on(CANARY) == place.names_on(UNIT) == ["FullAWSAccess"]
    assert sessions(place) == [CANARY, OTHERS, CANARY]
    assert {session.task_policy for session, _ in place.aws.sessions} == {TaskPolicy.AUDIT}
    assert scp_planning.plan(place.workspace()).changes == ()
    assert audit_log.integrity_findings(place.world.log().sync()) == ()


@pytest.mark.parametrize("number", [2, 3, None])
def test_a_wave_that_comes_too_early_is_refused(place: Place, number: int | None) -> None:
    """Nothing of the wave before is there: exit 3, and nobody is asked."""
    records = len(place.world.store.objects)
    with pytest.raises(RequestRefused, match="AWS does not show it on") as caught:
        scp_planning.apply(place.workspace(), ASK, Wanted(wave=number))
    assert caught.value.code == "wave"
    assert (place.aws.writes, len(place.world.store.objects)) == ([], records)
    wave(place, 1)
    if number != 2:
        with pytest.raises(RequestRefused, match=f"AWS does not show it on {UNIT}"):
            scp_planning.plan(place.workspace(), Wanted(wave=number))


def test_an_unproved_wave_holds_the_next_until_it_is_proved(place: Place) -> None:
    """The session failed: exit 9, the next wave waits; the same command again proves it."""
    place.aws.fail("iam:GetAccountSummary", AwsErrorKind.DENIED)
    first = wave(place, 1)
    assert (first.applied, first.exit_reasons) == (True, (ExitReason.INCOMPLETE,))
    assert not first.waves[0].verified
    with pytest.raises(RequestRefused, match="is applied and not proved"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))
    again = scp_planning.apply(place.workspace(), ASK, Wanted(wave=1))
    assert isinstance(again, PlanResult)
    assert (again.changes, again.request, again.exit_reasons) == ((), None, ())
    assert [(row.account, row.verified) for row in again.waves] == [(CANARY, True)]
    count = len(sessions(place))
    scp_planning.apply(place.workspace(), ASK, Wanted(wave=1))
    assert len(sessions(place)) == count
    assert wave(place, 2).applied


def test_a_session_that_aws_refuses_proves_nothing(place: Place) -> None:
    """AssumeRoot itself was refused: the wave stays unproved, and why is told."""
    place.aws.fail("sts:AssumeRoot", AwsErrorKind.DENIED, subject=CANARY)
    first = wave(place, 1)
    assert first.exit_reasons == (ExitReason.INCOMPLETE,)
    assert "sts:AssumeRoot" in str(first.waves[0].reason)
    assert not first.waves[0].verified
    with pytest.raises(RequestRefused, match="is applied and not proved"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))


def test_where_no_session_may_be_opened_the_wave_stays_unproved(place: Place) -> None:
    """The rules want approvals for reading: the changes are made, and it is said what is left."""
    place.world.aws.flags.clear()
    first = wave(place, 1)
    assert first.exit_reasons == (ExitReason.INCOMPLETE,)
    assert first.waves[0].reason == "no root session was tried since"
    assert any("applied, and not proved" in note for note in place.world.progress.notes)


def test_any_later_audit_below_the_wave_proves_it(place: Place) -> None:
    """A nightly survey does as well; one before the change, or elsewhere, does not."""
    from orgroot.core.organization import Selection  # noqa: PLC0415 - this test alone

    place.aws.fail("iam:GetAccountSummary", AwsErrorKind.DENIED)
    wave(place, 1)
    inventory(place.workspace(), Selection(ids=(OTHERS,)))
    with pytest.raises(RequestRefused, match="not proved"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))
    inventory(place.workspace(), Selection(ids=(CANARY,)))
    assert scp_planning.plan(place.workspace(), Wanted(wave=2)).changes


def test_what_orgroot_did_not_apply_is_no_wave(place: Place) -> None:
    """Attached by hand under orgroot's tag: the log does not show who applied it."""
    made = place.aws.create_scp(NAME, "", (place.folder / "deny.json").read_text(), dict(TAGS))
    place.aws.attach_scp(made.id, CANARY)
    with pytest.raises(RequestRefused, match="the log does not show"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))
    unproved = scp_planning.apply(place.workspace(), ASK, Wanted(wave=1))
    assert isinstance(unproved, PlanResult)
    assert unproved.waves == ()


def test_a_wave_without_an_account_proves_nothing(place: Place) -> None:
    """An empty OU is refused as a canary."""
    del place.aws.members[OTHERS]
    wave(place, 1)
    with pytest.raises(UsageError, match="no account below it"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))


def test_another_text_begins_again_with_the_first_wave(place: Place) -> None:
    """In the first wave it may change, and proves itself anew; beyond it, not under this name."""
    wave(place, 1)
    place.write(OTHER_SENT)
    rewritten = wave(place, 1)
    assert [row.wave for row in rewritten.waves] == [1]
    assert sessions(place) == [CANARY, CANARY]
    wave(place, 2)
    place.write(OTHER_SENT.replace("iam:*", "s3:*"))
    with pytest.raises(UsageError, match="beyond its first wave"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))


def test_what_proved_the_old_text_does_not_prove_the_new_one(place: Place) -> None:
    """A session from before the text changed says nothing about it."""
    wave(place, 1)
    place.write(OTHER_SENT)
    place.world.aws.flags.clear()  # no session is opened any more
    assert wave(place, 1).waves[0].reason == "no root session was tried since"
    with pytest.raises(RequestRefused, match="is applied and not proved"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))


def test_a_plan_that_failed_brings_no_wave(place: Place) -> None:
    """AWS refused the attachment, and somebody made it by hand: nobody proved anything."""
    place.aws.fail("organizations:AttachPolicy", AwsErrorKind.DENIED)
    with pytest.raises(Incomplete):
        wave(place, 1)
    made = next(scp for scp in place.aws.scps() if scp.name == NAME)
    place.aws.attach_scp(made.id, CANARY)
    with pytest.raises(RequestRefused, match="the log does not show"):
        scp_planning.plan(place.workspace(), Wanted(wave=2))


def test_an_account_where_sessions_are_stopped_anyhow_is_not_the_proof(place: Place) -> None:
    """Among the accounts of a wave one is chosen whose audit the SCPs allow."""
    place.declare(declared(waves=(("root",),)))
    locks = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
    theirs = place.aws.create_scp("theirs", "", locks, {})
    place.aws.attach_scp(theirs.id, CANARY)
    asked = scp_planning.apply(place.workspace(), ASK, Wanted(wave=1))
    assert isinstance(asked, RequestView)
    assert asked.params["waves"][0]["account"] == OTHERS


def test_what_a_later_wave_would_stop_is_said_with_the_first(place: Place) -> None:
    """So that nobody begins what must be refused half-way; `scp check --plan` says the rest."""
    exempt = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{CANARY}:root"}}
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Sid": "Later",
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": exempt,
            },
        }
    )
    place.write(text)
    plan = scp_planning.plan(place.workspace(), Wanted(wave=1))
    (note,) = plan.notes
    assert note.startswith("a later wave would stop unlock-bucket: `orgroot scp check --plan`")
    found = check_plan(place.workspace(), (), Question(regions=("eu-west-1",)))
    assert {(row.accounts, row.task_policy, row.step) for row in found.stopped} == {
        ((OTHERS,), "S3UnlockBucketPolicy", None)
    }


def test_check_of_a_plan_names_the_step_that_interrupts(place: Place) -> None:
    """Two allow lists that trade what they allow: each step until which the tasks stop."""
    texts = {"one": '["iam:*","sqs:*"]', "two": '["s3:*"]'}
    document = (
        '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{},"Resource":"*"}}}}'
    )
    for name, actions in texts.items():
        other = texts["two" if name == "one" else "one"]
        made = place.aws.create_scp(name, "", document.format(actions), dict(TAGS))
        place.aws.attach_scp(made.id, CANARY)
        place.write(document.format(other), f"{name}.json")
    place.aws.attachments[CANARY].remove("p-FullAWSAccess")
    place.declare(*(ScpConfig(name=n, file=f"{n}.json", targets=(CANARY,)) for n in texts))
    found = check_plan(place.workspace(), (), Question(regions=("eu-west-1",)))
    assert found.exit_reasons == (ExitReason.FINDINGS,)
    assert {row.step for row in found.stopped} == {"step 1 of 2 (update-scp one)"}
    assert {row.accounts for row in found.stopped} == {(CANARY,)}
