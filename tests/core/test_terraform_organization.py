"""What a Terraform plan would stop: in a live organization, and as far as it shows by itself."""

import json
from typing import Any

import pytest

from orgroot.core.scp_lockout import Blame, Outcome, PolicyKind
from orgroot.core.scp_regressions import Stopped, stopped_by
from orgroot.core.scp_tree import FULL_ACCESS, BoundScp, ScpTree, full_access
from orgroot.core.terraform_organization import PlannedOrganization, planned_organization
from orgroot.core.terraform_plan import parse_terraform_plan
from orgroot.errors import UsageError
from tests.core import terraform_plans as tf
from tests.core.test_scp_after import DEV, ONE, PATHS, PROD, ROOT, THREE, TWO, scp

POLICY, ATTACHMENT = f"{tf.POLICY}.deny", f"{tf.ATTACHMENT}.prod"
IS_ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
STOP = {"Sid": "Stop", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": IS_ROOT}
SPARE = {**STOP, "Condition": {**IS_ROOT, "Null": {"aws:AssumedRoot": "true"}}}
LIVE = "p-live0001"
BY_PLAN = tf.module(tf.configured(ATTACHMENT, {"policy_id": [f"{POLICY}.id", POLICY]}))
"""The attachment attaches the policy."""


def text(*statements: Any) -> str:
    """A policy's text, as `jsonencode` writes it."""
    return json.dumps({"Statement": statements, "Version": "2012-10-17"}, separators=(",", ":"))


def live(*statements: Any) -> ScpTree:
    """An organization with one SCP besides FullAWSAccess on its first OU."""
    attached: dict[str, tuple[str, ...]] = dict.fromkeys((ROOT, PROD, DEV, *PATHS), (FULL_ACCESS,))
    attached[PROD] = (FULL_ACCESS, LIVE)
    found = BoundScp(id=LIVE, scp=scp("live", *(statements or (SPARE,))))
    return ScpTree(
        organization="o-exampleorgid",
        policies={FULL_ACCESS: full_access(), LIVE: found},
        attached=attached,
        paths=PATHS,
    )


def planned(tree: ScpTree | None, *changes: Any, **parts: Any) -> PlannedOrganization:
    """The organization before and after a plan."""
    return planned_organization(parse_terraform_plan(tf.plan(*changes, **parts), "plan"), tree)


def stopped(found: PlannedOrganization) -> tuple[Stopped, ...]:
    """What a plan would stop."""
    return stopped_by(
        found.before, found.after, regions=("eu-west-1",), now="2026-11-25T09:00:00Z", settled={}
    )


def summary(found: PlannedOrganization) -> set[tuple[tuple[str, ...], Outcome, tuple[Blame, ...]]]:
    """Where, how, and by whom, with the names of what is imagined."""
    return {
        (
            tuple(found.names.get(a, a) for a in each.accounts),
            each.judgement.outcome,
            each.judgement.by,
        )
        for each in stopped(found)
    }


def made(*statements: Any, **further: Any) -> Any:
    """A policy that the plan makes."""
    return tf.change(
        POLICY,
        tf.CREATE,
        after=tf.policy(text(*statements), "deny", **further),
        unknown=("id", "arn"),
    )


def attaching(target: str, address: str = ATTACHMENT) -> Any:
    """An attachment that the plan makes, of a policy that it does not know yet."""
    return tf.change(address, tf.CREATE, after=tf.attachment(target), unknown=("id", "policy_id"))


def existing(policy_id: str, *statements: Any, after: Any = None, actions: Any = tf.UPDATE) -> Any:
    """A policy that exists."""
    before = {**tf.policy(text(*statements), "live"), "id": policy_id}
    return tf.change(POLICY, actions, before=before, after=after)


DENIES = (Blame(policy="deny", sid="Stop"),)
BY_LIVE = (Blame(policy="live", sid="Stop"),)


@pytest.mark.parametrize(
    ("target", "accounts"),
    [(ROOT, (ONE, TWO, THREE)), (PROD, (ONE, TWO)), (THREE, (THREE,)), ("ou-ab12-empty001", ())],
)
def test_a_new_policy_stops_the_accounts_below_its_target(
    target: str, accounts: tuple[str, ...]
) -> None:
    """Its name and Sid and exactly the accounts below are named; nobody below is said."""
    found = planned(live(), made(STOP), attaching(target), root=BY_PLAN)
    assert summary(found) == ({(accounts, Outcome.DENIED, DENIES)} if accounts else set())
    assert bool(found.notes) is not bool(accounts)
    assert not found.unread


def test_a_policy_that_spares_sessions_stops_nothing() -> None:
    """The exemption of AssumeRoot sessions is seen through the plan too."""
    assert summary(planned(live(), made(SPARE), attaching(ROOT), root=BY_PLAN)) == set()


def test_a_policy_attached_nowhere_stops_nothing() -> None:
    """Making a policy binds nobody yet."""
    assert summary(planned(live(), made(STOP))) == set()


def test_a_resource_control_policy_is_told_by_its_type() -> None:
    """The type decides the kind, and other kinds of policies are no business of this check."""
    shut = {"Sid": "Shut", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    rcp = made(shut, type="RESOURCE_CONTROL_POLICY")
    found = planned(live(), rcp, attaching(PROD), root=BY_PLAN)
    blame = Blame(policy="deny", sid="Shut", kind=PolicyKind.RCP)
    assert summary(found) == {((ONE, TWO), Outcome.DENIED, (blame,))}
    tags = made(type="TAG_POLICY")
    assert summary(planned(live(), tags, attaching(PROD), root=BY_PLAN)) == set()
    other = tf.change(ATTACHMENT, tf.CREATE, after=tf.attachment(PROD, "p-tagging1"))
    assert summary(planned(live(), other)) == set()


def test_another_text_of_a_live_policy_is_judged_where_it_lies() -> None:
    """An update stops what lies below the policy today, and one that changes nothing, nothing."""
    worse = existing(LIVE, SPARE, after={**tf.policy(text(STOP), "live"), "id": LIVE})
    assert summary(planned(live(), worse)) == {((ONE, TWO), Outcome.DENIED, BY_LIVE)}
    same = existing(
        LIVE, SPARE, after={**tf.policy(text(STOP), "live"), "id": LIVE}, actions=tf.NOTHING
    )
    assert summary(planned(live(), same)) == set()


def test_a_policy_made_again_is_the_new_one() -> None:
    """Where policy and attachment are replaced, the new text counts and the old is gone."""
    again = existing(LIVE, SPARE, after=tf.policy(text(STOP), "deny"), actions=tf.REPLACE)
    moved = tf.change(
        ATTACHMENT,
        tf.REPLACE,
        before=tf.attachment(PROD, LIVE),
        after=tf.attachment(PROD),
        unknown=("policy_id",),
    )
    found = planned(live(), again, moved, root=BY_PLAN)
    assert summary(found) == {((ONE, TWO), Outcome.DENIED, DENIES)}
    assert found.after.attached[PROD] == (FULL_ACCESS, POLICY)
    assert LIVE not in found.after.policies


@pytest.mark.parametrize(
    ("actions", "kept", "there"),
    [(tf.DELETE, None, False), (tf.DELETE, True, True), (("forget",), None, True)],
)
def test_what_terraform_leaves_behind_stays(actions: Any, kept: Any, there: bool) -> None:  # noqa: FBT001 - a table
    """A destroyed policy and attachment are gone; forgotten or skipped ones bind on."""
    before = {**tf.policy(text(SPARE), "live", skip_destroy=kept), "id": LIVE}
    on = {**tf.attachment(PROD, LIVE), "skip_destroy": kept}
    found = planned(
        live(),
        tf.change(POLICY, actions, before=before),
        tf.change(ATTACHMENT, actions, before=on),
    )
    assert (LIVE in found.after.attached[PROD]) is there
    assert (LIVE in found.after.policies) is there


def test_taking_the_last_allow_away_stops_everything() -> None:
    """FullAWSAccess detached through Terraform leaves a level that allows nothing."""
    off = tf.change(ATTACHMENT, tf.DELETE, before=tf.attachment(DEV, FULL_ACCESS))
    for tree in (live(), None):
        ((accounts, outcome, _),) = summary(planned(tree, off))
        assert (accounts, outcome) == ((THREE,) if tree else (DEV,), Outcome.DENIED)


@pytest.mark.parametrize("all_", [True, False])
def test_a_text_that_is_not_known_yet_is_never_clean(all_: bool) -> None:  # noqa: FBT001 - a table
    """A content known after the apply may be anything: everything depends on it, by its address."""
    later = tf.change(
        POLICY, tf.CREATE, after={"name": "deny", "type": None}, unknown=("content", "id")
    )
    later["change"]["after_unknown"] = all_ or later["change"]["after_unknown"]
    found = planned(live(), later, attaching(PROD), root=BY_PLAN)
    assert {each.judgement.on for each in stopped(found)} == {(f"content of {POLICY}",)}
    assert {each.accounts for each in stopped(found)} == {(ONE, TWO)}


def test_a_policy_that_cannot_be_told_is_perhaps_each() -> None:
    """Where several new policies may be meant, each that would stop something is named."""
    odd = {**STOP, "Condition": {"Bool": ["x"]}, "Action": "ec2:*"}
    others = [
        tf.change(
            f'{tf.POLICY}.this["{key}"]',
            tf.CREATE,
            after=tf.policy(text(statement), key),
            unknown=("id",),
        )
        for key, statement in (("a", STOP), ("b", SPARE), ("c", odd))
    ]
    root = tf.module(
        tf.configured(
            ATTACHMENT, {"policy_id": [f"{tf.POLICY}.this", "each.value.policy"]}, ["local.p"]
        )
    )
    found = planned(live(), *others, attaching(PROD, f'{ATTACHMENT}["a/prod"]'), root=root)
    blame = (Blame(policy="a", sid="Stop"),)
    assert summary(found) == {((ONE, TWO), Outcome.DEPENDS, blame)}
    assert {each.judgement.on for each in stopped(found)} == {
        (f'policy_id of {ATTACHMENT}["a/prod"]',)
    }


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        ({"x": {"policy": "a"}}, Outcome.DENIED),
        ({"x": {"policy": "b"}}, None),
        ({"x": {"policy": "c"}}, Outcome.DEPENDS),
        ({"x": {"policy": ["a"]}}, Outcome.DEPENDS),
        ({"x": "a"}, Outcome.DEPENDS),
        (["x"], Outcome.DEPENDS),
    ],
)
def test_a_map_that_is_written_out_says_which_policy_is_meant(
    constant: Any, expected: Outcome | None
) -> None:
    """`each.value.policy` is known then; where it names none of them, each is perhaps meant."""
    policies = [
        tf.change(
            f'{tf.POLICY}.this["{key}"]',
            tf.CREATE,
            after=tf.policy(text(statement), key),
            unknown=("id",),
        )
        for key, statement in (("a", STOP), ("b", SPARE))
    ]
    refers = {"policy_id": [f"{tf.POLICY}.this", "each.value.policy", "each.value"]}
    root = tf.module(tf.configured(ATTACHMENT, refers, constant=constant))
    found = planned(live(), *policies, attaching(PROD, f'{ATTACHMENT}["x"]'), root=root)
    assert {each.judgement.outcome for each in stopped(found)} == ({expected} - {None})


