"""Whole organizations: accounts bound alike are judged once, and as each would be by itself."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.rcp_assume_root import may_reach_assume_root
from orgroot.core.root_principals import RootPrincipal
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_check import Check, Checked
from orgroot.core.scp_lockout import Blame, Outcome, PolicyKind, Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree, groups

ORG = "o-exampleorgid"
ROOT, PROD, DEV = "r-ab12", "ou-ab12-prod0001", "ou-ab12-dev00001"
ONE, TWO, THREE = "111122223333", "111122224444", "999922223333"
PATHS = {ONE: (ROOT, PROD), TWO: (ROOT, PROD), THREE: (ROOT, DEV)}
FREE = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def bound(policy: str, *statements: Any, kind: PolicyKind = PolicyKind.SCP) -> BoundScp:
    """An SCP by its id."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    parsed = parse_statements(text, policy)
    return BoundScp(id=policy, scp=Scp(name=policy, statements=parsed, kind=kind))


def deny(condition: Any, **elements: Any) -> dict[str, Any]:
    """A Deny of everything under a condition."""
    body = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return {**body, **elements}


def tree(*policies: BoundScp, at: str = ROOT, paths: Any = PATHS) -> ScpTree:
    """An organization with FullAWSAccess everywhere and these policies in one place."""
    full = bound("p-full", FREE)
    nodes = {node for path in paths.values() for node in path} | set(paths)
    attached = dict.fromkeys(nodes, ("p-full",))
    attached[at] = ("p-full", *(policy.id for policy in policies))
    return ScpTree(
        organization=ORG,
        policies={policy.id: policy for policy in (full, *policies)},
        attached=attached,
        paths=paths,
    )


def run(organization: ScpTree, *regions: str, **options: Any) -> list[Checked]:
    """All answers."""
    return list(Check(tree=organization, regions=regions or ("eu-west-1",), **options).run())


def denied(found: list[Checked], principal: RootPrincipal) -> set[str]:
    """The accounts in which this principal is denied the unlocking of a bucket."""
    return {
        account
        for each in found
        for account in each.group.accounts
        if each.principal is principal
        and each.judgement.task_policy is TaskPolicy.UNLOCK_BUCKET
        and each.judgement.outcome is Outcome.DENIED
    }


def test_accounts_that_are_bound_alike_are_one_group() -> None:
    """Equal policies on each level make a group, wherever the accounts lie."""
    stop = bound("p-stop", deny({}))
    assert [group.accounts for group in groups(tree(stop))] == [(ONE, TWO, THREE)]
    assert [group.accounts for group in groups(tree(stop, at=DEV))] == [(ONE, TWO), (THREE,)]


