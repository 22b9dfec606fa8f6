"""A Terraform plan that attaches by Cloud Control, or turns controls of Control Tower on."""

import json
from typing import Any

import pytest

from orgroot.core.scp_lockout import Blame, Outcome
from tests.core import terraform_plans as tf
from tests.core.test_scp_after import DEV, ONE, PROD, ROOT, THREE, TWO
from tests.core.test_terraform_organization import (
    ATTACHMENT,
    DENIES,
    LIVE,
    SPARE,
    STOP,
    attaching,
    live,
    planned,
    stopped,
    summary,
    text,
)

CLOUD = "awscc_organizations_policy.deny"


def cloud(*statements: Any, targets: Any = (), **further: Any) -> dict[str, Any]:
    """The attributes of a policy of Cloud Control's."""
    attributes = tf.policy(text(*statements), "deny", **further)
    return {**attributes, "target_ids": list(targets)}


def there(*targets: str) -> dict[str, Any]:
    """The live policy as Cloud Control shows it."""
    return {**cloud(SPARE, targets=targets), "name": "live", "policy_id": LIVE, "id": LIVE}


@pytest.mark.parametrize(
    ("changed", "accounts"),
    [
        (tf.change(CLOUD, tf.CREATE, after=cloud(STOP, targets=[PROD, DEV])), (ONE, TWO, THREE)),
        (tf.change(CLOUD, tf.CREATE, after=cloud(SPARE, targets=[ROOT])), ()),
        (tf.change(CLOUD, tf.CREATE, after=cloud(STOP, type="TAG_POLICY", targets=[ROOT])), ()),
        (
            tf.change(CLOUD, tf.UPDATE, before=there(PROD), after={**there(DEV), **cloud(STOP)}),
            (),
        ),
        (
            tf.change(
                CLOUD,
                tf.UPDATE,
                before=there(PROD),
                after={**there(), **cloud(STOP, targets=[PROD, THREE])},
            ),
            (ONE, TWO, THREE),
        ),
        (
            tf.change(CLOUD, tf.REPLACE, before=there(PROD), after=cloud(STOP, targets=[PROD])),
            (ONE, TWO),
        ),
        (tf.change(CLOUD, tf.DELETE, before=there(PROD)), ()),
        (tf.change(CLOUD, ("forget",), before=there(PROD)), ()),
    ],
)
def test_a_policy_with_its_targets_is_judged_on_each(
    changed: Any, accounts: tuple[str, ...]
) -> None:
    """Cloud Control's policy lies where its `target_ids` say: made, changed, moved, made again."""
    found = planned(live(), changed)
    assert {a for each in stopped(found) for a in each.accounts} == set(accounts)
    assert found.unread == ()


def test_a_policy_with_targets_that_are_not_known_yet_is_judged_where_it_lies_too() -> None:
    """What is unknown is judged by itself; a target that the plan makes is followed."""
    after = {**there(), **cloud(STOP)}
    changed = tf.change(CLOUD, tf.UPDATE, before=there(PROD), after=after, unknown=("target_ids",))
    where = {names for names, _, _ in summary(planned(live(), changed))}
    assert where == {(f"target_id of {CLOUD}", ONE, TWO)}
    unit = tf.change(
        f"{tf.UNIT}.new", tf.CREATE, after={"parent_id": PROD, "name": "new"}, unknown=("id",)
    )
    root = tf.module(tf.configured(CLOUD, {"target_ids": [f"{tf.UNIT}.new.id", f"{tf.UNIT}.new"]}))
    made_there = tf.change(
        CLOUD, tf.CREATE, after=tf.policy(text(STOP), "deny"), unknown=("target_ids", "policy_id")
    )
    found = planned(live(), unit, made_there, root=root)
    assert {names for names, _, _ in summary(found)} == {(f"{tf.UNIT}.new",)}


