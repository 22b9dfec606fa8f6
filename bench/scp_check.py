"""What judging a large organization's SCPs costs: CPU seconds, and how much grouping saves."""

import json
import random
import time
from collections.abc import Iterator

from orgroot.core.plan import Change
from orgroot.core.scp_changes import Attachment, ScpContent, attach_scp, create_scp
from orgroot.core.scp_check import Check, Memory
from orgroot.core.scp_course import Course
from orgroot.core.scp_document import policy_text
from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree, groups

ACCOUNTS, UNITS, POLICIES = 10_000, 2_000, 60
ROOT = "r-ab12"


def main() -> None:
    """Judge 10,000 accounts in 2,000 OUs under 60 SCPs, in two Regions."""
    tree = _organization()
    start = time.process_time()
    found = groups(tree)
    grouped = time.process_time() - start
    check = Check(tree=tree, regions=("eu-west-1", "us-east-1"), now="2026-11-25T09:00:00Z")
    start = time.process_time()
    answers = sum(len(each.group.accounts) for each in check.run())
    spent = time.process_time() - start
    print(f"scp check: {ACCOUNTS:,} accounts, {UNITS:,} OUs, {POLICIES} SCPs, 2 Regions")
    print(f"  groups {len(found):,}, grouping {grouped:.2f} s of CPU")
    print(f"  {answers:,} answers in {spent:.2f} s of CPU")
    changes = tuple(_plan())
    start = time.process_time()
    course = Course(
        tree, changes, {"regions": check.regions, "now": check.now, "settled": {}, "said": Memory()}
    )
    passage = course.passage(changes)
    spent = time.process_time() - start
    stopped, passing = len(passage.after), len(passage.between)
    print(f"  a plan of {len(changes)} steps, each judged, {stopped} tasks stopped by its end and")
    print(f"  {passing} on its way, in {spent:.2f} s of CPU")


def _organization() -> ScpTree:
    chance = random.Random(1)  # noqa: S311 - not for secrets
    policies = {f"p-{n:08d}": _policy(f"p-{n:08d}", n) for n in range(POLICIES)}
    full = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policies["p-full"] = _bound("p-full", [full])
    units = [f"ou-ab12-{n:08d}" for n in range(UNITS)]
    paths = {f"{n:012d}": (ROOT, units[n % UNITS]) for n in range(1, ACCOUNTS + 1)}
    attached = dict.fromkeys((ROOT, *units, *paths), ("p-full",))
    for policy in list(policies)[: POLICIES // 10]:
        attached[ROOT] = (*attached[ROOT], policy)
    for unit in units:
        attached[unit] = (*attached[unit], *sorted(chance.sample(list(policies)[6:60], 3)))
    return ScpTree(organization="o-exampleorgid", policies=policies, attached=attached, paths=paths)


def _plan() -> Iterator[Change]:
    """Six SCPs more at the root, one of which stops the unlocking of queues everywhere."""
    for n in range(6):
        name, action = f"new-{n}", "sqs:*" if n == 3 else f"ec2:*{n}"  # noqa: PLR2004 - one of six
        deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
        text = policy_text(json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
        yield create_scp(name, ScpContent(policy=text, description=""))
        yield attach_scp(ROOT, Attachment(scp=name, id=None, policy=None))


def _policy(policy: str, number: int) -> BoundScp:
    role = f"arn:aws:iam::{number + 1:012d}:role/deploy"
    return _bound(
        policy,
        [
            {
                "Sid": f"S{n}",
                "Effect": "Deny",
                "Action": [f"ec2:*{n}", "s3:Delete*", "iam:Create*", "organizations:*"],
                "Resource": "*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": [role, "arn:*:iam::*:root"]}},
            }
            for n in range(8)
        ],
    )


def _bound(policy: str, statements: list[object]) -> BoundScp:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return BoundScp(id=policy, scp=Scp(name=policy, statements=parse_statements(text, policy)))
