"""The Organizations API of the sandbox: who may call what, then the operation.

Must never answer an operation that is not modelled, nor one that AWS keeps from the caller.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from orgroot.sandbox import (
    organizations_accounts,
    organizations_policies,
    organizations_services,
)
from orgroot.sandbox.model import Call
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organizations_desk import Desk
from orgroot.sandbox.organizations_errors import not_modelled, refusal
from orgroot.sandbox.organizations_input import check_input

_OPERATIONS: Final = {
    **organizations_accounts.OPERATIONS,
    **organizations_policies.OPERATIONS,
    **organizations_services.OPERATIONS,
}
_OPEN_TO_MEMBERS: Final = frozenset({"DescribeOrganization", "DescribeEffectivePolicy"})


class OrganizationsApi:
    """AWS Organizations for one organization.

    The management account may call everything, a delegated administrator of any service what
    reads, an ordinary member DescribeOrganization and its own DescribeEffectivePolicy. Grants in
    the organization's resource policy are kept and shown, and give nothing: that is stricter than
    AWS, never kinder.

    Attributes:
        OPERATIONS: what it answers.
    """

    OPERATIONS: Final = frozenset(_OPERATIONS)

    def __init__(self, organization: Organization, clock: Callable[[], datetime]) -> None:
        self._desk = Desk(organization, clock)

    def handle(self, call: Call) -> dict[str, Any]:
        """Answer one call.

        Raises:
            ApiError: as AWS refuses, or NotImplemented (501) for what is not modelled.
        """
        operation = _OPERATIONS.get(call.operation)
        if operation is None:
            raise not_modelled("organizations", call.operation)
        with self._desk.organization.lock:
            self._check_caller(call)
            check_input(call.operation, call.params)
            self._desk.settle()
            return operation(self._desk, call)

    def _check_caller(self, call: Call) -> None:
        organization = self._desk.organization
        account = call.principal.account
        if not organization.is_member(account):
            raise refusal("AWSOrganizationsNotInUse")
        if account == organization.management_account or call.operation in _OPEN_TO_MEMBERS:
            return
        reads = call.operation.startswith(("List", "Describe"))
        if not (reads and organization.is_delegate(account)):
            raise refusal("AccessDenied")