def test_an_attachment_may_mean_a_policy_of_cloud_controls() -> None:
    """Its id is `policy_id`, and it is followed like any other."""
    after = tf.policy(text(STOP), "deny")
    made_there = tf.change(CLOUD, tf.CREATE, after=after, unknown=("policy_id", "id"))
    root = tf.module(tf.configured(ATTACHMENT, {"policy_id": [f"{CLOUD}.policy_id", CLOUD]}))
    found = planned(live(), made_there, attaching(PROD), root=root)
    assert summary(found) == {((ONE, TWO), Outcome.DENIED, DENIES)}


CONTROL = "aws_controltower_control.root"


GUARDRAIL = "AWS-GR_RESTRICT_ROOT_USER"


EXEMPT = {"key": "ExemptAssumeRoot", "value": "true"}


def control(name: str = GUARDRAIL, *parameters: Any, **further: Any) -> dict[str, Any]:
    """The attributes of a control on the OU of production."""
    return {
        "control_identifier": f"arn:aws:controltower:eu-west-1::control/{name}",
        "target_identifier": f"arn:aws:organizations::111111111111:ou/o-exampleorgid/{PROD}",
        "parameters": list(parameters),
        **further,
    }


def turned_on(after: Any, *unknown: str, before: Any = None) -> Any:
    """A control that the plan turns on, or changes."""
    actions = tf.CREATE if before is None else tf.UPDATE
    return tf.change(CONTROL, actions, before=before, after=after, unknown=unknown)


IN_PROD = {((ONE, TWO), Outcome.DENIED, (Blame(policy=GUARDRAIL, sid="GRRESTRICTROOTUSER"),))}


MAYBE = f"the SCP of control {GUARDRAIL}, whose text is not in this plan"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (turned_on(control()), IN_PROD),
        (turned_on(control(GUARDRAIL, EXEMPT)), set()),
        (
            turned_on(
                control(
                    GUARDRAIL,
                    {"key": "ExemptedPrincipalArns", "value": json.dumps(["arn:*:iam::*:root"])},
                )
            ),
            set(),
        ),
        (turned_on(control(f"{GUARDRAIL}_ACCESS_KEYS")), set()),
        (turned_on(control(GUARDRAIL, EXEMPT), before=control()), set()),
        (turned_on(control(), before=control(GUARDRAIL, EXEMPT)), IN_PROD),
        (turned_on(control(tags={"a": "b"}), before=control()), set()),
        (tf.change(CONTROL, tf.DELETE, before=control()), set()),
        (tf.change(CONTROL, tf.NOTHING, before=control(), after=control()), set()),
    ],
)
def test_the_controls_about_the_root_user_have_published_texts(
    changed: Any, expected: set[Any]
) -> None:
    """Turned on, changed or turned off, with and without the exemption, on their OU."""
    found = planned(live(), changed)
    assert summary(found) == expected
    assert found.unread == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (turned_on(control("AWS-GR_OTHER")), MAYBE.replace(GUARDRAIL, "AWS-GR_OTHER")),
        (turned_on(control(GUARDRAIL, {**EXEMPT, "value": '"no"'})), MAYBE),
        (turned_on(control(GUARDRAIL, {**EXEMPT, "value": "{"})), MAYBE),
        (turned_on(control(GUARDRAIL, {"key": "AllowedRegions", "value": "[]"})), MAYBE),
        (turned_on(control(), "parameters"), MAYBE),
        (
            turned_on(control(), "control_identifier"),
            f"the SCP of {CONTROL}, a control not known yet",
        ),
    ],
)
def test_what_another_control_attaches_is_unknown(changed: Any, words: str) -> None:
    """Its target's accounts depend on the control by name; no other account does."""
    found = planned(live(), changed)
    assert {each.accounts for each in stopped(found)} == {(ONE, TWO)}
    assert {each.judgement.on for each in stopped(found)} == {(words,)}
    assert {each.judgement.outcome for each in stopped(found)} == {Outcome.DEPENDS}


def test_a_control_whose_target_is_not_known_is_judged_by_itself() -> None:
    """What it would stop is said of its address."""
    found = planned(live(), turned_on(control(), "target_identifier"))
    assert {names for names, _, _ in summary(found)} == {(f"target_id of {CONTROL}",)}
