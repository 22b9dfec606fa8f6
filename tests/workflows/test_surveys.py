"""Surveys: one record before, facts as objects, one record after, whatever their size."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.removal_world import audit_draft
from fakes.team import World, new_world

from orgroot.core.codec import fact_key
from orgroot.core.facts import ClosedItem, IssuedItem
from orgroot.core.ids import AccountId
from orgroot.core.root_tasks import TaskPolicy
from orgroot.errors import (
    AuditUnavailable,
    IntegrityError,
    OutcomeUnknown,
    RequestRefused,
)
from orgroot.workflows.log_reading import ends_of, survey_facts
from orgroot.workflows.log_show import verify
from orgroot.workflows.run import Run
from orgroot.workflows.surveys import survey

AUDIT = TaskPolicy.AUDIT


def many(world: World, count: int) -> tuple[str, ...]:
    """So many member accounts."""
    accounts = tuple(f"5{number:011d}" for number in range(count))
    for account in accounts:
        world.aws.add_account(account)
    return accounts


def test_a_survey_adds_two_records_whatever_its_size() -> None:
    """10,000 accounts: the survey, its closing record, and objects."""
    world = new_world()
    accounts = many(world, 10_000)
    draft = audit_draft(world, *accounts)

    def work(run: Run) -> int:
        for account in accounts:
            run.close(account, "clean")
        return len(run.accounts)

    count, run = survey(world.workspace(), draft, work)
    assert count == 10_000
    assert world.types() == ["genesis", "rules", "survey", "closed"]
    log = world.log()
    execution = log.sync().executions[run.execution_id]
    assert len(ends_of(log, execution)) == 10_000
    found = verify(world.log())
    assert (found.findings, found.exit_reasons) == ((), ())


def test_a_survey_names_more_objects_than_a_record_holds() -> None:
    """Above a thousand fact objects the closing record names a list of them."""
    world = new_world()
    accounts = many(world, 1100)

    def work(run: Run) -> None:
        for account in accounts:
            run.open_session(AccountId(account), AUDIT)
            run.close(account, "clean")

    _, run = survey(world.workspace(), audit_draft(world, *accounts), work)
    log = world.log()
    execution = log.sync().executions[run.execution_id]
    assert len(execution.fact_objects) > 1000
    issued = [f for f in survey_facts(log, execution) if hasattr(f.items[0], "access_key_id")]  # type: ignore[attr-defined]
    assert len(issued) == 1100
    assert verify(world.log()).findings == ()


def test_names_that_somebody_took_are_passed_over() -> None:
    """Who may append writes under the names of facts to come: the survey goes on behind them."""
    world = new_world()
    accounts = many(world, 3)
    for n in (1, 2, 4):
        world.store.objects[fact_key(3, n)] = b"in the way\n"

    def work(run: Run) -> None:
        for account in accounts:
            run.open_session(AccountId(account), AUDIT)
            run.close(account, "clean")

    _, run = survey(world.workspace(), audit_draft(world, *accounts), work)
    log = world.log()
    execution = log.sync().executions[run.execution_id]
    assert set(ends_of(log, execution)) == set(accounts)
    found = verify(world.log())
    assert {finding.code for finding in found.findings} == {"STRAY_OBJECT"}
    assert [reason.code for reason in found.exit_reasons] == [6]
    # Before it closed, only what its own key signed counts either.
    execution.fact_objects = ()
    assert set(ends_of(log, execution)) == set(accounts)
    execution.fact_objects = ("0" * 64,)
    with pytest.raises(IntegrityError, match="is missing"):
        ends_of(log, execution)


def test_many_threads_share_one_writer() -> None:
    """Facts of many threads are durable when their calls return, each account in its order."""
    world = new_world()
    accounts = many(world, 60)

    def one(run: Run, account: str) -> None:
        session = run.open_session(AccountId(account), AUDIT)
        assert any(
            session.access_key_id.encode() in data
            for key, data in list(world.store.objects.items())
            if key.startswith("facts/")
        )
        run.close(account, "clean")

    def work(run: Run) -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda account: one(run, account), accounts))

    _, run = survey(world.workspace(), audit_draft(world, *accounts), work)
    log = world.log()
    assert set(ends_of(log, log.sync().executions[run.execution_id])) == set(accounts)
    assert verify(world.log()).findings == ()


def test_a_list_whose_name_somebody_took_is_not_worked_on() -> None:
    """Other bytes under the digest of a list to come: that list is refused, another one is not."""
    ours, elsewhere = new_world(), new_world()
    accounts = many(elsewhere, 300)
    many(ours, 300)

    def work(run: Run) -> int:
        for account in run.accounts:
            run.open_session(AccountId(account), AUDIT)
            run.close(account, "clean")
        return len(run.accounts)

    survey(elsewhere.workspace(), audit_draft(elsewhere, *accounts), work)
    for name in elsewhere.store.objects:
        if name.startswith("objects/"):
            ours.store.objects[name] = b"in the way\n"
    before = ours.aws.writes
    with pytest.raises(IntegrityError, match="not what its name says"):
        survey(ours.workspace(), audit_draft(ours, *accounts), work)
    assert ours.aws.writes == before
    assert survey(ours.workspace(), audit_draft(ours, *accounts[1:]), work)[0] == 299


def test_what_waits_together_is_written_together() -> None:
    """Facts that wait for the writer share one object; a record is never above its limit."""
    world = new_world()
    accounts = many(world, 30)

    def work(run: Run) -> None:
        items = tuple(
            IssuedItem(
                account=account,
                task_policy=AUDIT,
                access_key_id=f"ASIA{account}",
                expires_at="2026-11-22T09:15:00Z",
                aws_request_id="r" * 9000,
            )
            for account in accounts
        )
        run._writer.write_all(items)

    survey(world.workspace(), audit_draft(world, *accounts), work)
    sizes = [len(d) for key, d in world.store.objects.items() if key.startswith("facts/")]
    assert 3 <= len(sizes) <= 5
    assert max(sizes) <= 128 * 1024
    assert verify(world.log()).findings == ()


def test_a_survey_that_fails_is_closed_and_raises() -> None:
    """An error inside the work reaches the caller, and the survey does not stay open."""
    world = new_world()

    def work(run: Run) -> None:
        run.open_session(AccountId("222222222222"), AUDIT)
        raise OutcomeUnknown("the network is gone")

    with pytest.raises(OutcomeUnknown):
        survey(world.workspace(), audit_draft(world, "222222222222"), work)
    assert world.types()[-2:] == ["survey", "closed"]


def test_a_run_stays_within_its_accounts_and_policies() -> None:
    """Another account or task policy than announced is refused before AWS is called."""
    world = new_world()

    def work(run: Run) -> None:
        for account, policy in (
            ("333333333333", AUDIT),
            ("222222222222", TaskPolicy.UNLOCK_BUCKET),
        ):
            with pytest.raises(RequestRefused):
                run.open_session(AccountId(account), policy)

    survey(world.workspace(), audit_draft(world, "222222222222"), work)
    assert world.aws.sessions == []


def test_a_survey_without_the_right_is_refused() -> None:
    """Who may not read is refused before AWS is called, and nothing is written."""
    world = new_world(reading=1)
    with pytest.raises(RequestRefused) as caught:
        survey(world.workspace(), audit_draft(world, "222222222222"), lambda _run: None)
    assert caught.value.code == "needs-approval"
    assert world.types() == ["genesis", "rules"]
    assert world.aws.writes == []


def test_a_waiting_writer_hears_of_failure() -> None:
    """When the writer's record fails, everyone who waited with it is told."""
    world = new_world()
    accounts = many(world, 8)
    barrier = threading.Barrier(8)
    world.aws.when("sts:AssumeRoot", lambda _call: barrier.wait() and None)

    def close(run: Run, account: str) -> Callable[[], None]:
        def go() -> None:
            with pytest.raises(OutcomeUnknown):
                run.open_session(AccountId(account), AUDIT)

        return go

    def work(run: Run) -> None:
        world.store.refuse = lambda key: AuditUnavailable("full") if "facts" in key else None
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(close(run, account)) for account in accounts]:
                done.result()
        world.store.refuse = lambda _key: None

    survey(world.workspace(), audit_draft(world, *accounts), work)
    assert len(world.memory("alice").spooled()) == 8


