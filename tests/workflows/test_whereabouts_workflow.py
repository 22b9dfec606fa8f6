"""Rules by OU and tag, resolved live when asked and when executed; owners acknowledge moves."""

from typing import Any

import msgspec
import pytest
from fakes.aws_members import ORG_ROOT
from fakes.buckets_world import ACCOUNT, BUCKET, locked_world, policy_now, wanted
from fakes.team import World, approvals_tree

from orgroot.core.config import Approvals
from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.ids import AccountId
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import OrganizationalUnit, Selection
from orgroot.core.results import RequestView, VersionsRow
from orgroot.core.structure import convert
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows import rules
from orgroot.workflows.acknowledging import acknowledge, moved_accounts
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory
from orgroot.workflows.requests import Ask
from orgroot.workflows.unlock import unlock_buckets
from orgroot.workflows.workspace import Workspace

STRICT, WEAK = "ou-ab12-strict01", "ou-ab12-weak0001"
OTHER = AccountId("333333333333")


def published(world: World, *more: dict[str, Any]) -> World:
    """The usual rules with one approval, and more of them, in force."""
    tree: Any = approvals_tree(total=1)
    tree["rules"] += more
    approvals = convert(tree, Approvals)
    world.config = msgspec.structs.replace(world.config, approvals=approvals)
    rules.publish(world.desk("dana"), lambda _: None)
    return world


def strict(tasks: list[str], **match: Any) -> dict[str, Any]:
    """A rule that two of security must approve."""
    return {
        "id": "strict",
        "match": {"tasks": tasks, **match},
        "requesters": {"groups": ["platform"]},
        "executors": {"groups": ["platform"]},
        "approvals": {"total": "2", "each_of": [{"group": "security", "count": "2"}]},
    }


@pytest.fixture
def world() -> World:
    """Two of security approve what happens in the strict OU, where the account is."""
    made = locked_world()
    for unit in (STRICT, WEAK):
        made.aws.units[unit] = OrganizationalUnit(id=unit, name=unit, parent=ORG_ROOT)
    made.aws.members[ACCOUNT].parent = STRICT
    return published(made, strict(["unlock-bucket"], ous=[STRICT]))


def asked(world: World, ticket: str = "") -> RequestRecord:
    """Alice asks for the policy to be deleted; each ticket makes another request."""
    view = unlock_buckets(
        world.workspace(), wanted(mode=UnlockMode.DELETE, sids=()), Ask(reason="x", ticket=ticket)
    )
    assert isinstance(view, RequestView)
    state = world.log().sync()
    return next(r for r in state.requests.values() if r.id == view.id)


def people(record: RequestRecord) -> int:
    """How many people it needs."""
    assert record.requirement is not None
    return record.requirement.people


def approved(world: World, record: RequestRecord, *who: str) -> None:
    """They approve it."""
    for person in who:
        approve(world.desk(person), record.id, "", lambda _summary: None)


def as_owner(world: World) -> Workspace:
    """Dana, who owns the trust, with AWS at hand."""
    return world.workspace("dana")


def test_rules_by_ou_are_resolved_live(world: World) -> None:
    """In the strict OU two must approve, elsewhere one."""
    assert people(asked(world)) == 2
    fresh = locked_world()
    fresh.aws.members[ACCOUNT].parent = WEAK
    fresh.aws.units[WEAK] = OrganizationalUnit(id=WEAK, name=WEAK, parent=ORG_ROOT)
    assert people(asked(published(fresh, strict(["unlock-bucket"], ous=[STRICT])))) == 1


def test_a_move_after_the_approvals_is_stale(world: World) -> None:
    """Where the account is now is not where it was approved: refused, and AWS is not changed."""
    record = asked(world)
    approved(world, record, "bob", "carol")
    world.aws.members[ACCOUNT].parent = WEAK
    with pytest.raises(RequestRefused, match="STALE"):
        execute(world.workspace(), record.id)
    assert world.aws.writes == []


def test_a_move_to_a_weaker_ou_and_back_gains_nothing(world: World) -> None:
    """Moved, both rules apply; one approval is not enough there, nor after the move back."""
    asked(world)
    world.aws.members[ACCOUNT].parent = WEAK
    weak = asked(world, "moved")
    assert people(weak) == 2
    approved(world, weak, "bob")
    waiting = execute(world.workspace(), weak.id)
    assert isinstance(waiting, RequestView)
    world.aws.members[ACCOUNT].parent = STRICT
    assert people(asked(world, "back")) == 2
    assert world.aws.writes == []


