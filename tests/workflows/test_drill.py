"""The rehearsal of break-glass: what it checks, what it writes, and that it is no incident."""

import dataclasses
from collections.abc import Callable

import pytest
from fakes.buckets_world import ACCOUNT, locked_world, wanted
from fakes.key_types import PIN, TOUCHED, TokenSigner
from fakes.team import World, new_world
from msgspec.structs import replace

from orgroot.core.config import BreakGlass, PersonKey, Rule
from orgroot.core.ids import account_id
from orgroot.core.results import DrillReport, ExitReason
from orgroot.core.root_tasks import Feature
from orgroot.errors import AuditUnavailable, AwsErrorKind, UsageError
from orgroot.workflows.drill import drill
from orgroot.workflows.log_listing import show
from orgroot.workflows.log_show import verify
from orgroot.workflows.rules import publish
from orgroot.workflows.unlock import unlock_buckets
from tests.workflows.test_break_glass import ASK, DAY, broken
from tests.workflows.test_break_glass import world as locked


def rehearsed(world: World, person: str = "alice", *, only_show: bool = False) -> DrillReport:
    """A person's drill for no account in particular."""
    workspace = world.workspace(person)
    return drill(workspace, account=None, bucket="any-bucket", only_show=only_show)


def failed(report: DrillReport) -> set[str]:
    """The checks that failed."""
    return {row.check for row in report.checks if not row.ok}


def test_a_drill_that_passes_says_what_it_shows_and_what_it_cannot() -> None:
    """Every check, one signed record, no session, no incident, nothing due."""
    world = new_world()
    report = rehearsed(world)
    assert report.passed
    assert failed(report) == set()
    assert report.exit_reasons == ()
    assert report.proves
    assert any("AssumeRoot" in line for line in report.leaves_open)
    names = [row.check for row in report.checks]
    assert names[:3] == ["log", "rules", "features"]
    assert {"unlock-bucket", "unlock-bucket: quotas", "unlock-bucket: review"} <= set(names)
    assert names[-1] == "record"
    assert world.aws.sessions == []
    state = world.log().sync()
    assert (state.incidents, state.requests) == ([], {})
    assert report.recorded == state.seq
    row = show(world.log(), last=1).records[0]
    assert (row.type, row.signers) == ("drill", ("alice",))
    assert row.subject == "unlock-bucket, delete-root-credentials"
    assert verify(world.log()).findings == ()


def test_a_dry_drill_writes_nothing_and_says_that_the_store_stays_open() -> None:
    """Without the record it cannot say that the log takes one."""
    world = new_world()
    before = world.types()
    report = rehearsed(world, only_show=True)
    assert report.passed
    assert (report.recorded, report.proves) == (None, ())
    assert world.types() == before


def test_a_drill_for_an_account_asks_its_rules() -> None:
    """A real member is rehearsed as itself; one that is not in the organization is refused."""
    world = new_world()
    report = drill(world.workspace("alice"), account=ACCOUNT, bucket="corp-invoices")
    assert report.passed
    with pytest.raises(UsageError):
        drill(world.workspace("alice"), account=account_id("999999999999"), bucket="b-x")


def test_who_is_not_on_call_fails_the_drill_and_is_told_why() -> None:
    """Exit 6, with the decision's own reason; the record says that it failed."""
    world = new_world()
    report = rehearsed(world, "olga")
    assert not report.passed
    assert report.exit_reasons == (ExitReason.FINDINGS,)
    assert report.proves == ()
    why = next(row.detail for row in report.checks if row.check == "unlock-bucket")
    assert "may not break glass" in why
    assert show(world.log(), last=1).records[0].subject.endswith("FAILED")


def with_break_glass(world: World, change: Callable[[BreakGlass], BreakGlass | None]) -> None:
    """The rule for root tasks has another section, in force."""

    def of(rule: Rule) -> Rule:
        assert rule.break_glass is not None
        return replace(rule, break_glass=change(rule.break_glass))

    first, *rest = world.approvals.rules
    approvals = replace(world.approvals, rules=(of(first), *rest))
    world.config = replace(world.config, approvals=approvals)
    publish(world.desk("dana"), lambda _view: None)


