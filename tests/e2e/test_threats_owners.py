"""Threats to whose log it is: stolen keys, lost owners, rules and logs of others."""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.ids import proposal_id_of, sha256
from tests.e2e.forger import forge, newest, now, sign
from tests.e2e.owned import OWNERS, Owned, owned
from tests.e2e.playground import Playground, playground
from tests.e2e.test_attacks import findings, moved, next_record, record

TOTAL = "total: 2\n        each_of: [{group: security, count: 1}, {group: platform, count: 1}]"
ALONE = "total: 1\n        each_of: [{group: security, count: 1}]"
REASON = ("--reason", "a drill")
STOLEN = ("--reason", "laptop stolen")


@pytest.fixture(scope="module")
def begun(place: Playground) -> Owned:
    """The log of three owners, never changed."""
    return owned(place)


@pytest.fixture
def own(begun: Owned) -> Owned:
    """A copy of it that a test may spoil."""
    return begun.copy()


def asked(place: Owned) -> str:
    """A request of alice's that two must approve."""
    bucket = f"drill-{uuid.uuid4().hex[:12]}"
    where = ("--account", place.account("network"), "--mode", "delete", "--reason", "a drill")
    return place.pending("alice", "unlock-bucket", bucket, *where)


def lacking(place: Owned, request: str) -> int:
    """How many approvals it still needs."""
    shown = place.ok("carol", "request", "show", request)
    return sum(each["count"] for each in shown["missing"])


def serial(place: Owned) -> int:
    """That of the rules in force."""
    return int(place.ok("carol", "status")["rules"]["serial"])


def weaker(place: Owned) -> str:
    """The path of rules that let one approve alone."""
    return place.variant(f"weaker-{uuid.uuid4().hex[:8]}", (TOTAL, ALONE))


def proposed(place: Owned, config: str) -> str:
    """The rules of a configuration, waiting for two owners; who proposes needs no key."""
    return str(place.ok("bob", "--config", config, "rules", "propose", "--yes", code=10)["id"])


def waiting_text(place: Owned, proposal: str) -> bytes:
    """The exact text of a proposal."""
    return (place.folder / "log" / "proposals" / f"{proposal}.json").read_bytes()


def spelled(statement: dict[str, Any]) -> bytes:
    """A statement in the one spelling there is."""
    return f"{json.dumps(statement, sort_keys=True, indent=2)}\n".encode()


def test_stolen_key_of_one_owner(own: Owned) -> None:
    """Alone it publishes nothing, hands nothing over, ends no other owner: but keys of a roster."""
    config = weaker(own)
    told = own.refused("dana", 2, "--config", config, "rules", "publish", "--as", "dana", "--yes")
    assert "2 owners must sign" in told.err
    rules = proposed(own, config)
    assert own.signed(rules, "dana")["lacking"] == 1
    own.refused("dana", 2, "rules", "sign", rules, "--yes")
    own.refused("dana", 2, "rules", "sign", rules, "--yes", env={"ORGROOT_AS": "erik"})
    own.refused("bob", 10, "rules", "publish", rules, "--yes")
    # Nor as a record that no command would write: alone, twice, or in erik's name.
    honest = json.loads(waiting_text(own, rules))
    both = honest["signers"][:2]
    twice = [both[0], both[0]]
    for people, signers in ((("dana",), both[:1]), (("dana",), both), (("dana",), twice)):
        own.forge_owned(honest, *people, signers=signers)
    own.forge_owned(honest, "dana", "mallory")
    assert findings(own) == {"BADSIG", "UNKNOWN_SIGNER"}
    assert serial(own) == 1
    other = own.owned_by("taken", "dana", "mallory", "gina", threshold=1)
    trust = own.ok("mallory", "trust", "propose", other, "--yes", code=10)["id"]
    assert own.signed(trust, "dana", "mallory", "gina", of="trust")["lacking"] == 1
    own.refused("mallory", 10, "trust", "publish", trust, "--yes")
    ends = ("rules", "key-revoke")
    told = own.refused("dana", 3, *ends, "erik", *STOLEN, "--yes")
    assert "ends by a new trust" in told.err
    # What one owner can do at once, by design: take keys away.
    assert own.ok("dana", *ends, "bob", *STOLEN, "--yes")["owner_key"] == "none"


