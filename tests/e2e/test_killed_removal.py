"""Runs killed in the middle by SIGKILL, and run again: nothing lost, nothing done twice."""

import contextlib
import json
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.e2e.bucket_owner import denial, innocent, make_bucket
from tests.e2e.playground import Playground, playground
from tests.e2e.root_users import RootUser, RootUsers

ACCOUNTS = 163
"""Of so many accounts the sandbox's seed gives 60 root credentials."""

DIRTY = 60
KILLS = 10
SEED = 20260401
PATIENCE = 60
REMOVE = ("credentials", "remove", "--all", "--reason", "root is unused", "--yes")
DELETIONS = (
    "iam:DeleteLoginProfile",
    "iam:DeleteAccessKey",
    "iam:DeleteSigningCertificate",
    "iam:DeactivateMFADevice",
)
SLOW = [
    {"effect": "latency", "operation": name.partition(":")[2], "latency_ms": 40}
    for name in (*DELETIONS, "iam:GetAccountSummary")
]
"""IAM takes its time, so that a kill meets calls under way."""


@pytest.fixture
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Playground]]:
    """Starts sandboxes of the same seed, each with 60 accounts that have root credentials."""
    with contextlib.ExitStack() as stack:

        def start() -> Playground:
            folder = tmp_path_factory.mktemp("many") / "s"
            options = ("--accounts", str(ACCOUNTS), "--seed", "3")
            return stack.enter_context(playground(folder, *options))

        yield start


def bodies(place: Playground) -> list[dict[str, Any]]:
    """Every record's statement, read as plain JSON."""
    folder = place.folder / "log"
    records = (json.loads((folder / name).read_bytes()) for name in place.records())
    return [json.loads(record["body"]) for record in records]


def said_removed(place: Playground) -> set[str]:
    """The accounts that the log calls removed."""
    return {
        item["account"]
        for body in bodies(place)
        if body["type"] == "closed"
        for item in body["items"]
        if item["outcome"].startswith("removed")
    }


def kill_when(place: Playground, ready: Callable[[], bool], *arguments: str) -> None:
    """Start a command and kill it the moment it has come so far; it must not end before."""
    process = place.start("alice", *arguments)
    give_up = time.monotonic() + PATIENCE
    try:
        while not ready():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up, "it never came so far"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def counts(place: Playground) -> dict[str, int]:
    """How often each deletion was asked for, refused ones included."""
    calls = place.control("state")["calls"]
    return {name: calls.get(name, 0) for name in DELETIONS}


def root_users(place: Playground, accounts: Iterable[str]) -> dict[str, RootUser]:
    """What these accounts' root users have, as the sandbox's own IAM answers."""
    users = RootUsers(place)
    return {account: users.read(account) for account in accounts}


def kinds(row: dict[str, Any]) -> tuple[str, bool, int, int, int]:
    """How a removal ended for one account, without what is new in each sandbox."""
    gone = row["removed"]
    lists = ("access_keys", "signing_certificates", "mfa_devices")
    numbers = (len(gone[name]) for name in lists)
    assert row["left"] == {"password": False, **{name: [] for name in lists}}
    return (row["outcome"], gone["password"], *numbers)


def removed(row: dict[str, Any]) -> RootUser:
    """What a row says was removed, in the shape in which it was read before."""
    gone = row["removed"]
    return RootUser(
        password=gone["password"],
        access_keys=tuple(sorted(gone["access_keys"])),
        certificates=tuple(sorted(gone["signing_certificates"])),
        mfa=tuple(sorted(gone["mfa_devices"])),
    )


def each_once(users: Iterable[RootUser]) -> dict[str, int]:
    """How many deletions take everything from these root users, each credential once."""
    every = tuple(users)
    numbers = (
        sum(user.password for user in every),
        sum(len(user.access_keys) for user in every),
        sum(len(user.certificates) for user in every),
        sum(len(user.mfa) for user in every),
    )
    return dict(zip(DELETIONS, numbers, strict=True))


def undisturbed(place: Playground) -> dict[str, Any]:
    """The removal without a kill; answers its result."""
    asked = place.ok("alice", *REMOVE, code=9)
    place.approve(asked["id"], "bob", "olga")
    done: dict[str, Any] = place.ok("alice", "execute", asked["id"], "--yes")
    return done