def test_rules_without_break_glass_fail_the_drill() -> None:
    """No terms: no quotas and no reviewers to speak of."""
    world = new_world()
    with_break_glass(world, lambda _section: None)
    assert failed(rehearsed(world)) == {"unlock-bucket", "delete-root-credentials"}


def test_a_task_without_a_rule_fails_the_drill() -> None:
    """It cannot even be asked for."""
    world = new_world()
    first, *rest = world.approvals.rules
    assert first.match.tasks is not None
    tasks = tuple(task for task in first.match.tasks if task != "delete-root-credentials")
    narrower = replace(first, match=replace(first.match, tasks=tasks))
    approvals = replace(world.approvals, rules=(narrower, *rest))
    world.config = replace(world.config, approvals=approvals)
    publish(world.desk("dana"), lambda _view: None)
    report = rehearsed(world)
    assert failed(report) == {"delete-root-credentials"}


def test_used_up_quotas_fail_the_drill() -> None:
    """An incident that awaits its review stands in the way of the next one."""
    world = locked()
    broken(world)
    assert {"unlock-bucket", "unlock-bucket: quotas"} <= failed(rehearsed(world))


def test_expired_rules_and_features_that_are_off_fail_the_drill() -> None:
    """Break-glass still works under expired rules; a drill says that they are."""
    world = new_world()
    world.aws.disable_feature(Feature.ROOT_SESSIONS)
    world.clock.forward(400 * DAY)
    assert failed(rehearsed(world)) == {"rules", "features"}
    world.aws.fail("organizations:ListAWSServiceAccessForOrganization", AwsErrorKind.DENIED)
    assert "features" in failed(rehearsed(world))


def test_nobody_to_review_fails_the_drill() -> None:
    """Without keys the reviewers cannot sign."""
    world = new_world()
    report = rehearsed(world)
    assert "bob, carol" in next(r.detail for r in report.checks if r.check.endswith("review"))
    people = world.approvals.people
    gone = {name: replace(people[name], keys=()) for name in ("bob", "carol")}
    workspace = world.workspace("alice")
    log = workspace.governed.log
    rules = log.require().rules[-1]
    body = replace(rules.body, approvals=replace(rules.body.approvals, people={**people, **gone}))
    log.state.rules[-1] = dataclasses.replace(rules, body=body)
    report = drill(workspace, account=None, bucket="any-bucket", only_show=True)
    assert {"unlock-bucket: review", "delete-root-credentials: review"} <= failed(report)


@pytest.mark.parametrize(("flags", "shown"), [(TOUCHED, False), (TOUCHED | PIN, True)])
def test_where_a_pin_is_wanted_the_drill_s_signature_shows_it(flags: int, *, shown: bool) -> None:
    """The token that would be used signs the drill."""
    token = TokenSigner("alice", flags=flags)
    world = new_world()
    alice = world.approvals.people["alice"]
    key = PersonKey(key=token.public_key, added=alice.keys[0].added)
    people = {**world.approvals.people, "alice": replace(alice, keys=(*alice.keys, key))}
    world.config = replace(world.config, approvals=replace(world.approvals, people=people))
    with_break_glass(world, lambda section: replace(section, user_verification="required"))
    workspace = dataclasses.replace(world.workspace("alice"), signer=token)
    report = drill(workspace, account=None, bucket="any-bucket")
    assert report.passed is shown
    assert ("unlock-bucket: PIN" in failed(report)) is not shown


def test_without_the_store_there_is_no_drill() -> None:
    """Exit 5, as an emergency would."""
    world = new_world()

    def down(_key: str) -> Exception:
        return AuditUnavailable("the store is down")

    world.store.refuse = down
    with pytest.raises(AuditUnavailable):
        rehearsed(world)


def test_a_drill_changes_nothing_for_the_emergency_after_it() -> None:
    """It uses up no quota."""
    world = locked_world()
    for _ in range(3):
        assert rehearsed(world).passed
    with pytest.raises(UsageError):  # not inspected, and nothing else stands in the way
        unlock_buckets(world.workspace("alice"), wanted(), ASK)
