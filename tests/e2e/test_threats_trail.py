"""CloudTrail against the log, through the command line and over real HTTP."""

import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from orgroot.aws.resource_policies import AwsResourcePolicies
from orgroot.aws.root_sessions import AwsRootSessions
from orgroot.core.ephemeral import EphemeralKey
from orgroot.core.ids import execution_id_of
from orgroot.core.secrets import RootSession
from tests.e2e.bucket_owner import denial, document, innocent, make_bucket
from tests.e2e.forger import forge, newest, now
from tests.e2e.operator_roles import make_role
from tests.e2e.playground import Done, Playground, playground
from tests.e2e.test_attacks import Target, next_record

UNLOCK = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}


def copied_reference(place: Playground) -> str:
    """The reference of the newest session that orgroot opened, as anyone may read it."""
    agents = [call["user_agent"] for call in place.control("state")["assume_root"]]
    return next(agent for agent in reversed(agents) if " ref/orq." in agent)


def outside(place: Playground, account: str, **options: Any) -> str:
    """Someone opens a root session with boto3 alone; answers its access key id."""
    sts = place.administrator("sts", **options)
    answer = sts.assume_root(TargetPrincipal=account, TaskPolicyArn=AUDIT)
    return str(answer["Credentials"]["AccessKeyId"])


def wearing(agent: str) -> Any:
    """A client configuration that sends this very user agent."""
    from botocore.config import Config  # noqa: PLC0415 - what an attacker would write

    return Config(user_agent=agent)


def test_assume_root_outside_the_tool_with_a_copied_reference_is_found(place: Playground) -> None:
    """The log has no session of that access key id: exit 4, whatever the user agent says."""
    account = place.account("backup")
    place.ok("alice", "inventory", account)
    agent = copied_reference(place)
    plain, dressed = outside(place, account), outside(place, account, config=wearing(agent))
    done = place.run("carol", "reconcile", "-o", "json")
    assert done.code == 4
    assert "integrity" in done.json["exit_reasons"]
    rows = {row["access_key_id"]: row for row in done.json["sessions"]}
    logged = {session["access_key_id"] for session in place.witness()["sessions"]}
    assert {rows[key]["status"] for key in logged} == {"MATCHED"}
    assert rows[plain]["status"] == rows[dressed]["status"] == "UNLOGGED_SESSION"
    assert "no reference" in rows[plain]["detail"]
    assert "the reference was copied" in rows[dressed]["detail"]
    shown = place.run("carol", "reconcile")
    assert plain in shown.out
    assert dressed in shown.out
    assert place.ok("bob", "log", "verify")["findings"] == []


def test_a_known_caller_is_shown_apart(place: Playground) -> None:
    """A caller whom the configuration explains for a task and a time is no finding."""
    account = place.info["management_account"]
    scanner = make_role(place, "scanner", {"AWS": f"arn:aws:iam::{account}:root"})
    known = (
        f"reconcile:\n  known_callers:\n    - role: {scanner}\n"
        "      tasks: [audit-root-credentials]\n"
        "      reason: weekly scan\n      until: 2099-01-01\n"
    )
    config = place.variant("known", ("\napprovals:\n", f"\n{known}approvals:\n"))
    opened = place.administrator("sts").assume_role(RoleArn=scanner, RoleSessionName="weekly")
    sts = place.with_session(opened["Credentials"], "sts")
    root = sts.assume_root(TargetPrincipal=place.account("backup"), TaskPolicyArn=AUDIT)
    key = root["Credentials"]["AccessKeyId"]
    done = place.run("carol", "--config", config, "reconcile", "--dry-run", "-o", "json")
    rows = {row["access_key_id"]: row for row in done.json["sessions"]}
    assert rows[key]["status"] == "KNOWN_CALLER"
    assert "weekly scan" in rows[key]["detail"]
    assert done.json["summary"]["KNOWN_CALLER"] == 1


def test_a_delegate_is_read_through_its_role_or_named(place: Playground) -> None:
    """Without a role the delegate's trail is exit 9 and named; with one it is read."""
    delegate = place.account("security-tooling")
    where = {"AccountId": delegate, "ServicePrincipal": "iam.amazonaws.com"}
    organizations = place.administrator("organizations")
    organizations.register_delegated_administrator(**where)
    try:
        key = place.in_account(delegate, "sts").assume_root(
            TargetPrincipal=place.account("backup"), TaskPolicyArn=AUDIT
        )["Credentials"]["AccessKeyId"]
        blind = place.run("alice", "reconcile", "--dry-run", "-o", "json")
        assert "incomplete" in blind.json["exit_reasons"]
        assert {one["account"] for one in blind.json["unread"]} == {delegate}
        role = f"arn:aws:iam::{delegate}:role/OrganizationAccountAccessRole"
        roles = f'reconcile:\n  roles: {{"{delegate}": "{role}"}}\n'
        config = place.variant("roles", ("\napprovals:\n", f"\n{roles}approvals:\n"))
        done = place.run("alice", "--config", config, "reconcile", "--dry-run", "-o", "json")
        assert done.json["unread"] == []
        assert key in {row["access_key_id"] for row in done.json["sessions"]}
        assert done.code == 4
    finally:
        organizations.deregister_delegated_administrator(**where)


