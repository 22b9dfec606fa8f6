"""No secret of a root session leaves the process that has it, however that process ends.

Each command that opens a root session runs in debug mode as a process of its own: to its end, and
then hurt where it holds one. The sandbox knows the live values; they are looked for in everything
that the command said, wrote, kept, spooled or left behind.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from orgroot.cli.sandbox import Kind
from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.sandbox.authentication import Credential
from orgroot.sandbox.model import PrincipalKind
from orgroot.workflows.drivers import DRIVERS
from tests.e2e.runner_place import in_runner_mode
from tests.e2e.scenes import PASSED
from tests.e2e.stage import KILLED, Ended, Snapshot, Stage
from tests.e2e.test_scp_plans import APPLY, DENY, declaring, unit_of

DEBUG = ("--log-level", "debug")
DRILL = ("--reason", "a drill")
DELETE = ("--mode", "delete", *DRILL)
PARTS = ("log", "state", "home")
"""Of the sandbox's folder: the store, what machines remember, and people's own files."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command that opens root sessions.

    Attributes:
        task: under which task.
        line: what is typed.
        env: further variables; where there are any, nobody's own.
        gives: its output is for whoever shall have the session.
    """

    task: Task
    line: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    gives: bool = False


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A stage on which everything is approved, and where it begins."""

    stage: Stage
    start: Snapshot
    commands: Mapping[str, Command]


TASKS = {
    "inventory": Task.AUDIT_ROOT_CREDENTIALS,
    "drift": Task.AUDIT_ROOT_CREDENTIALS,
    "inspect": Task.INSPECT_BUCKET_POLICY,
    "unlock": Task.UNLOCK_BUCKET,
    "remove": Task.DELETE_ROOT_CREDENTIALS,
    "unlock at once": Task.UNLOCK_BUCKET,
    "remove at once": Task.DELETE_ROOT_CREDENTIALS,
    "exec": Task.ROOT_SESSION,
    "env": Task.ROOT_SESSION,
    "credential-process": Task.ROOT_SESSION,
}
"""The commands that a person runs; below come `recover`, the runner, and the proof of a wave."""


@pytest.fixture(scope="module")
def ready(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ready]:
    """A stage whose log lies in a folder or in S3, or where a runner executes.

    One after the other: what lies behind the sandbox knows one world at a time.
    """
    kind = Kind.S3 if request.param == "s3" else Kind.FILE
    with Stage(tmp_path_factory.mktemp("stage") / "s").playing(12, 7, kind) as stage:
        yield for_runner(stage) if request.param == "runner" else made_ready(stage)


def made_ready(stage: Stage) -> Ready:
    """One approved request for each task, and nothing executed."""
    one, other = (stage.locked_bucket(kind) for kind in ("tfstate", "artifacts"))
    here, there = ((b["name"], "--account", b["account"]) for b in (one, other))
    for each in (here, there):
        stage.ok("alice", "inspect", "bucket", *each)
    dirty = max(stage.info["accounts"], key=lambda a: len(a["root_credentials"]))["id"]
    policy = ("--task-policy", "S3UnlockBucketPolicy", *DRILL)
    unlock, remove, handed = (
        stage.pending("alice", *line)
        for line in (
            ("unlock-bucket", *here, *DELETE),
            ("credentials", "remove", dirty, *DRILL),
            ("session", "request", "--account", one["account"], *policy),
        )
    )
    for request in (unlock, remove, handed):
        stage.approve(request, "bob", "olga")
    lines: Mapping[str, tuple[str, ...]] = {
        "inventory": ("inventory", one["account"], "--yes"),
        "drift": ("drift", "--ou", unit_of(stage, "payments-prod"), "--yes"),
        "inspect": ("inspect", "bucket", *here),
        "unlock": ("execute", unlock, "--yes"),
        "remove": ("execute", remove, "--yes"),
        "unlock at once": ("break-glass", "unlock-bucket", *there, *DELETE, "--yes"),
        "remove at once": ("break-glass", "credentials", "remove", dirty, *DRILL, "--yes"),
        "exec": ("session", "exec", handed, "--yes", "--", "true"),
        "env": ("session", "env", handed, "--yes"),
        "credential-process": ("session", "credential-process", handed, "--yes"),
    }
    commands = {
        name: Command(task=task, line=lines[name], gives=name in {"env", "credential-process"})
        for name, task in TASKS.items()
    }
    return Ready(stage=stage, start=stage.snapshot(), commands=commands)


def for_runner(stage: Stage) -> Ready:
    """One approved request that a runner is to execute, through its executor role."""
    runners = in_runner_mode(stage)
    bucket = stage.locked_bucket("tfstate")
    where = (bucket["name"], "--account", bucket["account"])
    stage.ok("alice", "inspect", "bucket", *where, code=10)
    runners.ok()
    request = stage.pending("alice", "unlock-bucket", *where, *DELETE)
    stage.approve(request, "bob", "olga")
    start, line = stage.snapshot(), ("runner", "--yes")
    runner = Command(task=Task.UNLOCK_BUCKET, line=line, env=runners.environment())
    return Ready(stage=stage, start=start, commands={"runner": runner})


def sessions(stage: Stage) -> dict[str, Credential]:
    """Every session that the sandbox has issued, by access key id."""
    return dict(stage.front.authentication._sessions)


def entered_by(stage: Stage) -> dict[str, str]:
    """The account of every root session, by access key id."""
    every = {key: each.principal for key, each in sessions(stage).items()}
    return {key: p.account for key, p in every.items() if p.kind is PrincipalKind.ROOT_SESSION}