def test_stolen_key_of_an_owner_is_ended_by_its_owner(own: Owned) -> None:
    """What the thief has signed counts no more; the others go on, and need two as before."""
    rules = proposed(own, weaker(own))
    own.signed(rules, "dana")
    done = own.ok("dana", "rules", "key-revoke", "dana", *STOLEN, "--yes")
    assert done["owner_key"] == "ended"
    listed = own.ok("bob", "rules", "proposals")["proposals"]
    assert [(row["signed"], row["lacking"]) for row in listed if row["id"] == rules] == [([], 2)]
    own.refused("dana", 2, "rules", "sign", rules, "--yes")
    body = json.loads(waiting_text(own, rules))
    own.forge_owned(body, "dana", "erik", created_at=now(minutes=-5))
    assert findings(own) == {"UNKNOWN_SIGNER"}
    assert own.signed(rules, "erik", "frank")["lacking"] == 0
    assert own.ok("bob", "rules", "publish", rules, "--yes")["state"] == "PUBLISHED"
    assert serial(own) == 2


def test_stolen_key_of_an_approver(own: Owned, tmp_path: Path) -> None:
    """Ended by one owner it approves nothing: not before, not after, not dated back, not again."""
    before, after = asked(own), asked(own)
    since = now(seconds=-1)
    own.approve(before, "olga", "bob")
    prepared = own.run("carol", "approval", "prepare", after, "--as", "bob").out
    assert own.ok("carol", "request", "show", before)["state"] == "APPROVED"
    ends = ("rules", "key-revoke", "bob", *STOLEN, "--yes")
    own.refused("alice", 2, *ends, env={"ORGROOT_AS": "alice"})
    done = own.ok("erik", *ends, "--compromised-since", since)
    assert len(done["compromised"]) == 1
    own.refused("alice", 10, "execute", before, "--yes")
    assert lacking(own, before) == 1
    assert "no valid key" in own.refused("bob", 3, "approve", after, "--yes").err
    file = tmp_path / "a.json"
    file.write_text(prepared, encoding="ascii")
    armored = sign(own.folder / "keys" / "bob", prepared, "orgroot-approval-v1")
    file.with_name("a.json.sig").write_text(armored, encoding="ascii")
    own.refused("carol", 4, "approval", "attach", str(file))
    forge(own, "bob", json.loads(prepared), created_at=now(minutes=-30))
    assert findings(own) == {"KEY_COMPROMISED", "UNKNOWN_SIGNER"}
    # Nor does alice take others' keys away, by a record that no command would write for her.
    olgas = {"person": "olga", "key": own.public("olga")}
    forge(own, "alice", newest(own, "key-revoke") | olgas)
    assert findings(own) == {"KEY_COMPROMISED", "RULES_VIOLATION", "UNKNOWN_SIGNER"}
    # Rules that name it once more do not bring it back.
    again = proposed(own, own.variant("again", ("approval_ttl: 2h", "approval_ttl: 1h")))
    own.signed(again, "dana", "erik")
    own.ok("bob", "rules", "publish", again, "--yes")
    later = asked(own)
    own.refused("bob", 3, "approve", later, "--yes")
    assert lacking(own, later) == 2


def test_a_stolen_key_is_not_the_persons_only_one(own: Owned, tmp_path: Path) -> None:
    """After the first of bob's two keys ended, his machine signs with the second by itself."""
    second = f'keys: [{{key: "{own.public("bob")}", '
    first = f'{{key: "{own.public("gina")}", added: 2026-01-10T00:00:00Z}}'
    config = own.variant("two-keys", (second, second.replace("[", f"[{first}, ")))
    rules = proposed(own, config)
    own.signed(rules, "dana", "erik")
    own.ok("bob", "rules", "publish", rules, "--yes")
    (tmp_path / ".ssh").mkdir()
    for name in ("bob", "gina"):
        for suffix in ("", ".pub"):
            shutil.copy(own.folder / "keys" / f"{name}{suffix}", tmp_path / ".ssh")
    home = {"HOME": str(tmp_path), "ORGROOT_KEY": ""}
    known = own.ok("bob", "whoami", env=home)["keys"]
    fingerprint = next(key["fingerprint"] for key in known if key["key"] == own.public("gina"))
    ends = ("rules", "key-revoke", "bob", *STOLEN, "--fingerprint", fingerprint)
    own.ok("dana", *ends, "--yes")
    told = own.ok("bob", "whoami", env=home)["keys"]
    assert {key["key"]: key["ended"] for key in told} == {
        own.public("gina"): True,
        own.public("bob"): False,
    }
    request = asked(own)
    own.ok("bob", "approve", request, "--yes", env=home)
    assert lacking(own, request) == 1


