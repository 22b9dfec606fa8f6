"""The inventory: what is read, what it costs, and what is said of what was not read."""

import msgspec
import pytest
from fakes.aws_members import aws_error
from fakes.team import World, new_world

from orgroot.core.ids import AccountId
from orgroot.core.organization import MemberAccount, ScpSummary, Selection
from orgroot.core.results import ExitReason, Inventory, InventoryRow, RequestView
from orgroot.core.root_credentials import AccountSummary, Presence
from orgroot.core.root_tasks import Feature
from orgroot.core.secrets import RootSession
from orgroot.errors import AuditUnavailable, AwsError, AwsErrorKind, Incomplete, UsageError
from orgroot.workflows import inventory as verb
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.reading import closing, reopened
from orgroot.workflows.requests import Ask

A, B, C = (AccountId(digit * 12) for digit in "234")
ALL = Selection(all=True)
SCP = "p-11112222"
IAM_ARN = "arn:aws:iam::111111111111:policy/p"
SCP_ARN = f"arn:aws:organizations::111111111111:policy/o-exampleorgid/service_control_policy/{SCP}"


@pytest.fixture
def world() -> World:
    """A has a key, B a password and MFA, C nothing."""
    made = new_world()
    made.aws.members[A].access_keys.append("AKIAONE")
    made.aws.members[B].password = True
    made.aws.members[B].mfa.append("arn:aws:iam::333333333333:mfa/root")
    return made


def take(world: World, selection: Selection = ALL) -> Inventory:
    """Take an inventory, and check what must hold of every one."""
    result = verb.inventory(world.workspace(concurrency=1), selection)
    assert isinstance(result, Inventory)
    summary = result.summary
    assert summary.total == summary.read + summary.unread + summary.skipped == len(result.accounts)
    assert summary.read == summary.clean + summary.with_credentials
    return result


def row(result: Inventory, account: str) -> InventoryRow:
    """One account's row."""
    return next(row for row in result.accounts if row.id == account)


def deny_summary(world: World, account: str, arn: str | None, kind: str | None) -> None:
    """Let an SCP, or nobody named, deny the summary of an account."""
    world.aws.fail("iam:GetAccountSummary", subject=account)
    base = aws_error(AwsErrorKind.DENIED, "iam:GetAccountSummary")
    world.aws.faults[-1].error = AwsError(
        base.message,
        kind=base.kind,
        aws_code="AccessDenied",
        operation=base.operation,
        denied_by_arn=arn,
        denied_by_type=kind,
    )


def test_each_account_is_shown_as_it_is(world: World) -> None:
    """Present, absent, clean and skipped, with details where something is present."""
    result = take(world)
    assert [(r.id, r.clean, r.password) for r in result.accounts] == [
        ("1" * 12, None, "unknown"),
        (A, False, "absent"),
        (B, False, "present"),
        (C, True, "absent"),
    ]
    assert [key.id for key in row(result, A).access_keys] == ["AKIAONE"]
    assert row(result, B).mfa_devices == ("arn:aws:iam::333333333333:mfa/root",)
    assert row(result, B).mfa_enabled is True
    assert (row(result, C).mfa_devices, row(result, C).mfa_enabled) == ((), False)
    assert "management account" in (row(result, "1" * 12).reason or "")
    assert result.exit_reasons == ()
    assert result.survey is not None
    assert result.receipt is not None


def test_a_clean_account_costs_two_calls(world: World) -> None:
    """AssumeRoot with the audit task and GetAccountSummary, no more."""
    take(world, Selection(ids=(C,)))
    assert [call.operation for call in world.aws.calls if call.subject == C][1:] == [
        "sts:AssumeRoot",
        "iam:GetAccountSummary",
    ]
    assert {call.detail for call in world.aws.writes} == {"IAMAuditRootUserCredentials"}


def test_it_says_beforehand_how_many_root_events_it_causes(world: World) -> None:
    """The warning comes before the first AssumeRoot."""
    world.aws.when("sts:AssumeRoot", lambda _call: world.progress.notes.append("assumed"))
    take(world)
    warned = next(n for n, note in enumerate(world.progress.notes) if "3 AssumeRoot" in note)
    assert warned < world.progress.notes.index("assumed")
    assert "alarms" in world.progress.notes[warned]


def test_one_account_is_warned_of_as_one(world: World) -> None:
    """One event and one call, or as many as there are accounts."""
    one, two = (verb.warning(world.workspace(), n) for n in (1, 2))
    assert one.startswith("1 account to read: 1 AssumeRoot event in ")
    assert "at least 1 call by" in one
    assert two.startswith("2 accounts to read: 2 AssumeRoot events in ")
    assert "at least 2 calls by" in two


