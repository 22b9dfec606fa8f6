"""What edits make of an organization's SCPs, and which root tasks they would stop."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.root_principals import RootPrincipal
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_after import (
    ScpAttached,
    ScpCreated,
    ScpDeleted,
    ScpDetached,
    ScpEdit,
    ScpUpdated,
    organization_after,
)
from orgroot.core.scp_check import Check
from orgroot.core.scp_lockout import Blame, Outcome, Scp
from orgroot.core.scp_regressions import Stopped, stopped_by
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree
from orgroot.errors import UsageError

ROOT, PROD, DEV = "r-ab12", "ou-ab12-prod0001", "ou-ab12-dev00001"
ONE, TWO, THREE = "111122223333", "111122224444", "999922223333"
PATHS = {ONE: (ROOT, PROD), TWO: (ROOT, PROD), THREE: (ROOT, DEV)}
FREE = {"Effect": "Allow", "Action": "*", "Resource": "*"}
IS_ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
NETWORK = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}
OTHER_NETWORK = {"StringNotEquals": {"aws:SourceVpc": "vpc-2"}}


def scp(name: str, *statements: Any) -> Scp:
    """An SCP."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Scp(name=name, statements=parse_statements(text, name))


def stop(condition: Any, **elements: Any) -> dict[str, Any]:
    """A Deny of everything under a condition."""
    body = {"Sid": "Stop", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return {**body, **elements}


def tree(**there: Scp) -> ScpTree:
    """FullAWSAccess everywhere, and further SCPs, by id, on the OU of the first two accounts."""
    nodes = (ROOT, PROD, DEV, *PATHS)
    attached: dict[str, tuple[str, ...]] = dict.fromkeys(nodes, ("full",))
    return ScpTree(
        organization="o-exampleorgid",
        policies={
            id_: BoundScp(id=id_, scp=each)
            for id_, each in {"full": scp("FullAWSAccess", FREE), **there}.items()
        },
        attached={**attached, PROD: ("full", *there)},
        paths=PATHS,
    )


def stopped(before: ScpTree, edits: Iterable[ScpEdit], *regions: str) -> tuple[Stopped, ...]:
    """What the edits would stop."""
    after = organization_after(before, edits)
    where = regions or ("eu-west-1",)
    return stopped_by(before, after, regions=where, now="2026-11-25T09:00:00Z", settled={})


def create(*statements: Any, at: str = PROD) -> list[ScpEdit]:
    """A new SCP, attached."""
    return [
        ScpCreated(key="new", scp=scp("new", *statements)),
        ScpAttached(policy="new", target=at),
    ]


def test_each_edit_does_what_it_says() -> None:
    """Policies come, change and go, and attachments with them; the given tree stays as it was."""
    before = tree(old=scp("old", stop(IS_ROOT)))
    after = organization_after(
        before,
        [
            ScpCreated(key="new", scp=scp("new", FREE)),
            ScpAttached(policy="new", target=ONE),
            ScpAttached(policy="new", target=ONE),
            ScpAttached(policy="new", target="ou-ab12-empty001"),
            ScpUpdated(policy="new", scp=scp("renamed", FREE)),
            ScpDetached(policy="full", target=DEV),
            ScpDetached(policy="full", target=DEV),
            ScpDeleted(policy="old"),
        ],
    )
    assert {id_: bound.scp.name for id_, bound in after.policies.items()} == {
        "full": "FullAWSAccess",
        "new": "renamed",
    }
    assert after.attached[ONE] == ("full", "new")
    assert after.attached["ou-ab12-empty001"] == ("new",)
    assert after.attached[DEV] == ()
    assert after.attached[PROD] == ("full",)
    assert before.attached[PROD] == ("full", "old")


@pytest.mark.parametrize(
    "edit",
    [
        ScpCreated(key="full", scp=scp("x", FREE)),
        ScpUpdated(policy="gone", scp=scp("x", FREE)),
        ScpAttached(policy="gone", target=ONE),
        ScpDetached(policy="gone", target=ONE),
        ScpDeleted(policy="gone"),
    ],
)
def test_an_edit_of_what_is_not_there_is_refused(edit: ScpEdit) -> None:
    """An edit that does not fit the organization is an error, never passed over."""
    with pytest.raises(UsageError) as refused:
        organization_after(tree(), [edit])
    assert refused.value.code == "scp-edit"


def test_what_a_new_policy_stops_is_named() -> None:
    """Each task, the accounts below the target, the policy and its Sid."""
    found = stopped(tree(), create(stop(IS_ROOT)), "eu-west-1", "us-east-1")
    assert {each.judgement.task_policy for each in found} == set(TaskPolicy)
    assert {each.accounts for each in found} == {(ONE, TWO)}
    assert {each.regions for each in found} == {("eu-west-1", "us-east-1")}
    assert {each.judgement.by for each in found} == {(Blame(policy="new", sid="Stop"),)}


def test_accounts_that_lose_the_same_stand_together() -> None:
    """Accounts in different places that lose the same to the same statement are one entry."""
    edits = [*create(stop(IS_ROOT)), ScpAttached(policy="new", target=DEV)]
    assert {each.accounts for each in stopped(tree(), edits)} == {(ONE, TWO, THREE)}


def test_a_region_by_itself_stands_apart() -> None:
    """A task that stops in one Region only is said so."""
    only = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    found = stopped(tree(), create(stop(only, Action="sqs:*")), "eu-west-1", "us-east-1")
    assert [(each.judgement.task_policy, each.regions) for each in found] == [
        (TaskPolicy.UNLOCK_QUEUE, ("us-east-1",))
    ]


@pytest.mark.parametrize(
    "statement",
    [
        stop({**IS_ROOT, "Null": {"aws:AssumedRoot": "true"}}),
        stop(IS_ROOT, Action="ec2:*"),
        stop({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"}}),
    ],
)
def test_what_stops_no_session_is_none(statement: Any) -> None:
    """Stopping long-term root, and what root sessions never do, stops nothing."""
    assert stopped(tree(), create(statement)) == ()


def test_what_is_denied_today_is_not_stopped_again() -> None:
    """Only actions that work today count, and only who stops those is named."""
    before = tree(old=scp("old", stop(IS_ROOT, Action="s3:ListAllMyBuckets")))
    found = stopped(before, create(stop(IS_ROOT, Action="s3:*", Sid="New")))
    assert [each.judgement.by for each in found] == [(Blame(policy="new", sid="New"),)]
    assert "s3:ListAllMyBuckets" not in found[0].judgement.denied_actions
    assert len(found[0].judgement.denied_actions) == 3
    assert stopped(before, create(stop(IS_ROOT, Action="s3:ListAllMyBuckets"))) == ()


def test_a_level_without_an_allow_stops_everything() -> None:
    """Taking the last policy off a level stops all tasks below it."""
    found = stopped(tree(), [ScpDetached(policy="full", target=DEV)])
    assert {each.judgement.task_policy for each in found} == set(TaskPolicy)
    assert {each.accounts for each in found} == {(THREE,)}


@pytest.mark.parametrize(
    ("before", "edits", "outcomes"),
    [
        # allowed today, and depends afterwards
        (tree(), create(stop(NETWORK)), {Outcome.DEPENDS}),
        # depends today, and denied afterwards
        (tree(old=scp("old", stop(NETWORK))), create(stop(IS_ROOT)), {Outcome.DENIED}),
        # depends today, and on more afterwards
        (
            tree(old=scp("old", stop(NETWORK))),
            create(stop({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})),
            {Outcome.DEPENDS},
        ),
        # depends on the same key, under another statement
        (tree(old=scp("old", stop(NETWORK))), create(stop(OTHER_NETWORK)), {Outcome.DEPENDS}),
        (
            tree(old=scp("old", stop(NETWORK))),
            [ScpUpdated(policy="old", scp=scp("old", stop(OTHER_NETWORK)))],
            {Outcome.DEPENDS},
        ),
        # depends as before, under another name or with another neighbour
        (
            tree(old=scp("old", stop(NETWORK))),
            [ScpUpdated(policy="old", scp=scp("renamed", stop(NETWORK, Sid="Else")))],
            set(),
        ),
        (tree(old=scp("old", stop(NETWORK))), create(stop({}, Action="ec2:*")), set()),
        # depends no more
        (tree(old=scp("old", stop(NETWORK))), [ScpDeleted(policy="old")], set()),
    ],
)
def test_what_depends_works_as_long_as_it_depends_on_the_same(
    before: ScpTree, edits: list[ScpEdit], outcomes: set[Outcome]
) -> None:
    """Depending on more, or on the same under other statements, is to be stopped."""
    assert {each.judgement.outcome for each in stopped(before, edits)} == outcomes


def test_an_allow_that_depends_on_something_else_is_to_be_stopped() -> None:
    """Where the Allow of a level is replaced by one that asks for another network, that counts."""
    allow = {**FREE, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}
    other = {**FREE, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-2"}}}
    before = organization_after(
        tree(list=scp("list", allow)), [ScpDetached(policy="full", target=PROD)]
    )
    assert stopped(before, [ScpUpdated(policy="list", scp=scp("list", allow, other))]) == ()
    found = stopped(before, [ScpUpdated(policy="list", scp=scp("list", other))])
    assert {each.judgement.outcome for each in found} == {Outcome.DEPENDS}


CONDITIONS = st.sampled_from([{}, IS_ROOT, NETWORK, OTHER_NETWORK, {"Null": {"aws:X": "true"}}])
STATEMENTS = st.builds(
    lambda condition, effect, action: stop(condition, Effect=effect, Action=action),
    CONDITIONS,
    st.sampled_from(["Deny", "Allow"]),
    st.sampled_from(["*", "s3:*", "iam:Get*", "sqs:ListQueues"]),
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(STATEMENTS, max_size=2),
    st.lists(STATEMENTS, min_size=1, max_size=2),
    st.sampled_from([ROOT, PROD, ONE]),
)
def test_nothing_that_worsens_is_left_out(old: list[Any], new: list[Any], at: str) -> None:
    """Whatever the policies, an action stops exactly where its answer is worse than it was."""
    before = tree(old=scp("old", *old)) if old else tree()
    after = organization_after(before, create(*new, at=at))

    def answers(organization: ScpTree) -> dict[tuple[str, str], Outcome]:
        return {
            (account, action): judgement.outcome
            for each in Check(tree=organization, regions=("eu-west-1",)).run()
            if each.principal is RootPrincipal.ROOT_SESSION
            for account in each.group.accounts
            for action, judgement in each.found.items()
        }

    rank = (Outcome.ALLOWED, Outcome.DEPENDS, Outcome.DENIED).index
    known, then = answers(before), answers(after)
    worse = {key for key in then if rank(then[key]) > rank(known[key])}
    found = stopped_by(before, after, regions=("eu-west-1",), now=None, settled={})
    denied = {
        (a, x) for each in found for a in each.accounts for x in each.judgement.denied_actions
    }
    assert denied == {key for key in worse if then[key] is Outcome.DENIED}
    assert {account for account, _ in worse} <= {a for each in found for a in each.accounts}
    assert stopped_by(before, before, regions=("eu-west-1",), now=None, settled={}) == ()