@pytest.mark.parametrize("references", [["data.external.policy.result"], ["local.id"], []])
def test_a_policy_that_nobody_can_find_is_unknown(references: list[str]) -> None:
    """An attachment of something that the plan does not show may stop everything."""
    root = tf.module(tf.configured(ATTACHMENT, {"policy_id": references}))
    found = planned(live(), attaching(PROD), root=root)
    assert {each.judgement.on for each in stopped(found)} == {(f"policy_id of {ATTACHMENT}",)}


def test_other_resources_that_give_an_id_are_not_trusted() -> None:
    """An id that comes through another resource may be that of any policy the plan makes."""
    through = tf.change("terraform_data.id", tf.CREATE, after={}, unknown=("output",))
    root = tf.module(tf.configured(ATTACHMENT, {"policy_id": ["terraform_data.id.output"]}))
    found = planned(live(), made(STOP), through, attaching(PROD), root=root)
    assert summary(found) == {((ONE, TWO), Outcome.DEPENDS, DENIES)}


def test_a_new_unit_is_judged_though_no_account_lies_in_it() -> None:
    """What the plan makes stands under its address, below its parent."""
    unit = f"{tf.UNIT}.new"
    root = tf.module(
        tf.configured(
            ATTACHMENT, {"policy_id": [f"{POLICY}.id"], "target_id": [f"{unit}.id", unit]}
        )
    )
    place = tf.change(unit, tf.CREATE, after={"name": "new", "parent_id": DEV}, unknown=("id",))
    on = tf.change(
        ATTACHMENT, tf.CREATE, after=tf.attachment(None), unknown=("policy_id", "target_id")
    )
    for tree in (live(), None):
        found = planned(tree, made(STOP), place, on, root=root)
        assert summary(found) == {((unit,), Outcome.DENIED, DENIES)}
    assert planned(live(), place).before.paths["000000000001"] == (ROOT, DEV, unit)