@pytest.mark.parametrize("landed", [False, True])
def test_a_fact_that_failed_leaves_no_hole(*, landed: bool) -> None:
    """One write fails, later ones do not: all that was written is read, and named at the end."""
    world = new_world()
    accounts = many(world, 2)

    def work(run: Run) -> None:
        world.store.after = landed
        world.store.refuse = lambda key: AuditUnavailable("full") if "facts" in key else None
        with pytest.raises(OutcomeUnknown):
            run.open_session(AccountId(accounts[0]), AUDIT)
        world.store.refuse = lambda _key: None
        run.close(accounts[1], "unread")

    _, run = survey(world.workspace(), audit_draft(world, *accounts), work)
    log = world.log()
    execution = log.sync().executions[run.execution_id]
    assert set(ends_of(log, execution)) == {accounts[1]}
    assert len(execution.fact_objects) == 1 + landed
    assert verify(world.log()).findings == ()


def test_the_closed_item_is_what_it_says() -> None:
    """A survey's account that was not closed has no end on record."""
    world = new_world()

    def work(run: Run) -> None:
        run.close("222222222222", "clean", ("0" * 64,))

    draft = audit_draft(world, "222222222222", "333333333333")
    _, run = survey(world.workspace(), draft, work)
    log = world.log()
    ends = ends_of(log, log.sync().executions[run.execution_id])
    assert ends == {
        "222222222222": ClosedItem(account="222222222222", outcome="clean", objects=("0" * 64,))
    }
