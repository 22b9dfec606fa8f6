"""May this call be made? AWS's own logic over every policy that lies in the sandbox.

It follows "Policy evaluation logic" (IAM user guide). An explicit Deny always wins and nothing is
allowed by default. A condition operator that is not known answers 501. It shares no code with
orgroot's own judgement of SCPs: they check each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from orgroot.core.ids import AccountId
from orgroot.sandbox import context as condition_keys
from orgroot.sandbox import policy_language
from orgroot.sandbox.actions import Needs, owner_of
from orgroot.sandbox.conditions import Context
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.managed_policies import task_policies
from orgroot.sandbox.model import ApiError, Call, PrincipalKind, access_denied
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.policy_language import Reach

_ROOT_KINDS = frozenset({PrincipalKind.ROOT_USER, PrincipalKind.ROOT_SESSION})
_ROOT_KEEPS = frozenset(
    {
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "sqs:GetQueueAttributes",
        "sqs:SetQueueAttributes",
    }
)
"""What the owning account's root may do whatever the resource policy says (S3 PutBucketPolicy)."""
_OWNER_ONLY_SQS = frozenset(
    {
        "sqs:AddPermission",
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:RemovePermission",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
        "sqs:ListQueues",
    }
)
_RCP_SERVICES = frozenset({"s3", "sqs"})
_ROLE_ACTIONS = frozenset({"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"})
_BOTH_SIDES = frozenset({"sts:SetSourceIdentity"})
"""What the caller's own policy must allow even where the trust policy names the caller ("Monitor
and control actions taken with assumed roles", IAM user guide)."""
_ALWAYS = frozenset({"sts:GetCallerIdentity"})


