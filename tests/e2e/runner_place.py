"""A sandbox in runner mode: a delegated administrator whose runner alone opens root sessions.

Roles, policies and the SCP are the shipped documents; people keep no way to AssumeRoot.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.operator_roles import document
from tests.e2e.playground import Done, Playground, playground

REPOSITORY = Path(__file__).parents[2]
DELEGATE = "security-tooling"
RUNNER, EXECUTOR = "orgroot-runner", "orgroot-executor"
NAME = "runner"
_EXECUTORS = "      executors: {groups: [platform]}\n"


def shipped(path: str) -> Any:
    """One of the shipped documents, parsed."""
    return json.loads((REPOSITORY / "policies" / path).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class RunnerPlace:
    """The sandbox, and the runner's account in it."""

    place: Playground
    account: str

    @property
    def role(self) -> str:
        """The runner's role."""
        return f"arn:aws:iam::{self.account}:role/{RUNNER}"

    def environment(self, machine: str = NAME, config: str = "") -> dict[str, str]:
        """The runner's variables, as its machine or task has them: fresh credentials, own state.

        The administrator of the management account, whom no SCP binds, stands for the service
        that would run it.
        """
        sts = self.place.administrator("sts")
        session = sts.assume_role(RoleArn=self.role, RoleSessionName="orgroot")["Credentials"]
        folder = self.place.folder
        return {
            "AWS_ENDPOINT_URL": self.place.info["endpoint"],
            "AWS_DEFAULT_REGION": self.place.info["region"],
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
            "ORGROOT_CONFIG": config or str(folder / "config.yaml"),
            "ORGROOT_STATE_DIR": str(folder / "state" / machine),
            "ORGROOT_AS": NAME,
            "ORGROOT_KEY": str(folder / "keys" / f"{NAME}.pub"),
        }

    def run(self, *arguments: str, machine: str = NAME, config: str = "") -> Done:
        """The runner in this process."""
        env = self.environment(machine, config)
        return self.place.run(None, "runner", *arguments, env=env)

    def ok(self, *arguments: str, machine: str = NAME, code: int = 0) -> Any:
        """One round of the runner, as JSON."""
        done = self.run("--yes", *arguments, "-o", "json", machine=machine)
        assert done.code == code, f"{done.code}\n{done.out}\n{done.err}"
        return done.json

    def start(self, *arguments: str, machine: str = NAME) -> "subprocess.Popen[str]":
        """The runner as a process of its own."""
        return self.place.start(None, "runner", "--yes", *arguments, env=self.environment(machine))


@contextmanager
def runner_place(folder: Path, *options: str) -> Iterator[RunnerPlace]:
    """A sandbox in runner mode for as long as the context."""
    with playground(folder, *options) as place:
        yield in_runner_mode(place)


def in_runner_mode(place: Playground) -> RunnerPlace:
    """Bring a sandbox whose log lies in a folder into runner mode."""
    account = place.account(DELEGATE)
    _delegate(place, account)
    key = _key(place.folder)
    _configure(place, account, key)
    place.ok("dana", "rules", "publish", "--as", "dana", "--yes")
    for person in ("alice", "olga", "bob", "carol"):
        _wear(place, person, "requester")
    found = RunnerPlace(place, account)
    people = [entry["user"] for entry in place.info["people"].values()]
    roles = [found.role, found.role.replace(RUNNER, EXECUTOR)]
    store = str(place.folder / "log")
    place.control("witness", {"store": store, "people": [*people, *roles]})
    return found


def _delegate(place: Playground, account: str) -> None:
    """The delegated administrator, its runner's role, and the SCP that keeps it."""
    organizations = place.administrator("organizations")
    organizations.register_delegated_administrator(
        AccountId=account, ServicePrincipal="iam.amazonaws.com"
    )
    iam = place.in_account(account, "iam")
    trusted = {"AWS": f"arn:aws:iam::{place.info['management_account']}:root"}
    trust = document({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName=RUNNER, AssumeRolePolicyDocument=trust)
    policy = json.dumps(shipped("iam/runner.json"))
    iam.put_role_policy(RoleName=RUNNER, PolicyName="runner", PolicyDocument=policy)
    scp = organizations.create_policy(
        Name="reserve-assume-root",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps(shipped("scp/reserve-assume-root.json"), separators=(",", ":")),
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=scp["Id"], TargetId=account)


def _key(folder: Path) -> str:
    """A key of the runner's own; answers the public half."""
    path = folder / "keys" / NAME
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NAME, "-f", str(path)]
    subprocess.run(command, check=True)
    public = path.with_suffix(".pub").read_text(encoding="ascii").split()
    return " ".join(public[:2])


def _configure(place: Playground, account: str, key: str) -> None:
    """The runner in the roster, in the executors of every rule on root sessions, and in charge."""
    added = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    session = f"arn:aws:sts::{account}:assumed-role/{RUNNER}/orgroot"
    entry = (
        f"    {NAME}:\n      service: true\n      groups: [runners]\n"
        f'      keys: [{{key: "{key}", added: {added}}}]\n'
        f'      aws: [{{arn: "{session}", session_name_trusted: true}}]\n'
    )
    path = place.folder / "config.yaml"
    text = path.read_text(encoding="utf-8")
    both = _EXECUTORS.replace("platform", "platform, runners")
    text = text.replace(_EXECUTORS, both, 1).replace("  rules:\n", f"{entry}  rules:\n", 1)
    reading = "      requesters: {groups: [platform, security, oncall]}\n"
    assert reading in text
    named = reading.replace("oncall", "oncall, runners")
    text = text.replace(reading, named + "      executors: {groups: [runners]}\n")
    head = f'\n  delegated_administrator: "{account}"\n  runner: {NAME}\n'
    text, count = re.subn(r"\n(  region: [a-z0-9-]+)\n", head + r"\1\n", text, count=1)
    assert count
    path.write_text(text, encoding="utf-8")


def _wear(place: Playground, person: str, role: str) -> None:
    """Give a person's user one of the shipped documents, and nothing else."""
    iam = place.administrator("iam")
    for name in iam.list_user_policies(UserName=person)["PolicyNames"]:
        iam.delete_user_policy(UserName=person, PolicyName=name)
    text = json.dumps(shipped(f"iam/{role}.json"))
    iam.put_user_policy(UserName=person, PolicyName=role, PolicyDocument=text)
