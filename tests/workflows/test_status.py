"""What `status` shows, and when `--check` is a finding."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from fakes.aws_members import MANAGEMENT
from fakes.team import World, approvals_tree, new_world

from orgroot.core.config import Approvals
from orgroot.core.results import ExitReason
from orgroot.core.root_tasks import Feature
from orgroot.core.structure import convert
from orgroot.core.whereabouts import Whereabouts
from orgroot.workflows import root_access
from orgroot.workflows.requests import Ask
from orgroot.workflows.rules import publish
from orgroot.workflows.status import status

PROD = "ou-ab12-prod0001"


@pytest.fixture
def world() -> World:
    """All is as the configuration wants it."""
    return new_world()


def test_it_shows_what_stands(world: World) -> None:
    """Features, rules and caller; nothing differs; few calls and none that changes."""
    result = status(world.workspace(), check=True)
    assert (result.trusted_access, result.features.root_sessions) == (True, True)
    assert result.delegated_administrator is None
    assert result.rules is not None
    assert (result.rules.serial, result.rules.matches_config) == (1, True)
    assert (result.differs, result.exit_reasons) == ((), ())
    assert result.management_account == MANAGEMENT
    assert len(world.aws.calls) == 3
    assert world.aws.writes == []


def test_open_requests_are_listed(world: World) -> None:
    """A request that waits is there, one that is done is not."""
    root_access.disable(world.workspace(), Ask(reason="off"))
    result = status(world.workspace())
    assert [(r.task, r.state) for r in result.open_requests] == [("disable-root-access", "PENDING")]


@pytest.mark.parametrize("check", [True, False])
def test_what_differs_is_a_finding_only_with_check(world: World, check: bool) -> None:  # noqa: FBT001
    """Exit 6 with `--check`, exit 0 without; both say what differs."""
    world.aws.flags.discard(Feature.ROOT_SESSIONS)
    result = status(world.workspace(), check=check)
    assert len(result.differs) == 1
    assert result.exit_reasons == ((ExitReason.FINDINGS,) if check else ())


def test_features_hidden_by_aws_are_unknown(world: World) -> None:
    """While trusted access is off the flags are null, not false."""
    world.aws.trusted.clear()
    result = status(world.workspace(), check=True)
    assert (result.features.root_sessions, result.features.credentials_management) == (None, None)
    assert result.exit_reasons == (ExitReason.FINDINGS,)


def test_rules_that_differ_from_the_config_are_said(world: World) -> None:
    """Editing YAML changes nothing, and status says so."""
    approvals = msgspec.structs.replace(world.approvals, expires=datetime(2027, 4, 1, tzinfo=UTC))
    world.config = msgspec.structs.replace(world.config, approvals=approvals)
    result = status(world.workspace(), check=True)
    assert result.rules is not None
    assert not result.rules.matches_config
    assert "no force" in result.differs[0]


@pytest.mark.parametrize(
    ("now", "words"), [("2027-04-20", "expire soon"), ("2027-05-02", "expired at")]
)
def test_rules_about_to_expire_are_said(world: World, now: str, words: str) -> None:
    """Thirty days ahead, and when it happened."""
    world.clock.at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert words in status(world.workspace(), check=True).differs[0]


def test_without_a_log_it_still_shows_aws(world: World) -> None:
    """Observer mode: no rules, no requests, no error; an empty store is the same."""
    result = status(replace(world.workspace(), log=None), check=True)
    assert (result.rules, result.open_requests, result.differs) == (None, (), ())
    world.store.objects.clear()
    world.memories.clear()
    assert status(world.workspace()).rules is None


def test_accounts_that_moved_are_told(world: World) -> None:
    """Where rules look at OUs, an account that was seen in two waits for an owner's word."""
    tree = approvals_tree()
    rule = {**tree["rules"][0], "id": "ou", "match": {"tasks": ["unlock-bucket"], "ous": [PROD]}}  # type: ignore[index]
    tree["rules"] = [*tree["rules"], rule]  # type: ignore[misc]
    world.config = msgspec.structs.replace(world.config, approvals=convert(tree, Approvals))
    publish(world.desk("dana"), lambda _view: None)
    ws = world.workspace()
    assert ws.log is not None
    ws.log.sync().places["222222222222"] = (
        Whereabouts(ou_path=f"r-ab12/{PROD}"),
        Whereabouts(ou_path="r-ab12"),
    )
    told = status(ws, check=True).differs
    assert any("222222222222 was seen in" in line and "log ack" in line for line in told)
