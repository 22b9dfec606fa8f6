"""What every command says of rules that end, before its own work."""

from datetime import UTC, datetime, timedelta

import pytest
from fakes.team import World, new_world

from orgroot.cli.notices import tell_of_rules

EXPIRES = datetime(2027, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    """Rules that expire then."""
    return new_world()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (31, ""),
        (30, "the rules expire within 30 days, at 2027-05-01T00:00:00Z"),
        (14, "the rules expire within 14 days"),
        (3, "the rules expire within 3 days"),
        (0, "the rules expired at 2027-05-01T00:00:00Z: only reading and break-glass work"),
    ],
)
def test_rules_that_end_are_named(
    world: World, capsys: pytest.CaptureFixture[str], days: int, words: str
) -> None:
    """30, 14 and 3 days ahead and afterwards, with who renews them; not without a log."""
    log = world.log()
    log.sync()
    tell_of_rules(log, EXPIRES - timedelta(days=days))
    told = capsys.readouterr().err
    assert told.startswith(words)
    assert bool(words) is ("`orgroot rules publish`" in told)
    tell_of_rules(None, EXPIRES)
    assert capsys.readouterr().err == ""
