"""The organization's SCPs and RCPs: who is attached where, and AWS's limits on that.

Must never attach or detach past a limit of the Organizations user guide ("Quotas").
"""

import secrets
from dataclasses import replace
from itertools import islice
from typing import Final

from orgroot.sandbox.organization_values import ControlPolicy, PolicyType, PolicyTypeStatus
from orgroot.sandbox.organizations_errors import constraint, invalid, refusal
from orgroot.sandbox.scp_documents import check_control_policy

_ALLOW_ALL: Final = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"""
_ALLOW_ALL_RCP: Final = _ALLOW_ALL.replace(
    '"Effect": "Allow",', '"Effect": "Allow",\n      "Principal": "*",'
)
MAX_CHARACTERS: Final = {PolicyType.SCP: 10_240, PolicyType.RCP: 5_120}
MAX_ATTACHED: Final = {PolicyType.SCP: 10, PolicyType.RCP: 5}
MAX_POLICIES: Final = {PolicyType.SCP: 10_000, PolicyType.RCP: 2_000}
_ID_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_suffix(length: int) -> str:
    """A random identifier part in AWS's lower-case alphabet."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(length))


def _aws_managed(policy_type: PolicyType, name: str, content: str) -> ControlPolicy:
    return ControlPolicy(
        id=f"p-{name}",
        arn=f"arn:aws:organizations::aws:policy/{policy_type.lower()}/p-{name}",
        name=name,
        description="Allows access to every operation",
        type=policy_type,
        content=content,
        aws_managed=True,
    )


FULL_ACCESS: Final = {
    PolicyType.SCP: _aws_managed(PolicyType.SCP, "FullAWSAccess", _ALLOW_ALL),
    PolicyType.RCP: _aws_managed(PolicyType.RCP, "RCPFullAWSAccess", _ALLOW_ALL_RCP),
}


