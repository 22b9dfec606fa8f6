"""The whole story, from everything off to a broken log: each step's exit code and JSON."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bucket_owner import policy, refused
from tests.e2e.playground import Playground, playground
from tests.e2e.root_users import RootUsers

SHIELDED = "card-vault-prod"
SHIPPED = {
    "orgroot-deny-root-user": "policies/scp/deny-root-user.json",
    "orgroot-protect-root-governance": "policies/scp/protect-root-governance.json",
}
REMOVE = ("credentials", "remove", "--all", "--reason", "root is unused", "--yes")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox in which the story has been told, step by step, each held to what it must say."""
    folder = tmp_path_factory.mktemp("story") / "s"
    options = ("--accounts", "25", "--seed", "7", "--features", "off")
    with playground(folder, *options) as place:
        _switch_on(place)
        _limit(place)
        _remove(place)
        _unlock(place)
        _look_again(place)
        yield place


def _switch_on(place: Playground) -> None:
    who = place.ok("alice", "whoami")
    assert who["person"] == "alice"
    assert who["groups"] == ["oncall", "platform"]
    assert who["account"] == place.info["management_account"]
    before = place.ok("alice", "status")
    assert before["trusted_access"] is False
    assert True not in before["features"].values()  # AWS hides them without trusted access
    assert place.ok("alice", "status", "--check", code=6)["exit_reasons"] == ["findings"]

    off = place.refused("alice", 9, "inventory", "--all", "-o", "json")
    assert "off" in off.err

    done = place.ok("alice", "enable", "--reason", "centralized root access", "--yes")
    assert done["applied"] is True
    assert len(done["changes"]) == 3
    assert done["request"].startswith("orq_")
    after = place.ok("alice", "status", "--check")
    assert after["trusted_access"] is True
    assert set(after["features"].values()) == {True}
    again = place.ok("alice", "enable", "--reason", "centralized root access", "--yes")
    assert again["changes"] == []

    found = place.ok("alice", "inventory", "--all", code=9)
    assert found["exit_reasons"] == ["incomplete"]
    summary = found["summary"]
    assert summary["with_credentials"] == 9
    assert (summary["unread"], summary["skipped"]) == (1, 2)
    assert summary["total"] == summary["read"] + summary["unread"] + summary["skipped"] == 25
    unread = [row for row in found["accounts"] if row["clean"] is None and row["denied_by"]]
    assert [(row["name"], row["denied_by"]["sid"]) for row in unread] == [
        (SHIELDED, "DenyRootUser")
    ]


def _limit(place: Playground) -> None:
    plan = place.ok("alice", "scp", "plan")
    assert [change["op"] for change in plan["changes"]] == ["create-scp"] * 2 + ["attach-scp"] * 2
    asked = place.run("alice", "scp", "apply", "--reason", "guardrails", "--yes", "-o", "json")
    assert asked.code == 10
    request = asked.json["id"]
    assert asked.json["missing"] == [{"group": "security", "count": 1}]
    place.approve(request, "bob")
    done = place.ok("alice", "execute", request, "--yes")
    assert done["applied"] is True
    assert place.ok("alice", "scp", "plan")["changes"] == []
    organizations = place.administrator("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    attached = organizations.list_policies_for_target(
        TargetId=root, Filter="SERVICE_CONTROL_POLICY"
    )
    ids = {found["Name"]: found["Id"] for found in attached["Policies"]}
    for name, path in SHIPPED.items():
        content = organizations.describe_policy(PolicyId=ids[name])["Policy"]["Content"]
        assert json.loads(content) == json.loads((place.folder / path).read_text())


def _remove(place: Playground) -> None:
    asked = place.ok("alice", *REMOVE, code=9)
    assert set(asked["exit_reasons"]) == {"incomplete", "waiting"}
    dirty = {account["account"] for account in asked["targets"]}
    assert len(dirty) == 9
    again = place.ok("alice", *REMOVE, code=9)
    assert (again["id"], again["continuing"]) == (asked["id"], True)
    assert place.ok("alice", "execute", asked["id"], "--yes", code=10)["state"] == "PENDING"
    place.approve(asked["id"], "bob", "olga")
    done = place.ok("alice", "execute", asked["id"], "--yes")
    assert {row["id"] for row in done["accounts"]} == dirty
    assert {row["outcome"] for row in done["accounts"]} == {"removed"}
    nothing = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
    assert all(row["left"] == nothing != row["removed"] for row in done["accounts"])
    users = RootUsers(place)
    assert all(users.read(account).clean for account in dirty)


def _unlock(place: Playground) -> None:
    bucket = place.locked_bucket("tfstate")
    owner, name = bucket["account"], bucket["name"]
    s3 = place.in_account(owner, "s3", region_name=bucket["region"])
    assert refused(s3, name) == {"get", "put", "delete"}
    seen = place.ok("alice", "inspect", "bucket", name, "--account", owner)
    assert (seen["locked"], seen["by"]) == (True, ["OnlyFromTheOldPipeline"])
    asked = ("unlock-bucket", name, "--account", owner, "--mode", "drop-statements")
    sids = ("--sid", "OnlyFromTheOldPipeline", "--reason", "deploy role locked out")
    request = place.pending("alice", *asked, *sids)
    place.refused("alice", 3, "approve", request, "--yes")
    place.approve(request, "bob", "olga")
    done = place.ok("alice", "execute", request, "--yes")
    assert done["items"][0]["outcome"] == "repaired"
    assert done["items"][0]["before_sha256"] == seen["sha256"]
    left = policy(s3, name)
    assert left is not None
    assert [each["Sid"] for each in left["Statement"]] == ["AccountReadsState", "KeepTheBucket"]
    assert place.run("carol", "--expect-head", done["receipt"], "log", "verify").code == 0


