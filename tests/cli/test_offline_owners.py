"""Rules and owners signed by ssh-keygen alone, as files and through a chat."""

import shutil
from pathlib import Path

import pytest

from tests.cli.test_offline_approval import approver, keygen, shell
from tests.e2e.owned import Owned, owned
from tests.e2e.playground import Playground

ROLES = (
    *(("owner", name) for name in ("dana", "erik", "frank")),
    *(("requester", "alice"), ("approver", "bob"), ("approver", "carol")),
)
TTL = ("approval_ttl: 2h", "approval_ttl: 1h")


@pytest.fixture(scope="module")
def place_of_owners(place: Playground) -> Owned:
    """A log of dana, erik and frank."""
    return owned(place)


@pytest.fixture
def own(place_of_owners: Owned) -> Owned:
    """A copy of it."""
    return place_of_owners.copy()


def proposed(own: Owned) -> str:
    """Other rules wait for two owners."""
    config = own.variant("next", TTL)
    return str(own.ok("bob", "--config", config, "rules", "propose", "--yes", code=10)["id"])


def prepare(own: Owned, proposal: str, person: str, *options: str) -> tuple[str, str]:
    """What bob prints for an owner, and what he is told; nothing is written, AWS is not called."""
    done = own.refused("bob", 0, "approval", "prepare", proposal, "--as", person, *options)
    return done.out, done.err


def test_a_team_of_several_owners_begins(own: Owned, tmp_path: Path) -> None:
    """The first signs with `init`, the second creates the log with `log init`: one config."""
    keys, out = own.folder / "keys", tmp_path / "team.yaml"
    people = [f"--{role}={name}={keys / name}.pub" for role, name in ROLES]
    where = ("--store", (tmp_path / "log").as_uri(), "--out", str(out), "--threshold", "2")
    state = {"ORGROOT_STATE_DIR": str(tmp_path / "state")}
    asked = ("init", "--team", "--yes", *people, *where, "-o", "json")
    begun = own.run("dana", *asked, env=state)
    assert begun.code == 10, begun.err
    assert (begun.json["signed"], begun.json["lacking"]) == (["dana"], 1)
    assert begun.json["receipt"] is None
    others = {line for line in begun.json["commands"] if "log init" in line}
    assert others == {"orgroot log init --as erik", "orgroot log init --as frank"}
    assert own.run("dana", "--config", str(out), "status", env=state).code == 2
    done = own.run("frank", "--config", str(out), "log", "init", "--yes", "-o", "json", env=state)
    assert (done.code, done.json["rules_serial"]) == (0, 1), done.err
    assert own.run("dana", "--config", str(out), "log", "verify", env=state).code == 0


def test_rules_signed_as_a_file_and_through_a_chat(own: Owned, tmp_path: Path) -> None:
    """Erik signs the file, frank pastes the line; anyone attaches, and anyone publishes."""
    proposal = proposed(own)
    text, told = prepare(own, proposal, "erik")
    assert "approval_ttl: 2h -> 1h" in told
    assert "ssh-keygen -Y sign -n orgroot-rules-v1 -f KEY a.json" in told
    file = tmp_path / "a.json"
    file.write_text(text, encoding="ascii")
    keygen(own.folder / "keys" / "erik", file, "orgroot-rules-v1")
    view = own.ok("alice", "approval", "attach", str(file))
    assert (view["schema"], view["signed"]) == ("orgroot.proposal/v1", ["erik"])
    line, _ = prepare(own, proposal, "frank", "--paste")
    (tmp_path / ".ssh").mkdir()
    for suffix in ("", ".pub"):
        shutil.copy(own.folder / "keys" / f"frank{suffix}", tmp_path / ".ssh" / f"id{suffix}")
    pasted = shell("sh", line, proposal[-4:], approver(own, tmp_path))
    assert pasted.code == 0, pasted.err
    done = own.run("alice", "approval", "attach", "-", "-o", "json", stdin=pasted.out.encode())
    assert (done.code, done.json["state"]) == (0, "READY"), done.err
    assert own.ok("bob", "rules", "publish", proposal, "--yes")["signed"] == ["erik", "frank"]
    assert own.ok("bob", "log", "verify")["findings"] == []


def test_other_owners_signed_as_files(own: Owned, tmp_path: Path) -> None:
    """A handover whose old and new owners have ssh-keygen only."""
    config = own.owned_by("handed", "erik", "frank", "gina")
    proposal = own.ok("bob", "trust", "propose", config, "--yes", code=10)["id"]
    for person in ("frank", "erik"):
        file = tmp_path / f"{person}.json"
        file.write_text(prepare(own, proposal, person)[0], encoding="ascii")
        keygen(own.folder / "keys" / person, file, "orgroot-trust-v1")
        own.ok("alice", "approval", "attach", str(file))
    own.ok("bob", "trust", "publish", proposal, "--yes")
    assert own.ok("bob", "--config", config, "trust", "show")["configured"]


def test_what_is_no_owners_signature_is_refused(own: Owned, tmp_path: Path) -> None:
    """An approver's, one for another purpose, an edited text: exit 4; nothing is kept."""
    proposal = proposed(own)
    file = tmp_path / "a.json"
    file.write_text(prepare(own, proposal, "erik")[0], encoding="ascii")
    kept = sorted((own.folder / "log" / "proposals").rglob("*"))
    for person, namespace in (("bob", "orgroot-rules-v1"), ("erik", "orgroot-trust-v1")):
        keygen(own.folder / "keys" / person, file, namespace)
        assert "bad signature" in own.refused("bob", 4, "approval", "attach", str(file)).err
        file.with_name("a.json.sig").unlink()
    file.write_text(file.read_text().replace('"serial": 2', '"serial": 3'), encoding="ascii")
    keygen(own.folder / "keys" / "erik", file, "orgroot-rules-v1")
    assert "bad signature" in own.refused("bob", 4, "approval", "attach", str(file)).err
    assert sorted((own.folder / "log" / "proposals").rglob("*")) == kept


def test_a_proposal_is_signed_or_not(own: Owned) -> None:
    """There is no denial, review or comment of it; who owns nothing signs nothing: exit 2."""
    proposal = proposed(own)
    for option in (("--deny",), ("--review",), ("--comment", "hm")):
        own.refused("bob", 2, "approval", "prepare", proposal, "--as", "erik", *option)
    own.refused("bob", 2, "approval", "prepare", proposal, "--as", "bob")
    own.refused("bob", 2, "approval", "prepare", "opr_" + "a" * 26, "--as", "erik")
    own.refused("bob", 2, "approval", "prepare", "opr_short", "--as", "erik")