def test_a_target_that_is_not_known_is_judged_by_itself() -> None:
    """A policy on somebody unknown stops whoever that will be."""
    on = tf.change(
        ATTACHMENT, tf.CREATE, after=tf.attachment(None), unknown=("policy_id", "target_id")
    )
    root = tf.module(tf.configured(ATTACHMENT, {"policy_id": [POLICY], "target_id": ["local.t"]}))
    for tree in (live(), None):
        found = planned(tree, made(STOP), on, root=root)
        assert summary(found) == {((f"target_id of {ATTACHMENT}",), Outcome.DENIED, DENIES)}


def moving(parent: str | None, unknown: Any = ()) -> Any:
    """The third account, in another place."""
    before = {"id": THREE, "parent_id": DEV, "name": "three"}
    after = {"id": THREE, "name": "three", **({"parent_id": parent} if parent else {})}
    return tf.change(f"{tf.ACCOUNT}.three", tf.UPDATE, before=before, after=after, unknown=unknown)


def test_an_account_moved_below_a_policy_is_stopped() -> None:
    """Where an account lies after the plan is what binds it; what is not known may stop it."""
    assert summary(planned(live(STOP), moving(PROD))) == {((THREE,), Outcome.DENIED, BY_LIVE)}
    assert summary(planned(live(STOP), moving(DEV))) == set()
    still = tf.change(f"{tf.ACCOUNT}.three", tf.NOTHING, before={"id": THREE}, after={"id": THREE})
    assert summary(planned(live(STOP), still)) == set()
    assert summary(planned(live(), moving(PROD))) == set()
    for odd in (moving("ou-ab12-elsewhere"), moving(None, ("parent_id",))):
        ((accounts, outcome, _),) = summary(planned(live(), odd))
        assert (accounts, outcome) == ((THREE,), Outcome.DEPENDS)


