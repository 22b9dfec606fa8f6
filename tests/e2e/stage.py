"""A sandbox in this very process, whose whole world can be set back: the log, machines and AWS.

Each scene begins where the snapshot was taken. Commands run as forked processes (`fork_server`),
which may be hurt; what happened is then looked at from outside.
"""

import atexit
import contextlib
import copy
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from moto.s3.models import s3_backends

from orgroot.cli import sandbox as sandbox_command
from orgroot.cli.sandbox import Kind
from orgroot.core.ids import AccountId
from orgroot.sandbox import seed
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.event_bus import EventBus
from orgroot.sandbox.front import Front
from orgroot.sandbox.furnishing import furnish
from orgroot.sandbox.log_views import BucketView
from orgroot.sandbox.model import Call, PrincipalKind
from orgroot.sandbox.people import write_keys
from orgroot.sandbox.process import CREDENTIALS, INFO
from orgroot.sandbox.server import SandboxServer
from orgroot.sandbox.trail import Trail
from tests.e2e.fork_server import CRASH
from tests.e2e.playground import FOREIGN, Done, Playground

KILLED = -9
STOPPED = -19
MACHINES = ("log", "state")
"""What a scene sets back: the store, and what everybody's machine remembers."""

_OWN = {"out", "err", "points"}
"""What the fork server itself writes of a command."""

_TRAIL = ("_events", "_order", "_sequence", "_counts", "_root_sessions")


@dataclass(frozen=True, kw_only=True)
class Ended(Done):
    """A forked command that has ended, or was hurt.

    Attributes:
        points: the points that it came by.
        left: the temporary files that it left behind, by name.
    """

    points: tuple[str, ...]
    left: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(kw_only=True)
class Mutation:
    """A changing call inside a root session, and whether the log announced it when it arrived."""

    operation: str
    account: str
    announced: bool


@dataclass(kw_only=True)
class Snapshot:
    """Where every scene begins."""

    folder: Path
    records: int
    versions: Mapping[str, list[Any]]
    now: datetime
    policies: dict[tuple[str, str], bytes | None]
    root_users: Mapping[str, Any]
    features: set[Any]
    services: Mapping[str, Any]
    trail: Mapping[str, Any]
    sessions: list[Any]


