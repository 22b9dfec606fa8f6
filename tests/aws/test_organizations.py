"""The organization through its adapter, against the sandbox."""

import json

import pytest

from orgroot.aws.error_codes import plain_code
from orgroot.core.ids import AccountId
from orgroot.core.root_tasks import Feature
from orgroot.errors import AwsError, AwsErrorKind
from orgroot.sandbox.faults import Effect, Rule
from tests.aws.world import CLEAN, DEEP, DIRTY, MANAGEMENT, World

DENY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*"}],
    }
)


def test_the_organization_is_described(world: World) -> None:
    """Id, management account and mode are AWS's, and so are root and policy types."""
    gateway = world.organizations()
    facts = gateway.describe()
    assert facts.id == world.organization.organization_id
    assert (facts.management_account, facts.feature_set) == (MANAGEMENT, "ALL")
    root = gateway.root()
    assert root.id == world.organization.root_id
    assert root.policy_types["SERVICE_CONTROL_POLICY"] == "ENABLED"


def test_every_account_is_listed_in_order(world: World) -> None:
    """All pages are read, management account included, whatever order AWS has."""
    for number in range(45):
        world.organization.new_account(
            f"n{number}",
            f"n{number}@corp.test",
            joined_at=world.organization.accounts[MANAGEMENT].joined_at,
        )
    accounts = world.organizations().accounts()
    ids = [account.id for account in accounts]
    assert ids == sorted(world.organization.accounts)
    assert {account.state for account in accounts} == {"ACTIVE"}


def test_empty_pages_lose_no_account(world: World) -> None:
    """An empty page with a token is not the end of a list."""
    world.organization.empty_pages = True
    assert len(world.organizations().accounts()) == 4


def test_accounts_are_known_without_status(world: World) -> None:
    """Where AWS no longer sends `Status`, `State` is read."""
    world.organization.shows_status = False
    account = world.organizations().account(DIRTY)
    assert account is not None
    assert account.state == "ACTIVE"


def test_a_stranger_is_none(world: World) -> None:
    """An account outside the organization is None, not an error."""
    assert world.organizations().account(AccountId("999999999999")) is None


def test_the_tree_is_walked_and_remembered(world: World) -> None:
    """Paths go from the root to the parent; listing children spares asking for their parents."""
    gateway = world.organizations()
    root = world.organization.root_id
    assert gateway.path_of(DIRTY) == (root,)
    (outer,) = gateway.units_of(root)
    (inner,) = gateway.units_of(outer.id)
    assert [account.id for account in gateway.accounts_of(inner.id)] == [DEEP]
    asked = world.calls("ListParents")
    assert gateway.path_of(DEEP) == (root, outer.id, inner.id)
    assert world.calls("ListParents") == asked


def test_trusted_access_and_delegate_are_switched(world: World) -> None:
    """Trusted access and the delegated administrator are set, read back and taken away."""
    gateway = world.organizations()
    gateway.register_delegated_administrator(CLEAN)
    assert gateway.delegated_administrators() == (CLEAN,)
    with pytest.raises(AwsError) as caught:
        gateway.disable_trusted_access()
    assert caught.value.kind is AwsErrorKind.CONFLICT
    gateway.deregister_delegated_administrator(CLEAN)
    gateway.disable_trusted_access()
    assert gateway.trusted_services() == frozenset()
    gateway.enable_trusted_access()
    assert gateway.trusted_services() == {"iam.amazonaws.com"}


def test_an_scp_is_made_attached_and_read(world: World) -> None:
    """A policy keeps its exact text and tags; attaching it twice is success."""
    gateway = world.organizations()
    made = gateway.create_scp("orgroot-deny", "why", DENY, {"managed-by": "orgroot"})
    gateway.attach_scp(made.id, DIRTY)
    gateway.attach_scp(made.id, DIRTY)
    assert made in gateway.attached_scps(DIRTY)
    assert made in gateway.scps()
    assert gateway.scp_content(made.id) == DENY
    assert gateway.tags_of(made.id) == {"managed-by": "orgroot"}


def test_an_scp_is_rewritten_detached_and_deleted(world: World) -> None:
    """Its name stays, each step done twice is success, and what is attached is not deleted."""
    gateway = world.organizations()
    made = gateway.create_scp("orgroot-deny", "why", DENY, {"managed-by": "orgroot"})
    other = DENY.replace("ec2", "sqs")
    gateway.update_scp(made.id, "because", other)
    assert gateway.scp_content(made.id) == other
    (found,) = (scp for scp in gateway.scps() if scp.id == made.id)
    assert (found.name, found.description) == ("orgroot-deny", "because")
    gateway.attach_scp(made.id, DIRTY)
    with pytest.raises(AwsError) as caught:
        gateway.delete_scp(made.id)
    assert plain_code(caught.value.aws_code) == "PolicyInUse"
    for _ in range(2):
        gateway.detach_scp(made.id, DIRTY)
    for _ in range(2):
        gateway.delete_scp(made.id)
    assert made.id not in {scp.id for scp in gateway.scps()}


