"""A sandbox with its people, and orgroot's commands run in it: in this process or in a real one."""

import contextlib
import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from orgroot.cli import app
from orgroot.cli.sandbox import person_environment
from orgroot.sandbox import process
from tests.e2e.nursery import nursery

FOREIGN = ("AWS_", "ORGROOT_", "MOTO_", "XDG_", "SSH_AUTH_SOCK")
READING = ("Get", "List", "Describe", "Head", "Lookup")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result on stdout, parsed."""
        return json.loads(self.out)


class Playground:
    """One running sandbox, made by `orgroot sandbox up`, in a process forked for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info: dict[str, Any] = {}

    def up(self, *options: str) -> None:
        """Start it."""
        done = self.run(None, "sandbox", "up", "--dir", str(self.folder), *options)
        assert done.code == 0, done.err
        self.info = json.loads((self.folder / "sandbox.json").read_text(encoding="utf-8"))

    def down(self) -> None:
        """Stop it."""
        self.run(None, "sandbox", "down", "--dir", str(self.folder))

    def environment(self, person: str | None, extra: Mapping[str, str] = {}) -> dict[str, str]:
        """The bare environment with a person's variables and no one else's."""
        bare = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        bare["HOME"] = str(self.folder / "home")
        bare["AWS_EC2_METADATA_DISABLED"] = "true"  # else botocore asks a link-local address
        own: Mapping[str, str] = person_environment(self.folder, person) if person else {}
        return {**bare, **own, **extra}

    def run(
        self,
        person: str | None,
        *arguments: str,
        env: Mapping[str, str] = {},
        stdin: bytes = b"",
    ) -> Done:
        """Run a command in this process, with no terminal."""
        out, err = io.StringIO(), io.StringIO()
        wanted = self.environment(person, env)
        with (
            pytest.MonkeyPatch.context() as world,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            world.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            world.setattr(process, "_spawn", lambda *order: nursery().spawn(*order))
            for name in set(os.environ) - set(wanted):
                world.delenv(name)
            for name, value in wanted.items():
                world.setenv(name, value)
            code = app.run(list(arguments))
        return Done(code=code, out=out.getvalue(), err=err.getvalue())

    def ok(
        self, person: str | None, *arguments: str, code: int = 0, env: Mapping[str, str] = {}
    ) -> Any:
        """Run with `-o json` and return the result; any other exit code fails the test."""
        done = self.run(person, *arguments, "-o", "json", env=env)
        assert done.code == code, f"{arguments}: {done.code}\n{done.out}\n{done.err}"
        return done.json

    def pending(self, person: str, *arguments: str) -> str:
        """Run a command that must end waiting for approvals; answers the request's id."""
        return str(self.ok(person, *arguments, "--yes", code=10)["id"])

    def approve(self, request: str, *people: str) -> None:
        """Let these people approve."""
        for person in people:
            self.ok(person, "approve", request, "--yes")

    def start(
        self, person: str | None, *arguments: str, env: Mapping[str, str] = {}
    ) -> "subprocess.Popen[str]":
        """Run a command as a process of its own, to be waited for or killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "orgroot", *arguments],
            env=self.environment(person, env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def administrator(self, service: str, **options: Any) -> Any:
        """A boto3 client of the management account's administrator; knows nothing of orgroot."""
        env = person_environment(self.folder, None)
        return boto3.client(
            service,
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            **{"region_name": env["AWS_REGION"], **options},
        )

    def in_account(self, account: str, service: str, **options: Any) -> Any:
        """A boto3 client of an account's own administrator."""
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        answer = self.administrator("sts").assume_role(RoleArn=role, RoleSessionName="admin")
        return self.with_session(answer["Credentials"], service, **options)

    def with_session(self, session: Mapping[str, Any], service: str, **options: Any) -> Any:
        """A boto3 client with the credentials that STS answered."""
        return boto3.client(
            service,
            endpoint_url=self.info["endpoint"],
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            **{"region_name": self.info["region"], **options},
        )

    def control(self, page: str, body: Any = None, method: str | None = None) -> Any:
        """One of the sandbox's own control pages: state, faults, clock, witness."""
        request = urllib.request.Request(  # noqa: S310 - loopback, by construction
            f"{self.info['endpoint']}/_sandbox/{page}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def changing_calls(self) -> dict[str, int]:
        """How often each operation that is not a reading one was called, AssumeRoot included."""
        calls: dict[str, int] = self.control("state")["calls"]
        return {
            name: count
            for name, count in calls.items()
            if not name.partition(":")[2].startswith(READING)
        }

    def records(self) -> list[str]:
        """The names of the log's records."""
        return sorted(path.name for path in (self.folder / "log").glob("[0-9]*.json"))

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """Fail unless no AssumeRoot and no changing call was sent, and no record was written."""
        before = self.changing_calls(), self.records()
        yield
        assert (self.changing_calls(), self.records()) == before

    def refused(
        self, person: str | None, code: int, *arguments: str, env: Mapping[str, str] = {}
    ) -> Done:
        """A command that must end with this exit code and leave AWS and the log untouched."""
        with self.untouched():
            done = self.run(person, *arguments, env=env)
        assert done.code == code, f"{arguments}: {done.code}\n{done.out}\n{done.err}"
        assert "Traceback" not in done.err
        return done

    def variant(self, name: str, *replacements: tuple[str, str]) -> str:
        """The path of a copy of the config with these texts replaced, beside the original."""
        text = (self.folder / "config.yaml").read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def locked_bucket(self, kind: str) -> dict[str, str]:
        """One of the seeded locked buckets: `ledger`, `tfstate` or `artifacts`."""
        found: dict[str, str] = next(b for b in self.info["locked_buckets"] if kind in b["name"])
        return found

    def account(self, name: str) -> str:
        """The id of a seeded account."""
        return str(next(a["id"] for a in self.info["accounts"] if a["name"] == name))

    def witness(self) -> dict[str, Any]:
        """What the sandbox saw of root sessions, beside what the log says of them."""
        found: dict[str, Any] = self.control("state")["witness"]
        return found

    def all_witnessed(self) -> list[dict[str, Any]]:
        """Every root session met a durable intent or survey, one to one; answers the sessions."""
        seen = self.witness()
        assert seen["violations"] == []
        assert seen["unrecorded"] == []
        assert seen["recorded_twice"] == []
        assert seen["recorded_but_never_issued"] == []
        sessions: list[dict[str, Any]] = seen["sessions"]
        assert all(session["seq"] for session in sessions)
        return sessions


@contextlib.contextmanager
def playground(folder: Path, *options: str) -> Iterator[Playground]:
    """A sandbox that lives as long as the context."""
    place = Playground(folder)
    (folder / "home").mkdir(parents=True)
    place.up(*options)
    try:
        yield place
    finally:
        place.down()
