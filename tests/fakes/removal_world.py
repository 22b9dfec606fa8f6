"""A world with root credentials in it, and how a removal there is asked for, granted and read."""

from fakes.aws_members import FakeMember
from fakes.team import World, new_world

from orgroot.core import audit_log
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId
from orgroot.core.organization import Selection
from orgroot.core.results import Removal, RemovalRow, RequestView
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.root_tasks import TaskPolicy
from orgroot.workflows import removal
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.requests import Ask, Draft
from orgroot.workflows.targets import reading_targets

A, B, C = (AccountId(digit * 12) for digit in "234")
EVERYTHING = tuple(CredentialKind)
ASK = Ask(reason="clean up")
ALL = Selection(all=True)
DELETIONS = (
    "iam:DeleteLoginProfile",
    "iam:DeleteAccessKey",
    "iam:DeleteSigningCertificate",
    "iam:DeactivateMFADevice",
)


def removal_world() -> World:
    """Account A has everything, B a password, C nothing."""
    made = new_world()
    fill(made.aws.members[A])
    made.aws.members[B].password = True
    return made


def fill(member: FakeMember) -> None:
    """One of each kind, two keys."""
    tail = member.account.id[-4:]
    member.password = True
    member.access_keys += [f"AKIA{tail}ONE", f"AKIA{tail}TWO"]
    member.certificates.append(f"CERT{tail}")
    member.mfa.append(f"arn:aws:iam::{member.account.id}:mfa/root")


def ask_for(
    world: World, selection: Selection = ALL, *, only: tuple[CredentialKind, ...] = EVERYTHING
) -> str:
    """Ask for a removal and get two approvals."""
    view = removal.remove(world.workspace(concurrency=1), selection, only, ASK)
    assert isinstance(view, RequestView)
    grant(world, view.id)
    return view.id


def grant(world: World, request: str) -> None:
    """Two approvals, one of them of security."""
    for person in ("bob", "carol"):
        approve(world.desk(person), request, "", lambda _summary: None)


def run(world: World, request: str) -> Removal:
    """Execute, one account after the other."""
    result = execute(world.workspace(concurrency=1), request)
    assert isinstance(result, Removal)
    return result


def outcomes(result: Removal) -> dict[str, str]:
    """The outcome by account."""
    return {row.id: row.outcome for row in result.accounts}


def row(result: Removal, account: str) -> RemovalRow:
    """One account's row."""
    return next(row for row in result.accounts if row.id == account)


def empty(member: FakeMember) -> bool:
    """Nothing is left."""
    return not (member.password or member.access_keys or member.certificates or member.mfa)


def deletions(world: World) -> list[tuple[str, str, str]]:
    """Every deleting call."""
    return [
        (call.operation, call.subject, call.detail)
        for call in world.aws.calls
        if call.operation in DELETIONS
    ]


def verified(world: World) -> None:
    """The log holds nothing that does not verify."""
    assert audit_log.integrity_findings(world.log().sync()) == ()


def audit_draft(world: World, *accounts: str) -> Draft:
    """A survey of root credentials over these accounts."""
    members = tuple(world.aws.members[account].account for account in accounts)
    return Draft(
        task=Task.AUDIT_ROOT_CREDENTIALS,
        targets=reading_targets(world.workspace(), members, Task.AUDIT_ROOT_CREDENTIALS),
        task_policy=TaskPolicy.AUDIT,
    )
