"""Runner mode with real processes: each approved request once, by a service that alone may."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.bucket_owner import denial, document, innocent, make_bucket
from tests.e2e.playground import Playground
from tests.e2e.runner_place import EXECUTOR, NAME, RunnerPlace, runner_place, shipped
from tests.e2e.test_attacks import bodies

if TYPE_CHECKING:
    import subprocess

PATIENCE = 60
ACCOUNTS = ("--accounts", "25")


@pytest.fixture(scope="module")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerPlace]:
    """A sandbox in runner mode."""
    with runner_place(tmp_path_factory.mktemp("runner") / "s", *ACCOUNTS) as found:
        yield found


class Locked:
    """A bucket of the account `backup` that locks everyone out, and the way to its unlocking."""

    made = 0

    def __init__(self, runners: RunnerPlace) -> None:
        Locked.made += 1
        self.runners, self.place = runners, runners.place
        self.account = self.place.account("backup")
        self.name = f"runner-{Locked.made}-{self.place.folder.parent.name[-6:]}".lower()
        self.s3 = self.place.in_account(self.account, "s3")
        make_bucket(self.s3, self.name)
        lock = document(innocent(self.account, self.name), denial(self.name, sid="Oops"))
        self.s3.put_bucket_policy(Bucket=self.name, Policy=lock)

    def approved(self) -> str:
        """Looked at by the runner, asked for by alice, approved by two; answers the id."""
        where = (self.name, "--account", self.account)
        self.place.ok("alice", "inspect", "bucket", *where, code=10)
        self.runners.ok()
        mode = ("--mode", "drop-statements", "--reason", "a drill")
        request = self.place.pending("alice", "unlock-bucket", *where, *mode)
        self.place.approve(request, "bob", "olga")
        return request

    @property
    def open(self) -> bool:
        """Its own account reads its policy again."""
        try:
            self.s3.get_bucket_location(Bucket=self.name)
        except ClientError:
            return False
        return True


def until(ready: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait until something is so, while a process lives."""
    give_up = time.monotonic() + PATIENCE
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up, "it never came so far"
        time.sleep(0.02)


def called(place: Playground, operation: str) -> int:
    """How often the sandbox was asked for an operation."""
    count: int = place.control("state")["calls"].get(operation, 0)
    return count


def slow(place: Playground, operation: str, milliseconds: int, after: int = 0) -> None:
    """Let an operation take its time, some calls excepted."""
    rule = {
        "effect": "latency",
        "operation": operation,
        "latency_ms": milliseconds,
        "after": after,
    }
    place.control("faults", {"rules": [rule]})


def ended(process: "subprocess.Popen[str]", sign: signal.Signals) -> tuple[int, list[Any], str]:
    """Tell a runner to end; its exit code, its JSON lines, and what it said."""
    process.send_signal(sign)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def test_people_unlock_a_bucket_without_any_right_to_root_sessions(runners: RunnerPlace) -> None:
    """Looking and changing are the runner's; people ask, approve, and read the result."""
    place, bucket = runners.place, Locked(runners)
    request = bucket.approved()
    done = runners.ok()
    assert [(row["request"], row["state"]) for row in done["executed"]] == [(request, "SUCCEEDED")]
    assert bucket.open
    assert place.ok("alice", "request", "show", request)["state"] == "SUCCEEDED"
    callers = {session["caller"] for session in place.all_witnessed()}
    assert callers == {f"arn:aws:sts::{runners.account}:assumed-role/orgroot-runner/orgroot"}
    assert {body["signer"]["person"] for body in bodies(place, "intent")} == {NAME}
    assert place.ok("carol", "log", "verify")["findings"] == []
    refused = place.refused("alice", 2, "execute", request, "--yes")
    assert "executed by runner" in refused.err


def test_two_runners_as_processes_execute_each_request_once(runners: RunnerPlace) -> None:
    """On two machines, watching: every approved request is executed, and none twice."""
    place = runners.place
    seen, *others = [Locked(runners) for _ in range(3)]
    watching = [
        runners.start("--watch", "--interval", "1", "-o", "json", machine=f"machine-{n}")
        for n in range(2)
    ]
    try:
        where = (seen.name, "--account", seen.account)
        looked = place.ok("alice", "inspect", "bucket", *where, "--wait-for", "60s")
        assert looked["locked"] is True
        ask = ("--mode", "drop-statements", "--reason", "a drill")
        requests = [place.pending("alice", "unlock-bucket", *where, *ask)]
        for bucket in others:
            ask = (bucket.name, "--account", bucket.account, "--mode", "delete", "--reason", "x")
            requests.append(place.pending("alice", "unlock-bucket", *ask))
        for request in requests:
            place.approve(request, "bob", "olga")
        until(lambda: all(bucket.open for bucket in (seen, *others)), watching[0])
    finally:
        signals = (signal.SIGTERM, signal.SIGINT)
        ends = [ended(process, sign) for process, sign in zip(watching, signals, strict=True)]
    assert [code for code, _, _ in ends] == [0, 0], ends
    lines = [line for _, told, _ in ends for line in told]
    unlocked = [line["request"] for line in lines if line["task"] == "unlock-bucket"]
    assert sorted(unlocked) == sorted(requests)
    assert {line["state"] for line in lines} == {"SUCCEEDED"}
    assert {line["schema"] for line in lines} == {"orgroot.runner-line/v1"}
    intents = [body["request_id"] for body in bodies(place, "intent")]
    assert len(intents) == len(set(intents))
    place.all_witnessed()


