"""What a plan of SCPs would stop, in the names and words of its approvers."""

import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change, Op
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_after import organization_after
from orgroot.core.scp_changes import AdoptableScp, adopt_scp
from orgroot.core.scp_document import policy_text
from orgroot.core.scp_guard import edits_of, sentence, tasks_of
from orgroot.core.scp_lockout import Blame, Outcome, PolicyKind, Scp, TaskJudgement
from orgroot.core.scp_plan import plan_scps
from orgroot.core.scp_regressions import Stopped
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree
from orgroot.errors import IntegrityError
from tests.core.scp_world import ACCOUNT, ALLOW, ORG_ROOT, OTHER_TEXT, UNIT, declared, observed, scp


def tree_of(state: ObservedScps) -> ScpTree:
    """The same organization as a tree of one account."""
    bound = {
        p.id: BoundScp(id=p.id, scp=Scp(name=p.name, statements=parse_statements(p.text or "", "")))
        for p in state.policies
    }
    rcp = Scp(name="one", statements=(), kind=PolicyKind.RCP)
    return ScpTree(
        organization="o-exampleorgid",
        policies={**bound, "p-rcp": BoundScp(id="p-rcp", scp=rcp)},
        attached=state.attached,
        paths={ACCOUNT: (ORG_ROOT, UNIT)},
    )


def test_a_plan_is_played_on_the_organization() -> None:
    """Created, rewritten, attached, detached and deleted: what is attached after is as planned."""
    state = observed(scp(), scp("old", text=ALLOW), unit=("p-one", "p-old"))
    wanted = (declared(ACCOUNT, text=OTHER_TEXT), declared("root", name="new"))
    changes = plan_scps(wanted, state).plan.changes
    after = organization_after(tree_of(state), edits_of(changes, tree_of(state)))
    names = {
        target: sorted(after.policies[policy].scp.name for policy in held)
        for target, held in after.attached.items()
    }
    full = "FullAWSAccess"
    assert names == {ORG_ROOT: [full, "new"], UNIT: [full], ACCOUNT: [full, "one"]}
    (one,) = (p.scp for p in after.policies.values() if p.id == "p-one")
    assert [statement.actions for statement in one.statements] == [("iam:*",)]
    assert "p-old" not in after.policies


def test_what_is_left_of_a_plan_finds_what_was_created() -> None:
    """After a crash the SCP exists: it is attached under the id that AWS gave it."""
    changes = plan_scps((declared("root"),), observed()).plan.changes
    now = tree_of(observed(scp()))
    (edit,) = edits_of(changes[1:], now)
    assert organization_after(now, (edit,)).attached[ORG_ROOT] == ("p-FullAWSAccess", "p-one")


def test_an_adoption_changes_nothing_for_anybody() -> None:
    """A tag allows and denies nothing."""
    known = AdoptableScp(id="p-one", policy=policy_text(ALLOW), description="", tags={})
    assert edits_of((adopt_scp("one", known),), tree_of(observed())) == ()


def test_other_changes_are_no_edits() -> None:
    """A feature is no SCP."""
    change = Change(op=Op.ENABLE_FEATURE, target="RootSessions", before=False, after=True)
    with pytest.raises(IntegrityError):
        edits_of((change,), tree_of(observed()))


def stopped(*accounts: str, outcome: Outcome = Outcome.DENIED, sid: str = "S") -> Stopped:
    """A task that would be stopped."""
    judgement = TaskJudgement(
        task_policy=TaskPolicy.UNLOCK_BUCKET,
        outcome=outcome,
        denied_actions=(),
        by=(Blame(policy="deny", sid=sid),),
        on=("aws:SourceVpc",) if outcome is Outcome.DEPENDS else (),
    )
    return Stopped(accounts=accounts, regions=("eu-west-1",), judgement=judgement)


def test_who_reads_it_knows_what_stops_where() -> None:
    """Task, accounts, policy and Sid; of many accounts the first ones and how many more."""
    few = sentence(stopped("1", "2"))
    assert few == "unlock-bucket in 1, 2 would be denied by service control policy deny (S)"
    many = sentence(stopped("1", "2", "3", "4", "5", outcome=Outcome.DEPENDS, sid=""))
    assert many == (
        "unlock-bucket in 1, 2, 3 and 2 more would depend on aws:SourceVpc by "
        "service control policy deny"
    )
    nobody = Stopped(
        accounts=("1",),
        regions=(),
        judgement=TaskJudgement(
            task_policy=TaskPolicy.AUDIT,
            outcome=Outcome.DENIED,
            denied_actions=(),
            by=(),
            on=(),
        ),
    )
    assert sentence(nobody) == "audit-root-credentials in 1 would be denied"
    assert tasks_of([stopped("1"), nobody]) == {Task.UNLOCK_BUCKET, Task.AUDIT_ROOT_CREDENTIALS}
