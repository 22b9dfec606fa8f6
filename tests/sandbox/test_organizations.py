"""Accounts, OUs, trusted services, delegates and tags, as AWS Organizations answers for them."""

from collections.abc import Iterator
from typing import Any

import pytest

from orgroot.core.ids import AccountId
from orgroot.sandbox.organization_values import IAM
from tests.sandbox.organization_rows import (
    ACCOUNTS,
    DELEGATE,
    GUARDDUTY,
    INVITED,
    MANAGEMENT,
    MEMBER,
    SUSPENDED,
    Live,
    Row,
    advance,
)


@pytest.fixture
def live() -> Iterator[Live]:
    """A fresh organization behind a port."""
    with Live() as started:
        yield started


def _all(live: Live, operation: str, member: str, **params: Any) -> list[Any]:
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        answer = live.call(operation, **params, **token)
        assert len(answer[member]) <= 20
        found += answer[member]
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


@pytest.mark.parametrize("empty_pages", [False, True])
def test_lists_every_account_in_pages_of_at_most_twenty(live: Live, *, empty_pages: bool) -> None:
    """Every account must be listed once, also when the first page is empty but has a token."""
    live.organization.empty_pages = empty_pages
    first = live.call("ListAccounts")
    assert len(first["Accounts"]) == (0 if empty_pages else 20)
    accounts = _all(live, "ListAccounts", "Accounts")
    assert len({account["Id"] for account in accounts}) == len(accounts) == ACCOUNTS


def test_a_token_belongs_to_its_listing(live: Live) -> None:
    """A token of one listing must not open another."""
    token = live.call("ListAccounts")["NextToken"]
    params = {"ParentId": "{root}", "NextToken": token}
    live.check(
        Row("management", "ListAccountsForParent", params, "InvalidInputException",
            "INVALID_NEXT_TOKEN")
    )  # fmt: skip


def test_an_account_shows_state_and_the_retired_status(live: Live) -> None:
    """State must be there always, Status only until its retirement."""
    about = live.call("DescribeAccount", AccountId=SUSPENDED)["Account"]
    assert (about["State"], about["Status"]) == ("SUSPENDED", "SUSPENDED")
    live.organization.shows_status = False
    assert "Status" not in live.call("DescribeAccount", AccountId=SUSPENDED)["Account"]


def test_a_closed_account_reads_closed_and_suspended(live: Live) -> None:
    """Closing must be pending first, then State CLOSED with the old Status SUSPENDED."""
    live.call("CloseAccount", AccountId=MEMBER)
    assert live.call("DescribeAccount", AccountId=MEMBER)["Account"]["State"] == "PENDING_CLOSURE"
    advance(live, seconds=5)
    about = live.call("DescribeAccount", AccountId=MEMBER)["Account"]
    assert (about["State"], about["Status"]) == ("CLOSED", "SUSPENDED")


def test_an_account_tells_where_it_is(live: Live) -> None:
    """Arn, path, joining and parent must agree with the tree."""
    organization = live.organization
    about = live.call("DescribeAccount", AccountId=MEMBER)["Account"]
    base = f"{organization.organization_id}/{organization.root_id}/{live.ids['ou']}"
    assert about["Paths"] == [f"{base}/{MEMBER}/"]
    tail = f"account/{organization.organization_id}/{MEMBER}"
    assert about["Arn"] == f"arn:aws:organizations::{MANAGEMENT}:{tail}"
    assert about["JoinedMethod"] == "CREATED"
    assert live.call("DescribeAccount", AccountId=INVITED)["Account"]["JoinedMethod"] == "INVITED"
    parents = live.call("ListParents", ChildId=MEMBER)["Parents"]
    assert parents == [{"Id": live.ids["ou"], "Type": "ORGANIZATIONAL_UNIT"}]
    parents = live.call("ListParents", ChildId="{ou}")["Parents"]
    assert parents == [{"Id": live.ids["root"], "Type": "ROOT"}]


def test_the_tree_can_be_walked(live: Live) -> None:
    """Listing by parent and listing children must tell the same."""
    units = live.call("ListOrganizationalUnitsForParent", ParentId="{ou}")["OrganizationalUnits"]
    assert [unit["Id"] for unit in units] == [live.ids["inner"]]
    children = live.call("ListChildren", ParentId="{ou}", ChildType="ORGANIZATIONAL_UNIT")
    assert children["Children"] == [{"Id": live.ids["inner"], "Type": "ORGANIZATIONAL_UNIT"}]
    below = _all(live, "ListAccountsForParent", "Accounts", ParentId="{root}")
    listed = _all(live, "ListChildren", "Children", ParentId="{root}", ChildType="ACCOUNT")
    assert [a["Id"] for a in below] == [c["Id"] for c in listed]
    assert len(below) == ACCOUNTS - 1
    unit = live.call("DescribeOrganizationalUnit", OrganizationalUnitId="{inner}")
    assert unit["OrganizationalUnit"]["Name"] == "Production"


def test_a_moved_account_is_in_its_new_place_only(live: Live) -> None:
    """MoveAccount must take the account out of the old container."""
    live.call("MoveAccount", AccountId=MEMBER, SourceParentId="{ou}", DestinationParentId="{inner}")
    assert live.call("ListAccountsForParent", ParentId="{ou}")["Accounts"] == []
    inside = live.call("ListAccountsForParent", ParentId="{inner}")["Accounts"]
    assert [account["Id"] for account in inside] == [MEMBER]


