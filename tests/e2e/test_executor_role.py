"""Root sessions through an executor role: what AWS's trail and the log say, and who may do what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.operator_roles import (
    BOTH,
    OPENS,
    configured,
    executor,
    make_role,
    session_of,
    set_user_policy,
)
from tests.e2e.playground import Playground, playground
from tests.e2e.test_attacks import Target, bodies

READS = {
    "Effect": "Allow",
    "Action": ["organizations:Describe*", "organizations:List*", "iam:ListOrganizationsFeatures"],
    "Resource": "*",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox whose alice may assume the executor role and open no root session herself."""
    with playground(tmp_path_factory.mktemp("executor") / "s", "--accounts", "25") as found:
        role = executor(found)
        assumes = {"Effect": "Allow", "Action": list(BOTH), "Resource": role}
        set_user_policy(found, "alice", READS, assumes)
        watch(found, role)
        Path(configured(found, role)).replace(found.folder / "config.yaml")
        yield found


def watch(place: Playground, *more: str) -> None:
    """Let the sandbox's witness watch these roles beside the people."""
    people = [person["user"] for person in place.info["people"].values()]
    log = str(place.folder / "log")
    place.control("witness", {"store": log, "people": [*people, *more]})


def events(place: Playground, name: str) -> list[dict[str, Any]]:
    """What CloudTrail shows of an operation, newest first."""
    trail = place.administrator("cloudtrail")
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = trail.lookup_events(LookupAttributes=wanted)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


def test_the_trail_names_the_intent_of_an_unlocking(place: Playground) -> None:
    """SourceIdentity and user agent both carry the reference; the witness finds the intent."""
    target = Target(place)
    request = target.granted()
    done = place.ok("alice", "execute", request, "--yes")
    assert done["items"][0]["outcome"] == "repaired"
    place.all_witnessed()
    intent = next(b for b in bodies(place, "intent") if b["request_id"] == request)
    assert intent["reference_in"] == "source-identity"
    assert intent["executor_arn"].endswith(":role/orgroot-executor")
    event = events(place, "AssumeRoot")[0]
    reference = event["userIdentity"]["sessionContext"]["sourceIdentity"]
    assert reference.startswith(f"orq.{request[4:16]}.")
    assert event["responseElements"]["sourceIdentity"] == reference
    assert f"ref/{reference}" in event["userAgent"]
    assert event["userIdentity"]["arn"].endswith(":assumed-role/orgroot-executor/alice")
    assumed = events(place, "AssumeRole")[0]
    policy = json.loads(assumed["requestParameters"]["policy"])["Statement"]
    assert [s["Resource"] for s in policy] == [[f"arn:aws:iam::{target.account}:root"]]


def test_a_sweep_goes_through_sessions_of_its_batch(place: Playground) -> None:
    """One session of the role serves the whole survey, and every session is on record."""
    before = len(events(place, "AssumeRole"))
    swept = place.ok("alice", "inventory", "--all", code=9)
    assert swept["summary"]["read"] == 22
    assert len(events(place, "AssumeRole")) == before + 1
    place.all_witnessed()
    survey = bodies(place, "survey")[-1]
    assert survey["reference_in"] == "source-identity"


def test_a_policy_that_packs_badly_takes_more_sessions(place: Playground) -> None:
    """Where STS finds a session policy too large, smaller batches read the same accounts."""
    place.control("habits", {"packed_policy_characters": 500})
    before = len(events(place, "AssumeRole"))
    swept = place.ok("alice", "inventory", "--all", code=9)
    place.control("habits", {"packed_policy_characters": 2048})
    assert swept["summary"]["read"] == 22
    assert len(events(place, "AssumeRole")) > before + 3


def test_without_the_role_there_is_no_root_session(place: Playground) -> None:
    """Alice's own user opens none: around the role AWS says no, and the log says so."""
    plain = place.variant("direct", ("executor_roles:", "# executor_roles:"))
    target = Target(place)
    done = place.run(
        "alice", "--config", plain, "inspect", "bucket", target.name, "--account", target.account
    )
    assert done.code == 8
    assert "no identity-based policy allows the sts:AssumeRoot action" in done.err


def test_a_role_whose_trust_forgot_the_identity_refuses_before_anything(
    place: Playground,
) -> None:
    """The refusal names what is missing; no root session was opened, and the log says refused."""
    account = place.info["management_account"]
    iam = place.administrator("iam")
    role = make_role(place, "forgetful", {"AWS": f"arn:aws:iam::{account}:root"}, OPENS)
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    iam.update_assume_role_policy(
        RoleName="forgetful",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    old = place.info["management_account"] + ':role/orgroot-executor"'
    path = place.variant("forgetful", (old, old.replace("orgroot-executor", "forgetful")))
    target = Target(place)
    before = target.sessions()
    done = place.run(
        "olga", "--config", path, "inspect", "bucket", target.name, "--account", target.account
    )
    assert done.code == 8, done.err
    assert f"the trust policy of {role}" in done.err
    assert target.sessions() == before


@pytest.mark.parametrize(("identity", "carrier"), [("", "source-identity"), ("dana", "user-agent")])
def test_a_login_that_is_a_role_is_asked_for_its_identity(
    place: Playground, identity: str, carrier: str
) -> None:
    """An identity of its own cannot be changed: then the user agent alone names the survey."""
    account = place.info["management_account"]
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    login = f"login-{carrier}"
    arn = make_role(place, login, {"AWS": f"arn:aws:iam::{account}:root"}, anything)
    more = {"SourceIdentity": identity} if identity else {}
    variables = session_of(place, arn, "bob", **more)
    person = f'"arn:aws:sts::{account}:assumed-role/{login}/bob"'
    config = place.variant(login, (f'"arn:aws:iam::{account}:user/bob"', person))
    place.ok("dana", "--config", config, "rules", "publish", "--as", "dana", "--yes")
    network = place.account("network")
    done = place.run("bob", "--config", config, "inventory", network, env=variables)
    assert done.code == 0, done.err
    survey = bodies(place, "survey")[-1]
    assert (survey["reference_in"], survey["signer"]["person"]) == (carrier, "bob")
    event = events(place, "AssumeRoot")[0]
    carried = event["userIdentity"]["sessionContext"]["sourceIdentity"]
    reference = event["userAgent"].partition("ref/")[2].split()[0]
    assert carried == (identity or reference)
