"""Attacks on signatures, through the command line: malleable ones, no touch, a false ssh-keygen."""

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.key_types import PIN, TOUCHED, TokenSigner, mpint
from fakes.signer import armor, dearmor, string

from tests.e2e.playground import Done, Playground

APPROVAL = "orgroot-approval-v1"
KEYS = {"dana": ("ecdsa", "521"), "alice": ("rsa", "3072"), "bob": ("ecdsa", "256")}
TOKEN = TokenSigner("olga", "ecdsa", flags=TOUCHED | PIN)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Team:
    """People with keys of many types, and a log of their own, in a sandbox."""

    def __init__(self, place: Playground) -> None:
        self.place = place
        self.folder = place.folder / "team"
        (self.folder / "keys").mkdir(parents=True)
        for person, (kind, bits) in KEYS.items():
            command = ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", self.key(person)]
            subprocess.run(command, check=True)
        self.key("olga").with_suffix(".pub").write_text(TOKEN.public_key)
        self.log = self.folder / "log"
        self.config = self.folder / "team.yaml"
        arn = place.administrator("iam").get_user(UserName="alice")["User"]["Arn"]
        people = ("--owner", self.named("dana"), "--requester", f"{self.named('alice')},{arn}")
        approvers = ("--approver", self.named("bob"), "--approver", self.named("olga"))
        where = ("--store", self.log.as_uri(), "--out", str(self.config))
        done = self.run("dana", "init", "--team", "--yes", *people, *approvers, *where)
        assert done.code == 0, done.err

    def key(self, person: str) -> Path:
        """Where somebody's private key lies, or would."""
        return self.folder / "keys" / person

    def named(self, person: str) -> str:
        """As `orgroot init` wants it."""
        return f"{person}={self.key(person)}.pub"

    def run(self, person: str, *arguments: str, **env: str) -> Done:
        """A command of this team."""
        own = {
            "ORGROOT_CONFIG": str(self.config),
            "ORGROOT_STATE_DIR": str(self.folder / "state" / person),
            "ORGROOT_KEY": f"{self.key(person)}.pub",
        }
        return self.place.run(person, *arguments, env=own | env)

    def records(self) -> list[Path]:
        """The log."""
        return sorted(self.log.glob("[0-9]*.json"))

    def refused(self, code: int, person: str, *arguments: str, **env: str) -> Done:
        """A command that ends with this code and writes nothing."""
        before = self.records()
        done = self.run(person, *arguments, **env)
        assert done.code == code, done.err
        assert self.records() == before
        assert "Traceback" not in done.err
        return done

    def asked(self) -> str:
        """A waiting request of alice's."""
        bucket = f"drill-{uuid.uuid4().hex[:12]}"
        where = ("--account", self.place.account("network"), "--mode", "delete")
        asked = ("unlock-bucket", bucket, *where, "--reason", "a drill", "--yes", "-o", "json")
        done = self.run("alice", *asked)
        assert done.code == 10, done.err
        return str(done.json["id"])

    def prepared(self, request: str, person: str) -> Path:
        """The approval that somebody is to sign, as a file."""
        done = self.run("alice", "approval", "prepare", request, "--as", person)
        assert done.code == 0, done.err
        path = self.folder / f"{request}-{person}.json"
        path.write_text(done.out, encoding="ascii")
        return path

    def approvers(self, request: str) -> list[str]:
        """Whose approvals count."""
        done = self.run("alice", "request", "show", request, "-o", "json")
        return [row["person"] for row in done.json["approvals"]]

    def findings(self) -> list[str]:
        """The codes of `log verify`, in the order of the records."""
        done = self.run("alice", "log", "verify", "-o", "json")
        return [finding["code"] for finding in done.json["findings"]]

    def append(self, record: dict[str, Any]) -> None:
        """Write a record to the end of the log, as who holds its folder can."""
        newest = self.records()[-1].read_bytes()
        place = {"seq": len(self.records()) + 1, "prev": hashlib.sha256(newest).hexdigest()}
        text = json.dumps(record | place, sort_keys=True, separators=(",", ":")) + "\n"
        (self.log / f"{place['seq']:012d}.json").write_text(text, encoding="ascii")


@pytest.fixture(scope="module")
def team(place: Playground) -> Iterator[Team]:
    """The team, its log and its rules."""
    return Team(place)


def test_people_with_keys_of_every_type_agree(team: Team) -> None:
    """An owner's ECDSA key, a requester's RSA key, approvers' ECDSA and security keys: all good."""
    request = team.asked()
    assert team.run("bob", "approve", request, "--yes").code == 0
    file = team.prepared(request, "olga")
    signed = file.with_suffix(".sig")
    signed.write_text(TOKEN.sign(APPROVAL, file.read_bytes()), encoding="ascii")
    done = team.run("alice", "approval", "attach", str(file), str(signed))
    assert done.code == 0, done.err
    assert team.approvers(request) == ["bob", "olga"]
    assert team.findings() == []


