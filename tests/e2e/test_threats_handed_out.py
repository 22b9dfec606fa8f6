"""Root sessions for programs of one's own: what they can do, who gets them, and what is kept."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.bucket_owner import policy
from tests.e2e.playground import Done, Playground
from tests.e2e.shell_server import program as orgroot_program
from tests.e2e.test_attacks import Target, bodies

BUCKETS, QUEUES = "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"
DEBUG = ("--log-level", "debug")
TELL = """
import json, os, sys
from pathlib import Path
Path(sys.argv[1]).write_text(json.dumps(dict(os.environ)))
"""
UNLOCK = """
import sys
import boto3
boto3.client("s3").delete_bucket_policy(Bucket=sys.argv[1])
print(boto3.client("sts").get_caller_identity()["Arn"])
raise SystemExit(6)
"""


def asked(place: Playground, policy_name: str, account: str | None = None) -> str:
    """Alice asks for a session."""
    where = ("--account", account or place.account("backup"), "--task-policy", policy_name)
    why = ("--duration", "300", "--reason", "a drill")
    return place.pending("alice", "session", "request", *where, *why)


def granted(place: Playground, policy_name: str = BUCKETS, account: str | None = None) -> str:
    """The same, approved by two."""
    request = asked(place, policy_name, account)
    place.approve(request, "bob", "olga")
    return request


def run(place: Playground, *arguments: str, **env: str) -> Done:
    """A command of alice's in a process of its own: it may start programs."""
    ran = subprocess.run(
        [orgroot_program(), *arguments],
        env=place.environment("alice", env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(code=ran.returncode, out=ran.stdout, err=ran.stderr)


def kept(place: Playground) -> str:
    """Everything in the log and in the state folder."""
    return "\n".join(
        path.read_text(errors="replace")
        for part in ("log", "state")
        for path in (place.folder / part).rglob("*")
        if path.is_file()
    )


def test_a_program_does_what_was_approved(place: Playground) -> None:
    """It acts as root with the approved task policy; its output and exit code are the command's."""
    target = Target(place)
    request = granted(place, BUCKETS, target.account)
    program = (sys.executable, "-c", UNLOCK, target.name)
    done = run(place, "session", "exec", request, "--yes", "--", *program)
    assert (done.code, done.out) == (6, f"arn:aws:iam::{target.account}:root\n"), done.err
    assert policy(target.s3, target.name) is None
    assert "handed-out: exec" in done.err
    assert place.ok("carol", "request", "show", request)["state"] == "SUCCEEDED"
    assert place.ok("carol", "log", "verify")["findings"] == []
    place.all_witnessed()


def test_a_session_handed_out_for_one_task_and_used_for_another(place: Playground) -> None:
    """AWS's task policy is the one that was approved, and the intent opens no other."""
    target = Target(place)
    request = granted(place, QUEUES, target.account)
    program = (sys.executable, "-c", UNLOCK, target.name)
    done = run(place, "session", "exec", request, "--yes", "--", *program)
    assert done.code == 1
    assert "AccessDenied" in done.err
    with pytest.raises(ClientError):  # it is as locked as it was
        target.s3.get_bucket_policy(Bucket=target.name)
    (intent,) = (body for body in bodies(place, "intent") if body["request_id"] == request)
    assert intent["task_policies"] == [QUEUES]


def test_no_other_session_is_handed_out(place: Playground) -> None:
    """A granted request of another task gives no program a session, in no form."""
    request = Target(place).granted()
    for form in (("exec", request, "--yes", "--", "true"), ("env", request, "--yes")):
        done = place.refused("alice", 2, "session", *form)
        assert "never handed out" in done.err
        assert f"orgroot execute {request}" in done.err
    place.refused("alice", 2, "session", "credential-process", request, "--yes")


def test_who_may_not_have_a_session_gets_none(place: Playground) -> None:
    """Before the quorum, for another person, without a program, unconfirmed, twice: no session."""
    waiting = asked(place, BUCKETS, place.account("network"))
    exec_ = ("session", "exec")
    done = place.refused("alice", 10, *exec_, waiting, "--yes", "--", "true")
    assert done.out == ""
    assert "still needs" in done.err
    request = granted(place)
    place.refused("olga", 3, *exec_, request, "--yes", "--", "true")
    place.refused("alice", 2, *exec_, request, "--", "true")
    done = place.refused("alice", 2, *exec_, request, "--yes", "--", "no-such-program")
    assert "no-such-program was not found" in done.err
    done = place.refused("alice", 2, "execute", request, "--yes")
    assert "orgroot session exec" in done.err
    too_long = ("--account", place.account("network"), "--task-policy", BUCKETS)
    place.refused(
        "alice", 3, "session", "request", *too_long, "--duration", "901", "--reason", "x", "--yes"
    )
    assert run(place, *exec_, request, "--yes", "--", "true").code == 0
    place.refused("alice", 3, *exec_, request, "--yes", "--", "true")


@pytest.mark.parametrize("form", ["env", "credential-process"])
def test_a_terminal_shows_no_secret(place: Playground, form: str) -> None:
    """Where stdout is a terminal it is refused before anything is called."""
    request = asked(place, BUCKETS, place.account("network"))
    master, slave = pty.openpty()
    with place.untouched():
        ran = subprocess.run(
            [sys.executable, "-m", "orgroot", "session", form, request, "--yes"],
            env=place.environment("alice"),
            stdin=subprocess.DEVNULL,
            stdout=slave,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    os.close(slave)
    os.close(master)
    assert ran.returncode == 2
    assert "would stand on this terminal" in ran.stderr


def secrets_of_program(place: Playground, file: Path) -> tuple[Done, list[str]]:
    """What a program was given, and what the command said."""
    request = granted(place)
    program = (sys.executable, "-c", TELL, str(file))
    done = run(place, *DEBUG, "session", "exec", request, "--yes", "--", *program)
    found = json.loads(file.read_text())
    return done, [found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"]]


def secrets_of_shell(place: Playground, _file: Path) -> tuple[Done, list[str]]:
    """What a shell was given, taken out of the output."""
    done = run(place, *DEBUG, "session", "env", granted(place), "--yes")
    found = dict(re.findall(r"(?m)^export (\w+)=(.*)$", done.out))
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    secrets = [shlex.split(found[name])[0] for name in names]
    return Done(code=done.code, out="", err=done.err), secrets


def secrets_of_sdk(place: Playground, _file: Path) -> tuple[Done, list[str]]:
    """What an SDK was given, taken out of the output."""
    done = run(place, *DEBUG, "session", "credential-process", granted(place), "--yes")
    found = json.loads(done.out)
    secrets = [found["SecretAccessKey"], found["SessionToken"]]
    return Done(code=done.code, out="", err=done.err), secrets


@pytest.mark.parametrize("given", [secrets_of_program, secrets_of_shell, secrets_of_sdk])
def test_the_secrets_go_to_one_receiver(place: Playground, tmp_path: Path, given: Any) -> None:
    """In debug mode too, the live values stand in no other output, record or file."""
    done, secrets = given(place, tmp_path / "seen")
    assert done.code == 0, done.err
    assert all(len(secret) >= 16 for secret in secrets)
    everywhere = done.out + done.err + kept(place)
    assert not [secret for secret in secrets if secret in everywhere]


def profile(folder: Path, request: str) -> dict[str, str]:
    """An AWS profile whose credentials are a session of this request."""
    command = shlex.join((sys.executable, "-m", "orgroot", "session", "credential-process"))
    config = folder / "aws-config"
    config.write_text(f"[profile root]\ncredential_process = {command} {request} --yes\n")
    return {"AWS_CONFIG_FILE": str(config)}


def test_an_sdk_takes_the_session_from_its_credential_process(
    place: Playground, tmp_path: Path
) -> None:
    """boto3 with such a profile acts as root of the account."""
    account = place.account("backup")
    source = "import boto3; print(boto3.Session(profile_name='root').client('sts')"
    source += ".get_caller_identity()['Arn'])"
    ran = subprocess.run(
        [sys.executable, "-c", source],
        env=place.environment("alice", profile(tmp_path, granted(place, BUCKETS, account))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == f"arn:aws:iam::{account}:root\n", ran.stderr


def test_a_credential_process_never_asks_itself(place: Playground, tmp_path: Path) -> None:
    """A profile that is also the operator's ends at once, and not in a thousand processes."""
    request = granted(place)
    env = place.environment("alice", profile(tmp_path, request) | {"AWS_PROFILE": "root"})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del env[name]
    with place.untouched():
        ran = subprocess.run(
            [sys.executable, "-m", "orgroot", "session", "credential-process", request, "--yes"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "asked for credentials by itself" in ran.stderr
    assert "orgroot --profile NAME" in ran.stderr
