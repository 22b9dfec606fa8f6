"""A Terraform plan judged by itself: by its targets, and by what it has read."""

from orgroot.core.scp_lockout import Outcome
from orgroot.core.scp_tree import FULL_ACCESS
from tests.core import terraform_plans as tf
from tests.core.test_scp_after import DEV, ONE, PROD, ROOT
from tests.core.test_terraform_organization import (
    ATTACHMENT,
    BY_LIVE,
    BY_PLAN,
    DENIES,
    LIVE,
    POLICY,
    SPARE,
    STOP,
    attaching,
    existing,
    made,
    planned,
    stopped,
    summary,
    text,
)


def test_without_an_organization_each_target_is_judged_by_itself() -> None:
    """OUs, the root and accounts that something new is attached to are named by their ids."""
    for target in (ROOT, PROD, ONE):
        found = planned(None, made(STOP), attaching(target), root=BY_PLAN)
        assert summary(found) == {((target,), Outcome.DENIED, DENIES)}
        assert any("what the plan shows alone" in note for note in found.notes)


def test_what_terraform_manages_already_is_there_before() -> None:
    """A root deny that stays is no new stop; one that comes by an update is."""
    on = tf.change(
        ATTACHMENT, tf.NOTHING, before=tf.attachment(PROD, LIVE), after=tf.attachment(PROD, LIVE)
    )
    stays = existing(LIVE, STOP, after={**tf.policy(text(STOP), "live"), "id": LIVE})
    assert summary(planned(None, stays, on)) == set()
    comes = existing(LIVE, SPARE, after={**tf.policy(text(STOP), "live"), "id": LIVE})
    assert summary(planned(None, comes, on)) == {((PROD,), Outcome.DENIED, BY_LIVE)}
    # Whatever else lies there and is not shown is the same before and after.
    other = tf.attachment(PROD, "p-notshown")
    kept = tf.change(f"{tf.ATTACHMENT}.other", tf.NOTHING, before=other, after=other)
    assert summary(planned(None, stays, on, kept)) == set()


def test_a_policy_that_the_plan_does_not_show_is_unknown() -> None:
    """A new attachment of a policy by its bare id depends on that policy's text."""
    on = tf.change(ATTACHMENT, tf.CREATE, after=tf.attachment(PROD, "p-notshown"))
    found = planned(None, on)
    assert {each.judgement.on for each in stopped(found)} == {("text of p-notshown",)}
    free = tf.change(ATTACHMENT, tf.CREATE, after=tf.attachment(PROD, FULL_ACCESS))
    assert summary(planned(None, free)) == set()


def test_what_terraform_has_read_of_the_organization_is_used() -> None:
    """Parents make an OU's policy bind its accounts; whole paths make the organization known."""
    outside = {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
    read = [
        {"type": "aws_organizations_organization", "values": {"id": "o-exampleorgid"}},
        {"type": "aws_organizations_organizational_units",
         "values": {"parent_id": ROOT, "children": [{"id": PROD}, "odd", {"id": None}]}},
        {"type": "aws_organizations_account", "values": {"id": ONE, "parent_id": PROD}},
        {"type": "aws_organizations_organizational_units", "values": {"children": None}},
    ]  # fmt: skip
    changes = (
        made({**STOP, "Condition": outside}),
        attaching(PROD),
        attaching(ONE, f"{tf.ATTACHMENT}.one"),
    )
    root = tf.module(
        *(tf.configured(f"{tf.ATTACHMENT}.{n}", {"policy_id": [POLICY]}) for n in ("prod", "one"))
    )
    found = planned(None, *changes, root=root, read=read)
    assert found.before.paths[ONE] == (ROOT, PROD)
    assert found.before.organization == "o-exampleorgid"
    assert summary(found) == set()
    shut = planned(None, *changes, root=root, read=read[1:])
    assert {each.judgement.outcome for each in stopped(shut)} == {Outcome.DEPENDS}
    lost = planned(None, *changes, root=root, read=read[:1])
    assert lost.before.organization == ""
    nested = {"resources": [], "child_modules": [{"resources": read}]}
    whole = planned(None, *changes, root=root, prior_state={"values": {"root_module": nested}})
    assert whole.before.organization == "o-exampleorgid"


def test_parents_in_a_circle_end() -> None:
    """A plan whose OUs contain each other, which AWS does not have, is still judged."""
    read = [
        {"type": tf.UNIT, "values": {"id": PROD, "parent_id": DEV}},
        {"type": tf.UNIT, "values": {"id": DEV, "parent_id": PROD}},
    ]
    found = planned(None, made(STOP), attaching(PROD), root=BY_PLAN, read=read)
    assert {where for where, _, _ in summary(found)} == {(PROD,)}