class Evaluation:
    """Judges calls against every policy that lies in the sandbox."""

    def __init__(self, organization: Organization, data_plane: DataPlane) -> None:
        self._organization = organization
        self._data = data_plane

    def authorize(self, call: Call, needs: Needs) -> None:
        """Let the call pass if every needed action is allowed.

        Raises:
            ApiError: AccessDenied with the kind of policy that said no; 501 for a condition
                operator that is not known.
        """
        for action, resource in needs:
            if action in _ALWAYS:
                continue
            named = self._data.whole_arn(resource)
            self._authorize_one(replace(call, action=action, resource=named))

    def owner(self, call: Call, resource: str) -> AccountId:
        """The account that owns a resource; the caller's where nothing says otherwise."""
        if resource.startswith("arn:aws:s3:::") and call.operation != "CreateBucket":
            bucket = self._data.bucket(resource[13:].split("/", 1)[0])
            return bucket.account if bucket else call.principal.account
        return owner_of(resource, call.principal.account)

    def _authorize_one(self, call: Call) -> None:
        owner = self.owner(call, call.resource)
        keys = condition_keys.of(call, self._organization, owner, self._tags(call))
        self._service_control(call, keys)
        self._resource_control(call, owner, keys)
        self._task_policy(call, keys)
        resource_policy = self._resource_policy(call)
        granted = self._resource_verdict(call, owner, resource_policy, keys)
        if call.principal.kind in _ROOT_KINDS:
            identity = True
        else:
            identity = self._identity(call, keys, granted=granted)
        if owner != call.principal.account and resource_policy != _NO_POLICIES_HERE:
            self._cross_account(call, granted=granted, identity=identity)
        elif call.action in _ROLE_ACTIONS and granted is Reach.NONE:
            raise access_denied(call)
        elif not identity and (granted is not Reach.DIRECT or call.action in _BOTH_SIDES):
            raise access_denied(
                call, f"because no identity-based policy allows the {call.action} action"
            )

    # --- organization ---------------------------------------------------------------------------

    def _service_control(self, call: Call, keys: Context) -> None:
        levels = self._organization.scps_on_path(call.principal.account)
        for level in levels:
            for scp in level:
                if _denied((scp.content,), call, keys):
                    why = f"with an explicit deny in a service control policy: {scp.arn}"
                    raise access_denied(call, why)
        for level in levels:
            if not _allowed((scp.content for scp in level), call, keys):
                why = f"because no service control policy allows the {call.action} action"
                raise access_denied(call, why)

    def _resource_control(self, call: Call, owner: AccountId, keys: Context) -> None:
        if call.service not in _RCP_SERVICES:
            return
        levels = self._organization.rcps_on_path(owner)
        for level in levels:
            for rcp in level:
                if _denied((rcp.content,), call, keys, with_principal=True):
                    why = f"with an explicit deny in a resource control policy: {rcp.arn}"
                    raise access_denied(call, why)

    # --- who calls ------------------------------------------------------------------------------

    def _task_policy(self, call: Call, keys: Context) -> None:
        arn = call.principal.task_policy_arn
        if arn is not None and _denied((task_policies()[arn],), call, keys):
            raise access_denied(call, "with an explicit deny in a session policy")

    def _tags(self, call: Call) -> Mapping[str, str]:
        principal = call.principal
        if principal.kind in _ROOT_KINDS:
            return {}
        return {**self._data.tags(principal.account, principal.arn, principal.role_arn)}

    def _identity(self, call: Call, keys: Context, *, granted: Reach) -> bool:
        principal = call.principal
        if principal.kind is PrincipalKind.USER:
            documents = self._data.user_policies(principal.account, principal.name)
        else:
            documents = self._data.role_policies(principal.account, principal.name)
        if _denied(documents, call, keys):
            raise access_denied(call, "with an explicit deny in an identity-based policy")
        self._boundary(call, keys)
        for document in principal.session_policies:
            if _denied((document,), call, keys):
                raise access_denied(call, "with an explicit deny in a session policy")
        capped = principal.session_policies and not _allowed(principal.session_policies, call, keys)
        if capped and granted is not Reach.DIRECT:
            why = f"because no session policy allows the {call.action} action"
            raise access_denied(call, why)
        return _allowed(documents, call, keys)

    def _boundary(self, call: Call, keys: Context) -> None:
        if call.principal.kind is not PrincipalKind.ROLE_SESSION:
            return
        boundary = self._data.boundary(call.principal.account, call.principal.name)
        if boundary is None:
            return
        if _denied((boundary,), call, keys):
            raise access_denied(call, "with an explicit deny in a permissions boundary")
        if not _allowed((boundary,), call, keys):
            why = f"because no permissions boundary allows the {call.action} action"
            raise access_denied(call, why)

    # --- what is called -------------------------------------------------------------------------

    def _resource_policy(self, call: Call) -> str | None:
        if call.resource.startswith("arn:aws:s3:::") and call.operation != "CreateBucket":
            bucket = self._data.bucket(call.resource[13:].split("/", 1)[0])
            return bucket.policy if bucket else _NO_POLICIES_HERE
        if call.service == "sts" and call.action in _ROLE_ACTIONS:
            role = self._data.role_of(call.resource)
            return role.trust if role else None
        if call.resource.startswith("arn:aws:sqs:"):
            queue = self._data.queue(call.resource)
            return queue.policy if queue else _NO_POLICIES_HERE
        return _NO_POLICIES_HERE

    def _resource_verdict(
        self, call: Call, owner: AccountId, policy: str | None, keys: Context
    ) -> Reach:
        if not policy:
            return Reach.NONE
        is_root = call.principal.kind in _ROOT_KINDS
        if is_root and call.principal.account == owner and call.action in _ROOT_KEEPS:
            return Reach.DIRECT
        best = Reach.NONE
        for statement in _statements((policy,)):
            reach = statement.reach(call.principal)
            if reach is Reach.NONE or not statement.covers(call.action, call.resource, keys):
                continue
            if statement.deny:
                raise access_denied(call, "with an explicit deny in a resource-based policy")
            best = Reach.DIRECT if Reach.DIRECT in {best, reach} else reach
        return best

    def _cross_account(self, call: Call, *, granted: Reach, identity: bool) -> None:
        if call.action in _OWNER_ONLY_SQS:
            raise access_denied(call)
        if not identity:
            why = f"because no identity-based policy allows the {call.action} action"
            raise access_denied(call, why)
        if granted is Reach.NONE:
            why = f"because no resource-based policy allows the {call.action} action"
            raise access_denied(call, why)


_NO_POLICIES_HERE = ""
"""The resource is of a kind without resource policies here, or does not exist."""


def _statements(
    documents: Iterable[str],
) -> Iterable[policy_language.Statement]:
    for document in documents:
        try:
            yield from policy_language.parse(document)
        except ValueError as error:
            text = f"The sandbox cannot read a stored policy: {error}"
            raise ApiError("MalformedPolicyDocument", text, 501) from error


def _denied(
    documents: Iterable[str], call: Call, keys: Context, *, with_principal: bool = False
) -> bool:
    return any(
        statement.deny
        and (not with_principal or statement.reach(call.principal) is not Reach.NONE)
        and statement.covers(call.action, call.resource, keys)
        for statement in _statements(documents)
    )


def _allowed(documents: Iterable[str], call: Call, keys: Context) -> bool:
    return any(
        not statement.deny and statement.covers(call.action, call.resource, keys)
        for statement in _statements(documents)
    )
