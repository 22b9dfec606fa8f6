"""Which accounts a command works on, and which are left out with a reason."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from orgroot.core.config import Exemption
from orgroot.core.ids import AccountId
from orgroot.core.organization import (
    Caller,
    MemberAccount,
    Selection,
    Surroundings,
    exemptions,
    select,
)
from orgroot.errors import UsageError

MANAGEMENT, FIRST, SECOND, CLOSED, EXEMPT, ODD = (
    AccountId(digit * 12) for digit in ("1", "2", "3", "4", "5", "6")
)
STATES = {CLOSED: "SUSPENDED", ODD: ""}
ACCOUNTS = tuple(
    MemberAccount(id=account, name="n", email="e", state=STATES.get(account, "ACTIVE"))
    for account in (ODD, SECOND, FIRST, MANAGEMENT, EXEMPT, CLOSED)
)
AROUND = Surroundings(
    management_account=MANAGEMENT,
    exempt=exemptions([Exemption(account=EXEMPT, reason="leaves", until=date(2027, 3, 31))]),
    now=datetime(2027, 3, 31, 23, 59, 59, tzinfo=UTC),
    units=frozenset({"r-ab12", "ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb", "ou-ab12-cccccccc"}),
    paths={
        FIRST: ("r-ab12", "ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb"),
        SECOND: ("r-ab12", "ou-ab12-aaaaaaaa"),
    },
    tags={FIRST: {"stage": "prod", "team": "a"}, SECOND: {"stage": "prod"}},
)


def chosen(selection: Selection) -> list[str]:
    """The ids that a selection works on."""
    return [account.id for account in select(selection, ACCOUNTS, AROUND).accounts]


def test_the_partition_stands_in_the_callers_arn() -> None:
    """GovCloud and China callers are told apart before anything is called."""
    caller = Caller(account=FIRST, arn="arn:aws-us-gov:iam::222222222222:user/a", user_id="A")
    assert caller.partition == "aws-us-gov"


def test_all_leaves_out_what_must_be_left_alone_and_says_why() -> None:
    """Management, not ACTIVE and exempt accounts are skipped with the reason, the rest by id."""
    result = select(Selection(all=True), ACCOUNTS, AROUND)
    assert [account.id for account in result.accounts] == [FIRST, SECOND]
    assert {skip.account.id: (skip.reason, skip.named) for skip in result.skipped} == {
        MANAGEMENT: ("the management account: AssumeRoot reaches member accounts only", False),
        CLOSED: ("not ACTIVE but SUSPENDED", False),
        EXEMPT: ("exempt until the end of 2027-03-31: leaves", False),
        ODD: ("not ACTIVE but in a state AWS did not tell", False),
    }


def test_an_exemption_ends_with_its_day() -> None:
    """One second later the account is an account like any other."""
    later = replace(AROUND, now=datetime(2027, 4, 1, tzinfo=UTC))
    result = select(Selection(ids=(EXEMPT,)), ACCOUNTS, later)
    assert [account.id for account in result.accounts] == [EXEMPT]


def test_named_accounts_are_marked_as_named() -> None:
    """A skipped account that was named by id says so: it decides the exit code."""
    result = select(Selection(ids=(CLOSED, FIRST, FIRST)), ACCOUNTS, AROUND)
    assert [account.id for account in result.accounts] == [FIRST]
    assert [(skip.account.id, skip.named) for skip in result.skipped] == [(CLOSED, True)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(ous=("ou-ab12-aaaaaaaa",)), [FIRST, SECOND]),
        (Selection(ous=("ou-ab12-bbbbbbbb",)), [FIRST]),
        (Selection(ous=("ou-ab12-bbbbbbbb", "ou-ab12-aaaaaaaa")), [FIRST, SECOND]),
        (Selection(ous=("r-ab12",)), [FIRST, SECOND]),
        (Selection(ous=("ou-ab12-cccccccc",)), []),
        (Selection(tags={"stage": "prod"}), [FIRST, SECOND]),
        (Selection(tags={"stage": "prod", "team": "a"}), [FIRST]),
        (Selection(ous=("ou-ab12-aaaaaaaa",), tags={"team": "a"}), [FIRST]),
        (Selection(all=True, tags={"team": "b"}), []),
        (Selection(all=True, exclude=(FIRST,)), [SECOND]),
        (Selection(all=True, limit=1), [FIRST]),
    ],
)
def test_ous_tags_exclusion_and_limit(selection: Selection, expected: list[str]) -> None:
    """OUs take everything below them and add up, tags must all match, a limit counts work."""
    assert chosen(selection) == expected


def test_an_excluded_account_is_not_counted_as_skipped() -> None:
    """Who excludes an account knows about it."""
    result = select(Selection(all=True, exclude=(MANAGEMENT,)), ACCOUNTS, AROUND)
    assert MANAGEMENT not in {skip.account.id for skip in result.skipped}


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(), "no account is selected"),
        (Selection(exclude=(FIRST,)), "no account is selected"),
        (Selection(ids=(AccountId("9" * 12),)), "999999999999 is not an account"),
        (Selection(all=True, exclude=(AccountId("9" * 12),)), "999999999999 is not an account"),
        (Selection(ous=("ou-ab12-zzzzzzzz",)), "ou-ab12-zzzzzzzz is not an OU"),
        (Selection(ids=(FIRST,), all=True), "not both"),
        (Selection(all=True, ous=("r-ab12",)), "contradict"),
        (Selection(all=True, limit=0), "selects nothing"),
    ],
)
def test_what_cannot_be_selected_is_a_usage_error(selection: Selection, words: str) -> None:
    """Unknown ids and contradictions end with exit 2 before anything is called."""
    with pytest.raises(UsageError, match=words):
        select(selection, ACCOUNTS, AROUND)