def disturbed(place: Playground, request: str) -> None:
    """Execute and kill, ten times; whatever the log then calls removed must be clean."""
    chance = random.Random(SEED)  # noqa: S311 - a test that can be repeated
    checked: set[str] = set()
    for turn in range(KILLS):
        target = place.folder / "log" / f"{len(place.records()) + chance.randint(2, 26):012d}.json"
        again = ("execute", request, "--yes") if turn % 2 else REMOVE
        kill_when(place, target.exists, *again)
        news = said_removed(place) - checked
        assert all(user.clean for user in root_users(place, news).values())
        checked |= news
    assert 0 < len(checked) < DIRTY


def test_a_removal_killed_ten_times_ends_like_one_that_was_not(
    new: Callable[[], Playground],
) -> None:
    """60 accounts, ten kills at random points: same end, nothing twice, nothing claimed early."""
    calm, place = undisturbed(new()), new()
    facts = place.folder / "log" / "facts"
    place.control("faults", {"rules": SLOW})
    kill_when(place, lambda: any(facts.glob("*/*.json")), *REMOVE)
    asked = place.ok("alice", *REMOVE, code=9)
    accounts = tuple(target["account"] for target in asked["targets"])
    assert len(accounts) == DIRTY
    before = root_users(place, accounts)
    place.approve(asked["id"], "bob", "olga")
    disturbed(place, asked["id"])
    place.control("faults", method="DELETE")
    done = place.ok("alice", "execute", asked["id"], "--yes")

    rows = {row["id"]: row for row in done["accounts"]}
    assert {account: kinds(row) for account, row in rows.items()} == {
        row["id"]: kinds(row) for row in calm["accounts"]
    }
    assert {account: removed(row) for account, row in rows.items()} == before
    assert all(user.clean for user in root_users(place, accounts).values())
    calls = place.control("state")["calls"]
    assert {name: calls.get(name, 0) for name in DELETIONS} == each_once(before.values())
    assert place.ok("carol", "log", "verify")["findings"] == []
    place.refused("alice", 3, "execute", asked["id"], "--yes")
    seen = place.witness()
    assert (seen["violations"], seen["recorded_twice"]) == ([], [])
    assert seen["recorded_but_never_issued"] == []
    # A kill between AWS's answer and the record leaves a session that only its intent announced.
    assert all(session["seq"] for session in seen["sessions"])


@pytest.mark.parametrize("when", ["before the change", "after the change"])
def test_an_unlock_killed_after_its_step_intent_is_unknown(place: Playground, when: str) -> None:
    """Nobody can say whether it was done: UNKNOWN, never executed again, and the log verifies."""
    account, bucket = place.account("backup"), f"killed-{when.split(maxsplit=1)[0]}"
    s3 = place.in_account(account, "s3")
    make_bucket(s3, bucket, innocent(account, bucket), denial(bucket))
    place.ok("alice", "inspect", "bucket", bucket, "--account", account)
    asked = ("unlock-bucket", bucket, "--account", account, "--mode", "drop-statements")
    request = place.pending("alice", *asked, "--reason", "locked out")
    place.approve(request, "bob", "olga")
    slow = "PutBucketPolicy" if when.startswith("before") else "GetBucketPolicy"
    rule = {"effect": "latency", "service": "s3", "operation": slow, "latency_ms": 1500}
    place.control("faults", {"rules": [rule | {"after": 0 if "before" in when else 1}]})
    begun = len(place.records())
    kill_when(place, lambda: _stepped(place, begun, when), "execute", request, "--yes")
    place.control("faults", method="DELETE")

    assert bodies(place)[-1]["type"] == "step-intent"
    assert place.ok("alice", "request", "show", request)["state"] == "UNKNOWN"
    for person in ("alice", "olga"):
        done = place.refused(person, 7, "execute", request, "--yes")
        assert "orgroot" in done.err
    assert place.ok("carol", "log", "verify")["findings"] == []


def _stepped(place: Playground, begun: int, when: str) -> bool:
    if not any(body["type"] == "step-intent" for body in bodies(place)[begun:]):
        return False
    if when.startswith("before"):
        return True
    rules = place.control("faults")["rules"]
    return bool(rules[0]["seen"] > 1)  # the change was made: it is being read back