@pytest.mark.parametrize(
    ("condition", "alike"),
    [
        ({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}, [(ONE, TWO, THREE)]),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:*:iam::{ONE}:root"}}, [(ONE,), (TWO, THREE)]),
        ({"StringLike": {"aws:PrincipalAccount": "1111*"}}, [(ONE, TWO), (THREE,)]),
        ({"StringEquals": {"aws:PrincipalAccount": ["9", TWO]}}, [(ONE, THREE), (TWO,)]),
        (
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG}/{ROOT}/{PROD}/*"}},
            [(ONE, TWO), (THREE,)],
        ),
        ({"NumericLessThan": {"aws:PrincipalAccount": "5"}}, [(ONE,), (TWO,), (THREE,)]),
        ({"NumericLessThan": {"s3:max-keys": "5"}}, [(ONE, TWO, THREE)]),
        ({"StringEquals": "odd"}, [(ONE, TWO, THREE)]),
    ],
)
def test_accounts_that_a_policy_can_tell_apart_are_not_one_group(
    condition: Any, alike: list[tuple[str, ...]]
) -> None:
    """A policy that names accounts, or where they lie, parts those that it treats differently."""
    assert [group.accounts for group in groups(tree(bound("p-x", deny(condition))))] == alike


def test_each_account_gets_the_answer_it_would_get_alone() -> None:
    """Of a policy that exempts one account, the others are denied, and who denies is named."""
    spare = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{TWO}:*"}}
    found = run(tree(bound("p-stop", deny(spare, Sid="Stop")), at=PROD))
    assert denied(found, RootPrincipal.ROOT_SESSION) == {ONE}
    blamed = {blame for each in found for blame in each.judgement.by}
    assert blamed == {Blame(policy="p-stop", sid="Stop")}


def test_every_principal_region_and_task_is_asked() -> None:
    """Both principals, every Region and all five tasks are judged in each group."""
    found = run(tree(bound("p-x", deny({}))), "eu-west-1", "us-east-1")
    assert {(each.principal, each.region, each.judgement.task_policy) for each in found} == {
        (principal, region, task)
        for principal in RootPrincipal
        for region in ("eu-west-1", "us-east-1")
        for task in TaskPolicy
    }


def test_what_somebody_knows_settles_it() -> None:
    """A key that makes the answer depend is settled by its value, and times by the clock."""
    net = bound("p-net", deny({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}))
    old = bound("p-old", deny({"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}))
    outcomes = {each.judgement.outcome for each in run(tree(net, old))}
    assert outcomes == {Outcome.DEPENDS}
    known = run(tree(net, old), now="2026-11-25T09:00:00Z", settled={"aws:SourceVpc": "vpc-1"})
    sessions = [each for each in known if each.principal is RootPrincipal.ROOT_SESSION]
    assert {each.judgement.outcome for each in sessions} == {Outcome.ALLOWED}


def beyond(found: list[Checked]) -> set[tuple[str, TaskPolicy, Outcome]]:
    """What root sessions meet in Regions that were not asked about."""
    return {
        (each.region, each.judgement.task_policy, each.judgement.outcome)
        for each in found
        if each.beyond and each.principal is RootPrincipal.ROOT_SESSION
    }


def test_regions_that_a_policy_treats_otherwise_are_shown() -> None:
    """Each Region that a policy names is judged, and one that none names, where it matters."""
    only = {"StringNotLike": {"aws:RequestedRegion": ["eu-west-1", "us-*", "eu-west-3"]}}
    limit = bound("p-limit", deny(only, Action=["s3:*", "sqs:*"]))
    tasks = (TaskPolicy.UNLOCK_BUCKET, TaskPolicy.UNLOCK_QUEUE)
    found = run(tree(limit), beyond=True)
    assert beyond(found) == {("elsewhere", task, Outcome.DENIED) for task in tasks}
    found = run(tree(limit), "ap-south-1", beyond=True)
    free = ("eu-west-1", "eu-west-3", "us-*")
    assert beyond(found) == {(region, task, Outcome.ALLOWED) for region in free for task in tasks}
    assert not beyond(run(tree(limit)))
    assert not beyond(run(tree(bound("p-x", deny({}))), beyond=True))


def test_queues_of_a_region_that_a_policy_names_are_shown() -> None:
    """A Region in the ARN of a queue is one that matters, in RCPs too."""
    about = deny({}, Action="sqs:*", Resource=["arn:aws:sqs:us-east-1:*:*", "*"][:1])
    for where in (tree(bound("p-x", about)), rcp_tree(about)):
        assert ("us-east-1", TaskPolicy.UNLOCK_QUEUE, Outcome.DENIED) in beyond(
            run(where, beyond=True)
        )


@pytest.mark.parametrize("named", ["arn:aws:s3:::logs-" + ONE, "arn:aws:s3:::logs"])
def test_a_bucket_named_after_its_account_is_its_own(named: str) -> None:
    """Where a policy fills in the account and somebody names a bucket, accounts are not alike."""
    own = bound("p-own", deny({}, Resource="arn:aws:s3:::logs-${aws:PrincipalAccount}"))
    stopped = {ONE} if named.endswith(ONE) else set()
    found = run(tree(own), settled={"Resource": named})
    assert denied(found, RootPrincipal.ROOT_SESSION) == stopped
    assert [group.accounts for group in groups(tree(own))] == [(ONE, TWO, THREE)]


OWN = {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
ABROAD = {"StringNotEquals": {"aws:ResourceOrgID": "o-elsewhere1"}}
NETWORK = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
HERE = {
    "StringNotEquals": {"aws:SourceVpc": "vpc-1"},
    "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"},
}


@pytest.mark.parametrize(
    ("condition", "settled", "outcomes"),
    [
        # keys of other services, and tags that nobody can put on a root user
        ({"StringNotEquals": {"ec2:Owner": "amazon"}}, {}, {"denied"}),
        ({"Null": {"glue:CredentialIssuingService": "false"}}, {}, {"allowed"}),
        ({"StringEquals": {"iam:ResourceTag/x": "y"}}, {}, {"allowed"}),
        ({"StringEquals": {"aws:ResourceTag/x": "y"}}, {}, {"allowed", "depends"}),
        ({"StringEquals": {"s3:ResourceAccount": "9"}}, {}, {"allowed"}),
        # what is not known of the organization is the same of caller and resource
        (OWN, {}, {"allowed"}),
        ({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, {}, {"denied"}),
        ({"ArnEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, {}, {"depends"}),
        (ABROAD, {}, {"depends"}),
        (ABROAD, {"aws:PrincipalOrgID": "o-elsewhere1"}, {"allowed"}),
        (ABROAD, {"aws:PrincipalOrgID": "o-other00001"}, {"denied"}),
        # an address says that there is no VPC endpoint, and the other way round
        (NETWORK, {}, {"depends"}),
        (NETWORK, {"aws:SourceIp": "203.0.113.10"}, {"allowed"}),
        (NETWORK, {"aws:SourceIp": "203.0.113.10", "aws:SourceVpc": "vpc-1"}, {"denied"}),
        (HERE, {"aws:SourceVpc": "vpc-2"}, {"denied"}),
        (HERE, {"aws:SourceVpc": "vpc-1"}, {"allowed"}),
    ],
)
def test_what_follows_from_what_is_known_is_used(
    condition: Any, settled: Any, outcomes: set[str]
) -> None:
    """Nothing depends on a key whose presence or value follows from the request itself."""
    whole = replace(tree(bound("p-x", deny(condition))), organization="")
    found = run(whole, settled=settled)
    assert {
        each.judgement.outcome.value
        for each in found
        if each.principal is RootPrincipal.ROOT_SESSION
    } == outcomes


RCP_FREE = {**FREE, "Principal": "*"}


def rcp_tree(*statements: Any, **options: Any) -> ScpTree:
    """An organization with RCPFullAWSAccess, and one more RCP on the OU of the first two."""
    full = bound("p-rcp-full", RCP_FREE, kind=PolicyKind.RCP)
    extra = bound("p-rcp", *statements, kind=PolicyKind.RCP)
    whole = tree()
    attached = {node: (*there, "p-rcp-full") for node, there in whole.attached.items()}
    attached[PROD] = (*attached[PROD], "p-rcp")
    return replace(
        whole,
        policies={**whole.policies, full.id: full, extra.id: extra},
        attached=attached,
        **options,
    )


def test_a_resource_control_policy_stops_buckets_and_queues_alone() -> None:
    """An RCP on the account's path denies the unlocking and is named by its kind; IAM is free."""
    found = run(rcp_tree(deny({}, Sid="Shut", Principal="*", Action=["s3:*", "sqs:*", "iam:*"])))
    stopped = {
        (each.group.accounts, each.judgement.task_policy, each.judgement.by)
        for each in found
        if each.judgement.outcome is Outcome.DENIED
    }
    blame = (Blame(policy="p-rcp", sid="Shut", kind=PolicyKind.RCP),)
    assert stopped == {
        ((ONE, TWO), task, blame) for task in (TaskPolicy.UNLOCK_BUCKET, TaskPolicy.UNLOCK_QUEUE)
    }


def test_an_rcp_is_no_allow_and_needs_none() -> None:
    """RCPFullAWSAccess makes up for no missing SCP, and its own absence denies nothing."""
    whole = rcp_tree(deny({}, Action="kms:*"))
    without_scp = {
        node: tuple(p for p in there if p != "p-full") for node, there in whole.attached.items()
    }
    assert denied(run(replace(whole, attached=without_scp)), RootPrincipal.ROOT_SESSION) == {
        ONE,
        TWO,
        THREE,
    }
    without_rcp = {
        node: tuple(p for p in there if p != "p-rcp-full") for node, there in whole.attached.items()
    }
    assert not denied(run(replace(whole, attached=without_rcp)), RootPrincipal.ROOT_SESSION)


def test_rcps_that_are_not_enabled_stop_nothing() -> None:
    """Where the type is off, its policies bind nobody."""
    scps_alone = frozenset({PolicyKind.SCP})
    whole = rcp_tree(deny({}, Action="s3:*"), in_force=scps_alone)
    assert not denied(run(whole), RootPrincipal.ROOT_SESSION)
    assert {group.rcps for group in groups(whole)} == {()}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (deny({}, Sid="Sts", Action="sts:*"), True),
        (deny({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}}, Action="sts:*"), False),
        (deny({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, Sid="Sts", Action="sts:*"), True),
        (deny({}, Action=["s3:*", "sts:AssumeRole"]), False),
    ],
)
def test_what_an_rcp_says_of_assume_root_is_told_apart(statement: Any, said: bool) -> None:  # noqa: FBT001 - a table
    """An RCP that speaks of AssumeRoot is named, and decides nothing."""
    blame = Blame(policy="p-rcp", sid="Sts", kind=PolicyKind.RCP)
    assert may_reach_assume_root(rcp_tree(statement)) == ((blame,) if said else ())


@pytest.mark.parametrize(
    ("pattern", "alike"),
    [
        ("arn:aws:iam*1111*", [(ONE, TWO), (THREE,)]),
        ("arn:aws:iam*4444:root", [(ONE, THREE), (TWO,)]),
        ("arn:aws:ia?::9999*", [(ONE, TWO), (THREE,)]),
        ("arn:aws:s3:::bucket-2222*", [(ONE, TWO, THREE)]),
        ("arn:aws:s3:::2222-*", [(ONE, TWO, THREE)]),
    ],
)
def test_wildcards_across_colons_part_accounts_too(
    pattern: str, alike: list[tuple[str, ...]]
) -> None:
    """A pattern whose stars reach beyond one part of an ARN still tells accounts apart."""
    condition = {"StringLike": {"aws:PrincipalArn": pattern}}
    assert [group.accounts for group in groups(tree(bound("p-x", deny(condition))))] == alike


CONDITIONS = st.sampled_from(
    [
        {},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ONE}:root"}},
        {"StringLike": {"aws:PrincipalAccount": "1111*"}},
        {"StringLike": {"aws:PrincipalArn": "arn:*ia?*2222*"}},
        {"NumericGreaterThan": {"aws:UserId": "500000000000"}},
        {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG}/{ROOT}/{DEV}/*"}},
        {"Null": {"aws:AssumedRoot": "true"}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
    ]
)
STATEMENTS = st.builds(
    lambda condition, effect, action, resource: deny(
        condition, Effect=effect, Action=action, Resource=resource
    ),
    CONDITIONS,
    st.sampled_from(["Deny", "Allow"]),
    st.sampled_from(["*", "s3:*", "iam:Get*"]),
    st.sampled_from(["*", f"arn:aws:iam::{TWO}:root", "arn:aws:sqs:*:9*:*"]),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=3), st.sampled_from([ROOT, PROD, DEV, ONE]))
def test_groups_change_no_answer(statements: list[dict[str, Any]], place: str) -> None:
    """Whatever the policy, judging accounts together gives each what it gets by itself."""
    policy = bound("p-x", *statements)

    def answers(organization: ScpTree) -> set[Any]:
        return {
            (account, each.principal, each.judgement)
            for each in run(organization)
            for account in each.group.accounts
        }

    whole = tree(policy, at=place)
    alone = [
        ScpTree(
            organization=ORG,
            policies=whole.policies,
            attached=whole.attached,
            paths={account: PATHS[account]},
        )
        for account in PATHS
    ]
    assert answers(whole) == set().union(*(answers(each) for each in alone))


@pytest.mark.parametrize(
    ("named", "stopped"), [("arn:aws:s3:::the-log", {ONE, TWO, THREE}), ("arn:aws:sqs:x", set())]
)
def test_the_name_of_a_bucket_is_used_where_it_belongs(named: str, stopped: set[str]) -> None:
    """A policy about one bucket denies once that bucket is named, and a queue is no bucket."""
    about = bound("p-log", deny({}, Action="s3:*", Resource="arn:aws:s3:::the-log"))
    found = run(tree(about), settled={"Resource": named})
    assert denied(found, RootPrincipal.ROOT_SESSION) == stopped