def test_lost_owner(own: Owned) -> None:
    """Two of three hand the log over; then only the new trust is worked with, and she is nobody."""
    request = asked(own)
    config = own.owned_by("without-dana", "erik", "frank", "gina")
    trust = own.ok("bob", "trust", "propose", config, "--yes", code=10)["id"]
    assert own.signed(trust, "erik", of="trust")["lacking"] == 1
    own.signed(trust, "frank", of="trust")
    own.ok("bob", "trust", "publish", trust, "--yes")
    stopped = own.refused("bob", 4, "approve", request, "--yes")
    assert "orgroot trust show" in stopped.err
    assert own.ok("bob", "trust", "show")["configured"] is False
    own.ok("bob", "--config", config, "approve", request, "--yes")
    rules = proposed(
        own,
        own.variant(
            "next",
            (own.trust(*OWNERS), own.trust("erik", "frank", "gina")),
            ("approval_ttl: 2h", "approval_ttl: 1h"),
        ),
    )
    own.refused("dana", 2, "--config", config, "rules", "sign", rules, "--yes")
    own.signed(rules, "gina", "erik", config=config)
    own.ok("bob", "--config", config, "rules", "publish", rules, "--yes")
    verified = own.ok("bob", "--config", config, "log", "verify")
    assert verified["findings"] == []


def test_owners_of_a_thiefs_choosing(own: Owned) -> None:
    """A change that the old owners did not sign is void, whoever wrote it, and leads nowhere."""
    taken = own.owned_by("taken", "mallory", "gina")
    honest = newest(own, "genesis")
    owners = {
        "threshold": 2,
        "keys": [{"person": name, "key": own.public(name)} for name in ("mallory", "gina")],
    }
    body = {k: v for k, v in honest.items() if k not in {"endpoint", "management_account"}}
    body |= {"type": "trust", "schema": honest["schema"], "serial": 1, "owners": owners}
    own.forge_owned(body, "gina", "mallory")
    own.forge_owned(body, "dana", "gina", "mallory")
    own.forge_owned(body, "dana", "erik")  # nor are there owners who never said yes
    assert findings(own) == {"UNKNOWN_SIGNER"}
    request = asked(own)
    for command in (("approve", request), ("execute", request)):
        told = own.refused("bob", 4, "--config", taken, *command, "--yes")
        assert "owners" in told.err
    assert own.ok("bob", "trust", "show")["configured"] is True


def test_old_rules_put_back(own: Owned) -> None:
    """Written again, signed long ago for this turn, or left in a config: the newest stay."""
    first = record(own, "rules")
    old = proposed(own, weaker(own))
    own.signed(old, "dana", "erik")
    stricter = own.variant("stricter", ("approval_ttl: 2h", "approval_ttl: 1h"))
    new = proposed(own, stricter)
    own.signed(new, "dana", "frank")
    own.ok("bob", "rules", "publish", new, "--yes")
    told = own.refused("bob", 3, "rules", "publish", old, "--yes")
    assert "is out of date" in told.err
    next_record(own).write_bytes(moved(first, own))
    assert findings(own) == {"REPLAY"}
    # The signatures of both owners over rules of the same serial, as a record.
    signed = json.loads(waiting_text(own, old))
    own.forge_owned(signed, "dana", "erik", serial=2)
    own.forge_owned(json.loads(json.loads(first)["body"]), "dana", "erik")
    assert findings(own) == {"REPLAY", "RULES_VIOLATION"}
    assert serial(own) == 2
    assert own.ok("dana", "rules", "check")["serial"] is None
    assert lacking(own, asked(own)) == 2