def test_malleable_signatures(team: Team) -> None:
    """A second text for a signature is refused; the one that ECDSA allows counts once."""
    request = team.asked()
    file = team.prepared(request, "bob")
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", APPROVAL, "-f", team.key("bob"), file]
    subprocess.run(command, check=True)
    good = file.with_name(f"{file.name}.sig").read_text()
    other = file.with_suffix(".other")
    lines = "".join(good.splitlines()[1:-1])
    wide = "\n".join(lines[at : at + 76] for at in range(0, len(lines), 76))
    begin, end = good.splitlines()[0], good.splitlines()[-1]
    blob = dearmor(good)
    for text in (
        f"{begin}\n{wide}\n{end}\n",
        f"{good}\n",
        f"{good}x",
        good.replace("\n", "\r\n"),
        armor(blob + b"\0"),
        armor(longer(blob)),
        armor(blob[:-1] + bytes([blob[-1] ^ 1])),
    ):
        other.write_bytes(text.encode())
        done = team.refused(4, "alice", "approval", "attach", str(file), str(other))
        assert "bad signature" in done.err
    assert team.run("alice", "approval", "attach", str(file)).code == 0
    record = json.loads(team.records()[-1].read_bytes())
    record["sigs"][0]["sig"] = armor(other_half(blob))
    team.append(record)
    assert team.findings()[-1:] == ["REPLAY"]
    assert team.approvers(request) == ["bob"]


def split(blob: bytes) -> tuple[bytes, bytes, int, int]:
    """An SSHSIG of P-256: what stands before its innermost signature, its algorithm, r and s."""
    algorithm = string(b"ecdsa-sha2-nistp256")
    head, raw = blob.rsplit(algorithm, 1)
    size = int.from_bytes(raw[4:8], "big")
    r, s = raw[8 : 8 + size], raw[12 + size :]
    return head[:-4], algorithm, int.from_bytes(r, "big"), int.from_bytes(s, "big")


def other_half(blob: bytes) -> bytes:
    """The second signature that everybody can make from one."""
    head, algorithm, r, s = split(blob)
    return head + string(algorithm + string(mpint(r) + mpint(ORDER - s)))


def longer(blob: bytes) -> bytes:
    """The same numbers, one of them in a longer spelling."""
    head, algorithm, r, s = split(blob)
    return head + string(algorithm + string(string(b"\0" + mpint(r)[4:]) + mpint(s)))


@pytest.mark.parametrize("flags", [0, PIN])
def test_a_security_key_that_nobody_touched(team: Team, flags: int) -> None:
    """A program that uses a plugged-in token without its owner's touch approves nothing."""
    request = team.asked()
    file = team.prepared(request, "olga")
    untouched = TokenSigner("olga", "ecdsa", flags=flags).sign(APPROVAL, file.read_bytes())
    signed = file.with_suffix(".sig")
    signed.write_text(untouched, encoding="ascii")
    done = team.refused(4, "alice", "approval", "attach", str(file), str(signed))
    assert "nobody touched the security key" in done.err
    record = json.loads(team.records()[-1].read_bytes())
    sigs = [{"alg": "sshsig", "key": TOKEN.public_key, "sig": untouched}]
    team.append(record | {"body": file.read_text(), "sigs": sigs})
    assert team.findings()[-1:] == ["FLAGS"]
    assert team.approvers(request) == []


def test_ssh_keygen_replaced_in_path(team: Team, tmp_path: Path) -> None:
    """Whatever stands under that name: a signature that is not the person's goes nowhere."""
    request = team.asked()
    false = tmp_path / "ssh-keygen"
    real = shutil.which("ssh-keygen")
    path = f"{tmp_path}:{os.environ['PATH']}"
    for does in (
        f'"{real}" -q -Y sign -n {APPROVAL} -f "{team.key("alice")}" statement',
        f'echo x > statement; "{real}" -q -Y sign -n {APPROVAL} -f "{team.key("bob")}" statement',
        f'"{real}" -q -Y sign -n orgroot-denial-v1 -f "{team.key("bob")}" statement',
        f"echo {base64.b64encode(b'SSHSIG').decode()} > statement.sig",
        "true",
    ):
        false.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        false.chmod(stat.S_IRWXU)
        done = team.refused(2, "bob", "approve", request, "--yes", PATH=path)
        assert str(false) in done.err
    assert team.approvers(request) == []
