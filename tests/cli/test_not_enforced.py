"""Keys that restrict and are not enforced yet: the commands they restrict end with exit 2."""

import pytest

from tests.e2e.playground import Playground

SWEEP = "inventory --all"
REMOVE = "credentials remove --all --reason x --yes"
APPLY = "scp apply --reason x --yes"
PUBLISH = "rules publish --as dana --yes"
CHECK = "rules check --as dana"
TARGETS = "    targets: [root]\n  - name: orgroot-protect"


@pytest.mark.parametrize(
    ("key", "old", "new", "commands", "person"),
    [
        pytest.param(
            "scps[0].waves",
            TARGETS,
            TARGETS.replace("[root]\n", "[root]\n    waves: [[root]]\n"),
            (APPLY, "scp plan"),
            "alice",
            id="waves",
        ),
    ],
)
def test_a_key_that_is_not_enforced_stops_what_it_restricts(  # noqa: PLR0917 - a table
    place: Playground, key: str, old: str, new: str, commands: tuple[str, ...], person: str
) -> None:
    """It is refused by its name before any AssumeRoot, change or record: never ignored."""
    path = place.variant("not-enforced", (old, new))
    for command in commands:
        done = place.refused(person, 2, "--config", path, *command.split(), "-o", "json")
        assert done.json["code"] == "not-enforced"
        assert done.json["message"].startswith(f"{key} restricts")
        assert f"take {key} out of the configuration" in done.err


def test_what_it_does_not_restrict_still_works(place: Playground) -> None:
    """Such a key stops the commands that it restricts, and no others."""
    waves = place.variant("waves", (TARGETS, TARGETS.replace("]\n", "]\n    waves: [[root]]\n")))
    assert place.run("alice", "--config", waves, "inventory", place.account("network")).code == 0
