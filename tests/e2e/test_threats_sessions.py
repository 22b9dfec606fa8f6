"""Threats against root sessions and where they come from, each test named after its threat."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from orgroot.cli import who
from orgroot.local.clock import SystemClock
from orgroot.local.file_store import FileStore
from orgroot.local.memory import LocalMemory
from orgroot.local.yaml_file import load_config
from orgroot.workflows.setup import init_log
from orgroot.workflows.trust import pin_trust
from tests.e2e.operator_roles import BOTH, configured, executor, set_user_policy
from tests.e2e.playground import Playground
from tests.e2e.test_attacks import Target
from tests.e2e.test_executor_role import READS, events

TASKS = "arn:aws:iam::aws:policy/root-task/"


def refused(call: Any, **params: Any) -> str:
    """A call that AWS must deny; its words."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["Error"]["Code"].startswith("AccessDenied"), caught.value
    return str(caught.value)


def client(place: Playground, service: str, credentials: dict[str, Any]) -> Any:
    """A boto3 client with the `Credentials` that STS answered."""
    return boto3.client(
        service,
        endpoint_url=place.info["endpoint"],
        region_name=place.info["region"],
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def test_a_session_handed_out_for_one_task_and_used_for_another(place: Playground) -> None:
    """Whoever steals the executor's session of an approved unlocking can do that and no more."""
    role = executor(place)
    config = configured(place, role)
    target = Target(place)
    request = target.granted()
    assumes = {"Effect": "Allow", "Action": list(BOTH), "Resource": role}
    set_user_policy(place, "alice", READS, assumes)
    place.ok("alice", "--config", config, "execute", request, "--yes")
    asked = events(place, "AssumeRole")[0]["requestParameters"]
    stolen = place.administrator("sts").assume_role(
        RoleArn=asked["roleArn"],
        RoleSessionName=asked["roleSessionName"],
        SourceIdentity=asked["sourceIdentity"],
        Policy=asked["policy"],
    )["Credentials"]
    sts = client(place, "sts", stolen)
    unlock = {"arn": f"{TASKS}S3UnlockBucketPolicy"}
    for account, task in (
        (target.account, "IAMDeleteRootUserCredentials"),
        (target.account, "IAMAuditRootUserCredentials"),
        (place.account("network"), "S3UnlockBucketPolicy"),
    ):
        words = refused(
            sts.assume_root, TargetPrincipal=account, TaskPolicyArn={"arn": f"{TASKS}{task}"}
        )
        assert "no session policy allows" in words
    refused(client(place, "organizations", stolen).list_accounts)
    refused(client(place, "iam", stolen).create_user, UserName="mallory")
    opened = sts.assume_root(TargetPrincipal=target.account, TaskPolicyArn=unlock)["Credentials"]
    iam = client(place, "iam", opened)
    assert "deny in a session policy" in refused(iam.get_account_summary)
    assert "deny in a session policy" in refused(iam.delete_login_profile)
    chained = client(place, "sts", opened)
    again = {"RoleArn": role, "RoleSessionName": "mallory"}
    assert "deny in a session policy" in refused(chained.assume_role, **again)


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers every AWS call with an OU of its own liking, and remembers that it was asked."""

    asked: list[str]

    def do_POST(self) -> None:
        """Any AWS call."""
        target = self.headers.get("X-Amz-Target", "")
        self.asked.append(target)
        body = json.dumps({"Parents": [{"Id": "ou-ab12-weakweak", "Type": "ORGANIZATIONAL_UNIT"}]})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def liar() -> Iterator[tuple[str, list[str]]]:
    """A fake endpoint on this machine: its address, and what it was asked."""
    asked: list[str] = []
    handler = type("Handler", (Liar,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def log_of_aws(place: Playground) -> str:
    """The path of a configuration whose log was made for AWS itself, trusted on alice's machine."""
    text = (place.folder / "config.yaml").read_text(encoding="utf-8")
    log_id = text.partition("log_id: ")[2][:16]
    path = place.variant(
        "of-aws", (log_id, "0123456789abcdef"), (f"{place.folder}/log", f"{place.folder}/log-aws")
    )
    config = load_config(Path(path))
    assert config.trust is not None
    init_log(
        config=config,
        store=FileStore.create_new(place.folder / "log-aws"),
        memory=LocalMemory(place.folder / "state-aws"),
        clock=SystemClock(),
        person="dana",
        signer=who.owner_signer(config, "dana", place.folder / "keys" / "dana.pub"),
        endpoint="aws",
    )
    pin_trust(LocalMemory(place.folder / "state-aws"), config.organization.id, config.trust)
    return path


@pytest.mark.parametrize(
    "variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ORGANIZATIONS", "AWS_CONFIG_FILE"]
)
def test_a_fake_endpoint_that_lies_about_ous(place: Playground, variable: str) -> None:
    """With a log of AWS any configured endpoint is exit 4, and the liar is never asked."""
    config = str(place.folder / "of-aws.yaml")
    if not Path(config).exists():
        log_of_aws(place)
    with liar() as (url, asked):
        value = url
        if variable == "AWS_CONFIG_FILE":
            file = place.folder / "lying-config"
            file.write_text(f"[default]\nendpoint_url = {url}\n", encoding="utf-8")
            value = str(file)
        environment = {
            "AWS_ENDPOINT_URL": "",
            "ORGROOT_STATE_DIR": str(place.folder / "state-aws"),
            variable: value,
        }
        for command in (
            ("inventory", "--all"),
            ("credentials", "remove", "--all", "--reason", "a drill", "--yes"),
            ("execute", "orq_" + "a" * 26, "--yes"),
        ):
            done = place.refused("alice", 4, "--config", config, *command, env=environment)
            assert "this log belongs to AWS itself" in done.err
    assert asked == []


def test_an_endpoint_of_one_service_is_not_followed(place: Playground) -> None:
    """In a sandbox too, the facts that decide come from one endpoint, and not from another one."""
    with liar() as (url, asked):
        for name in ("ORGANIZATIONS", "STS", "IAM"):
            env = {f"AWS_ENDPOINT_URL_{name}": url}
            done = place.run("alice", "status", env=env)
            assert done.code == 0, done.err
    assert asked == []