@functools.cache
def _fork_server() -> "subprocess.Popen[str]":
    """The process that forks this one's commands; it ends with it."""
    forks = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.fork_server"],
        cwd=Path(__file__).resolve().parents[2],
        env={k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert forks.stdout is not None
    assert forks.stdout.readline() == "ready\n"
    atexit.register(forks.communicate)
    return forks


class Stage(Playground):
    """A playground whose sandbox lives here, so that its world can be set back."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clock = SandboxClock()
        self.mutations: list[Mutation] = []
        self._folders: dict[int, Path] = {}

    # --- set up ---

    @contextlib.contextmanager
    def playing(
        self, accounts: int, seed_number: int, store: Kind = Kind.FILE
    ) -> Iterator["Stage"]:
        """The sandbox and its fork server, as long as the context."""
        (self.folder / "home").mkdir(parents=True)
        world = seed.build(accounts=accounts, seed=seed_number, features_on=True, clock=self.clock)
        self.front = Front(world.organization, self.clock)
        keys = furnish(world, self.front.data_plane)
        write_keys(world.people, self.folder / "keys")
        with SandboxServer(self.front) as server:
            self.info = {
                **world.description(server.endpoint),
                "pid": 0,
                "port": server.port,
                "nonce": self.front.control.nonce,
            }
            users = {
                name: {
                    "arn": key.arn,
                    "access_key_id": key.access_key_id,
                    "secret_access_key": key.secret,
                }
                for name, key in keys.items()
            }
            (self.folder / INFO).write_text(json.dumps(self.info), encoding="utf-8")
            (self.folder / CREDENTIALS).write_text(json.dumps({"users": users}), encoding="utf-8")
            sandbox_command._furnish(self.folder, self.info, server.endpoint, store)
            found = self.front.witness._store
            assert found is not None
            self.log, self.kind = found, store
            self._watch_mutations()
            yield self

    # --- set back ---

    def snapshot(self) -> Snapshot:
        """Keep the world as it is."""
        kept = Path(tempfile.mkdtemp(prefix="snapshot-", dir=self.folder))
        for part in self._parts():
            shutil.copytree(self.folder / part, kept / part)
        organization = self.front.organization
        return Snapshot(
            folder=kept,
            records=len(self.records()),
            versions=self._versions(),
            now=self.clock(),
            policies={
                (bucket["account"], bucket["name"]): self.bucket_policy(bucket)
                for bucket in self.info["locked_buckets"]
            },
            root_users=copy.deepcopy(
                {account: organization.root_user(account) for account in organization.accounts}
            ),
            features=set(organization.features),
            services=copy.deepcopy(organization.service_access),
            trail={name: copy.deepcopy(getattr(self.front.trail, name)) for name in _TRAIL},
            sessions=list(self.front.witness._sessions),
        )

    def reset(self, to: Snapshot) -> None:
        """Begin a scene: everything is as it was in the snapshot."""
        for part in self._parts():
            shutil.rmtree(self.folder / part)
            shutil.copytree(to.folder / part, self.folder / part)
        if isinstance(self.log, BucketView):
            keys = self.log._keys()
            keys.clear()
            keys.update({key: list(versions) for key, versions in to.versions.items()})
        # However long a walk takes, approvals do not age in it.
        self.clock._ahead += to.now - self.clock()
        for (account, name), policy in to.policies.items():
            s3_backends[account]["aws"].buckets[name].policy = policy
        organization = self.front.organization
        organization._root_users.update(copy.deepcopy(to.root_users))
        organization.features = set(to.features)
        organization.service_access = copy.deepcopy(dict(to.services))
        self.front.faults.clear()
        self.front.trail = Trail(EventBus(self.front.data_plane))
        for name, value in to.trail.items():
            setattr(self.front.trail, name, copy.deepcopy(value))
        self.mutations.clear()
        people = frozenset(person["user"] for person in self.info["people"].values())
        self.front.witness.watch(self.log, people)
        self.front.witness._sessions = list(to.sessions)

    def another(self, to: Snapshot) -> None:
        """Set back what happened, and begin another story of people whose clocks went on."""
        self.reset(to)
        self.clock._ahead = max(self.clock._ahead, timedelta())

    def _parts(self) -> tuple[str, ...]:
        return tuple(part for part in MACHINES if (self.folder / part).is_dir())

    def _versions(self) -> dict[str, list[Any]]:
        """What a log in S3 consists of: no version is ever changed, so the list is all."""
        if not isinstance(self.log, BucketView):
            return {}
        keys = self.log._keys()
        return {key: list(keys.getlist(key)) for key in dict.keys(keys)}

    def pass_time(self, seconds: float) -> None:
        """Let the sandbox's time pass."""
        self.clock.advance(seconds)

    # --- run ---

    def begin(
        self, person: str | None, *arguments: str, env: Mapping[str, str] = {}, **harm: Any
    ) -> int:
        """Start a command as a process of its own; its pid."""
        folder = tempfile.mkdtemp(prefix="command-", dir=self.folder)
        pid: int = self._order(
            {
                "argv": arguments,
                "env": self.environment(person, env) | {"TMPDIR": folder},
                "folder": folder,
                "shown": str(self.folder),
                "harm": harm,
            }
        )
        self._folders[pid] = Path(folder)
        return pid

    def wait(self, pid: int) -> Ended:
        """Wait until it ends, dies or stops; it never falls over."""
        done = self.wait_for_any_end(pid)
        assert "Traceback" not in done.err, done.err
        assert done.code not in {1, CRASH}, done.err
        return done

    def wait_for_any_end(self, pid: int) -> Ended:
        """Wait until it ends, dies, stops or falls over."""
        code: int = self._order({"wait": pid})
        home = self._folders[pid]
        text = {name: (home / name).read_text(encoding="utf-8") for name in ("out", "err")}
        points = tuple((home / "points").read_text(encoding="utf-8").splitlines())
        left = {
            p.name: p.read_bytes() for p in home.rglob("*") if p.is_file() and p.name not in _OWN
        }
        if code != STOPPED:
            shutil.rmtree(self._folders.pop(pid))
        return Ended(code=code, out=text["out"], err=text["err"], points=points, left=left)

    def go_on(self, pid: int) -> Ended:
        """Let a stopped command run to its end."""
        os.kill(pid, signal.SIGCONT)
        return self.wait(pid)

    def forked(self, person: str, *arguments: str, **harm: Any) -> Ended:
        """Run a command as a process of its own."""
        return self.wait(self.begin(person, *arguments, **harm))

    def _order(self, order: Mapping[str, Any]) -> Any:
        forks = _fork_server()
        assert forks.stdin is not None
        assert forks.stdout is not None
        forks.stdin.write(json.dumps(order) + "\n")
        forks.stdin.flush()
        return json.loads(forks.stdout.readline())

    # --- look from outside ---

    def records(self) -> list[str]:
        """The names of the log's records."""
        return [name for name in self.log.names() if name[0].isdigit() and "/" not in name]

    def bodies(self) -> list[dict[str, Any]]:
        """Every record's statement, read as plain JSON; foreign records left out."""
        found = []
        for name in self.records():
            with contextlib.suppress(ValueError, TypeError, KeyError):
                found.append(json.loads(json.loads(self.log.read(name) or b"")["body"]))
        return found

    def items(self, kind: str) -> list[dict[str, Any]]:
        """The items of every fact of a kind, as records or in `recovered` ones."""
        found: list[dict[str, Any]] = []
        for body in self.bodies():
            inner = [json.loads(fact["body"]) for fact in body.get("facts", ())]
            for fact in (body, *inner):
                if fact["type"] == kind:
                    found += fact["items"]
        return found

    def bucket_policy(self, bucket: Mapping[str, str]) -> bytes | None:
        """A bucket's policy, whoever is locked out of it."""
        policy: bytes | None = s3_backends[bucket["account"]]["aws"].buckets[bucket["name"]].policy
        return policy

    def root_user(self, account: str) -> Any:
        """A root user as it is."""
        return self.front.organization.root_user(AccountId(account))

    def _watch_mutations(self) -> None:
        """Look into the log at the moment when a change inside a root session arrives."""
        dispatch = self.front._dispatch

        def watched(request: Any, operation: Any, call: Call, plan: Any) -> Any:
            session = call.principal.kind is PrincipalKind.ROOT_SESSION
            if session and call.operation.startswith(("Delete", "Put", "Deactivate", "Create")):
                self.mutations.append(self._announced(call))
            return dispatch(request, operation, call, plan)

        self.front._dispatch = watched  # type: ignore[method-assign]

    def _announced(self, call: Call) -> Mutation:
        account, operation = call.principal.account, f"{call.service}:{call.operation}"
        named = {value for value in call.params.values() if isinstance(value, str)}
        steps = [
            item
            for item in self.items("step-intent")
            if item["account"] == account and item["operation"] == operation
        ]
        # DeleteLoginProfile names nothing: there is one password.
        announced = any(item["target"] in named or not named for item in steps)
        # Deleting a deactivated device is part of the deactivation's step.
        if call.operation == "DeleteVirtualMFADevice":
            announced = any(i["target"] in named for i in self.items("step-intent"))
        return Mutation(operation=operation, account=account, announced=announced)
