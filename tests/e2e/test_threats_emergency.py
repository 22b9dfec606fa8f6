"""Threats around saying yes, taking it back, and acting before anybody did."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bucket_owner import policy
from tests.e2e.forger import forge, newest, sign
from tests.e2e.playground import Playground, playground
from tests.e2e.test_attacks import Target, findings, moved, next_record, record

REASON = ("--reason", "payments are down")
UNSEEN = "unseen-bucket-of-an-emergency"


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox that a test may spoil."""
    with playground(tmp_path_factory.mktemp("own") / "s", "--accounts", "12") as found:
        yield found


def emergency(target: Target) -> tuple[str, ...]:
    """The command with which somebody on call unlocks a bucket."""
    asked = ("break-glass", "unlock-bucket", target.name, "--account", target.account)
    return (*asked, "--mode", "drop-statements", *REASON, "--yes")


def look(target: Target, person: str = "alice") -> None:
    """Read the policy first."""
    target.place.ok(person, "inspect", "bucket", target.name, "--account", target.account)


def test_break_glass_as_the_everyday_path(own: Playground) -> None:
    """Each emergency is answered for before the next, by others, and a day has only so many."""
    first, second = Target(own), Target(own)
    look(first)
    look(second)
    done = own.ok("alice", *emergency(first))
    assert (done["state"], done["items"][0]["outcome"]) == ("UNREVIEWED", "repaired")
    assert policy(first.s3, first.name) is not None
    again = own.refused("alice", 3, *emergency(second))
    assert f"awaits its review: {done['request']}" in again.err
    assert own.ok("alice", "status", "--check", code=6)["reviews_due"][0]["operator"] == "alice"
    for person in ("alice", "olga"):
        own.refused(person, 3, "review", done["request"], "--yes")
    # Nor by writing into the log what no command would write.
    forged = forge(own, "alice", newest(own, "request"), justification="once more")
    assert "RULES_VIOLATION" in findings(own)
    own.refused("alice", 2, "execute", forged, "--yes")
    reviewed = own.ok("bob", "review", done["request"], "--violation", "--yes")
    assert reviewed["state"] == "VIOLATION"
    assert own.ok("alice", "break-glass", "--drill", "--yes")["passed"]
    next_one = own.ok("alice", *emergency(second))
    own.ok("carol", "review", next_one["request"], "--comment", "it was right", "--yes")
    second.lock()
    look(second)
    third = own.refused("alice", 3, *emergency(second))
    assert "2 times in 24 hours" in third.err
    failed = own.ok("alice", "break-glass", "--drill", "--dry-run", code=6)
    assert not failed["passed"]
    own.all_witnessed()


def test_replay_of_a_revoked_approval_at_a_later_position(place: Playground) -> None:
    """Taken back, it counts no more: not where it stood, not written again, not attached later."""
    request = Target(place).asked()
    place.approve(request, "bob", "olga")
    assert place.ok("carol", "request", "show", request)["state"] == "APPROVED"
    given = record(place, "approval", request)  # olga's, the newest
    view = place.ok("olga", "revoke", request, "--comment", "I misread it", "--yes")
    assert view["state"] == "PENDING"
    next_record(place).write_bytes(moved(given, place))
    assert "REPLAY" in findings(place)
    with place.untouched():
        done = place.run("alice", "execute", request, "--yes")
    assert done.code == 10, done.err


def test_an_approval_taken_back_before_it_was_attached(place: Playground, tmp_path: Path) -> None:
    """Whoever still has the signed file can neither attach it nor write it into the log."""
    request = Target(place).asked()
    place.approve(request, "olga")
    file = tmp_path / "a.json"
    text = place.run("alice", "approval", "prepare", request, "--as", "bob").out
    file.write_text(text, encoding="ascii")
    armored = sign(place.folder / "keys" / "bob", text, "orgroot-approval-v1")
    file.with_name("a.json.sig").write_text(armored, encoding="ascii")
    place.ok("bob", "revoke", request, "--file", str(file), "--yes")
    refused = place.refused("carol", 3, "approval", "attach", str(file))
    assert "took it back" in refused.err
    public = (place.folder / "keys" / "bob.pub").read_text(encoding="utf-8").split()[:2]
    sigs = [{"alg": "sshsig", "key": " ".join(public), "sig": armored}]
    next_record(place).write_bytes(moved(record(place, "request"), place, body=text, sigs=sigs))
    assert "REPLAY" in findings(place)
    with place.untouched():
        done = place.run("alice", "execute", request, "--yes")
    assert done.code == 10, done.err


