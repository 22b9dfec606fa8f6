"""Attacks on a running orgroot: by those who hold the log's folder, a bucket, a key, a terminal."""

import contextlib
import hashlib
import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bucket_owner import denial, document, innocent, make_bucket, policy
from tests.e2e.playground import Playground
from tests.e2e.shell_server import program

REASON = ("--reason", "a drill")
ERROR = {"effect": "error", "operation": "PutBucketPolicy"}


class Target:
    """A bucket that its owner has locked, and orgroot's people around it."""

    def __init__(self, place: Playground, *, sid: str = "Oops") -> None:
        self.place = place
        self.account = place.account("backup")
        self.name = f"attack-{uuid.uuid4().hex[:12]}"
        self.s3 = place.in_account(self.account, "s3")
        make_bucket(self.s3, self.name)
        self.lock(sid)

    def lock(self, sid: str = "Oops") -> None:
        """Deny everyone everything."""
        statements = (innocent(self.account, self.name), denial(self.name, sid=sid))
        self.s3.put_bucket_policy(Bucket=self.name, Policy=document(*statements))

    def asked(self, *more: str) -> str:
        """Inspected and asked for, not approved."""
        self.place.ok("alice", "inspect", "bucket", self.name, "--account", self.account)
        asked = ("unlock-bucket", self.name, "--account", self.account)
        return self.place.pending("alice", *asked, "--mode", "drop-statements", *REASON, *more)

    def granted(self) -> str:
        """Asked for, and approved by two."""
        request = self.asked()
        self.place.approve(request, "bob", "olga")
        return request

    def sessions(self) -> int:
        """How many root sessions its account has seen that may change a bucket policy."""
        seen = self.place.witness()["sessions"]
        return sum(s["account"] == self.account for s in seen)


def struck(place: Playground, **rule: Any) -> None:
    """Order a fault; it stays until the faults are cleared."""
    place.control("faults", {"rules": [rule]})


def next_record(place: Playground) -> Path:
    """Where the next record of the log will lie."""
    return place.folder / "log" / f"{len(place.records()) + 1:012d}.json"


def bodies(place: Playground, kind: str) -> list[dict[str, Any]]:
    """The statements of a type, read as plain JSON; foreign records left out."""
    found = []
    for name in place.records():
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            raw = json.loads((place.folder / "log" / name).read_bytes())
            found.append(json.loads(raw["body"]))
    return [body for body in found if body["type"] == kind]


def record(place: Playground, kind: str, request: str = "") -> bytes:
    """The newest record of a type (about a request)."""
    for name in reversed(place.records()):
        raw = (place.folder / "log" / name).read_bytes()
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            body = json.loads(json.loads(raw)["body"])
            if body["type"] == kind and request in {"", body.get("request_id")}:
                return raw
    raise LookupError(kind)


def findings(place: Playground) -> set[str]:
    """The codes of `log verify`."""
    done = place.run("carol", "log", "verify", "-o", "json")
    return {finding["code"] for finding in done.json["findings"]}


def moved(raw: bytes, place: Playground, **changes: Any) -> bytes:
    """A record's statement and signatures in an envelope that fits the end of the log."""
    newest = (place.folder / "log" / place.records()[-1]).read_bytes()
    tree = json.loads(raw)
    fields = tree | {
        "seq": len(place.records()) + 1,
        "prev": hashlib.sha256(newest).hexdigest(),
    }
    text = json.dumps(fields | changes, sort_keys=True, separators=(",", ":"))
    return f"{text}\n".encode()


def test_eight_processes_execute_a_request_once(place: Playground) -> None:
    """On one machine or several, as one executor or another: one intent, one AssumeRoot."""
    target = Target(place)
    request = target.granted()
    before = target.sessions()
    elsewhere = {"ORGROOT_STATE_DIR": str(place.folder / "state" / "alice-elsewhere")}
    machines = [place.environment("alice")] * 3 + [place.environment("alice", elsewhere)] * 2
    machines += [place.environment("olga")] * 3
    command = [program(), "execute", request, "--yes"]
    running = [
        subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for env in machines
    ]
    ended = [(process.communicate()[1], process.returncode) for process in running]
    codes = [code for _, code in ended]
    assert codes.count(0) == 1, ended
    # Olga approved it: where she executes, her own approval does not count, and she waits (10).
    assert set(codes[:5]) <= {0, 3, 7}, ended
    assert set(codes[5:]) <= {3, 7, 10}, ended
    assert target.sessions() == before + 1
    assert len([b for b in bodies(place, "intent") if b["request_id"] == request]) == 1
    assert policy(target.s3, target.name) is not None
    place.all_witnessed()


def test_an_approval_written_again_counts_once(place: Playground) -> None:
    """The same statement at a later position is a replay, and no second person."""
    request = Target(place).asked()
    place.approve(request, "bob")
    next_record(place).write_bytes(moved(record(place, "approval", request), place))
    assert "REPLAY" in findings(place)
    with place.untouched():
        done = place.run("alice", "execute", request, "--yes")
    assert done.code == 10, done.err