class ControlPolicies:
    """Policies by id, and attachments in both directions, so that every question is a look-up.

    Attributes:
        status: the types that are on or being turned on; a type that is off is absent.
    """

    def __init__(self, arn_prefix: str) -> None:
        self._arn_prefix = arn_prefix
        self._policies = {policy.id: policy for policy in FULL_ACCESS.values()}
        self._ids_by_name = {(p.type, p.name): p.id for p in FULL_ACCESS.values()}
        self._attached: dict[PolicyType, dict[str, list[str]]] = {t: {} for t in PolicyType}
        self._targets: dict[str, dict[str, None]] = {id_: {} for id_ in self._policies}
        self.status: dict[PolicyType, PolicyTypeStatus] = {}

    def get(self, policy_id: str) -> ControlPolicy:
        """The policy, or PolicyNotFoundException."""
        if (policy := self._policies.get(policy_id)) is None:
            raise refusal("PolicyNotFound")
        return policy

    def exists(self, policy_id: str) -> bool:
        """True where there is such a policy."""
        return policy_id in self._policies

    def of_type(self, policy_type: PolicyType) -> tuple[ControlPolicy, ...]:
        """Every policy of a type, AWS's own first; RCPFullAWSAccess only where RCPs are on."""
        return tuple(
            policy
            for policy in self._policies.values()
            if policy.type is policy_type
            and (policy_type is PolicyType.SCP or policy_type in self.status)
        )

    def attached_to(self, target: str, policy_type: PolicyType) -> tuple[ControlPolicy, ...]:
        """What is attached directly to a target, in the order of attachment."""
        ids = self._attached[policy_type].get(target, ())
        return tuple(self._policies[id_] for id_ in ids)

    def targets_of(self, policy_id: str, start: int, count: int) -> tuple[str, ...]:
        """Some of the targets a policy is attached to."""
        return tuple(islice(self._targets[self.get(policy_id).id], start, start + count))

    def is_enforced(self, policy_type: PolicyType) -> bool:
        """True once the type is ENABLED."""
        return self.status.get(policy_type) is PolicyTypeStatus.ENABLED

    def create(
        self, policy_type: PolicyType, name: str, description: str, content: str
    ) -> ControlPolicy:
        """Create a policy, attached nowhere. Raises ApiError as CreatePolicy does."""
        self._check_content(policy_type, content)
        if (policy_type, name) in self._ids_by_name:
            raise refusal("DuplicatePolicy")
        if sum(p.type is policy_type for p in self._policies.values()) > MAX_POLICIES[policy_type]:
            raise constraint("POLICY_NUMBER_LIMIT_EXCEEDED")
        policy_id = f"p-{new_suffix(8)}"
        policy = ControlPolicy(
            id=policy_id,
            arn=f"{self._arn_prefix}/{policy_type.lower()}/{policy_id}",
            name=name,
            description=description,
            type=policy_type,
            content=content,
        )
        self._policies[policy_id] = policy
        self._ids_by_name[policy_type, name] = policy_id
        self._targets[policy_id] = {}
        return policy

    def update(
        self, policy_id: str, *, name: str | None, description: str | None, content: str | None
    ) -> ControlPolicy:
        """Change what is given. Raises ApiError as UpdatePolicy does."""
        old = self._changeable(policy_id)
        self._require_settled(old.type)
        if content is not None:
            self._check_content(old.type, content)
        if name is not None and self._ids_by_name.get((old.type, name), policy_id) != policy_id:
            raise refusal("DuplicatePolicy")
        policy = replace(
            old,
            name=old.name if name is None else name,
            description=old.description if description is None else description,
            content=old.content if content is None else content,
        )
        del self._ids_by_name[old.type, old.name]
        self._ids_by_name[policy.type, policy.name] = policy_id
        self._policies[policy_id] = policy
        return policy

    def delete(self, policy_id: str) -> None:
        """Delete an unattached policy. Raises ApiError as DeletePolicy does."""
        policy = self._changeable(policy_id)
        if self._targets[policy_id]:
            raise refusal("PolicyInUse")
        del self._policies[policy_id], self._targets[policy_id]
        del self._ids_by_name[policy.type, policy.name]

    def attach(self, policy_id: str, target: str) -> None:
        """Attach a policy to an existing target. Raises ApiError as AttachPolicy does."""
        policy = self.get(policy_id)
        self._require_enforced(policy.type)
        attached = self._attached[policy.type].setdefault(target, [])
        if policy_id in attached:
            raise refusal("DuplicatePolicyAttachment")
        if len(attached) >= MAX_ATTACHED[policy.type]:
            raise constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        attached.append(policy_id)
        self._targets[policy_id][target] = None

    def detach(self, policy_id: str, target: str) -> None:
        """Detach a policy, but never the last. Raises ApiError as DetachPolicy does."""
        policy = self.get(policy_id)
        self._require_settled(policy.type)
        attached = self._attached[policy.type].get(target, [])
        if policy_id not in attached:
            raise refusal("PolicyNotAttached")
        if policy_id == FULL_ACCESS[PolicyType.RCP].id:
            raise invalid("NON_DETACHABLE_POLICY")
        if len(attached) == 1:
            raise constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        attached.remove(policy_id)
        del self._targets[policy_id][target]

    def turn_on(self, policy_type: PolicyType, targets: tuple[str, ...]) -> None:
        """Start enabling a type: the full-access policy goes to every node, nothing else does."""
        self.status[policy_type] = PolicyTypeStatus.PENDING_ENABLE
        full = FULL_ACCESS[policy_type].id
        self._attached[policy_type] = {target: [full] for target in targets}
        self._targets[full] = dict.fromkeys(targets)

    def settle(self, policy_type: PolicyType) -> None:
        """Finish enabling a type that is pending."""
        if policy_type in self.status:
            self.status[policy_type] = PolicyTypeStatus.ENABLED

    def turn_off(self, policy_type: PolicyType) -> None:
        """Disable a type: every attachment of it is gone for good (user guide, "Disabling")."""
        self._require_enforced(policy_type)
        del self.status[policy_type]
        self._attached[policy_type] = {}
        for policy in self._policies.values():
            if policy.type is policy_type:
                self._targets[policy.id] = {}

    def add_target(self, target: str) -> None:
        """Attach the full-access policies to a new OU or account."""
        for policy_type in self.status:
            full = FULL_ACCESS[policy_type].id
            self._attached[policy_type][target] = [full]
            self._targets[full][target] = None

    def _require_enforced(self, policy_type: PolicyType) -> None:
        match self.status.get(policy_type):
            case None:
                raise refusal("PolicyTypeNotEnabled")
            case PolicyTypeStatus.PENDING_ENABLE:
                raise refusal("PolicyChangesInProgress")
            case PolicyTypeStatus.ENABLED:
                return

    def _require_settled(self, policy_type: PolicyType) -> None:
        """While the type is being turned on nothing changes; UpdatePolicy works where it is off."""
        if self.status.get(policy_type) is PolicyTypeStatus.PENDING_ENABLE:
            raise refusal("PolicyChangesInProgress")

    def _changeable(self, policy_id: str) -> ControlPolicy:
        policy = self.get(policy_id)
        if policy.aws_managed:
            raise invalid("IMMUTABLE_POLICY")
        return policy

    @staticmethod
    def _check_content(policy_type: PolicyType, content: str) -> None:
        if len(content) > MAX_CHARACTERS[policy_type]:
            raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED")
        if problem := check_control_policy(policy_type, content):
            raise refusal("MalformedPolicyDocument", problem)