def test_a_foreign_config_with_its_own_owners_and_store(own: Owned, tmp_path: Path) -> None:
    """A log that mallory made for this organization is not believed where another is trusted."""
    request = asked(own)
    own.approve(request, "bob")  # both have used the log: their machines know whose it is
    theirs = f"{own.folder}/theirs"
    config = own.variant(
        "foreign",
        (own.trust(*OWNERS), own.trust("mallory", threshold=1)),
        ("0a1b2c3d4e5f6071", "f0f1f2f3f4f5f6f7"),
        (f"{own.folder}/log", theirs),
    )
    own.ok("mallory", "--config", config, "log", "init", "--yes")
    same_id = own.variant(
        "same-id",
        (own.trust(*OWNERS), own.trust("mallory", threshold=1)),
        (f"{own.folder}/log", f"{theirs}-too"),
    )
    fresh = {"ORGROOT_STATE_DIR": str(tmp_path / "state")}
    own.ok("mallory", "--config", same_id, "log", "init", "--yes", env=fresh)
    same_store = own.owned_by("same-store", "mallory", threshold=1)
    asks = ("unlock-bucket", "drill-of-mallory", "--account", own.account("network"))
    for foreign in (config, same_id, same_store):
        for person, command in (
            ("alice", (*asks, "--mode", "delete", "--reason", "a drill", "--yes")),
            ("alice", ("execute", request, "--yes")),
            ("alice", ("inventory", "--all")),
            ("bob", ("approve", request, "--yes")),
            ("bob", ("request", "list")),
            ("bob", ("log", "verify")),
        ):
            own.refused(person, 4, "--config", foreign, *command)
    # A machine that knows nothing yet still sees that the real log has other owners.
    new = {"ORGROOT_STATE_DIR": str(tmp_path / "new")}
    for look in (("trust", "show"), ("request", "list")):
        told = own.refused("bob", 4, "--config", same_store, *look, env=new)
        assert "not those of the trusted configuration" in told.err


def test_replay_from_another_log_of_the_same_people(place: Playground, own: Owned) -> None:
    """What alice and bob said in another log is nothing here, and stops nobody."""
    where = ("--account", place.account("network"), "--mode", "delete", *REASON)
    request = place.pending("alice", "unlock-bucket", "drill-of-another-log", *where)
    place.approve(request, "bob")
    log = newest(own, "genesis")["log"]
    for kind in ("request", "approval"):
        next_record(own).write_bytes(moved(record(place, kind), own, log=log))
    assert findings(own) == {"FOREIGN_RECORD"}
    own.refused("alice", 2, "execute", request, "--yes")
    own.approve(asked(own), "bob")


def test_a_proposal_past_its_days(own: Owned) -> None:
    """What owners signed and nobody published for two weeks never comes into force."""
    waiting = json.loads(waiting_text(own, proposed(own, weaker(own))))
    text = spelled(waiting | {"created_at": now(days=-15)})
    old = proposal_id_of(text)
    proposals = own.folder / "log" / "proposals"
    (proposals / f"{old}.json").write_bytes(text)
    (proposals / old).mkdir()
    for person in ("dana", "erik"):
        told = own.refused(person, 3, "rules", "sign", old, "--yes")
        assert "more than 14 days ago" in told.err
        armored = sign(own.folder / "keys" / person, text.decode(), "orgroot-rules-v1").encode()
        (proposals / old / f"{sha256(armored)}.sig").write_bytes(armored)
    own.refused("bob", 3, "rules", "publish", old, "--yes")
    own.forge_owned(waiting, "dana", "erik", created_at=now(days=-15))
    assert findings(own) == {"RULES_VIOLATION"}
    assert serial(own) == 1


def test_expired_rules(tmp_path: Path) -> None:
    """They leave reading and break-glass, loudly; all else is refused, and AWS is not called."""
    with playground(tmp_path / "s", "--accounts", "5") as place:
        where = ("--account", place.account("network"), "--mode", "delete", *REASON, "--yes")
        request = place.pending("alice", "unlock-bucket", "drill-before", *where)
        place.approve(request, "bob", "olga")
        place.control("clock", {"advance_seconds": 181 * 86400})
        told = place.refused("alice", 3, "unlock-bucket", "drill-of-expiry", *where)
        assert "expired at" in told.err
        place.refused("alice", 3, "execute", request, "--yes")
        read = place.run("alice", "inventory", "--all", "-o", "json")
        assert read.json["summary"]["read"], read.err
        assert "only reading and break-glass work" in read.err
        seen = place.ok(
            "alice", "break-glass", "unlock-bucket", "drill-of-expiry", *where, "--dry-run"
        )
        assert seen["needs"] == []
