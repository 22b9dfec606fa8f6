"""Keys that cannot be verified: said by name, with the place, before anything is called."""

from pathlib import Path

from tests.e2e.playground import Playground

DSA = "ssh-dss AAAAB3NzaC1kc3M="
TYPES = "sk-ssh-ed25519@openssh.com"


def _key(place: Playground, person: str) -> str:
    text = (place.folder / "keys" / f"{person}.pub").read_text(encoding="ascii")
    return " ".join(text.split()[:2])


def test_an_owners_key_must_be_one_that_counts(place: Playground) -> None:
    """An owner's key of another type stops every command, with file, line and what to use."""
    config = place.variant("dsa-owner", (_key(place, "dana"), DSA))
    done = place.refused("alice", 2, "--config", config, "inventory", "--all")
    assert f"{config}:" in done.err
    assert "trust.owners.keys[0].key: keys of type ssh-dss are not supported" in done.err
    assert TYPES in done.err


def test_a_persons_key_must_be_one_that_counts(place: Playground) -> None:
    """Rules with such a key are an error of `rules check` and are never published."""
    config = place.variant("dsa-person", (_key(place, "bob"), DSA))
    said = "a key of bob cannot be used: keys of type ssh-dss are not supported"
    done = place.run("dana", "--config", config, "rules", "check")
    assert said in done.out
    place.refused("dana", 2, "--config", config, "rules", "publish", "--yes")


def test_a_key_file_that_is_none_is_named(place: Playground, tmp_path: Path) -> None:
    """`orgroot init` names the flag, the file and what is wrong with it, and writes nothing."""
    good, bad = place.folder / "keys" / "dana.pub", tmp_path / "bad.pub"
    for text, says in ((DSA, "not supported"), ("ssh-rsa AAAAB3NzaC1yc2E=", "not a usable")):
        bad.write_text(text, encoding="ascii")
        out = tmp_path / "config.yaml"
        team = ("--owner", f"dana={good}", "--requester", f"alice={bad}", "--approver", f"x={good}")
        done = place.refused("dana", 2, "init", "--team", "--yes", *team, "--out", str(out))
        assert f"--requester {bad}: " in done.err
        assert says in done.err
        assert not out.exists()
