"""The sandbox as a witness of the log: an intent before the session, its key id after it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import MEMBER, OTHER, TASK, Sandbox

AUDIT = "IAMAuditRootUserCredentials"


class Log:
    """A folder of records in the form of the log's file store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def append(self, **body: Any) -> str:
        """Write one record; the SHA-256 of its bytes."""
        self.count += 1
        record = {"body": json.dumps(body), "seq": self.count, "sigs": []}
        raw = json.dumps(record).encode() + b"\n"
        (self.folder / f"{self.count:012d}.json").write_bytes(raw)
        return hashlib.sha256(raw).hexdigest()

    def issued(self, key: str, folder: str = "") -> None:
        """Write the fact that a session was issued, as a record or as a survey's object."""
        fact = {"type": "issued", "items": [{"account": MEMBER, "access_key_id": key}]}
        if not folder:
            self.append(**fact)
            return
        path = self.folder / "facts" / folder
        path.mkdir(parents=True)
        (path / "1.json").write_text(json.dumps({"body": json.dumps(fact), "sigs": []}))


@pytest.fixture
def log(tmp_path: Path, sandbox: Sandbox) -> Log:
    """A store that the sandbox watches."""
    sandbox.control("POST", "witness", {"store": str(tmp_path)})
    return Log(tmp_path)


def witness(sandbox: Sandbox) -> Any:
    """What the witness says now."""
    return sandbox.control("GET", "state")["witness"]


def test_a_session_without_an_intent_is_a_violation(sandbox: Sandbox, log: Log) -> None:
    """Nothing durable, nothing excused; and the missing fact is named too."""
    log.append(type="request", accounts=[MEMBER], task_policies=[TASK + AUDIT])
    session = sandbox.root_session(AUDIT)
    report = witness(sandbox)
    (violation,) = report["violations"]
    assert (violation["account"], violation["task"]) == (MEMBER, AUDIT)
    assert report["unrecorded"] == [session["AccessKeyId"]]


@pytest.mark.parametrize("kind", ["intent", "survey"])
def test_an_intent_or_survey_covers_its_accounts_and_task(
    sandbox: Sandbox, log: Log, kind: str
) -> None:
    """A durable opening record for that account and task is what is asked."""
    log.append(type=kind, accounts=[MEMBER], task_policies=[TASK + AUDIT])
    session = sandbox.root_session(AUDIT)
    log.issued(session["AccessKeyId"], folder="1" if kind == "survey" else "")
    report = witness(sandbox)
    assert report["violations"] == report["unrecorded"] == []
    (seen,) = report["sessions"]
    assert (seen["seq"], seen["access_key_id"]) == (1, session["AccessKeyId"])
    assert seen["execution"].startswith("oex_")


@pytest.mark.parametrize(
    ("account", "task"), [(OTHER, AUDIT), (MEMBER, "IAMDeleteRootUserCredentials")]
)
def test_another_account_or_task_is_not_covered(
    sandbox: Sandbox, log: Log, account: str, task: str
) -> None:
    """An intent for one thing must not excuse another."""
    log.append(type="intent", accounts=[MEMBER], task_policies=[TASK + AUDIT])
    sandbox.root_session(task, account)  # type: ignore[arg-type]
    assert len(witness(sandbox)["violations"]) == 1


def test_targets_in_an_object_are_read_by_their_digest(sandbox: Sandbox, log: Log) -> None:
    """Long target lists lie in content-addressed objects."""
    raw = json.dumps([{"account": MEMBER}]).encode()
    digest = hashlib.sha256(raw).hexdigest()
    (log.folder / "objects").mkdir()
    (log.folder / "objects" / digest).write_bytes(raw)
    log.append(type="survey", targets={"sha256": digest, "count": 1}, task_policy=TASK + AUDIT)
    sandbox.root_session(AUDIT)
    assert witness(sandbox)["violations"] == []


@pytest.mark.parametrize("good", [True, False])
def test_a_reference_must_name_the_very_record(
    sandbox: Sandbox, manager: UserKey, log: Log, *, good: bool
) -> None:
    """A copied or stale reference in the user agent is a violation of its own."""
    digest = log.append(type="intent", accounts=[MEMBER], task_policies=[TASK + AUDIT])
    hashed = digest[:24] if good else "0" * 24
    reference = f"orq.abcdefghijkl.{1:012d}.{hashed}"
    config = Config(user_agent_extra=f"orgroot/1 ref/{reference}")
    sandbox.client("sts", manager, config=config).assume_root(
        TargetPrincipal=MEMBER, TaskPolicyArn={"arn": TASK + AUDIT}
    )
    assert bool(witness(sandbox)["violations"]) is not good


def test_facts_map_one_to_one(sandbox: Sandbox, log: Log) -> None:
    """A key recorded twice, or recorded and never issued, must be named."""
    log.append(type="intent", accounts=[MEMBER], task_policies=[TASK + AUDIT])
    key = sandbox.root_session(AUDIT)["AccessKeyId"]
    log.issued(key)
    log.issued(key)
    log.issued("ASIANEVERISSUED00000")
    report = witness(sandbox)
    assert report["recorded_twice"] == [key]
    assert report["recorded_but_never_issued"] == ["ASIANEVERISSUED00000"]


def test_only_the_people_it_is_told_of_are_watched(
    sandbox: Sandbox, manager: UserKey, log: Log
) -> None:
    """The sandbox's own administrator is in no roster, and no witness is called on it."""
    person = {"store": str(log.folder), "people": [f"{manager.arn}-not"]}
    sandbox.control("POST", "witness", person)
    sandbox.root_session(AUDIT)
    report = witness(sandbox)
    assert report["violations"] == report["sessions"] == []


def test_a_foreign_record_opens_nothing_and_stops_nothing(sandbox: Sandbox, log: Log) -> None:
    """Garbage in the store is passed over."""
    (log.folder / "000000000001.json").write_bytes(b"not json")
    log.count = 1
    log.append(type="intent", accounts=[MEMBER], task_policies=[TASK + AUDIT])
    sandbox.root_session(AUDIT)
    assert witness(sandbox)["violations"] == []
