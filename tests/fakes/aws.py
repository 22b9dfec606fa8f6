"""An AWS organization in memory behind the gateways of `ports`, with a log of every call."""

from collections.abc import Mapping
from dataclasses import replace

from fakes.aws_members import MANAGEMENT, ORG_ROOT, ORGANIZATION, FakeMembers, aws_error

from orgroot.core.ids import AccountId
from orgroot.core.organization import (
    Caller,
    MemberAccount,
    OrganizationalUnit,
    OrganizationFacts,
    OrganizationRoot,
    ScpSummary,
)
from orgroot.core.root_tasks import Feature
from orgroot.errors import AwsErrorKind


class FakeAws(FakeMembers):
    """The organization; `organization`, `identity`, `root_sessions`, `resource_policies` are it."""

    # --- OrganizationGateway ---

    def describe(self) -> OrganizationFacts:
        """The organization."""
        self._call("organizations:DescribeOrganization")
        return OrganizationFacts(id=ORGANIZATION, management_account=MANAGEMENT, feature_set="ALL")

    def root(self) -> OrganizationRoot:
        """Its root container."""
        self._call("organizations:ListRoots")
        return OrganizationRoot(id=ORG_ROOT, policy_types=dict(self.policy_types))

    def accounts(self) -> tuple[MemberAccount, ...]:
        """All accounts."""
        self._call("organizations:ListAccounts")
        return tuple(self.members[key].account for key in sorted(self.members))

    def account(self, account: AccountId) -> MemberAccount | None:
        """One account."""
        self._call("organizations:DescribeAccount", account)
        member = self.members.get(account)
        return member.account if member else None

    def accounts_of(self, parent: str) -> tuple[MemberAccount, ...]:
        """The accounts directly in a container."""
        self._call("organizations:ListAccountsForParent", parent)
        return tuple(m.account for _, m in sorted(self.members.items()) if m.parent == parent)

    def units_of(self, parent: str) -> tuple[OrganizationalUnit, ...]:
        """The OUs directly in a container."""
        self._call("organizations:ListOrganizationalUnitsForParent", parent)
        return tuple(unit for unit in self.units.values() if unit.parent == parent)

    def path_of(self, child: str) -> tuple[str, ...]:
        """The containers above an account or OU."""
        self._call("organizations:ListParents", child)
        of = self.units.get(child) or self.members[AccountId(child)]
        path = [of.parent]
        while path[0] != ORG_ROOT:
            path.insert(0, self.units[path[0]].parent)
        return tuple(path)

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """Tags."""
        self._call("organizations:ListTagsForResource", resource)
        member = self.members.get(resource)
        return dict(member.tags if member else self.policy_tags.get(resource, {}))

    def trusted_services(self) -> frozenset[str]:
        """Trusted services."""
        self._call("organizations:ListAWSServiceAccessForOrganization")
        return frozenset(self.trusted)

    def enable_trusted_access(self) -> None:
        """Trust IAM."""
        self._call(
            "organizations:EnableAWSServiceAccess",
            effect=lambda: self.trusted.add("iam.amazonaws.com"),
        )

    def disable_trusted_access(self) -> None:
        """Trust IAM no more."""
        self._call(
            "organizations:DisableAWSServiceAccess",
            effect=lambda: self.trusted.discard("iam.amazonaws.com"),
        )

    def delegated_administrators(self) -> tuple[AccountId, ...]:
        """Delegates for IAM."""
        self._call("organizations:ListDelegatedAdministrators")
        return tuple(self.delegates)

    def register_delegated_administrator(self, account: AccountId) -> None:
        """Register a delegate."""
        self._call(
            "organizations:RegisterDelegatedAdministrator",
            account,
            effect=lambda: self.delegates.append(account),
        )

    def deregister_delegated_administrator(self, account: AccountId) -> None:
        """Deregister a delegate."""
        self._call(
            "organizations:DeregisterDelegatedAdministrator",
            account,
            effect=lambda: self.delegates.remove(account),
        )

    def scps(self) -> tuple[ScpSummary, ...]:
        """All SCPs."""
        self._call("organizations:ListPolicies")
        return tuple(summary for summary, _ in self.policies.values() if summary.id not in self.rcp)

    def rcps(self) -> tuple[ScpSummary, ...]:
        """All RCPs."""
        self._call("organizations:ListPolicies")
        return tuple(summary for summary, _ in self.policies.values() if summary.id in self.rcp)

    def scp_content(self, policy: str) -> str:
        """An SCP's text."""
        self._call("organizations:DescribePolicy", policy)
        return self.policies[policy][1]

    def attached_scps(self, target: str) -> tuple[ScpSummary, ...]:
        """Direct attachments."""
        self._call("organizations:ListPoliciesForTarget", target)
        return tuple(self.policies[policy][0] for policy in self.attachments.get(target, ()))

    def targets_of_scp(self, policy: str) -> tuple[str, ...]:
        """Where an SCP is attached."""
        self._call("organizations:ListTargetsForPolicy", policy)
        return tuple(sorted(t for t, there in self.attachments.items() if policy in there))

    def create_scp(
        self, name: str, description: str, content: str, tags: Mapping[str, str]
    ) -> ScpSummary:
        """Create an SCP."""
        policy = f"p-{len(self.policies):08d}"
        arn = f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/"
        summary = ScpSummary(
            id=policy, arn=arn + policy, name=name, description=description, aws_managed=False
        )

        def effect() -> None:
            self.policies[policy] = (summary, content)
            self.policy_tags[policy] = dict(tags)

        self._call("organizations:CreatePolicy", name, detail=str(sorted(tags)), effect=effect)
        return summary

    def attach_scp(self, policy: str, target: str) -> None:
        """Attach an SCP."""
        self._call(
            "organizations:AttachPolicy",
            target,
            detail=policy,
            effect=lambda: self.attachments.setdefault(target, []).append(policy),
        )

    def update_scp(self, policy: str, description: str, content: str) -> None:
        """Give an SCP another text."""
        summary = replace(self.policies[policy][0], description=description)
        self._call(
            "organizations:UpdatePolicy",
            policy,
            effect=lambda: self.policies.update({policy: (summary, content)}),
        )

    def detach_scp(self, policy: str, target: str) -> None:
        """Detach an SCP."""
        self._call(
            "organizations:DetachPolicy",
            target,
            detail=policy,
            effect=lambda: self.attachments[target].remove(policy),
        )

    def tag_scp(self, policy: str, tags: Mapping[str, str]) -> None:
        """Tag an SCP."""
        self._call(
            "organizations:TagResource",
            policy,
            effect=lambda: self.policy_tags.setdefault(policy, {}).update(tags),
        )

    def delete_scp(self, policy: str) -> None:
        """Delete an SCP."""
        self._call("organizations:DeletePolicy", policy, effect=lambda: self.policies.pop(policy))

    # --- IdentityGateway ---

    def caller(self) -> Caller:
        """Who calls."""
        self._call("sts:GetCallerIdentity")
        return Caller(account=MANAGEMENT, arn=self.arn, user_id="AIDAEXAMPLE")

    def role_arn(self, name: str) -> str | None:
        """Nobody may ask."""
        self._call("iam:GetRole", name)
        return None

    def features(self) -> frozenset[Feature]:
        """The two features."""
        self._call("iam:ListOrganizationsFeatures")
        if not self.trusted:
            raise aws_error(AwsErrorKind.TRUSTED_ACCESS_OFF, "iam:ListOrganizationsFeatures")
        return frozenset(self.flags)

    def enable_feature(self, feature: Feature) -> None:
        """Switch a feature on."""
        self._call(
            f"iam:EnableOrganizations{feature.value}", effect=lambda: self.flags.add(feature)
        )

    def disable_feature(self, feature: Feature) -> None:
        """Switch a feature off."""
        self._call(
            f"iam:DisableOrganizations{feature.value}", effect=lambda: self.flags.discard(feature)
        )