def shapes(session: Credential) -> Iterator[bytes]:
    """Its secrets without their ends, as they are and as they would stand in base64."""
    for secret in (session.secret.encode(), session.token.encode()):
        yield secret[4:-4]
        for offset in range(3):
            yield base64.b64encode(b"\0" * offset + secret)[4:-4]


def written(stage: Stage, done: Ended) -> dict[str, bytes]:
    """All that a command said, wrote, kept or left behind, by where."""
    paths = [p for part in PARTS for p in (stage.folder / part).rglob("*") if p.is_file()]
    files = {str(path): path.read_bytes() for path in (*paths, *stage.folder.glob("*.*"))}
    store = {f"the store: {name}": stage.log.read(name) or b"" for name in stage.log.names()}
    said = {"stdout": done.out.encode(), "stderr": done.err.encode()}
    return {**said, **done.left, **files, **store}


def ran(stage: Stage, command: Command, **harm: object) -> Ended:
    """Run it in debug mode; no secret of a session that it opened stands anywhere."""
    before = sessions(stage)
    person = None if command.env else "alice"
    pid = stage.begin(person, *DEBUG, *command.line, env=command.env, **harm)
    done = stage.wait_for_any_end(pid)
    found = {key: each for key, each in sessions(stage).items() if key not in before}
    assert found, done.err
    everywhere = written(stage, done)
    given = everywhere.pop("stdout") if command.gives and done.code == 0 else b""
    for key, session in found.items():
        for shape in shapes(session):
            assert not [where for where, data in everywhere.items() if shape in data], (key, harm)
        # It is found where it belongs, so that the search above is one.
        assert not given or session.secret.encode() in given
        assert done.code or any(key.encode() in data for data in everywhere.values())
    return done


def at_of(points: tuple[str, ...], name: str | tuple[str, ...], behind: int = 0) -> int:
    """The number of the first such point behind another one; 0: there is none."""
    found = (n for n, point in enumerate(points, 1) if n > behind and point.startswith(name))
    return next(found, 0)


def check(stage: Stage, start: Snapshot, command: Command) -> None:
    """Run a command to its end; then hurt it in each way, from its first session on.

    It works on one account: with more of them its points would come in another order each time.
    """
    stage.reset(start)
    before = entered_by(stage)
    calm = ran(stage, command)
    assert calm.code in {0, 6}, calm.err
    assert "aws_call " in calm.err
    (entered,) = {account for key, account in entered_by(stage).items() if key not in before}
    # Where the log is about to be told of a session, and the first act behind it.
    told = at_of(calm.points, ("link log/", "aws PUT "), at_of(calm.points, "aws AssumeRoot"))
    acts = at_of(calm.points, "aws ", told) or told
    harms = [("kill", told), ("kill", acts), ("bug", acts)]
    harms += [("ENOSPC", told)] if stage.kind is Kind.FILE else []
    for how, at in harms:
        stage.reset(start)
        done = ran(stage, command, how=how, at=at)
        assert (done.code == KILLED) is (how == "kill"), (how, done.err)
        assert (done.code == 1) is (how == "bug"), (how, done.err)
        assert how != "ENOSPC" or [*(stage.folder / "state").rglob("spool/*")]
    for rules in (
        [{"effect": "error", "account": entered}],
        [{"effect": "lost-reply", "operation": "AssumeRoot", "count": 1}],
    ):
        stage.reset(start)
        stage.control("faults", {"rules": rules})
        done = ran(stage, command)
        stage.control("faults", method="DELETE")
        assert done.code != 1, done.err


CASES = [*(("file", name) for name in TASKS), ("s3", "unlock"), ("runner", "runner")]


@pytest.mark.parametrize(("ready", "name"), CASES, indirect=["ready"])
def test_no_secret_of_a_root_session_gets_out(ready: Ready, name: str) -> None:
    """Done, killed, failed by a bug, the disk or AWS, with its answer lost: it stands nowhere."""
    check(ready.stage, ready.start, ready.commands[name])
    copies = [*(ready.stage.folder / "state").rglob("records/*.cache")]
    assert bool(copies) is (ready.stage.kind is Kind.S3)


def test_every_task_with_root_sessions_is_among_them() -> None:
    """A command that is new must be put into the table."""
    executed = {*DRIVERS, Task.ROOT_SESSION}
    assert set(TASKS.values()) == {task for task in executed if GOVERNED_TASKS[task].task_policies}


@pytest.mark.parametrize("ready", ["file"], indirect=True)
def test_no_secret_gets_out_of_a_recovery(ready: Ready) -> None:
    """`recover` looks at what a killed run did in a session of its own."""
    stage = ready.stage
    stage.reset(ready.start)
    unlock = ready.commands["unlock"]
    points = ran(stage, unlock).points
    stage.reset(ready.start)
    changes = [at for at, point in enumerate(points, 1) if "?policy" in point][2]
    assert ran(stage, unlock, how="kill", at=changes).code == KILLED
    stage.pass_time(PASSED)
    command = Command(task=Task.INSPECT_BUCKET_POLICY, line=("recover", "--yes"))
    check(stage, stage.snapshot(), command)


@pytest.mark.parametrize("ready", ["file"], indirect=True)
def test_no_secret_gets_out_of_the_proof_of_a_wave(ready: Ready) -> None:
    """A wave of an SCP is proved by a session in an account below it."""
    stage = ready.stage
    stage.another(ready.start)
    waves = [[unit_of(stage, "network")], ["root"]]
    config = ("--config", declaring(stage, "waved", json.dumps(DENY), waves=waves))
    request = stage.pending("alice", *config, *APPLY[:-1], "--wave", "1")
    stage.approve(request, "bob")
    line = (*config, "execute", request, "--yes")
    assert ran(stage, Command(task=Task.ADD_SCPS, line=line)).code == 0