def test_an_account_moved_to_a_new_unit_is_bound_there() -> None:
    """A unit that the plan makes, puts a policy on and moves an account to is followed."""
    unit = f"{tf.UNIT}.new"
    root = tf.module(
        tf.configured(ATTACHMENT, {"policy_id": [f"{POLICY}.id"], "target_id": [f"{unit}.id"]}),
        tf.configured(f"{tf.ACCOUNT}.three", {"parent_id": [f"{unit}.id"]}),
    )
    found = planned(
        live(),
        made(STOP),
        tf.change(unit, tf.CREATE, after={"parent_id": ROOT}, unknown=("id",)),
        tf.change(
            ATTACHMENT, tf.CREATE, after=tf.attachment(None), unknown=("policy_id", "target_id")
        ),
        moving(None, ("parent_id",)),
        root=root,
    )
    assert summary(found) == {((unit, THREE), Outcome.DENIED, DENIES)}


def test_a_plan_of_another_organization_is_refused() -> None:
    """A policy that the plan changes and the organization does not have is said by its address."""
    other = existing("p-elsewhere", SPARE, after={**tf.policy(text(STOP)), "id": "p-elsewhere"})
    with pytest.raises(UsageError, match=f"{POLICY}: the organization has no service control"):
        planned(live(), other)
    same = existing("p-elsewhere", SPARE, actions=tf.NOTHING, after=tf.policy(text(SPARE)))
    assert summary(planned(live(), same)) == set()


def test_what_a_plan_does_not_show_is_not_judged() -> None:
    """Deferred changes and a type that is turned on are named."""
    organization = {"enabled_policy_types": None}
    enabled = {"enabled_policy_types": ["RESOURCE_CONTROL_POLICY", "TAG_POLICY"]}
    scps_alone = live()
    found = planned(
        ScpTree(
            organization="",
            policies=scps_alone.policies,
            attached=scps_alone.attached,
            paths=PATHS,
            in_force=frozenset({PolicyKind.SCP}),
        ),
        tf.change(
            "aws_organizations_organization.o", tf.UPDATE, before=organization, after=enabled
        ),
        deferred_changes=[{"reason": "x"}],
    )
    assert [each.split(":")[0] for each in found.unread] == [
        "what Terraform has deferred",
        "the plan turns on resource control policy",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"content": "{"}, f"{POLICY}: content: not JSON"),
        ({"content": '{"Version":"2012-10-17"}'}, f"{POLICY}: content: Statement 1"),
        ({"content": 7}, f"{POLICY}: content is not a text"),
        ({"name": ["x"]}, f"{POLICY}: name is not a text"),
    ],
)
def test_a_policy_that_is_none_is_refused_by_its_address(changed: Any, said: str) -> None:
    """What Terraform would send and AWS not take is named."""
    broken = tf.change(POLICY, tf.CREATE, after={**tf.policy(text(STOP)), **changed})
    with pytest.raises(UsageError, match=said):
        planned(live(), broken)


# --- the plan alone ----------------------------------------------------------------------------