@pytest.mark.parametrize("arguments", [("--days", "0"), ("--days", "91"), ("--days", "x")])
def test_a_wrong_number_of_days_is_refused(place: Playground, arguments: tuple[str, str]) -> None:
    """CloudTrail keeps 90 days: anything else is exit 2 before any call."""
    place.refused("carol", 2, "reconcile", *arguments)


@pytest.fixture(scope="module")
def trailed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox with an organization trail, which the configuration names."""
    folder = tmp_path_factory.mktemp("trailed") / "s"
    with playground(folder, "--accounts", "12", "--seed", "7") as place:
        s3, trail = place.administrator("s3"), place.administrator("cloudtrail")
        where = {"LocationConstraint": place.info["region"]}
        s3.create_bucket(Bucket="corp-trail", CreateBucketConfiguration=where)
        trail.create_trail(
            Name="org",
            S3BucketName="corp-trail",
            S3KeyPrefix="audit",
            IsOrganizationTrail=True,
            IsMultiRegionTrail=True,
        )
        trail.start_logging(Name="org")
        config = place.folder / "config.yaml"
        text = config.read_text(encoding="utf-8")
        named = (
            "reconcile:\n  organization_trail:\n    bucket: corp-trail\n    prefix: audit\n"
            f'    account: "{place.info["management_account"]}"\n'
            f"    region: {place.info['region']}\n"
        )
        config.write_text(f"{text}{named}", encoding="utf-8")
        yield place


def reconciled(place: Playground) -> Done:
    """A reconciliation once the trail has delivered."""
    place.control("delivery", {})
    return place.run("olga", "reconcile", "-o", "json")


@contextlib.contextmanager
def thief() -> Iterator[list[RootSession]]:
    """Something in the executing process that keeps every session for itself."""
    taken: list[RootSession] = []
    assume = AwsRootSessions.assume_root

    def keeping(self: AwsRootSessions, *args: Any, **options: Any) -> RootSession:
        taken.append(assume(self, *args, **options))
        return taken[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AwsRootSessions, "assume_root", keeping)
        yield taken


@contextlib.contextmanager
def writing(policy: str) -> Iterator[list[str]]:
    """An executing process that puts a text of its own; answers in which sessions it did."""
    puts: list[str] = []
    put = AwsResourcePolicies.put_bucket_policy

    def other(
        self: AwsResourcePolicies, session: RootSession, bucket: str, region: str, _text: bytes
    ) -> None:
        puts.append(session.access_key_id)
        put(self, session, bucket, region, policy.encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AwsResourcePolicies, "put_bucket_policy", other)
        yield puts


def dropping(place: Playground, account: str, bucket: str) -> str:
    """An approved request that takes one statement out of a new bucket's policy."""
    where = (bucket, "--account", account)
    make_bucket(place.in_account(account, "s3"), bucket, innocent(account, bucket), denial(bucket))
    place.ok("alice", "inspect", "bucket", *where)
    mode = ("--mode", "drop-statements", "--reason", "x")
    request = place.pending("alice", "unlock-bucket", *where, *mode)
    place.approve(request, "bob", "olga")
    return request


def using(place: Playground, session: RootSession, service: str) -> Any:
    """A boto3 client that signs with a stolen session."""
    return boto3.client(
        service,
        region_name=place.info["region"],
        endpoint_url=place.info["endpoint"],
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key.reveal(),
        aws_session_token=session.session_token.reveal(),
    )


def test_session_used_beyond_the_plan(trailed: Playground) -> None:
    """Whoever does more in a session than its execution announced is found: exit 4, each named."""
    place = trailed
    bucket = place.locked_bucket("tfstate")
    where = (bucket["name"], "--account", bucket["account"])
    place.ok("alice", "inspect", "bucket", *where)
    request = place.pending("alice", "unlock-bucket", *where, "--mode", "delete", "--reason", "x")
    place.approve(request, "bob", "olga")
    dropped, swapped = (dropping(place, bucket["account"], f"beyond-{n}") for n in (1, 2))
    place.ok("alice", "execute", dropped, "--yes")
    with thief() as taken:
        place.ok("alice", "inventory", place.account("backup"))
        place.ok("alice", "execute", request, "--yes")
    calm = reconciled(place)
    assert (calm.code, calm.json["overuse"]) == (0, []), calm.out + calm.err
    assert "from the organization trail" in calm.json["in_session_calls"]

    audit, unlock = taken
    with pytest.raises(ClientError):
        using(place, audit, "iam").list_users()
    s3 = using(place, unlock, "s3")
    policy = document(innocent(bucket["account"], bucket["name"]))
    s3.put_bucket_policy(Bucket=bucket["name"], Policy=policy)
    s3.delete_bucket_policy(Bucket=bucket["name"])
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.get_bucket_policy(Bucket="another-bucket")
    with writing(document(innocent(bucket["account"], "beyond-2") | {"Sid": "Mine"})) as puts:
        place.run("alice", "execute", swapped, "--yes")
    done = reconciled(place)
    assert (done.code, done.json["exit_reasons"]) == (4, ["integrity"])
    found = {(r["access_key_id"], r["action"]): r for r in done.json["overuse"]}
    assert found.keys() == {
        (audit.access_key_id, "iam:ListUsers"),
        (unlock.access_key_id, "s3:PutBucketPolicy"),
        (unlock.access_key_id, "s3:DeleteBucketPolicy"),
        (unlock.access_key_id, "s3:GetBucketPolicy"),
        (puts[0], "s3:PutBucketPolicy"),
    }
    assert found[puts[0], "s3:PutBucketPolicy"]["request"] == swapped
    assert found[audit.access_key_id, "iam:ListUsers"]["error"] == "AccessDenied"
    again = found[unlock.access_key_id, "s3:DeleteBucketPolicy"]
    assert (again["request"], "one more" in again["detail"]) == (request, True)
    shown = place.run("olga", "reconcile")
    assert "USED BEYOND THE PLAN" in shown.out
    assert "iam:ListUsers" in shown.out


