"""Removing root credentials: one request, proofs and refusals."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from fakes.removal_world import (
    ALL,
    ASK,
    EVERYTHING,
    A,
    B,
    C,
    ask_for,
    deletions,
    empty,
    outcomes,
    removal_world,
    row,
    run,
    verified,
)
from fakes.team import World

from orgroot.core.config import AccountsConfig, Exemption
from orgroot.core.ids import AccountId
from orgroot.core.organization import SelectedAccounts, Selection
from orgroot.core.results import ExitReason, Removal, RequestView
from orgroot.core.root_credentials import CredentialKind
from orgroot.errors import (
    AwsError,
    AwsErrorKind,
    Incomplete,
    RequestRefused,
    UsageError,
)
from orgroot.workflows import removal
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory
from orgroot.workflows.requests import Ask


@pytest.fixture
def world() -> World:
    """Account A has everything, B a password, C nothing."""
    return removal_world()


def test_one_request_names_only_accounts_that_have_credentials(world: World) -> None:
    """A survey finds them; the request names A and B with what they have, and waits."""
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    assert view.exit_reasons == (ExitReason.WAITING,)
    assert [target["account"] for target in view.targets] == [A, B]
    assert view.params["seen"][A]["access_keys"] == ["AKIA2222ONE", "AKIA2222TWO"]
    assert deletions(world) == []
    assert {call.detail for call in world.aws.writes} == {"IAMAuditRootUserCredentials"}


def test_everything_goes_in_order_and_is_proved_twice(world: World) -> None:
    """Password, keys, certificates, then MFA; then zeros in a later audit session: removed."""
    result = run(world, ask_for(world))
    assert outcomes(result) == {A: "removed", B: "removed"}
    assert result.exit_reasons == ()
    assert row(result, A).removed.access_keys == ("AKIA2222ONE", "AKIA2222TWO")
    assert row(result, A).left == row(result, B).left
    assert empty(world.aws.members[A])
    assert empty(world.aws.members[B])
    assert [operation for operation, account, _ in deletions(world) if account == A] == [
        "iam:DeleteLoginProfile",
        "iam:DeleteAccessKey",
        "iam:DeleteAccessKey",
        "iam:DeleteSigningCertificate",
        "iam:DeactivateMFADevice",
    ]
    last = [call for call in world.aws.calls if call.subject == A][-2:]
    assert [call.operation for call in last] == ["sts:AssumeRoot", "iam:GetAccountSummary"]
    verified(world)


def test_nothing_left_is_no_request(world: World) -> None:
    """Clean accounts end with exit 0 and without a request."""
    result = removal.remove(world.workspace(), Selection(ids=(C,)), EVERYTHING, ASK)
    assert isinstance(result, Removal)
    assert (result.request, result.exit_reasons) == (None, ())
    assert outcomes(result) == {C: "nothing-to-remove"}
    assert "request" not in world.types()


def test_mfa_alone_is_left_where_more_was_asked_for(world: World) -> None:
    """MFA without anything else is harmless: no request; `--only mfa` removes it."""
    world.aws.members[C].mfa.append("arn:aws:iam::444444444444:mfa/root")
    assert isinstance(
        removal.remove(world.workspace(), Selection(ids=(C,)), EVERYTHING, ASK), Removal
    )
    request = ask_for(world, Selection(ids=(C,)), only=(CredentialKind.MFA,))
    assert outcomes(run(world, request)) == {C: "removed"}


def test_mfa_stays_while_a_password_or_key_exists(world: World) -> None:
    """`--only mfa` deactivates nothing in an account that still has a password."""
    result = run(world, ask_for(world, Selection(ids=(A,)), only=(CredentialKind.MFA,)))
    assert row(result, A).outcome == "incomplete"
    assert "MFA stays" in (row(result, A).reason or "")
    assert deletions(world) == []
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)


def test_only_the_kinds_asked_for_are_removed(world: World) -> None:
    """`--only access-keys` leaves the password, and says removed of what was asked."""
    result = run(world, ask_for(world, Selection(ids=(A,)), only=(CredentialKind.ACCESS_KEYS,)))
    assert outcomes(result) == {A: "removed"}
    assert world.aws.members[A].password
    assert world.aws.members[A].access_keys == []


def test_a_key_newer_than_the_request_holds_the_account(world: World) -> None:
    """Nothing of an account is deleted where something appeared that was not approved."""
    request = ask_for(world)
    world.aws.members[A].access_keys.append("AKIANEW")
    result = run(world, request)
    assert outcomes(result) == {A: "held", B: "removed"}
    assert "AKIANEW" in (row(result, A).reason or "")
    assert row(result, A).left.access_keys == ("AKIA2222ONE", "AKIA2222TWO", "AKIANEW")
    assert {account for _, account, _ in deletions(world)} == {B}
    with pytest.raises(RequestRefused):
        execute(world.workspace(), request)


def test_an_account_that_cannot_be_read_is_named_and_never_asked_for(world: World) -> None:
    """Unread accounts make the command incomplete and stand in no request."""
    world.aws.fail("iam:GetAccountSummary", subject=B)
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    assert set(view.exit_reasons) == {ExitReason.WAITING, ExitReason.INCOMPLETE}
    assert [target["account"] for target in view.targets] == [A]
    assert any(B in note for note in world.progress.notes)


@pytest.mark.parametrize(
    ("operation", "kind", "outcome"),
    [
        ("sts:AssumeRoot", AwsErrorKind.DENIED, "denied"),
        ("iam:GetLoginProfile", AwsErrorKind.DENIED, "denied"),
        ("iam:DeleteLoginProfile", AwsErrorKind.DENIED, "denied"),
        ("iam:DeleteLoginProfile", AwsErrorKind.THROTTLED, "incomplete"),
        ("iam:ListAccessKeys", AwsErrorKind.THROTTLED, "incomplete"),
        ("iam:DeactivateMFADevice", AwsErrorKind.LIMIT, "incomplete"),
        ("iam:GetAccountSummary", AwsErrorKind.DENIED, "incomplete"),
        ("iam:GetAccountSummary", AwsErrorKind.THROTTLED, "incomplete"),
    ],
)
def test_what_aws_refuses_is_never_removed(
    world: World, operation: str, kind: AwsErrorKind, outcome: str
) -> None:
    """Denied or throttled anywhere: shown as such, with exit 9; the other account is done."""
    request = ask_for(world)
    world.aws.fail(operation, kind, subject=A, times=50)
    result = run(world, request)
    assert outcomes(result) == {A: outcome, B: "removed"}
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert row(result, A).reason
    verified(world)


@pytest.mark.parametrize(
    "operation", ["iam:ListAccessKeys", "iam:DeleteAccessKey", "iam:GetAccountSummary"]
)
def test_throttling_leaves_an_account_open_for_the_next_run(world: World, operation: str) -> None:
    """The same request executed again goes on where throttling stopped it."""
    request = ask_for(world)
    world.aws.fail(operation, AwsErrorKind.THROTTLED, subject=A)
    assert outcomes(run(world, request))[A] == "incomplete"
    result = run(world, request)
    assert outcomes(result) == {A: "removed", B: "removed"}
    assert len(set(deletions(world))) == len(
        [d for d in deletions(world) if d[0] != operation or operation != "iam:DeleteAccessKey"]
    ) + (2 if operation == "iam:DeleteAccessKey" else 0)


def test_a_lost_answer_to_a_deletion_is_settled_by_reading(world: World) -> None:
    """The deletion took effect though its answer was lost: it is gone, and the account removed."""
    request = ask_for(world)
    world.aws.fail("iam:DeleteLoginProfile", AwsErrorKind.LOST, subject=A, after=True)
    assert outcomes(run(world, request))[A] == "removed"


def test_a_lost_answer_to_assume_root_is_an_unknown_outcome(world: World) -> None:
    """Exit 7, the other account is done and told, and the next run goes on."""
    request = ask_for(world)
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, subject=A)
    result = execute(world.workspace(concurrency=1), request)
    assert isinstance(result, Removal)
    assert outcomes(result) == {A: "incomplete", B: "removed"}
    assert result.exit_reasons == (ExitReason.UNKNOWN, ExitReason.INCOMPLETE)
    assert any(A in note and "execute" in note for note in world.progress.notes)
    assert empty(world.aws.members[B])
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, subject=A)
    again = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert again.exit_reasons == (ExitReason.UNKNOWN, ExitReason.INCOMPLETE)
    assert outcomes(run(world, request)) == {A: "removed", B: "removed"}


def test_a_deletion_that_does_not_show_is_not_removed(world: World) -> None:
    """Where the audit session still shows a password, the account is incomplete."""
    request = ask_for(world, Selection(ids=(A, B)))

    def back(_call: object) -> None:
        world.aws.members[B].password = True

    world.aws.when("iam:GetAccountSummary", back)
    result = run(world, request)
    assert row(result, B).outcome == "incomplete"
    assert "password present" in (row(result, B).reason or "")


def test_exempt_and_suspended_accounts_are_left_alone(world: World) -> None:
    """They are rows with the outcome skipped, and no session is opened in them."""
    exempt = Exemption(account=B, reason="moves", until=world.clock.now().date())
    accounts = AccountsConfig(exempt=(exempt,))
    world.config = msgspec.structs.replace(world.config, accounts=accounts)
    world.aws.add_account("555555555555", state="SUSPENDED")
    result = removal.remove(world.workspace(), Selection(all=True, exclude=(A, C)), EVERYTHING, ASK)
    assert isinstance(result, Removal)
    assert set(outcomes(result).values()) == {"skipped"}
    assert world.aws.writes == []


def test_an_account_suspended_or_moved_meanwhile_drops_out(world: World) -> None:
    """What changed since the request is left alone, the others are done."""
    request = ask_for(world)
    world.aws.members[B].tags["stage"] = "prod"
    result = run(world, request)
    assert outcomes(result) == {A: "removed", B: "incomplete"}
    assert "left alone" in (row(result, B).reason or "")
    assert world.aws.members[B].password


def test_the_feature_off_is_one_answer_and_no_session(world: World) -> None:
    """Nothing is surveyed, nothing asked for."""
    world.aws.flags.clear()
    with pytest.raises(Incomplete, match="off"):
        removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert world.aws.writes == []


@pytest.mark.parametrize(
    ("selection", "only", "ask", "error"),
    [
        (Selection(ids=(AccountId("9" * 12),)), EVERYTHING, ASK, UsageError),
        (Selection(), EVERYTHING, ASK, UsageError),
        (ALL, EVERYTHING, Ask(reason=""), (UsageError, RequestRefused)),
    ],
)
def test_bad_input_ends_before_any_session(
    world: World,
    selection: Selection,
    only: tuple[CredentialKind, ...],
    ask: Ask,
    error: type[Exception],
) -> None:
    """Unknown accounts, no selection, or a missing reason: no AssumeRoot, no record."""
    before = world.types()
    with pytest.raises(error):
        removal.remove(world.workspace(), selection, only, ask)
    assert world.aws.writes == []
    assert world.types() == before


def test_who_may_not_ask_causes_no_root_event(world: World) -> None:
    """A person whom no rule lets ask is refused before the survey."""
    with pytest.raises(RequestRefused):
        removal.remove(world.workspace("bob"), ALL, EVERYTHING, ASK)
    assert world.aws.writes == []


def test_the_same_command_again_continues_its_request(world: World) -> None:
    """No second survey and no second request while the first one waits."""
    first = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    sessions = len(world.aws.sessions)
    again = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(first, RequestView)
    assert isinstance(again, RequestView)
    assert again.id == first.id
    assert again.continuing
    assert len(world.aws.sessions) == sessions


def test_another_duration_is_another_request(world: World) -> None:
    """Nothing said means as long as the rules allow; the same again continues."""
    short = replace(ASK, duration_seconds=120)
    views = [
        removal.remove(world.workspace(), ALL, EVERYTHING, ask) for ask in (short, ASK, short, ASK)
    ]
    ids = [view.id for view in views if isinstance(view, RequestView)]
    assert len(set(ids)) == 2
    assert ids[:2] == ids[2:]


def test_a_survey_under_an_hour_old_is_taken(world: World) -> None:
    """An inventory just made is not made again; one an hour old is."""
    inventory(world.workspace(), ALL)
    sessions = len(world.aws.sessions)
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    assert len(world.aws.sessions) == sessions
    world.clock.at += timedelta(hours=5)
    removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert len(world.aws.sessions) == sessions + 3


@pytest.mark.parametrize(("policy", "again"), [("arn:aws:iam::aws:policy/no", 0), (None, 3)])
def test_a_survey_that_a_known_policy_stopped_is_taken(
    world: World, policy: str | None, again: int
) -> None:
    """Where it is known what denies an account nobody is read twice; what failed is retried."""
    world.aws.fail("iam:GetAccountSummary", AwsErrorKind.DENIED, subject=C)
    world.aws.faults[-1].error = AwsError(
        "denied",
        kind=AwsErrorKind.DENIED,
        aws_code="AccessDenied",
        operation="iam:GetAccountSummary",
        denied_by_arn=policy,
        denied_by_type="identity-based policy" if policy else None,
    )
    inventory(world.workspace(), ALL)
    sessions = len(world.aws.sessions)
    result = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert len(world.aws.sessions) == sessions + again
    assert isinstance(result, RequestView)
    assert (ExitReason.INCOMPLETE in result.exit_reasons) is (policy is not None)
    told = any(f"{C} is not in the request" in note for note in world.progress.notes)
    assert told is (policy is not None)


def test_a_survey_from_before_a_removal_is_never_taken(world: World) -> None:
    """After something was removed the accounts are read again, and nothing is left."""
    run(world, ask_for(world))
    result = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(result, Removal)
    assert set(outcomes(result).values()) == {"nothing-to-remove", "skipped"}


def test_a_dry_run_opens_no_session_and_writes_nothing(world: World) -> None:
    """It says what would be surveyed, or what an earlier survey found."""
    before = world.types()
    assert "not surveyed" in removal.preview(world.workspace(), ALL, EVERYTHING).notes[0]
    assert world.aws.writes == []
    assert world.types() == before


def test_a_named_account_that_is_not_active_is_incomplete(world: World) -> None:
    """Nobody who named it hears that all is done: exit 9, alone or with others."""
    asleep = AccountId("5" * 12)
    world.aws.add_account(asleep, state="SUSPENDED")
    for ids in ((asleep,), (A, asleep)):
        result = removal.remove(world.workspace(), Selection(ids=ids), EVERYTHING, ASK)
        assert ExitReason.INCOMPLETE in result.exit_reasons
    assert any(f"{asleep} is not in the request" in note for note in world.progress.notes)
    every = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert ExitReason.INCOMPLETE not in every.exit_reasons


def test_what_is_touched_is_counted_before_anything_is_done(world: World) -> None:
    """A person sees how many accounts are meant; after a no, none was read and nothing written."""
    seen: list[tuple[int, int]] = []

    def no(selected: SelectedAccounts) -> None:
        seen.append((len(selected.accounts), len(selected.skipped)))
        raise UsageError("not confirmed")

    before = world.types()
    with pytest.raises(UsageError, match="not confirmed"):
        removal.remove(world.workspace(), ALL, EVERYTHING, ASK, no)
    assert seen[0][0] > 1
    assert (world.aws.sessions, world.types()) == ([], before)


def test_the_approver_sees_counts_and_keys(world: World) -> None:
    """The summary names what each account has."""
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    text = " ".join(view.summary["changes"])
    assert "AKIA2222ONE" in text
    assert "accounts with a password: 2" in text