@pytest.mark.parametrize("trusted", [True, False])
def test_a_feature_that_is_off_is_one_answer_and_no_sweep(
    world: World,
    trusted: bool,  # noqa: FBT001
) -> None:
    """Exit 9 with one reason; AssumeRoot is never called and nothing is logged."""
    world.aws.flags.discard(Feature.ROOT_CREDENTIALS_MANAGEMENT)
    if not trusted:
        world.aws.trusted.clear()
    before = world.types()
    with pytest.raises(Incomplete, match="off"):
        verb.inventory(world.workspace(), ALL)
    assert world.aws.writes == []
    assert world.types() == before


def test_a_feature_that_turns_out_off_stops_the_sweep(world: World) -> None:
    """Who may not list the features learns it from the first account, and tries no other."""
    world.aws.fail("iam:ListOrganizationsFeatures")
    world.aws.flags.clear()
    with pytest.raises(Incomplete):
        verb.inventory(world.workspace(concurrency=1), ALL)
    assert world.aws.count("sts:AssumeRoot") == 1


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("sts:AssumeRoot", AwsErrorKind.DENIED),
        ("sts:AssumeRoot", AwsErrorKind.LOST),
        ("sts:AssumeRoot", AwsErrorKind.UNAVAILABLE),
        ("iam:GetAccountSummary", AwsErrorKind.DENIED),
        ("iam:GetAccountSummary", AwsErrorKind.THROTTLED),
    ],
)
def test_an_account_that_was_not_read_is_never_clean(
    world: World, operation: str, kind: AwsErrorKind
) -> None:
    """It is named with the reason, counted as unread, and the exit code is 9."""
    world.aws.fail(operation, kind, subject=C, times=50)
    result = take(world)
    assert row(result, C).clean is None
    assert row(result, C).reason
    assert result.summary.unread == 1
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)


def test_a_key_missing_from_awss_answer_is_unknown(world: World) -> None:
    """An answer without AccountPasswordPresent is neither clean nor with credentials."""

    def summary(_session: RootSession) -> AccountSummary:
        absent = Presence.ABSENT
        return AccountSummary(
            password=Presence.UNKNOWN, access_keys=absent, signing_certificates=absent, mfa=absent
        )

    world.aws.account_summary = summary  # type: ignore[method-assign]
    result = take(world, Selection(ids=(C,)))
    assert row(result, C).clean is None
    assert "AccountPasswordPresent" in (row(result, C).reason or "")


def test_details_that_fail_make_the_account_incomplete(world: World) -> None:
    """It surely has credentials, and which ones is said to be unread."""
    world.aws.fail("iam:ListAccessKeys", subject=A)
    result = take(world)
    assert row(result, A).clean is False
    assert "ListAccessKeys" in (row(result, A).reason or "")
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)


def test_a_denying_scp_is_named_with_its_sid(world: World) -> None:
    """AWS's message names the policy; its name and its one Deny statement are looked up once."""
    text = '{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Deny","Action":"iam:Get*"}]}'
    summary = ScpSummary(id=SCP, arn=SCP_ARN, name="no-root", description="", aws_managed=False)
    world.aws.policies[SCP] = (summary, text)
    for account in (A, C):
        deny_summary(world, account, SCP_ARN, "service control policy")
    result = take(world)
    for account in (A, C):
        found = row(result, account).denied_by
        assert found is not None
        assert (found.policy, found.sid, found.kind) == ("no-root", "S", "service control policy")
    assert world.aws.count("organizations:ListPolicies") == 1
    assert world.aws.count("organizations:DescribePolicy") == 1


def test_a_denying_rcp_is_named_with_its_kind(world: World) -> None:
    """A resource control policy in AWS's message is looked up among its own kind."""
    text = '{"Version":"2012-10-17","Statement":[{"Sid":"R","Effect":"Deny","Action":"iam:*"}]}'
    arn = SCP_ARN.replace("service_control", "resource_control")
    summary = ScpSummary(id=SCP, arn=arn, name="shut", description="", aws_managed=False)
    world.aws.policies[SCP] = (summary, text)
    world.aws.rcp.add(SCP)
    deny_summary(world, A, arn, None)
    found = row(take(world), A).denied_by
    assert found is not None
    assert (found.policy, found.sid, found.kind) == ("shut", "R", "resource control policy")


