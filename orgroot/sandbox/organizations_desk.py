"""What every Organizations call works with: the state, the clock, the pages, what is under way."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orgroot.sandbox.model import Call
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import AccountState, CreateAccountRequest, PolicyType
from orgroot.sandbox.organizations_errors import constraint, invalid
from orgroot.sandbox.organizations_input import Pages

if TYPE_CHECKING:
    from orgroot.core.ids import AccountId

_MAX_TAGS: Final = 50
_CHANGES_TAKE: Final = timedelta(seconds=2)
Item = TypeVar("Item")


class Desk:
    """The organization with what its API remembers between calls.

    Attributes:
        organization: the state.
        clock: answers now in UTC.
        requests: CreateAccount requests by id.
        closings: when CloseAccount was called, by account.
        enablings: when EnablePolicyType was called, by the types that may still be pending.
    """

    def __init__(self, organization: Organization, clock: Callable[[], datetime]) -> None:
        self.organization = organization
        self.clock = clock
        self.requests: dict[str, CreateAccountRequest] = {}
        self.closings: dict[AccountId, datetime] = {}
        self.enablings: dict[PolicyType, datetime] = {}
        self._pages = Pages()

    def page(
        self,
        call: Call,
        name: str,
        items: Callable[[int, int], tuple[Item, ...]],
        render: Callable[[Item], dict[str, Any]],
    ) -> dict[str, Any]:
        """One page of a listing, see ``Pages.page``."""
        empty_first = self.organization.empty_pages
        return self._pages.page(call, name, items, render, empty_first=empty_first)

    def settle(self) -> None:
        """Finish what was asked for long enough ago, for clients that wait without asking."""
        long_ago = self.clock() - _CHANGES_TAKE
        for account_id, at in self.closings.items():
            account = self.organization.accounts[account_id]
            if account.state is AccountState.PENDING_CLOSURE and at <= long_ago:
                self.organization.change_state(account_id, AccountState.CLOSED)
        for request in self.requests.values():
            if request.completed_at is None and request.requested_at <= long_ago:
                self.finish_creation(request)
        for policy_type, at in tuple(self.enablings.items()):
            if at <= long_ago:
                self.finish_enabling(policy_type)

    def finish_enabling(self, policy_type: PolicyType) -> None:
        """Turn a policy type from PENDING_ENABLE to ENABLED, unless it was disabled since."""
        self.enablings.pop(policy_type, None)
        self.organization.policies.settle(policy_type)

    def finish_creation(self, request: CreateAccountRequest) -> None:
        """Make the account that was asked for, or fail the request where the e-mail is taken."""
        now = self.clock()
        request.completed_at = now
        if self.organization.has_email(request.email):
            request.failure = "EMAIL_ALREADY_EXISTS"
            return
        account = self.organization.new_account(
            request.name, request.email, joined_at=now, access_role=request.role_name
        )
        request.account = account.id
        self.organization.set_tags(account.id, request.tags)


def tags_from(call: Call, already: dict[str, str] | None = None) -> dict[str, str]:
    """The tags in a call, added to those that a resource has. Refuses what AWS refuses."""
    given = call.params.get("Tags") or ()
    tags: dict[str, str] = {}
    for tag in given:
        key = tag["Key"]
        if key in tags:
            raise invalid("DUPLICATE_TAG_KEY")
        if key.lower().startswith("aws:"):
            raise invalid("INVALID_SYSTEM_TAGS_PARAMETER")
        tags[key] = tag["Value"]
    merged = (already or {}) | tags
    if len(merged) > _MAX_TAGS:
        raise constraint("MAX_TAG_LIMIT_EXCEEDED")
    return merged
