"""A world with a locked bucket, and the steps that lead to its approved request."""

import json
from collections.abc import Mapping

from fakes.aws_members import FakeBucket
from fakes.team import World, new_world

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.ids import AccountId
from orgroot.core.results import RequestView
from orgroot.workflows.approvals import approve
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.requests import Ask
from orgroot.workflows.unlock import Wanted, unlock_buckets

ACCOUNT = AccountId("222222222222")
OTHER = AccountId("333333333333")
BUCKET = "corp-invoices"
LOCK = {
    "Sid": "Lock",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
}
READ = {
    "Sid": "Read",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::222222222222:role/reader"},
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
ASK = Ask(reason="the deploy role locked everyone out")


def policy_of(*statements: Mapping[str, object], bucket: str = BUCKET) -> bytes:
    """A policy with these statements."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return text.replace(BUCKET, bucket).encode()


LOCKED = policy_of(LOCK, READ)


def locked_world(**rules: int) -> World:
    """A team, and one locked bucket of ACCOUNT."""
    world = new_world(**rules)
    world.aws.members[ACCOUNT].buckets[BUCKET] = FakeBucket(policy=LOCKED)
    return world


def policy_now(world: World, bucket: str = BUCKET) -> bytes | None:
    """The bucket's policy as it is."""
    return world.aws.members[ACCOUNT].buckets[bucket].policy


def wanted(
    *buckets: str, mode: UnlockMode = UnlockMode.DROP_STATEMENTS, sids: tuple[str, ...] = ("Lock",)
) -> Wanted:
    """What alice wants."""
    return Wanted(
        account=ACCOUNT,
        buckets=buckets or (BUCKET,),
        mode=mode,
        sids=sids if mode is UnlockMode.DROP_STATEMENTS else (),
    )


def inspected(world: World, *buckets: str) -> None:
    """Alice has looked at the buckets."""
    for bucket in buckets or (BUCKET,):
        inspect_bucket(world.workspace(), ACCOUNT, bucket)


def requested(world: World, want: Wanted | None = None) -> str:
    """Alice has asked; answers the id."""
    view = unlock_buckets(world.workspace(), want or wanted(), ASK)
    assert isinstance(view, RequestView), view
    return view.id


def approved(world: World, *people: str, want: Wanted | None = None) -> str:
    """Alice has asked, and others have approved; answers the id."""
    request = requested(world, want)
    for person in people or ("bob", "carol"):
        approve(world.desk(person), request, "", lambda _summary: None)
    return request