def test_an_edited_approval_counts_for_nothing(place: Playground) -> None:
    """An approval of one request made to speak of another, or to say more, is no approval."""
    first, second = Target(place).asked(), Target(place).asked()
    place.approve(first, "bob")
    approval = record(place, "approval", first)
    statement = json.loads(json.loads(approval)["body"])
    later = statement["expires_at"].replace("20", "21", 1)
    changes: tuple[dict[str, Any], ...] = (
        {"request_id": second},
        {"comment": "and everything else"},
        {"expires_at": later},
        {"summary": {}},
        {"signer": statement["signer"] | {"person": "olga"}},
    )
    for change in changes:
        text = json.dumps(statement | change, sort_keys=True, indent=2) + "\n"
        next_record(place).write_bytes(moved(approval, place, body=text))
    assert {"BADSIG", "UNKNOWN_SIGNER"} <= findings(place)
    for request in (first, second):
        with place.untouched():
            done = place.run("alice", "execute", request, "--yes")
        assert done.code == 10, done.err


def test_garbage_of_any_kind_stops_nobody(place: Playground) -> None:
    """Whatever is appended by somebody with the folder, people go on working, and are told."""
    rules = record(place, "rules")
    key = " ".join((place.folder / "keys" / "bob.pub").read_text(encoding="utf-8").split()[:2])
    sigs = [{"alg": "sshsig", "key": key, "sig": "x"}]
    for junk in (b"", b"\x00" * 300_000, b"{" * 1000):
        next_record(place).write_bytes(junk)
    for body in ("", "{}", '{"a":' + "[" * 60_000, '{"type":["approval"]}'):
        next_record(place).write_bytes(moved(rules, place, body=body, sigs=sigs))
    next_record(place).write_bytes(bytes(65 * 1024 * 1024))
    for ahead in range(1, 4):  # where the facts of surveys to come would lie
        folder = place.folder / "log" / "facts" / str(len(place.records()) + ahead)
        folder.mkdir(parents=True)
        for n in ("1", "x", "01", "1" * 13):  # what no fact can have is a name as well
            (folder / f"{n}.json").write_bytes(b"in the way")
    target = Target(place)
    request = target.granted()
    place.ok("alice", "execute", request, "--yes")
    assert {"FOREIGN_RECORD", "SIZE", "BADSIG", "STRAY_OBJECT"} <= findings(place)


def test_a_key_in_the_local_configuration_speaks_for_nobody(place: Playground) -> None:
    """Who writes a second key, or a homoglyph of bob, into a local config approves nothing."""
    request = Target(place).asked()
    own = (place.folder / "keys" / "alice.pub").read_text(encoding="utf-8").split()[1]
    bobs = (place.folder / "keys" / "bob.pub").read_text(encoding="utf-8").split()[1]
    config = place.variant("swapped", (bobs, own))
    own_key = {"ORGROOT_KEY": str(place.folder / "keys" / "alice.pub")}
    with place.untouched():
        done = place.run("bob", "--config", config, "approve", request, "--yes", env=own_key)
    assert done.code == 2, done.err
    assert "is not a key of bob" in done.err
    config = place.variant("homoglyph", ("    bob:\n", "    b\u043eb:\n"))
    place.refused("bob", 2, "--config", config, "approve", request, "--yes")


def test_a_lost_reply_is_neither_success_nor_refusal(place: Playground) -> None:
    """AssumeRoot took place and no answer came: exit 7, UNKNOWN, and never a second try."""
    target = Target(place)
    request = target.granted()
    struck(place, effect="lost-reply", operation="AssumeRoot")
    lost = place.run("alice", "execute", request, "--yes")
    assert lost.code == 7, lost.err
    assert place.ok("carol", "request", "show", request)["state"] == "UNKNOWN"
    place.control("faults", method="DELETE")
    with place.untouched():
        again = place.run("alice", "execute", request, "--yes")
    assert again.code == 7, again.err


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [
        ({"effect": "lost-reply", "operation": "PutBucketPolicy"}, 0, "repaired"),
        (ERROR, 7, "unknown"),
        ({**ERROR, "code": "AccessDenied", "status": 403}, 8, "failed"),
        ({"effect": "session-lifetime", "operation": "AssumeRoot", "seconds": 0}, 8, "failed"),
        ({"effect": "error", "operation": "GetBucketPolicy", "after": 1}, 7, "unknown"),
    ],
)
def test_only_what_was_read_back_is_called_done(
    place: Playground, fault: dict[str, Any], code: int, outcome: str
) -> None:
    """Lost, broken or refused in mid-run: the result is what was read, or that nobody knows."""
    target = Target(place)
    request = target.granted()
    struck(place, **fault)
    done = place.run("alice", "execute", request, "--yes", "-o", "json")
    place.control("faults", method="DELETE")
    assert done.code == code, done.err
    assert [item["outcome"] for item in done.json["items"]] == [outcome]


def test_an_approver_who_executes_is_told_why_it_waits(place: Playground) -> None:
    """Their own approval stops counting, so it waits (10), says so, and opens no session."""
    target = Target(place)
    request = target.granted()
    before = target.sessions()
    done = place.run("olga", "execute", request, "--yes")
    assert done.code == 10, done.err
    assert f"olga approved {request}, and who executes does not count" in done.err
    assert "let alice execute it" in done.err
    assert target.sessions() == before
