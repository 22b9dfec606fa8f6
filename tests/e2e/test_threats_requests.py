"""Threats to what was asked for: edited, mislabelled, out of its time, about somebody else's."""

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.bucket_owner import denial, document, make_bucket, policy
from tests.e2e.forger import forge, newest, now
from tests.e2e.playground import Playground, playground
from tests.e2e.test_attacks import Target, findings

REASON = ("--reason", "a drill")


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox that a test may spoil."""
    with playground(tmp_path_factory.mktemp("own") / "s", "--accounts", "5") as found:
        yield found


def test_edited_request_after_approval(place: Playground) -> None:
    """A request rewritten after its approvals is exit 4 for every command, before AWS is called."""
    request = Target(place).granted()
    asked = next(
        path
        for path in sorted((place.folder / "log").glob("[0-9]*.json"), reverse=True)
        if b'\\"type\\": \\"request\\"' in path.read_bytes()
    )
    raw = asked.read_bytes()
    asked.chmod(0o600)
    asked.write_bytes(raw.replace(b"a drill", b"a dream"))
    with place.untouched():
        done = place.run("alice", "execute", request, "--yes")
    asked.write_bytes(raw)
    assert done.code == 4, done.err


def test_a_plan_whose_text_differs_from_what_was_shown(own: Playground) -> None:
    """What is created is the text that stands in the request, whatever became of the file since."""
    request = own.pending("alice", "scp", "apply", *REASON)
    shown = own.run("bob", "request", "show", request).out
    file = own.folder / "policies" / "scp" / "deny-root-user.json"
    text = file.read_text(encoding="utf-8")
    assert "DenyLongTermRootUser" in shown
    file.write_text(text.replace("DenyLongTermRootUser", "DenyNobodyAtAll"), encoding="utf-8")
    own.approve(request, "bob")
    own.ok("alice", "execute", request, "--yes")
    organizations = own.administrator("organizations")
    made = {
        each["Name"]: organizations.describe_policy(PolicyId=each["Id"])["Policy"]["Content"]
        for each in organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    }
    assert json.loads(made["orgroot-deny-root-user"]) == json.loads(text)


def test_loosening_changes_through_a_rule_for_additive_ones(own: Playground) -> None:
    """A plan that switches off, under the task that needs no approval, is void and never run."""
    own.administrator("iam").disable_organizations_root_sessions()
    own.ok("alice", "enable", *REASON, "--yes")
    honest = newest(own, "request")
    assert honest["task"] == "enable-root-access"
    loosening = dict(honest["params"]["plan"][0])
    loosening |= {"op": "disable-feature", "before": True, "after": False}
    forged = forge(own, "alice", honest, params={"plan": [loosening]}, expires_at=now(hours=1))
    own.refused("alice", 2, "execute", forged, "--yes")
    assert "RULES_VIOLATION" in findings(own)
    features = own.administrator("iam").list_organizations_features()["EnabledFeatures"]
    assert set(features) == {"RootCredentialsManagement", "RootSessions"}


def test_expiry_and_skew_and_post_dated_approvals(own: Playground) -> None:
    """An approval from an hour ahead or of three hours ago is nothing; an old request is over."""
    bucket = own.locked_bucket("")
    asked = ("unlock-bucket", bucket["name"], "--account", bucket["account"], "--mode", "delete")
    request = own.pending("alice", *asked, *REASON)
    own.approve(request, "olga", "bob")
    honest = newest(own, "approval")
    other = own.pending("alice", *asked, *REASON, "--ticket", "T-1")
    about = newest(own, "request")
    own.approve(other, "olga")
    summary = newest(own, "approval")["summary"]
    later = {"created_at": now(hours=1), "expires_at": now(hours=2)}
    digest = newest(own, "approval")["request_sha256"]
    named = {"request_id": other, "request_sha256": digest, "summary": summary}
    assert about["ticket"] == "T-1"
    forge(own, "bob", honest, **named, **later)
    own.refused("alice", 10, "execute", other, "--yes")
    own.approve(other, "bob")
    own.control("clock", {"advance_seconds": 2 * 3600})
    own.refused("alice", 10, "execute", other, "--yes")
    own.control("clock", {"advance_seconds": 2 * 3600 + 1})
    done = own.refused("alice", 3, "execute", request, "--yes")
    assert "expired" in done.err


def test_bucket_of_another_account(place: Playground) -> None:
    """A bucket approved unseen under the wrong account stays as it is, and the reason is said."""
    owner, other = place.account("shared-services"), place.account("network")
    name = f"theirs-{uuid.uuid4().hex[:12]}"
    s3 = place.in_account(owner, "s3")
    make_bucket(s3, name)
    s3.put_bucket_policy(Bucket=name, Policy=document(denial(name, action="s3:GetObject")))
    asked = ("unlock-bucket", name, "--account", other, "--mode", "delete", *REASON)
    request = place.pending("alice", *asked)
    place.approve(request, "bob", "olga")
    result = place.ok("alice", "execute", request, "--yes", code=3)
    assert f"does not own the bucket {name}" in result["items"][0]["reason"]
    assert policy(s3, name) is not None