def test_ous_nest_five_levels_deep_and_no_deeper(live: Live) -> None:
    """The sixth level must be refused with OU_DEPTH_LIMIT_EXCEEDED."""
    parent = live.ids["inner"]
    for level in (3, 4, 5):
        made = live.call("CreateOrganizationalUnit", ParentId=parent, Name=f"level {level}")
        parent = made["OrganizationalUnit"]["Id"]
    params = {"ParentId": parent, "Name": "level 6"}
    live.check(
        Row("management", "CreateOrganizationalUnit", params, "ConstraintViolationException",
            "OU_DEPTH_LIMIT_EXCEEDED")
    )  # fmt: skip


def _created(live: Live, email: str, **more: Any) -> dict[str, Any]:
    started = live.call("CreateAccount", AccountName="new", Email=email, **more)
    request = started["CreateAccountStatus"]
    assert request["State"] == "IN_PROGRESS"
    for _ in range(3):
        answer = live.call("DescribeCreateAccountStatus", CreateAccountRequestId=request["Id"])
        status = answer["CreateAccountStatus"]
        if status["State"] != "IN_PROGRESS":
            return dict(status)
    raise AssertionError("the account is never ready")


def test_an_account_is_created_in_the_end(live: Live) -> None:
    """CreateAccount must be in progress first; its role and tags must be there at the end."""
    tags = [{"Key": "team", "Value": "edi"}]
    status = _created(live, "new@example.com", RoleName="Landing", Tags=tags)
    assert status["State"] == "SUCCEEDED"
    number = status["AccountId"]
    assert live.call("ListTagsForResource", ResourceId=number)["Tags"] == tags
    account = live.organization.accounts[AccountId(number)]
    assert account.access_role == "Landing"
    assert account.parent == live.organization.root_id
    assert live.organization.root_user(account.id).kinds == ()


def test_an_email_is_taken_only_once(live: Live) -> None:
    """A taken e-mail address must fail the creation, not the call."""
    status = _created(live, "MEMBER@example.com")
    assert (status["State"], status["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    assert "AccountId" not in status


def test_an_account_is_created_also_when_nobody_asks(live: Live) -> None:
    """A client that only waits must find the new account in the listing."""
    live.call("CreateAccount", AccountName="new", Email="new@example.com")
    assert len(_all(live, "ListAccounts", "Accounts")) == ACCOUNTS
    advance(live, seconds=3)
    assert len(_all(live, "ListAccounts", "Accounts")) == ACCOUNTS + 1


def test_an_organization_has_so_many_accounts(live: Live) -> None:
    """At the limit of accounts CreateAccount must be refused."""
    live.organization.account_limit = ACCOUNTS
    params = {"AccountName": "new", "Email": "new@example.com"}
    reason = "ACCOUNT_NUMBER_LIMIT_EXCEEDED"
    live.check(Row("management", "CreateAccount", params, "ConstraintViolationException", reason))


def test_a_delegate_reads_and_a_member_knows_its_organization(live: Live) -> None:
    """Reading is open to a delegate of any service, DescribeOrganization to every member."""
    about = live.call("DescribeOrganization", by="member")["Organization"]
    assert about["MasterAccountId"] == MANAGEMENT
    assert about["FeatureSet"] == "ALL"
    live.delegate(GUARDDUTY)
    assert len(live.call("ListAccounts", by="delegate")["Accounts"]) == 20
    assert live.call("ListRoots", by="delegate")["Roots"]


def test_delegates_are_listed_by_service_and_by_account(live: Live) -> None:
    """Registering and deregistering must show in both listings."""
    live.delegate(GUARDDUTY)
    services = live.call("ListDelegatedServicesForAccount", AccountId=DELEGATE)
    assert [s["ServicePrincipal"] for s in services["DelegatedServices"]] == [GUARDDUTY]
    listed = live.call("ListDelegatedAdministrators", ServicePrincipal=GUARDDUTY)
    (entry,) = listed["DelegatedAdministrators"]
    assert (entry["Id"], entry["State"]) == (DELEGATE, "ACTIVE")
    assert live.call("ListDelegatedAdministrators", ServicePrincipal=IAM) == {
        "DelegatedAdministrators": []
    }
    live.call("DeregisterDelegatedAdministrator", AccountId=DELEGATE, ServicePrincipal=GUARDDUTY)
    assert live.call("ListDelegatedAdministrators") == {"DelegatedAdministrators": []}


def test_trusted_access_keeps_its_first_date(live: Live) -> None:
    """Enabling again must change nothing; disabling takes the service off the list."""
    live.call("EnableAWSServiceAccess", ServicePrincipal=GUARDDUTY)
    before = live.call("ListAWSServiceAccessForOrganization")
    advance(live, hours=1)
    live.call("EnableAWSServiceAccess", ServicePrincipal=GUARDDUTY)
    assert live.call("ListAWSServiceAccessForOrganization") == before
    live.call("DisableAWSServiceAccess", ServicePrincipal=GUARDDUTY)
    left = live.call("ListAWSServiceAccessForOrganization")["EnabledServicePrincipals"]
    assert [entry["ServicePrincipal"] for entry in left] == [IAM]


def test_tags_come_and_go(live: Live) -> None:
    """Tagging must add and replace, untagging must remove only what is named."""
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    live.call("TagResource", ResourceId="{ou}", Tags=tags)
    live.call("TagResource", ResourceId="{ou}", Tags=[{"Key": "a", "Value": "3"}])
    live.call("UntagResource", ResourceId="{ou}", TagKeys=["b", "c"])
    left = live.call("ListTagsForResource", ResourceId="{ou}")["Tags"]
    assert left == [{"Key": "a", "Value": "3"}]