def test_a_session_whose_calls_were_not_delivered_is_not_read(trailed: Playground) -> None:
    """A trail without a word of a session that was used is a gap: exit 9, and it is named."""
    place, account = trailed, trailed.account("network")
    reconciled(place)
    place.ok("alice", "inventory", account)
    place.control("clock", {"advance_seconds": 3 * 3600})
    done = place.run("olga", "reconcile", "--dry-run", "-o", "json")
    assert "incomplete" in done.json["exit_reasons"]
    (unread,) = done.json["unread"]
    assert unread["account"] == account
    assert "has no call of it" in unread["reason"]


def test_a_session_opened_before_its_approvals_is_not_made_good_later(tmp_path: Path) -> None:
    """Whoever executes writes intent and session into the log afterwards: it stays unlogged.

    Everything else fits: account, task, caller, access key id, approvals, signatures.
    """
    with playground(tmp_path / "s", "--accounts", "12") as place:
        target = Target(place)
        place.ok("alice", "execute", target.granted(), "--yes")
        target.lock()
        keys = json.loads((place.folder / "credentials.json").read_bytes())["users"]["alice"]
        alice = {"AccessKeyId": keys["access_key_id"], "SecretAccessKey": keys["secret_access_key"]}
        sts = place.with_session(alice | {"SessionToken": None}, "sts")
        opened = sts.assume_root(TargetPrincipal=target.account, TaskPolicyArn=UNLOCK)
        request = target.granted()
        place.control("clock", {"advance_seconds": 600})
        session = opened["Credentials"]["AccessKeyId"]
        whitewash(place, request, target.account, session)
        shown = place.run("carol", "log", "verify", "-o", "json").json
        assert {finding["code"] for finding in shown["findings"]} <= {"SKEW"}
        done = place.run("carol", "reconcile", "-o", "json")
        row = next(row for row in done.json["sessions"] if row["access_key_id"] == session)
        assert (done.code, row["status"]) == (4, "UNLOGGED_SESSION"), done.out
        assert "and it was opened at" in row["detail"]


def whitewash(place: Playground, request: str, account: str, session: str) -> None:
    """Announce a session that was opened ten minutes ago as one that is opened now."""
    key = EphemeralKey.from_seed(secrets.token_bytes(32))
    at = {"created_at": now(minutes=10), "observed_at": now(minutes=10)}
    approvals = [seq for seq, body in statements(place) if body.get("request_id") == request]
    text = (place.folder / "log" / f"{approvals[0] - 1:012d}.json").read_bytes()
    digest = hashlib.sha256(json.loads(text)["body"].encode()).hexdigest()
    forge(
        place,
        "alice",
        newest(place, "intent"),
        request_id=request,
        request_sha256=digest,
        approvals=approvals,
        deadline=now(minutes=25),
        ephemeral_key=key.public_b64,
        **at,
    )
    raw = (place.folder / "log" / place.records()[-1]).read_bytes()
    seq = len(place.records()) + 1
    item = {
        "account": account,
        "task_policy": "S3UnlockBucketPolicy",
        "access_key_id": session,
        "expires_at": now(minutes=25),
        "aws_request_id": "",
    }
    fact = {
        "schema": "orgroot.statement/v1",
        "type": "issued",
        "execution_id": execution_id_of(json.loads(raw)["body"].encode()),
        "seq": seq,
        "prev": hashlib.sha256(raw).hexdigest(),
        "at": now(minutes=10),
        "items": [item],
    }
    body = json.dumps(fact, sort_keys=True, indent=2) + "\n"
    signed = {"alg": "ed25519", "sig": key.sign(body.encode())}
    tree = {"body": body, "log": json.loads(raw)["log"], "prev": fact["prev"], "seq": seq}
    text = json.dumps(tree | {"sigs": [signed], "v": 1}, sort_keys=True, separators=(",", ":"))
    next_record(place).write_text(f"{text}\n", encoding="ascii")


def statements(place: Playground) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each record's number and statement."""
    for n, name in enumerate(place.records(), 1):
        yield n, json.loads(json.loads((place.folder / "log" / name).read_bytes())["body"])