def _look_again(place: Playground) -> None:
    drift = place.ok("alice", "drift", code=9)
    assert drift["findings"] == []
    assert [row["name"] for row in drift["coverage"]["unread"]] == [SHIELDED]
    found = place.ok("alice", "inventory", "--all", code=9)
    assert found["summary"]["with_credentials"] == 0
    removed = place.ok(
        "alice", *("credentials", "remove", "--all", "--reason", "x", "--yes"), code=9
    )
    assert {row["outcome"] for row in removed["accounts"]} == {
        *("nothing-to-remove", "unread", "skipped")
    }


def test_every_root_session_was_announced_before_it_began(told: Playground) -> None:
    """Each AssumeRoot met a matching, durable intent or survey, one to one by access key id."""
    sessions = told.all_witnessed()
    assert {session["task"] for session in sessions} == {
        *("IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "S3UnlockBucketPolicy")
    }
    people = {person["user"] for person in told.info["people"].values()}
    issued = {
        call["access_key_id"]
        for call in told.control("state")["assume_root"]
        if call["error_code"] is None and call["caller"] in people
    }
    assert {session["access_key_id"] for session in sessions} == issued
    assert len(issued) == len(sessions) > 75


def test_every_session_carried_its_reference(told: Playground) -> None:
    """The user agent of each AssumeRoot names its request, so that CloudTrail can be matched."""
    people = {person["user"] for person in told.info["people"].values()}
    calls = [c for c in told.control("state")["assume_root"] if c["caller"] in people]
    reference = re.compile(r"orgroot/\S+ .*ref/orq\.[a-z2-7]{12}\.[0-9]{12}\.[0-9a-f]{24}")
    for call in calls:
        assert reference.search(call["user_agent"]), call["user_agent"]


def test_the_log_of_the_story_verifies(told: Playground) -> None:
    """Chain, signatures and every decision replayed: nothing is found."""
    verified = told.ok("carol", "log", "verify")
    assert verified["findings"] == []
    assert verified["records"] == len(told.records())


def test_no_secret_of_a_session_stands_in_the_log(told: Playground) -> None:
    """No record, object or fact holds what only a secret key or a session token looks like."""
    access = re.compile(rb"SecretAccessKey|SessionToken|aws_secret", re.IGNORECASE)
    for path in (told.folder / "log").rglob("*"):
        if path.is_file():
            assert access.search(path.read_bytes()) is None


def _kinds(told: Playground) -> dict[str, str]:
    """The first record of each type."""
    first: dict[str, str] = {}
    for name in told.records():
        body = json.loads(json.loads((told.folder / "log" / name).read_bytes())["body"])
        first.setdefault(body["type"], name)
    return first


def test_a_flipped_bit_is_named(told: Playground) -> None:
    """One bit flipped in a record of any type: exit 4, naming that record or the next."""
    kinds = _kinds(told)
    assert {"genesis", "rules", "survey", "approval", "intent", "issued", "closed"} < set(kinds)
    for kind, where in zip(kinds, itertools.cycle(("body", "prev", "sigs"))):
        path = told.folder / "log" / kinds[kind]
        with _flipped(path, where):
            done = told.run("carol", "log", "verify", "-o", "json")
        assert (done.code, "Traceback" in done.err) == (4, False), (kind, where, done.err)
        seq = int(path.stem)
        assert {seq, seq + 1} & {finding["seq"] for finding in done.json["findings"]}


def test_a_flipped_bit_in_an_object_is_named(told: Playground) -> None:
    """Objects are named by their content: a changed one is exit 4."""
    path = min((told.folder / "log" / "objects").iterdir())
    with _flipped(path, ""):
        done = told.run("carol", "log", "verify", "-o", "json")
    assert done.code == 4
    assert any(path.name[:8] in finding["detail"] for finding in done.json["findings"])


def test_a_removed_record_is_named(told: Playground) -> None:
    """A hole in the log is a GAP, and no command goes on behind it."""
    path = told.folder / "log" / told.records()[10]
    aside = told.folder / "aside.json"
    path.rename(aside)
    try:
        done = told.run("carol", "log", "verify", "-o", "json")
        stopped = told.refused("alice", 4, "inventory", "--all")
    finally:
        aside.rename(path)
    assert done.code == 4
    assert "GAP" in {finding["code"] for finding in done.json["findings"]}
    assert "ROLLBACK" in stopped.err


def test_a_cut_tail_is_named(told: Playground) -> None:
    """Without the last record the chain is still a chain: the machine's memory finds it."""
    path = told.folder / "log" / told.records()[-1]
    told.ok("carol", "log", "verify")
    aside = told.folder / "aside.json"
    path.rename(aside)
    try:
        done = told.run("carol", "log", "verify", "-o", "json")
    finally:
        aside.rename(path)
    assert done.code == 4
    assert [finding["code"] for finding in done.json["findings"]] == ["ROLLBACK"]


class _flipped:  # noqa: N801 - reads as a word
    """One bit of a file is another, for a while."""

    def __init__(self, path: Path, where: str) -> None:
        self._path = path
        self._was = path.read_bytes()
        at = self._was.index(f'"{where}":'.encode()) + len(where) + 20 if where else 5
        changed = bytearray(self._was)
        changed[at] ^= 0x01
        self._changed = bytes(changed)

    def __enter__(self) -> None:
        self._write(self._changed)

    def __exit__(self, *_: object) -> None:
        self._write(self._was)

    def _write(self, data: bytes) -> None:
        self._path.chmod(0o600)
        self._path.write_bytes(data)
        self._path.chmod(0o400)