def test_a_runner_that_is_told_to_end_finishes_what_it_began(runners: RunnerPlace) -> None:
    """The change under way is made, read back and closed; then it ends with 0."""
    place, bucket = runners.place, Locked(runners)
    request = bucket.approved()
    slow(place, "PutBucketPolicy", 800)
    before = called(place, "s3:GetBucketPolicy")
    process = runners.start("--watch", "-o", "json")
    until(lambda: called(place, "s3:GetBucketPolicy") > before, process)
    code, told, err = ended(process, signal.SIGTERM)
    place.control("faults", method="DELETE")
    assert code == 0, err
    assert [(line["request"], line["state"]) for line in told] == [(request, "SUCCEEDED")]
    assert "the request under way is finished" in err
    assert bucket.open


def test_what_a_killed_runner_leaves_is_closed_by_the_next(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Killed before it read back: never run again, and closed by looking once it must be over."""
    with runner_place(tmp_path_factory.mktemp("killed") / "s", "--accounts", "12") as runners:
        place, bucket = runners.place, Locked(runners)
        request = bucket.approved()
        slow(place, "GetBucketPolicy", 2500, after=1)
        before = called(place, "s3:PutBucketPolicy")
        process = runners.start("--watch")
        until(lambda: called(place, "s3:PutBucketPolicy") > before, process)
        process.kill()
        process.communicate()
        place.control("faults", method="DELETE")
        assert bucket.open
        early = runners.ok(machine="second")
        assert early["executed"] == []
        assert "nobody knows how it ended" in early["skipped"][0]["reason"]
        place.control("clock", {"advance_seconds": 5400})
        late = runners.ok(machine="second")
        ends = [end["outcome"] for row in late["recovered"] for end in row["accounts"]]
        assert [row["request"] for row in late["recovered"]] == [request]
        assert ends == ["done"]
        assert len([b for b in bodies(place, "intent") if b["request_id"] == request]) == 1


def test_only_the_runner_opens_root_sessions_in_the_delegated_administrator(
    runners: RunnerPlace,
) -> None:
    """Its account's own administrator is denied by the SCP, and people by their own policies."""
    place = runners.place
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    target = place.account("network")
    sts = place.in_account(runners.account, "sts")
    with pytest.raises(ClientError) as caught:
        sts.assume_root(TargetPrincipal=target, TaskPolicyArn=task)
    assert "service control policy" in str(caught.value)
    assert place.administrator("sts").assume_root(TargetPrincipal=target, TaskPolicyArn=task)


def test_a_runner_through_the_executor_role_leaves_the_intent_in_the_trail(
    runners: RunnerPlace,
) -> None:
    """With the shipped documents: the runner holds no AssumeRoot itself, the role does."""
    place, account = runners.place, runners.account
    iam = place.in_account(account, "iam")
    trust = json.dumps(shipped("iam/executor-role-trust.json")).replace("222222222222", account)
    made = iam.create_role(RoleName=EXECUTOR, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    opens = json.dumps(shipped("iam/executor-role.json"))
    iam.put_role_policy(RoleName=EXECUTOR, PolicyName="own", PolicyDocument=opens)
    through = json.dumps(shipped("iam/runner-through-role.json"))
    iam.put_role_policy(RoleName="orgroot-runner", PolicyName="runner", PolicyDocument=through)
    roles = f'  runner: {NAME}\n  executor_roles: {{"{account}": "{made}"}}\n'
    config = place.variant("through", (f"  runner: {NAME}\n", roles))
    view = place.ok("alice", "inventory", place.account("network"), code=10)
    env = runners.environment() | {"ORGROOT_CONFIG": config}
    done = place.run(None, "runner", "--yes", "-o", "json", env=env)
    assert done.code == 0, done.err
    assert [row["request"] for row in done.json["executed"]] == [view["id"]]
    intent = bodies(place, "intent")[-1]
    assert (intent["executor_arn"], intent["reference_in"]) == (made, "source-identity")
    last = place.control("state")["assume_root"][-1]
    assert last["source_identity"].startswith(f"orq.{view['id'][4:16]}.")
    own = json.dumps(shipped("iam/runner.json"))
    iam.put_role_policy(RoleName="orgroot-runner", PolicyName="runner", PolicyDocument=own)
    place.all_witnessed()