@pytest.mark.parametrize(
    ("arn", "kind", "policy"),
    [
        (None, None, None),
        (None, "service control policy", None),
        (IAM_ARN, "identity-based policy", IAM_ARN),
        (SCP_ARN, None, SCP_ARN),
    ],
)
def test_who_denied_is_never_guessed(
    world: World, arn: str | None, kind: str | None, policy: str | None
) -> None:
    """What AWS does not say, or what cannot be looked up, stays null."""
    world.aws.fail("organizations:ListPolicies")
    world.aws.fail("organizations:DescribePolicy")
    deny_summary(world, C, arn, kind)
    found = row(take(world, Selection(ids=(C,))), C).denied_by
    assert (found.policy if found else None) == policy
    assert (found.sid if found else None) is None


def test_a_suspended_account_named_by_id_makes_it_incomplete(world: World) -> None:
    """Selected with others it is only skipped; named, the exit code is 9."""
    world.aws.add_account("555555555555", state="SUSPENDED")
    assert take(world).exit_reasons == ()
    result = take(world, Selection(ids=(AccountId("5" * 12),)))
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert row(result, "5" * 12).clean is None


def test_an_interrupt_ends_cleanly(world: World) -> None:
    """What was read stays read and recorded, the rest is unread, and the survey is closed."""

    def interrupt(_count: int = 1) -> None:
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt

    interrupted: list[bool] = []
    world.progress.advance = interrupt  # type: ignore[method-assign]
    result = take(world)
    assert result.summary.read >= 1
    assert result.summary.unread >= 1
    assert any("interrupted" in (r.reason or "") for r in result.accounts)
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert world.types()[-2:] == ["survey", "closed"]


def test_an_account_that_takes_too_long_is_unread(world: World) -> None:
    """Past its share of time an account is left, and said so."""
    world.aws.when("sts:AssumeRoot", lambda _call: world.clock.forward(301))
    result = take(world, Selection(ids=(C,)))
    assert "longer than 5 minutes" in (row(result, C).reason or "")


def test_an_unavailable_log_stops_it_before_any_session(world: World) -> None:
    """No durable survey record: no AssumeRoot."""
    ws = world.workspace()
    world.store.down = True
    with pytest.raises(AuditUnavailable):
        verb.inventory(ws, ALL)
    assert world.aws.writes == []


def test_observer_mode_is_told_what_is_missing(world: World) -> None:
    """Without a log there are no root sessions."""
    from dataclasses import replace  # noqa: PLC0415 - this test alone

    with pytest.raises(UsageError):
        verb.inventory(replace(world.workspace(), log=None), ALL)
    assert world.aws.writes == []


def test_nothing_to_read_is_an_empty_inventory(world: World) -> None:
    """Only the management account selected: a row that says why, exit 0, no survey."""
    result = take(world, Selection(ids=(AccountId("1" * 12),)))
    assert result.survey is None
    assert result.summary.skipped == 1
    assert world.aws.writes == []


def test_where_reading_needs_approval_it_goes_the_request_way() -> None:
    """The request waits; executed, it answers with the inventory."""
    world = new_world(reading=1)
    world.aws.members[A].password = True
    ask = Ask(reason="yearly review")
    view = verb.inventory(world.workspace(concurrency=1), ALL, ask)
    assert isinstance(view, RequestView)
    assert world.aws.writes == []
    approve(world.desk("bob"), view.id, "", lambda _summary: None)
    world.aws.fail("sts:AssumeRoot", subject=B)
    result = execute(world.workspace(concurrency=1), view.id)
    assert isinstance(result, Inventory)
    assert [(r.id, r.clean) for r in result.accounts] == [(A, False), (B, None), (C, True)]
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)


def test_a_dry_run_writes_nothing(world: World) -> None:
    """It names the accounts and those left out, and opens no session."""
    before = world.types()
    dry = verb.preview(world.workspace(), ALL)
    assert len(dry.targets) == 3
    assert any("left out" in note for note in dry.notes)
    assert world.aws.writes == []
    assert world.types() == before


def test_the_log_gives_back_the_rows_it_was_given(world: World) -> None:
    """A recorded outcome reopens as the very row; what is not understood is unread."""
    member = MemberAccount(id=A, name="a", email="", state="ACTIVE")
    for found in take(world).accounts:
        same = MemberAccount(id=AccountId(found.id), name=found.name, email="", state=found.state)
        assert reopened(same, closing(found)) == found
    for broken in ("clean {", "with-credentials {}", "nonsense", "clean []"):
        assert reopened(member, broken).clean is None
    assert msgspec.json.encode(take(world))
