"""How each change of SCPs is made and read back: one call to Organizations each.

Nothing here decides; what is made stands in the request.
"""

from collections.abc import Callable
from functools import partial

from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.organization import ScpSummary
from orgroot.core.plan import Change, Op
from orgroot.core.scp import TAGS
from orgroot.core.scp_changes import attachment_of, content_of, known_of
from orgroot.errors import AwsError, AwsErrorKind, IntegrityError
from orgroot.ports import OrganizationGateway
from orgroot.workflows.plan_execution import Act


def act_of(aws: OrganizationGateway, change: Change) -> Act:
    """How a change is made.

    Raises:
        IntegrityError: it is no change of SCPs.
    """
    kind = _ACTS.get(change.op)
    if kind is None:
        raise IntegrityError(f"{change.op} is about no SCP", code="params")
    return kind(aws, change)


def _creation(aws: OrganizationGateway, change: Change) -> Act:
    wanted = content_of(change)
    text = wanted.policy.text

    def create() -> None:
        aws.create_scp(change.target, wanted.description, text, TAGS)

    return Act(
        operation="organizations:CreatePolicy",
        target=change.target,
        change=create,
        now=partial(_text_of, aws, change.target),
        reached=lambda there: there == text.encode(),
    )


def _update(aws: OrganizationGateway, change: Change) -> Act:
    known, wanted = known_of(change), content_of(change)
    after = canonical([wanted.description, wanted.policy.text])
    return Act(
        operation="organizations:UpdatePolicy",
        target=change.target,
        change=partial(aws.update_scp, known.id, wanted.description, wanted.policy.text),
        now=partial(_content_of, aws, known.id),
        reached=lambda there: there == after,
    )


def _attachment(aws: OrganizationGateway, change: Change) -> Act:
    name = attachment_of(change).scp

    def attach() -> None:
        aws.attach_scp(_id_of(aws, change), change.target)

    return Act(
        operation="organizations:AttachPolicy",
        target=f"{name} on {change.target}",
        change=attach,
        now=partial(_attached_names, aws, change.target),
        reached=lambda there: name in _names_in(there),
    )


def _detachment(aws: OrganizationGateway, change: Change) -> Act:
    name = attachment_of(change).scp

    def detach() -> None:
        aws.detach_scp(_id_of(aws, change), change.target)

    return Act(
        operation="organizations:DetachPolicy",
        target=f"{name} on {change.target}",
        change=detach,
        now=partial(_attached_names, aws, change.target),
        reached=lambda there: name not in _names_in(there),
    )


def _deletion(aws: OrganizationGateway, change: Change) -> Act:
    return Act(
        operation="organizations:DeletePolicy",
        target=change.target,
        change=partial(aws.delete_scp, known_of(change).id),
        now=partial(_text_of, aws, change.target),
        reached=lambda there: there is None,
    )


_ACTS: dict[Op, Callable[[OrganizationGateway, Change], Act]] = {
    Op.CREATE_SCP: _creation,
    Op.UPDATE_SCP: _update,
    Op.ATTACH_SCP: _attachment,
    Op.DETACH_SCP: _detachment,
    Op.DELETE_SCP: _deletion,
}


def _id_of(aws: OrganizationGateway, change: Change) -> str:
    """The id of what is attached or detached; by name where the plan created it a moment ago."""
    about = attachment_of(change)
    if about.id is not None:
        return about.id
    policy = _named(aws, about.scp)
    if policy is None:
        raise AwsError(
            f"there is no SCP {about.scp} to attach",
            kind=AwsErrorKind.NOT_FOUND,
            aws_code="PolicyNotFoundException",
            operation="organizations:AttachPolicy",
        )
    return policy.id


def _named(aws: OrganizationGateway, name: str) -> ScpSummary | None:
    return next((scp for scp in aws.scps() if scp.name == name), None)


def _text_of(aws: OrganizationGateway, name: str) -> bytes | None:
    policy = _named(aws, name)
    return None if policy is None else aws.scp_content(policy.id).encode()


def _content_of(aws: OrganizationGateway, policy: str) -> bytes | None:
    found = next((scp for scp in aws.scps() if scp.id == policy), None)
    return None if found is None else canonical([found.description, aws.scp_content(policy)])


def _attached_names(aws: OrganizationGateway, target: str) -> bytes | None:
    return canonical(sorted(scp.name for scp in aws.attached_scps(target)))


def _names_in(there: bytes | None) -> list[str]:
    names: list[str] = [] if there is None else parse_canonical(there)
    return names
