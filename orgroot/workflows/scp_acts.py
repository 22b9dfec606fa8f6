"""How each change of SCPs is made and read back: one call to Organizations each.

Nothing here decides; what is made stands in the request.
"""

from collections.abc import Callable
from functools import partial

from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.organization import ScpSummary
from orgroot.core.plan import Change, Op
from orgroot.core.scp import TAGS
from orgroot.core.scp_changes import adopted_of, attachment_of, content_of, known_of, step_of
from orgroot.errors import AwsError, AwsErrorKind
from orgroot.ports import OrganizationGateway
from orgroot.workflows.plan_execution import Act

_How = tuple[Callable[[], object], Callable[[], bytes | None], Callable[[bytes | None], bool]]
"""The call; what stands there now; whether that is what was wanted."""


def act_of(aws: OrganizationGateway, change: Change) -> Act:
    """How a change is made.

    Raises:
        IntegrityError: it is no change of SCPs.
    """
    operation, target = step_of(change)
    call, now, reached = _HOW[change.op](aws, change)

    def make() -> None:
        call()

    return Act(operation=operation, target=target, change=make, now=now, reached=reached)


def _creation(aws: OrganizationGateway, change: Change) -> _How:
    wanted = content_of(change)
    text = wanted.policy.text
    return (
        partial(aws.create_scp, change.target, wanted.description, text, TAGS),
        partial(_text_of, aws, change.target),
        lambda there: there == text.encode(),
    )


def _update(aws: OrganizationGateway, change: Change) -> _How:
    policy, wanted = known_of(change).id, content_of(change)
    after = canonical([wanted.description, wanted.policy.text])
    return (
        partial(aws.update_scp, policy, wanted.description, wanted.policy.text),
        partial(_content_of, aws, policy),
        lambda there: there == after,
    )


def _attachment(aws: OrganizationGateway, change: Change) -> _How:
    name = attachment_of(change).scp
    return (
        lambda: aws.attach_scp(_id_of(aws, change), change.target),
        partial(_attached_names, aws, change.target),
        lambda there: name in _names_in(there),
    )


def _detachment(aws: OrganizationGateway, change: Change) -> _How:
    name = attachment_of(change).scp
    return (
        lambda: aws.detach_scp(_id_of(aws, change), change.target),
        partial(_attached_names, aws, change.target),
        lambda there: name not in _names_in(there),
    )


def _deletion(aws: OrganizationGateway, change: Change) -> _How:
    return (
        partial(aws.delete_scp, known_of(change).id),
        partial(_text_of, aws, change.target),
        lambda there: there is None,
    )


def _adoption(aws: OrganizationGateway, change: Change) -> _How:
    policy = adopted_of(change).id
    return (
        partial(aws.tag_scp, policy, TAGS),
        lambda: canonical(dict(aws.tags_of(policy))),
        lambda there: there is not None and TAGS.items() <= parse_canonical(there).items(),
    )


_HOW: dict[Op, Callable[[OrganizationGateway, Change], _How]] = {
    Op.CREATE_SCP: _creation,
    Op.UPDATE_SCP: _update,
    Op.ATTACH_SCP: _attachment,
    Op.DETACH_SCP: _detachment,
    Op.DELETE_SCP: _deletion,
    Op.ADOPT_SCP: _adoption,
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
