"""AWS Organizations with the operator's own credentials: the OrganizationGateway.

Every list is read to its end and in a stable order. AWS's pleas to come back later are waited out;
a call whose outcome is unknown is never repeated.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.error_codes import plain_code
from orgroot.aws.paging import pages
from orgroot.aws.patience import Patience
from orgroot.core.ids import AccountId, account_id, organization_id
from orgroot.core.organization import (
    MemberAccount,
    OrganizationalUnit,
    OrganizationFacts,
    OrganizationRoot,
    ScpSummary,
)
from orgroot.errors import AwsError, AwsErrorKind

_SERVICE = "organizations"
_IAM = {"ServicePrincipal": "iam.amazonaws.com"}
_SCP = "SERVICE_CONTROL_POLICY"
_RCP = "RESOURCE_CONTROL_POLICY"
_DEEPEST = 10
"""Roots have at most five levels of OUs below them; more parents than this is no tree."""


class AwsOrganization:
    """The organization of the operator's credentials; see `ports.OrganizationGateway`."""

    def __init__(self, door: AwsDoor, patience: Patience | None = None) -> None:
        self._door = door
        self._patience = patience or Patience()
        self._parents: dict[str, str] = {}

    def describe(self) -> OrganizationFacts:
        """`DescribeOrganization`."""
        found = self._read("DescribeOrganization")["Organization"]
        return OrganizationFacts(
            id=organization_id(found["Id"]),
            management_account=account_id(found["MasterAccountId"]),
            feature_set=found["FeatureSet"],
        )

    def root(self) -> OrganizationRoot:
        """`ListRoots`: an organization has exactly one root."""
        roots = tuple(self._items("ListRoots", "Roots"))
        if len(roots) != 1:
            raise AwsError(
                f"AWS names {len(roots)} roots of the organization instead of one",
                kind=AwsErrorKind.OTHER,
                aws_code="",
                operation="organizations:ListRoots",
            )
        types = {each["Type"]: each["Status"] for each in roots[0].get("PolicyTypes", ())}
        return OrganizationRoot(id=roots[0]["Id"], policy_types=types)

    def accounts(self) -> tuple[MemberAccount, ...]:
        """`ListAccounts`, all pages, the management account included, in order of id."""
        return _in_order(self._items("ListAccounts", "Accounts"))

    def account(self, account: AccountId) -> MemberAccount | None:
        """`DescribeAccount`; None where it is not in the organization."""
        try:
            return _account(self._read("DescribeAccount", {"AccountId": account})["Account"])
        except AwsError as error:
            if plain_code(error.aws_code) == "AccountNotFound":
                return None
            raise

    def accounts_of(self, parent: str) -> tuple[MemberAccount, ...]:
        """`ListAccountsForParent`: the accounts directly in a root or OU."""
        found = _in_order(self._items("ListAccountsForParent", "Accounts", {"ParentId": parent}))
        self._parents.update((each.id, parent) for each in found)
        return found

    def units_of(self, parent: str) -> tuple[OrganizationalUnit, ...]:
        """`ListOrganizationalUnitsForParent`: the OUs directly in a root or OU."""
        found = self._items(
            "ListOrganizationalUnitsForParent", "OrganizationalUnits", {"ParentId": parent}
        )
        units = [
            OrganizationalUnit(id=each["Id"], name=each["Name"], parent=parent) for each in found
        ]
        self._parents.update((unit.id, parent) for unit in units)
        return tuple(sorted(units, key=lambda unit: unit.id))

    def path_of(self, child: str) -> tuple[str, ...]:
        """Ids from the root container to an account's or OU's parent (`ListParents`, walked up).

        Parents are remembered for the life of the process.
        """
        path = [self._parent_of(child)]
        while not path[0].startswith("r-"):
            if len(path) > _DEEPEST:
                raise AwsError(
                    f"the parents of {child} do not lead to a root",
                    kind=AwsErrorKind.OTHER,
                    aws_code="",
                    operation="organizations:ListParents",
                )
            path.insert(0, self._parent_of(path[0]))
        return tuple(path)

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """`ListTagsForResource` of an account, OU or policy."""
        found = self._items("ListTagsForResource", "Tags", {"ResourceId": resource})
        return {tag["Key"]: tag["Value"] for tag in found}

    def trusted_services(self) -> frozenset[str]:
        """`ListAWSServiceAccessForOrganization`: service principals."""
        found = self._items("ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
        return frozenset(each["ServicePrincipal"] for each in found)

    def enable_trusted_access(self) -> None:
        """`EnableAWSServiceAccess` for `iam.amazonaws.com`."""
        self._change("EnableAWSServiceAccess", _IAM)

    def disable_trusted_access(self) -> None:
        """`DisableAWSServiceAccess` for `iam.amazonaws.com`."""
        self._change("DisableAWSServiceAccess", _IAM)

    def delegated_administrators(self) -> tuple[AccountId, ...]:
        """`ListDelegatedAdministrators` for `iam.amazonaws.com`."""
        found = self._items("ListDelegatedAdministrators", "DelegatedAdministrators", _IAM)
        return tuple(sorted(account_id(each["Id"]) for each in found))

    def register_delegated_administrator(self, account: AccountId) -> None:
        """`RegisterDelegatedAdministrator` for `iam.amazonaws.com`."""
        self._change("RegisterDelegatedAdministrator", {"AccountId": account, **_IAM})

    def deregister_delegated_administrator(self, account: AccountId) -> None:
        """`DeregisterDelegatedAdministrator` for `iam.amazonaws.com`."""
        self._change("DeregisterDelegatedAdministrator", {"AccountId": account, **_IAM})

    def scps(self) -> tuple[ScpSummary, ...]:
        """`ListPolicies` of type SERVICE_CONTROL_POLICY."""
        return _scps_in_order(self._items("ListPolicies", "Policies", {"Filter": _SCP}))

    def rcps(self) -> tuple[ScpSummary, ...]:
        """`ListPolicies` of type RESOURCE_CONTROL_POLICY."""
        return _scps_in_order(self._items("ListPolicies", "Policies", {"Filter": _RCP}))

    def scp_content(self, policy: str) -> str:
        """`DescribePolicy`: the document exactly as stored."""
        return str(self._read("DescribePolicy", {"PolicyId": policy})["Policy"]["Content"])

    def attached_scps(self, target: str) -> tuple[ScpSummary, ...]:
        """`ListPoliciesForTarget`: direct attachments only."""
        wanted = {"TargetId": target, "Filter": _SCP}
        return _scps_in_order(self._items("ListPoliciesForTarget", "Policies", wanted))

    def targets_of_scp(self, policy: str) -> tuple[str, ...]:
        """`ListTargetsForPolicy`: ids of roots, OUs and accounts it is attached to directly."""
        found = self._items("ListTargetsForPolicy", "Targets", {"PolicyId": policy})
        return tuple(sorted(each["TargetId"] for each in found))

    def create_scp(
        self, name: str, description: str, content: str, tags: Mapping[str, str]
    ) -> ScpSummary:
        """`CreatePolicy`, tagged at creation."""
        wanted = {
            "Name": name,
            "Description": description,
            "Content": content,
            "Type": _SCP,
            "Tags": _tags(tags),
        }
        return _scp(self._change("CreatePolicy", wanted)["Policy"]["PolicySummary"])

    def update_scp(self, policy: str, description: str, content: str) -> None:
        """`UpdatePolicy`; the name stays."""
        wanted = {"PolicyId": policy, "Description": description, "Content": content}
        self._change("UpdatePolicy", wanted)

    def attach_scp(self, policy: str, target: str) -> None:
        """`AttachPolicy`; an existing attachment is success."""
        wanted = {"PolicyId": policy, "TargetId": target}
        self._settle("AttachPolicy", wanted, "DuplicatePolicyAttachment")

    def detach_scp(self, policy: str, target: str) -> None:
        """`DetachPolicy`; what is not attached is success."""
        wanted = {"PolicyId": policy, "TargetId": target}
        self._settle("DetachPolicy", wanted, "PolicyNotAttached")

    def tag_scp(self, policy: str, tags: Mapping[str, str]) -> None:
        """`TagResource`; other tags stay."""
        self._change("TagResource", {"ResourceId": policy, "Tags": _tags(tags)})

    def delete_scp(self, policy: str) -> None:
        """`DeletePolicy`; what does not exist is success."""
        self._settle("DeletePolicy", {"PolicyId": policy}, "PolicyNotFound")

    def _parent_of(self, child: str) -> str:
        if child not in self._parents:
            found = tuple(self._items("ListParents", "Parents", {"ChildId": child}))
            if len(found) != 1:
                raise AwsError(
                    f"AWS names {len(found)} parents of {child} instead of one",
                    kind=AwsErrorKind.OTHER,
                    aws_code="",
                    operation="organizations:ListParents",
                )
            self._parents[child] = found[0]["Id"]
        return self._parents[child]

    def _items(
        self, operation: str, member: str, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        def call(wanted: Mapping[str, Any]) -> dict[str, Any]:
            return self._read(operation, wanted)

        for page in pages(call, parameters or {}, operation=f"{_SERVICE}:{operation}"):
            yield from page.get(member, ())

    def _read(self, operation: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._patience(lambda: self._door.call(_SERVICE, operation, parameters))

    def _settle(self, operation: str, parameters: Mapping[str, Any], done: str) -> None:
        """Make a change; AWS's word `done` says that it is made already."""
        try:
            self._change(operation, parameters)
        except AwsError as error:
            if plain_code(error.aws_code) != done:
                raise

    def _change(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._patience(
            lambda: self._door.call(_SERVICE, operation, parameters, changes=True)
        )


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _account(found: Mapping[str, Any]) -> MemberAccount:
    return MemberAccount(
        id=account_id(found["Id"]),
        name=found.get("Name", ""),
        email=found.get("Email", ""),
        # AWS announced the end of `Status` for 2026-09; unknown is not ACTIVE, so it is skipped.
        state=found.get("State") or found.get("Status") or "UNKNOWN",
        joined_method=found.get("JoinedMethod", ""),
        path=_path(found.get("Paths", ())),
    )


def _path(paths: Sequence[str]) -> tuple[str, ...]:
    """The containers in `o-…/r-…/ou-…/ACCOUNT/`; none where AWS names several paths, or none."""
    if len(paths) != 1:
        return ()
    return tuple(part for part in paths[0].split("/") if part.startswith(("r-", "ou-")))


def _in_order(found: Iterator[dict[str, Any]]) -> tuple[MemberAccount, ...]:
    return tuple(sorted((_account(each) for each in found), key=lambda account: account.id))


def _scp(found: Mapping[str, Any]) -> ScpSummary:
    return ScpSummary(
        id=found["Id"],
        arn=found["Arn"],
        name=found["Name"],
        description=found.get("Description", ""),
        aws_managed=bool(found.get("AwsManaged", False)),
    )


def _scps_in_order(found: Iterator[dict[str, Any]]) -> tuple[ScpSummary, ...]:
    return tuple(sorted((_scp(each) for each in found), key=lambda scp: (scp.name, scp.id)))
