"""What AWS Organizations refuses about accounts, OUs, services, delegates and tags, and how."""

from collections.abc import Iterator

import pytest

from orgroot.sandbox.organization_values import IAM
from tests.sandbox.organization_rows import (
    DELEGATE,
    GUARDDUTY,
    MANAGEMENT,
    MEMBER,
    SUSPENDED,
    Live,
    Row,
)

NEITHER = "ou-none-00000000"
CLOSED_THREE = tuple(("CloseAccount", {"AccountId": f"50000000000{n}"}) for n in range(3))
DELEGATED = (
    ("EnableAWSServiceAccess", {"ServicePrincipal": GUARDDUTY}),
    (
        "RegisterDelegatedAdministrator",
        {"AccountId": DELEGATE, "ServicePrincipal": GUARDDUTY},
    ),
)

# What the facts leave open, and what the sandbox answers all the same:
#   a second delegated administrator for IAM    refused: the console takes one, no maximum is known
#   deregistering by the delegate itself        AccessDenied: the API reference says management only
#   grants in the organization's resource policy  give nothing: stricter than AWS, never kinder
#   the retired Account.Status                  still there, until shows_status is turned off
#   a token of another listing                  INVALID_NEXT_TOKEN, as for one that is made up
REFUSED = (
    Row("stranger", "DescribeOrganization", {}, "AWSOrganizationsNotInUseException"),
    Row("stranger", "ListAccounts", {}, "AWSOrganizationsNotInUseException"),
    Row(
        "member",
        "ListAccounts",
        {},
        "AccessDeniedException",
        message="You don't have permissions to access this resource.",
    ),
    Row("member", "ListRoots", {}, "AccessDeniedException"),
    Row("member", "DescribeAccount", {"AccountId": MEMBER}, "AccessDeniedException"),
    Row("member", "ListPolicies", {"Filter": "SERVICE_CONTROL_POLICY"}, "AccessDeniedException"),
    Row("member", "EnableAWSServiceAccess", {"ServicePrincipal": IAM}, "AccessDeniedException"),
    Row("delegate", "ListAccounts", {}, "AccessDeniedException"),
    Row(
        "delegate",
        "CreateOrganizationalUnit",
        {"ParentId": "{root}", "Name": "Mine"},
        "AccessDeniedException",
        before=DELEGATED,
    ),
    Row(
        "delegate",
        "DeregisterDelegatedAdministrator",
        {"AccountId": DELEGATE, "ServicePrincipal": GUARDDUTY},
        "AccessDeniedException",
        before=DELEGATED,
    ),
    Row("management", "LeaveOrganization", {}, "NotImplemented", status=501),
    Row(
        "management",
        "ListAccounts",
        {"MaxResults": 21},
        "InvalidInputException",
        "MAX_VALUE_EXCEEDED",
    ),
    Row(
        "management",
        "ListAccounts",
        {"MaxResults": 0},
        "InvalidInputException",
        "MIN_VALUE_EXCEEDED",
    ),
    Row(
        "management",
        "ListAccounts",
        {"NextToken": "bm9uc2Vuc2U="},
        "InvalidInputException",
        "INVALID_NEXT_TOKEN",
    ),
    Row("management", "DescribeAccount", {}, "InvalidInputException", "INPUT_REQUIRED"),
    Row(
        "management",
        "DescribeAccount",
        {"AccountId": "1234"},
        "InvalidInputException",
        "INVALID_PATTERN",
    ),
    Row(
        "management",
        "DescribeAccount",
        {"AccountId": "999999999999"},
        "AccountNotFoundException",
        message="You specified an account that doesn't exist.",
    ),
    Row("management", "ListAccountsForParent", {"ParentId": NEITHER}, "ParentNotFoundException"),
    Row(
        "management",
        "ListOrganizationalUnitsForParent",
        {"ParentId": NEITHER},
        "ParentNotFoundException",
    ),
    Row(
        "management",
        "ListChildren",
        {"ParentId": NEITHER, "ChildType": "ACCOUNT"},
        "ParentNotFoundException",
    ),
    Row(
        "management",
        "ListChildren",
        {"ParentId": "{root}", "ChildType": "USER"},
        "InvalidInputException",
        "INVALID_ENUM",
    ),
    Row("management", "ListParents", {"ChildId": "999999999999"}, "ChildNotFoundException"),
    Row(
        "management",
        "DescribeOrganizationalUnit",
        {"OrganizationalUnitId": NEITHER},
        "OrganizationalUnitNotFoundException",
    ),
    Row(
        "management",
        "CreateOrganizationalUnit",
        {"ParentId": "{root}", "Name": "Workloads"},
        "DuplicateOrganizationalUnitException",
    ),
    Row(
        "management",
        "CreateOrganizationalUnit",
        {"ParentId": NEITHER, "Name": "Any"},
        "ParentNotFoundException",
    ),
    Row(
        "management",
        "MoveAccount",
        {"AccountId": MEMBER, "SourceParentId": "{root}", "DestinationParentId": "{inner}"},
        "SourceParentNotFoundException",
    ),
    Row(
        "management",
        "MoveAccount",
        {"AccountId": MEMBER, "SourceParentId": "{ou}", "DestinationParentId": NEITHER},
        "DestinationParentNotFoundException",
    ),
    Row(
        "management",
        "MoveAccount",
        {"AccountId": MEMBER, "SourceParentId": "{ou}", "DestinationParentId": "{ou}"},
        "DuplicateAccountException",
    ),
    Row(
        "management",
        "MoveAccount",
        {"AccountId": "999999999999", "SourceParentId": "{ou}", "DestinationParentId": "{root}"},
        "AccountNotFoundException",
    ),
    Row(
        "management",
        "DescribeCreateAccountStatus",
        {"CreateAccountRequestId": "car-00000000"},
        "CreateAccountStatusNotFoundException",
    ),
    Row(
        "management",
        "CreateAccount",
        {"Email": "a b@example.com", "AccountName": "any"},
        "InvalidInputException",
        "INVALID_PATTERN",
    ),
    Row(
        "management",
        "CloseAccount",
        {"AccountId": MANAGEMENT},
        "ConstraintViolationException",
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    ),
    Row(
        "management",
        "CloseAccount",
        {"AccountId": MEMBER},
        "AccountAlreadyClosedException",
        before=(("CloseAccount", {"AccountId": MEMBER}),),
    ),
    Row(
        "management",
        "CloseAccount",
        {"AccountId": MEMBER},
        "ConstraintViolationException",
        "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
        before=CLOSED_THREE,
    ),
    Row(
        "management",
        "EnableAWSServiceAccess",
        {"ServicePrincipal": "nothing.amazonaws.com"},
        "InvalidInputException",
        "UNRECOGNIZED_SERVICE_PRINCIPAL",
    ),
    Row(
        "management",
        "DisableAWSServiceAccess",
        {"ServicePrincipal": GUARDDUTY},
        "ConstraintViolationException",
        "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
        before=DELEGATED,
    ),
    Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": MEMBER, "ServicePrincipal": GUARDDUTY},
        "ConstraintViolationException",
        "SERVICE_ACCESS_NOT_ENABLED",
    ),
    Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": MANAGEMENT, "ServicePrincipal": IAM},
        "ConstraintViolationException",
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
    ),
    Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": SUSPENDED, "ServicePrincipal": IAM},
        "ConstraintViolationException",
        "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
    ),
    Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": DELEGATE, "ServicePrincipal": GUARDDUTY},
        "AccountAlreadyRegisteredException",
        before=DELEGATED,
    ),
    Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": MEMBER, "ServicePrincipal": GUARDDUTY},
        "ConstraintViolationException",
        "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
        before=DELEGATED,
    ),
    Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": "999999999999", "ServicePrincipal": IAM},
        "AccountNotFoundException",
    ),
    Row(
        "management",
        "DeregisterDelegatedAdministrator",
        {"AccountId": MEMBER, "ServicePrincipal": IAM},
        "AccountNotRegisteredException",
    ),
    Row(
        "management",
        "ListDelegatedServicesForAccount",
        {"AccountId": MEMBER},
        "AccountNotRegisteredException",
    ),
    Row(
        "management",
        "TagResource",
        {"ResourceId": MEMBER, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
        "InvalidInputException",
        "DUPLICATE_TAG_KEY",
    ),
    Row(
        "management",
        "TagResource",
        {"ResourceId": MEMBER, "Tags": [{"Key": "aws:a", "Value": "1"}]},
        "InvalidInputException",
        "INVALID_SYSTEM_TAGS_PARAMETER",
    ),
    Row(
        "management",
        "TagResource",
        {"ResourceId": MEMBER, "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
        "ConstraintViolationException",
        "MAX_TAG_LIMIT_EXCEEDED",
    ),
    Row(
        "management",
        "TagResource",
        {"ResourceId": "p-FullAWSAccess", "Tags": [{"Key": "a", "Value": "1"}]},
        "TargetNotFoundException",
    ),
    Row(
        "management",
        "ListTagsForResource",
        {"ResourceId": "999999999999"},
        "TargetNotFoundException",
    ),
)


@pytest.fixture
def live() -> Iterator[Live]:
    """A fresh organization behind a port."""
    with Live() as started:
        yield started


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_refuses_as_aws_does(live: Live, row: Row) -> None:
    """Each refusal must carry AWS's code, status and Reason."""
    live.check(row)
