"""Keys that restrict and are not enforced yet: refused by name, by the commands they restrict."""

from typing import Any

import pytest
from config_trees import changed, whole

from orgroot.core.config import parse_config
from orgroot.core.unenforced import Purpose, refuse_unenforced
from orgroot.errors import UsageError

ALL = frozenset(Purpose)


def plain() -> dict[str, Any]:
    """A tree that sets no such key."""
    return whole()


@pytest.mark.parametrize("purpose", Purpose)
def test_a_configuration_without_such_keys_passes(purpose: Purpose) -> None:
    """Nothing is refused where nothing unenforced is set, or where there is next to nothing."""
    tree = plain()
    refuse_unenforced(parse_config(tree), purpose)
    observer = {"version": "1", "organization": tree["organization"]}
    refuse_unenforced(parse_config(observer), purpose)


@pytest.mark.parametrize(
    ("section", "value", "name", "restricted"),
    [
        (("scps", 0, "waves"), [["root"]], "scps[0].waves", frozenset({Purpose.SCP})),
    ],
)
def test_each_key_stops_the_commands_it_restricts_and_no_other(
    section: tuple[str | int, ...], value: Any, name: str, restricted: frozenset[Purpose]
) -> None:
    """The refusal names the key, says that it is not enforced, and hits only what it restricts."""
    config = parse_config(changed(section, value, plain()))
    for purpose in Purpose:
        if purpose in restricted:
            with pytest.raises(UsageError, match="is not enforced by this version") as caught:
                refuse_unenforced(config, purpose)
            assert caught.value.message.startswith(name + " restricts ")
            assert caught.value.code == "not-enforced"
        else:
            refuse_unenforced(config, purpose)
