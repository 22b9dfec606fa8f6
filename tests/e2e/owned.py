"""A log of three owners, two of whom must sign, in a sandbox that has its own."""

import hashlib
import json
import secrets
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orgroot.core.ids import account_id
from orgroot.sandbox.people import make_person, write_keys
from tests.e2e.forger import now, sign
from tests.e2e.playground import Playground

OWNERS = ("dana", "erik", "frank")
NEW = ("gina", "mallory")
"""People with keys who are in no roster and own nothing, yet."""

BESIDE = ("keys", "sandbox.json", "credentials.json")


class Owned(Playground):
    """The log of dana, erik and frank; each person's machine has a memory of its own."""

    def __init__(self, place: Playground, folder: Path) -> None:
        super().__init__(folder)
        self.info = place.info

    def environment(self, person: str | None, extra: Mapping[str, str] = {}) -> dict[str, str]:
        """Owners need no identity in AWS: they come with dana's."""
        if person not in {*OWNERS, *NEW}:
            return super().environment(person, extra)
        own = {
            "ORGROOT_STATE_DIR": str(self.folder / "state" / person),
            "ORGROOT_AS": person,
            "ORGROOT_KEY": str(self.folder / "keys" / f"{person}.pub"),
        }
        return super().environment("dana", {**own, **extra})

    def public(self, person: str) -> str:
        """A public key as statements name it."""
        text = (self.folder / "keys" / f"{person}.pub").read_text(encoding="utf-8")
        return " ".join(text.split()[:2])

    def trust(self, *owners: str, threshold: int = 2) -> str:
        """The lines of `trust:` below `owners:`."""
        lines = [f'      - {{person: {name}, key: "{self.public(name)}"}}\n' for name in owners]
        return f"    threshold: {threshold}\n    keys:\n{''.join(lines)}"

    def owned_by(self, name: str, *owners: str, threshold: int = 2) -> str:
        """The path of a configuration with these owners."""
        return self.variant(name, (self.trust(*OWNERS), self.trust(*owners, threshold=threshold)))

    def copy(self) -> "Owned":
        """The same log with the same memories elsewhere, for a test to spoil."""
        folder = self.folder.with_name(f"owned-{uuid.uuid4().hex[:8]}")
        shutil.copytree(self.folder, folder)
        text = (folder / "config.yaml").read_text(encoding="utf-8")
        text = text.replace(f"{self.folder}/log", f"{folder}/log")
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        return Owned(self, folder)

    def signed(self, proposal: str, *people: str, of: str = "rules", config: str = "") -> Any:
        """Let these owners sign; answers what the last one was told."""
        where = ("--config", config) if config else ()
        return [self.ok(person, *where, of, "sign", proposal, "--yes") for person in people][-1]

    def forge_owned(self, body: dict[str, Any], *people: str, **changes: Any) -> None:
        """Write a statement of owners into the log, signed by these people's real keys."""
        last = self.records()[-1]
        head = hashlib.sha256((self.folder / "log" / last).read_bytes()).hexdigest()
        seq = int(last.split(".")[0]) + 1
        fitting = {
            "created_at": now(),
            "nonce": secrets.token_hex(16),
            "head": {"seq": seq - 1, "hash": head},
            "signers": [{"person": name, "key": self.public(name)} for name in sorted(people)],
        }
        statement = body | fitting | changes
        text = json.dumps(statement, sort_keys=True, indent=2) + "\n"
        namespace = f"orgroot-{statement['type']}-v1"
        sigs = [
            {
                "alg": "sshsig",
                "key": self.public(name),
                "sig": sign(self.folder / "keys" / name, text, namespace),
            }
            for name in sorted(people)
        ]
        place = {"log": statement["log"], "prev": head, "seq": seq, "v": 1}
        raw = json.dumps(
            place | {"body": text, "sigs": sigs}, sort_keys=True, separators=(",", ":")
        )
        (self.folder / "log" / f"{seq:012d}.json").write_text(f"{raw}\n", encoding="ascii")


def owned(place: Playground) -> Owned:
    """Begun by dana and erik, each with the same configuration."""
    made = Owned(place, place.folder / "owned")
    made.folder.mkdir()
    for name in BESIDE:
        path = place.folder / name
        copied = shutil.copytree if path.is_dir() else shutil.copy
        copied(path, made.folder / name)
    account = account_id(place.info["management_account"])
    write_keys(tuple(make_person(name, account) for name in OWNERS[1:] + NEW), made.folder / "keys")
    text = (place.folder / "config.yaml").read_text(encoding="utf-8")
    log_id = text.partition("log_id: ")[2][:16]
    trust = f'    threshold: 1\n    keys:\n      - {{person: dana, key: "{made.public("dana")}"}}\n'
    for old, new in (
        (trust, made.trust(*OWNERS)),
        (log_id, "0a1b2c3d4e5f6071"),
        (f"{place.folder}/log", f"{made.folder}/log"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (made.folder / "config.yaml").write_text(text, encoding="utf-8")
    assert made.ok("dana", "log", "init", "--yes", code=10)["lacking"] == 1
    assert made.ok("erik", "log", "init", "--yes")["rules_serial"] == 1
    return made