def test_the_last_scp_stays(world: World) -> None:
    """AWS refuses to detach the last SCP of a target, and that is said as it is."""
    with pytest.raises(AwsError) as caught:
        world.organizations().detach_scp("p-FullAWSAccess", DIRTY)
    assert caught.value.kind is not AwsErrorKind.LOST
    assert "at least one attached" in caught.value.message


def test_a_taken_name_is_said(world: World) -> None:
    """A second policy of the same name is ALREADY, and a broken text INVALID."""
    gateway = world.organizations()
    gateway.create_scp("orgroot-deny", "", DENY, {})
    with pytest.raises(AwsError) as caught:
        gateway.create_scp("orgroot-deny", "", DENY, {})
    assert caught.value.kind is AwsErrorKind.ALREADY
    with pytest.raises(AwsError) as caught:
        gateway.create_scp("other", "", '{"Statement": 1}', {})
    assert caught.value.kind is AwsErrorKind.INVALID


@pytest.mark.parametrize(
    "code", ["ConcurrentModification", "PolicyChangesInProgress", "TooManyRequests"]
)
@pytest.mark.parametrize("operation", ["Create", "Update", "Attach", "Detach", "Delete"])
def test_conflicts_are_waited_out(world: World, operation: str, code: str) -> None:
    """A refusal for the moment is tried again with a pause, and the change is made once."""
    gateway = world.organizations()
    made = gateway.create_scp("orgroot-deny", "", DENY, {})
    changes = {
        "Create": lambda: gateway.create_scp("another", "", DENY, {}),
        "Update": lambda: gateway.update_scp(made.id, "", DENY),
        "Attach": lambda: gateway.attach_scp(made.id, DIRTY),
        "Detach": lambda: gateway.detach_scp(made.id, DIRTY),
        "Delete": lambda: gateway.delete_scp(made.id),
    }
    if operation == "Detach":
        gateway.attach_scp(made.id, DIRTY)
    before = world.calls(f"{operation}Policy")
    world.faults(
        Rule(
            effect=Effect.ERROR,
            operation=f"{operation}Policy",
            code=f"{code}Exception",
            status=400,
            count=2,
        )
    )
    changes[operation]()
    assert len(world.pauses) == 2
    assert world.calls(f"{operation}Policy") == before + 3


def test_a_lost_change_is_not_repeated(world: World) -> None:
    """A change without an answer is LOST after one attempt: it may have been made."""
    world.faults(Rule(effect=Effect.LOST_REPLY, operation="CreatePolicy"))
    with pytest.raises(AwsError) as caught:
        world.organizations().create_scp("orgroot-deny", "", DENY, {})
    assert caught.value.kind is AwsErrorKind.LOST
    assert world.calls("CreatePolicy") == 1


def test_features_are_read_and_switched(world: World) -> None:
    """Features are a set; hidden ones are TRUSTED_ACCESS_OFF, never "none"."""
    identity = world.identity()
    assert identity.caller().account == MANAGEMENT
    assert identity.caller().partition == "aws"
    identity.disable_feature(Feature.ROOT_SESSIONS)
    assert identity.features() == {Feature.ROOT_CREDENTIALS_MANAGEMENT}
    identity.enable_feature(Feature.ROOT_SESSIONS)
    assert identity.features() == set(Feature)
    world.organizations().disable_trusted_access()
    with pytest.raises(AwsError) as caught:
        identity.features()
    assert caught.value.kind is AwsErrorKind.TRUSTED_ACCESS_OFF


def test_members_and_delegates_are_told_their_limits(world: World) -> None:
    """A member cannot read the features; the delegate reads them and cannot turn them on."""
    member = world.identity(world.server.administrator(DIRTY))
    with pytest.raises(AwsError) as caught:
        member.features()
    assert caught.value.kind is AwsErrorKind.NOT_MANAGEMENT
    world.organizations().register_delegated_administrator(CLEAN)
    delegate = world.identity(world.server.administrator(CLEAN))
    assert delegate.features() == set(Feature)
    with pytest.raises(AwsError) as caught:
        delegate.enable_feature(Feature.ROOT_SESSIONS)
    assert caught.value.kind is AwsErrorKind.NOT_MANAGEMENT