def test_approval_file_written_by_the_requester(place: Playground, tmp_path: Path) -> None:
    """Alice puts her own name and key into it and signs: exit 3; nor is it prepared for her."""
    request = Target(place).asked()
    own = place.refused("alice", 3, "approval", "prepare", request, "--as", "alice")
    assert "the requester never counts" in own.err
    body = json.loads(place.run("alice", "approval", "prepare", request, "--as", "bob").out)
    public = (place.folder / "keys" / "alice.pub").read_text(encoding="ascii")
    body["signer"] = {"person": "alice", "key": " ".join(public.split()[:2])}
    file = tmp_path / "a.json"
    file.write_text(json.dumps(body, sort_keys=True, indent=2) + "\n", encoding="ascii")
    signature = sign(place.folder / "keys" / "alice", file.read_text(), "orgroot-approval-v1")
    file.with_name("a.json.sig").write_text(signature, encoding="ascii")
    attached = place.refused("alice", 3, "approval", "attach", str(file))
    assert "the requester never counts" in attached.err
    forge(place, "alice", body)
    assert "RULES_VIOLATION" in findings(place)
    with place.untouched():
        done = place.run("alice", "execute", request, "--yes")
    assert done.code == 10, done.err


def test_a_request_for_a_second_run(place: Playground) -> None:
    """What was approved once is done once: not by the command again, nor by a forged intent."""
    target = Target(place)
    request = target.granted()
    place.ok("alice", "execute", request, "--yes")
    target.lock()
    place.refused("alice", 3, "execute", request, "--yes")
    # A second run, written into the log with alice's own key: void, and no session.
    forge(place, "alice", newest(place, "intent"))
    assert "ILLEGAL_TRANSITION" in findings(place)
    place.refused("alice", 3, "execute", request, "--yes")
    place.all_witnessed()


def test_replay_of_an_approval_to_another_account_bucket_org_or_log(
    own: Playground, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A yes is to one text in one log: carried elsewhere it is worth nothing."""
    target = Target(own)
    request = target.granted()
    given = record(own, "approval", request)
    statement = json.loads(json.loads(given)["body"])
    account, other = target.account, own.account("network")
    elsewhere = (
        ("unlock-bucket", target.name, "--account", other, "--mode", "delete"),
        ("unlock-bucket", UNSEEN, "--account", account, "--mode", "delete"),
    )
    for asked in elsewhere:
        second = own.pending("alice", *asked, "--reason", "a drill")
        # The statement as it is, and edited to name the other request.
        text = json.dumps(statement | {"request_id": second}, sort_keys=True, indent=2) + "\n"
        for changes in ({}, {"body": text}):
            next_record(own).write_bytes(moved(given, own, **changes))
        with own.untouched():
            assert own.run("alice", "execute", second, "--yes").code == 10
    assert {"REPLAY", "BADSIG"} <= findings(own)
    with playground(tmp_path_factory.mktemp("other") / "s", "--accounts", "5") as foreign:
        raw = moved(given, foreign, log=newest(foreign, "genesis")["log"])
        next_record(foreign).write_bytes(raw)
        assert foreign.run("carol", "log", "verify", "-o", "json").code in {4, 6}
        assert foreign.ok("carol", "request", "list")["requests"] == []


def test_a_review_is_signed_elsewhere(own: Playground, tmp_path: Path) -> None:
    """Prepared for carol, signed by ssh-keygen alone, attached by anyone; not by who did it."""
    target = Target(own)
    look(target)
    request = own.ok("alice", *emergency(target))["request"]
    own.refused("alice", 3, "approval", "prepare", request, "--as", "alice", "--review")
    asked = ("approval", "prepare", request, "--as", "carol", "--review", "--comment", "seen")
    done = own.run("alice", *asked)
    assert json.loads(done.out)["decision"] == "reviewed"
    assert "steps" in json.loads(done.out)["summary"]
    file = tmp_path / "a.json"
    file.write_text(done.out, encoding="ascii")
    command = ["ssh-keygen", "-Y", "sign", "-n", "orgroot-review-v1"]
    key = shutil.copy(own.folder / "keys" / "carol", tmp_path / "key")
    subprocess.run([*command, "-f", key, str(file)], check=True, capture_output=True)
    view = own.ok("alice", "approval", "attach", str(file))
    assert view["state"] == "REVIEWED"
    assert own.ok("carol", "log", "verify")["findings"] == []
    own.refused("alice", 3, "approval", "attach", str(file))


def test_an_emergency_needs_a_reason_a_place_and_the_log(own: Playground) -> None:
    """Exit 2 without a reason, 3 for who is not on call, 5 without the log; AWS is not called."""
    asked = ("break-glass", "unlock-bucket", UNSEEN, "--account", own.account("network"))
    delete = (*asked, "--mode", "delete", "--yes")
    assert own.refused("alice", 2, *delete, "-o", "json").json["code"] == "reason"
    own.refused("bob", 3, *delete, *REASON)
    own.refused("alice", 2, "break-glass", "--drill", "unlock-bucket", UNSEEN)
    assert own.ok("alice", *delete, *REASON, "--dry-run")["needs"] == []
    log = own.folder / "log"
    hidden = log.with_name(f"log-{uuid.uuid4().hex}")
    before = own.changing_calls()
    log.rename(hidden)
    log.write_text("not a folder", encoding="ascii")
    done = own.run("alice", *delete, *REASON)
    log.unlink()
    hidden.rename(log)
    assert done.code == 5, done.err
    assert own.changing_calls() == before
