"""Bad input ends with its exit code and its remedy, before any AssumeRoot and any changing call."""

from dataclasses import dataclass

import pytest

from tests.cli.bad_input_rows import CASES, Case
from tests.e2e.playground import Done, Playground


def words(place: Playground, arguments: str) -> list[str]:
    """A case's command line for this sandbox."""
    bucket = place.locked_bucket("tfstate")
    log = (place.folder / "config.yaml").read_text().split("log_id: ")[1].split()[0]
    known = {
        "bucket": bucket["name"],
        "owner": bucket["account"],
        "manager": place.info["management_account"],
        "folder": str(place.folder),
        "zeros": "0" * 64,
        "log": log,
    }
    parts = arguments.split("'")
    split = [part.split() if n % 2 == 0 else [part] for n, part in enumerate(parts)]
    return [word.format(**known) for words in split for word in words]


def flat(text: str) -> str:
    """Stderr without the frame that the command line parser draws around its own errors."""
    return " ".join(text.replace("│", " ").split())


def said(done: Done, place: Playground, texts: tuple[str, ...]) -> None:
    """Stderr holds every text."""
    for text in texts:
        wanted = " ".join(words(place, text)) if "{" in text else text
        assert wanted in flat(done.err), done.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_bad_input_touches_nothing_and_names_the_remedy(place: Playground, case: Case) -> None:
    """It ends with its code, says what is wrong and what to do, for programs too, and no more."""
    arguments = words(place, case.arguments)
    plain = "xml" in arguments or "sandbox" in arguments
    done = place.refused(case.person, case.code, *arguments, *(() if plain else ("-o", "json")))
    said(done, place, case.says)
    if plain:
        assert done.out == ""
        return
    error = done.json
    assert error["schema"] == "orgroot.error/v1"
    assert flat(error["message"]) in flat(done.err)
    assert error["code"] == error["code"].lower()
    assert error["exit_reasons"] == {2: [], 3: ["refused"], 4: ["integrity"]}[case.code]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A change to the configuration, and how the command must end that uses it."""

    name: str
    old: str
    new: str
    says: tuple[str, ...]
    arguments: str = "inventory --all"
    code: int = 2


EDITS = (
    Edit(
        name="duplicate key",
        old="  region: eu-west-1",
        new="  region: eu-west-1\n  region: eu-north-1",
        says=(":8: organization.region: this key stands here twice (first in line 7)",),
    ),
    Edit(
        name="unknown key",
        old="  region: eu-west-1",
        new="  regoin: eu-west-1",
        says=(":7: organization.regoin: unknown key; did you mean 'region'?", "the keys here are"),
    ),
    Edit(
        name="unknown key on top",
        old="root_access:",
        new="root_acess:",
        says=("root_acess: unknown key; did you mean 'root_access'?",),
    ),
    Edit(
        name="an anchor",
        old="root_access:",
        new="root_access: &all",
        says=("anchors (&name) are not accepted; write the value again",),
    ),
    Edit(
        name="a word that is no boolean",
        old="root_sessions: true",
        new="root_sessions: yes",
        says=("root_access.root_sessions", "true or false"),
    ),
    Edit(
        name="missing SCP file",
        old="policies/scp/deny-root-user.json",
        new="policies/scp/deny-rot-user.json",
        says=("deny-rot-user.json cannot be read", "relative to the configuration file"),
        arguments="scp apply --reason x --yes",
    ),
    Edit(
        name="an SCP file that is none",
        old="policies/scp/deny-root-user.json",
        new="config.yaml",
        says=("config.yaml: line 1, column 1: not JSON",),
        arguments="scp apply --reason x --yes",
    ),
)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_a_bad_configuration_is_named_by_file_line_and_path(place: Playground, edit: Edit) -> None:
    """A configuration that cannot be accepted is exit 2 before any call that changes something."""
    path = place.variant("bad", (edit.old, edit.new))
    done = place.refused("alice", edit.code, "--config", path, *edit.arguments.split())
    said(done, place, edit.says)
