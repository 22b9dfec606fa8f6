"""From named accounts to accounts to work on, and how many calls that costs."""

from datetime import date

import msgspec
import pytest
from fakes.aws_members import ORG_ROOT
from fakes.team import World, new_world

from orgroot.core.config import AccountsConfig, Exemption
from orgroot.core.ids import AccountId
from orgroot.core.organization import OrganizationalUnit, Selection
from orgroot.errors import AwsError, UsageError
from orgroot.workflows.selection import resolve
from orgroot.workflows.targets import targets_of

A, B, C = (AccountId(digit * 12) for digit in "234")
OU, INNER = "ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb"


@pytest.fixture
def world() -> World:
    """B lives in an OU, C in one below it and is tagged."""
    made = new_world()
    made.aws.units[OU] = OrganizationalUnit(id=OU, name="prod", parent=ORG_ROOT)
    made.aws.units[INNER] = OrganizationalUnit(id=INNER, name="web", parent=OU)
    made.aws.members[B].parent = OU
    made.aws.members[C].parent = INNER
    made.aws.members[C].tags["stage"] = "prod"
    made.aws.calls.clear()
    return made


@pytest.mark.parametrize(
    ("selection", "expected", "calls"),
    [
        (Selection(ids=(A,)), [A], {"DescribeAccount": 1}),
        (Selection(ids=(A, C)), [A, C], {"DescribeAccount": 2}),
        (Selection(all=True), [A, B, C], {"ListAccounts": 1}),
        (Selection(all=True, exclude=(B,), limit=1), [A], {"ListAccounts": 1}),
        (
            Selection(ous=(OU,)),
            [B, C],
            {
                "ListAccounts": 1,
                "ListRoots": 1,
                "ListAccountsForParent": 3,
                "ListOrganizationalUnitsForParent": 3,
            },
        ),
        (
            Selection(tags={"stage": "prod"}),
            [C],
            {"ListAccounts": 1, "ListTagsForResource": 4},
        ),
        (
            Selection(ous=(INNER,), tags={"stage": "prod"}),
            [C],
            {
                "ListAccounts": 1,
                "ListRoots": 1,
                "ListAccountsForParent": 3,
                "ListOrganizationalUnitsForParent": 3,
                "ListTagsForResource": 1,
            },
        ),
    ],
)
def test_a_selection_costs_as_few_calls_as_it_can(
    world: World, selection: Selection, expected: list[str], calls: dict[str, int]
) -> None:
    """Named ids are described, all is one list, OUs are walked, tags read where needed."""
    selected = resolve(world.workspace(), selection)
    assert [account.id for account in selected.accounts] == expected
    made = [call.operation.split(":")[1] for call in world.aws.calls]
    assert {name: made.count(name) for name in made} == calls


def test_many_named_accounts_cost_one_list(world: World) -> None:
    """Eleven names are one ListAccounts, not eleven DescribeAccount."""
    ids = tuple(AccountId(f"5000000000{n:02d}") for n in range(11))
    for account in ids:
        world.aws.add_account(account)
    assert len(resolve(world.workspace(), Selection(ids=ids)).accounts) == 11
    assert world.aws.count("organizations:DescribeAccount") == 0


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(ids=(AccountId("9" * 12),)),
        Selection(ids=(A,), all=True),
        Selection(all=True, exclude=(AccountId("9" * 12),)),
        Selection(ous=("ou-ab12-99999999",)),
        Selection(all=True, limit=0),
    ],
)
def test_what_is_not_there_is_refused_before_anything(world: World, selection: Selection) -> None:
    """Unknown accounts and OUs, nothing, or a contradiction: exit 2, nothing changed."""
    with pytest.raises(UsageError):
        resolve(world.workspace(), selection)
    assert world.aws.writes == []


def test_a_denied_listing_is_awss_answer(world: World) -> None:
    """A caller who may not list is told what AWS said."""
    world.aws.fail("organizations:ListAccounts")
    with pytest.raises(AwsError):
        resolve(world.workspace(), Selection(all=True))


def test_few_and_many_accounts_are_located_alike(world: World) -> None:
    """One by one upwards, or by a walk of the tree: the same targets."""
    world.aws.members[B].tags["team"] = "a"
    ws = world.workspace()
    members = [member.account for key, member in world.aws.members.items()]
    few = {target.account: target for m in members for target in targets_of(ws, [m])}
    members += [world.aws.add_account(f"60000000000{n}").account for n in range(6)]
    many = {target.account: target for target in targets_of(ws, members)}
    assert many[C].ou_path == f"{ORG_ROOT}/{OU}/{INNER}"
    assert {key: many[key] for key in few} == few
    assert world.progress.labels


def test_an_exemption_of_nobody_is_told(world: World) -> None:
    """An exempted id that no account has protects nothing: whoever selects all hears of it."""
    exempt = (Exemption(account="9" * 12, reason="r", until=date(2099, 1, 1)),)
    accounts = AccountsConfig(exempt=exempt)
    world.config = msgspec.structs.replace(world.config, accounts=accounts)
    resolve(world.workspace(), Selection(all=True))
    assert any("999999999999 is no account" in note for note in world.progress.notes)