def test_an_owner_who_has_looked_lets_the_new_place_count(world: World) -> None:
    """An owner acknowledges, with a reason, what AWS shows now; then one approval is enough."""
    asked(world)
    world.aws.members[ACCOUNT].parent = WEAK
    (row,) = moved_accounts(as_owner(world), (ACCOUNT,))
    assert row.ou_path == f"{ORG_ROOT}/{WEAK}"
    assert [place.ou_path for place in row.before] == [f"{ORG_ROOT}/{STRICT}"]
    with pytest.raises(UsageError, match="reason"):
        acknowledge(as_owner(world), (row,), (), " ")
    with pytest.raises(UsageError, match="no owner"):
        acknowledge(world.workspace("alice"), (row,), (), "mine now")
    done = acknowledge(as_owner(world), (row,), (), "moved on purpose")
    assert done.record == world.log().sync().seq
    record = asked(world, "after")
    assert people(record) == 1
    approved(world, record, "bob")
    execute(world.workspace(), record.id)
    assert policy_now(world) is None


def test_nothing_is_written_where_nothing_moved(world: World) -> None:
    """An account that the log never saw elsewhere needs no word; a stranger is usage."""
    asked(world)
    assert moved_accounts(as_owner(world), (ACCOUNT, OTHER)) == ()
    assert "never saw" in world.progress.notes[-1]
    done = acknowledge(as_owner(world), (), (), "looked")
    assert done.record is None
    with pytest.raises(UsageError, match="not an account"):
        moved_accounts(as_owner(world), (AccountId("9" * 12),))


def test_versions_need_no_aws(world: World) -> None:
    """Further versions in the store are acknowledged at the desk."""
    row = VersionsRow(key="000000000003.json", version_ids=("v2",))
    acknowledge(world.desk("dana"), (), (row,), "a retry of ours")
    assert world.log().sync().acknowledged_versions == {row.key: frozenset({"v2"})}


def test_tags_are_read_where_rules_look_at_them(world: World) -> None:
    """The values asked about stand in the request; a tag that changed since makes it stale."""
    published(world, strict(["unlock-bucket"], tags={"stage": "prod", "owner": "x"}))
    world.aws.members[ACCOUNT].tags |= {"stage": "prod", "note": "y", "owner": "x"}
    record = asked(world)
    assert record.targets[0].tags == {"owner": "x", "stage": "prod"}
    assert people(record) == 2
    approved(world, record, "bob", "carol")
    world.aws.members[ACCOUNT].tags["note"] = "z"
    with pytest.raises(RequestRefused, match="STALE"):
        execute(world.workspace(), record.id)
    assert world.aws.writes == []


def test_a_tag_that_is_missing_is_known_to_be_missing(world: World) -> None:
    """An account without the tag is not under the rule for it."""
    published(world, strict(["unlock-bucket"], tags={"stage": "prod"}))
    record = asked(world)
    assert record.targets[0].tags == {"stage": None}
    assert people(record) == 1


def test_a_sweep_looks_only_at_what_rules_ask(world: World) -> None:
    """OU paths where any rule asks for them, tags where a rule for reading does."""

    def calls(operation: str) -> int:
        return world.aws.count(f"organizations:{operation}")

    everyone = Selection(all=True)
    world.aws.calls.clear()
    inventory(world.workspace(), everyone)
    assert calls("ListTagsForResource") == 0
    assert calls("ListParents") > 0
    (survey,) = list(world.log().sync().requests.values())
    assert all(target.ou_path and not target.tags_sha256 for target in survey.targets)
    reading = ["audit-root-credentials"]
    open_rule = {**strict(reading, tags={"stage": "prod"}), "approvals": {"total": "0"}}
    published(world, open_rule)
    world.aws.calls.clear()
    inventory(world.workspace(), everyone)
    assert calls("ListTagsForResource") == 3
    assert calls("ListParents") == 0


def test_rules_without_ou_or_tag_cost_a_sweep_nothing() -> None:
    """Where no rule asks, no path and no tag is read."""
    made = locked_world()
    made.aws.calls.clear()
    inventory(made.workspace(), Selection(all=True))
    assert made.aws.count("organizations:ListParents") == 0
    assert made.aws.count("organizations:ListTagsForResource") == 0


def test_never_refuses_by_name(world: World) -> None:
    """What a matching rule never wants touched is refused before anything is written."""
    never = {**strict(["unlock-bucket"], ous=[STRICT]), "never": {"buckets": [BUCKET]}}
    published(world, never)
    with pytest.raises(RequestRefused, match="never touched"):
        asked(world)
    assert world.aws.writes == []
