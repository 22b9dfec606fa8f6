"""CloudTrail's records as values: what they tell is taken, what they lack is empty."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.trail import UNTOLD, assume_root_event, delegate, policy_event, region_off
from tests.core import scene as s
from tests.core.trail_records import CALLER, MANAGEMENT, REFERENCE, event, record

ROLE = "arn:aws:iam::111111111111:role/ops/orgroot-executor"


def test_an_assume_root_event_is_read_as_aws_writes_it() -> None:
    """Caller, target, task, session and reference come from the members that AWS documents."""
    found = event()
    assert (found.id, found.at) == ("e-1", datetime(2026, 3, 2, 9, 10, tzinfo=UTC))
    assert (found.account, found.region) == (MANAGEMENT, "eu-west-1")
    assert (found.caller, found.role) == (CALLER, "")
    assert (found.target, found.task_policy) == (s.ACCOUNT, "S3UnlockBucketPolicy")
    assert (found.access_key_id, found.error) == ("ASIA1", "")
    assert found.references == (REFERENCE,)


def test_a_role_session_names_its_role_and_carries_the_reference_as_source_identity() -> None:
    """The role stands in the session's issuer, the reference also in its source identity."""
    identity = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111111111111:assumed-role/orgroot-executor/alice",
        "accountId": MANAGEMENT,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": ROLE},
            "sourceIdentity": REFERENCE,
        },
    }
    found = event(userIdentity=identity, userAgent="aws-cli/2")
    assert (found.role, found.references) == (ROLE, (REFERENCE,))
    federated = {"sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": CALLER}}}
    assert event(userIdentity=federated).role == ""


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"requestParameters": {"targetPrincipal": f"arn:aws:iam::{s.OTHER}:root"}}, s.OTHER),
        ({"requestParameters": {"targetPrincipal": "root"}}, s.ACCOUNT),
        ({"requestParameters": None}, s.ACCOUNT),
        ({"requestParameters": None, "resources": [7, {"accountId": "x"}]}, ""),
        ({"requestParameters": None, "resources": None}, ""),
    ],
)
def test_the_target_is_an_id_an_arn_or_the_resource(changes: dict[str, Any], target: str) -> None:
    """A target that the request does not tell is the owner of the resource, else nothing."""
    assert event(**changes).target == target


def test_a_refused_attempt_has_its_error_and_no_session() -> None:
    """AWS writes no response for what it refused."""
    found = event(errorCode="AccessDenied", responseElements=None)
    assert (found.error, found.access_key_id) == ("AccessDenied", "")


@pytest.mark.parametrize("at", ["", "yesterday", "2026-03-02 09:10:00", None])
def test_a_time_that_is_not_told_is_never_early(at: str | None) -> None:
    """Nothing may pass for older than the log because its time cannot be read."""
    assert event(eventTime=at).at == UNTOLD


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(record())), inner),
        ).map(json.dumps),
    )
)
def test_any_text_is_an_event_that_tells_little(text: str) -> None:
    """Whatever CloudTrail (or who poses as it) sends, reading it never fails."""
    assert assume_root_event(text).references == ()
    assert delegate(text) is None
    assert region_off(text) in {None, ""}


def test_a_deep_text_is_an_event_that_tells_nothing() -> None:
    """Nesting cannot make the reader fall over."""
    assert assume_root_event("[" * 100_000).id == ""


@pytest.mark.parametrize(
    ("changes", "account"),
    [
        ({}, s.OTHER),
        ({"errorCode": "AccessDenied"}, None),
        ({"requestParameters": {"accountId": s.OTHER, "servicePrincipal": "sso"}}, None),
        ({"requestParameters": {"servicePrincipal": "iam.amazonaws.com"}}, None),
    ],
)
def test_who_lost_the_delegation_for_iam(changes: dict[str, Any], account: str | None) -> None:
    """Only a successful deregistration of IAM's delegate names a former one."""
    asked = {"accountId": s.OTHER, "servicePrincipal": "iam.amazonaws.com"}
    tree = {"eventName": "DeregisterDelegatedAdministrator", "requestParameters": asked} | changes
    assert delegate(json.dumps(tree)) == account


@pytest.mark.parametrize(
    ("changes", "region"),
    [
        ({}, "ap-east-1"),
        ({"errorCode": "AccessDenied"}, None),
        ({"requestParameters": None}, ""),
    ],
)
def test_which_region_was_switched_off(changes: dict[str, Any], region: str | None) -> None:
    """What AWS did is told; a record that does not say where is no reason to say nothing."""
    tree = {"requestParameters": {"regionName": "ap-east-1"}} | changes
    assert region_off(json.dumps(tree)) == region


def test_a_change_of_a_policy_says_who_and_what() -> None:
    """Attachments name the target, tags the resource; what a record lacks is empty."""
    found = policy_event(
        json.dumps(
            {
                "eventTime": "2026-11-25T10:00:00Z",
                "userIdentity": {"arn": "arn:aws:iam::111111111111:user/mallory"},
                "userAgent": "console",
                "requestParameters": {"policyId": "p-1", "targetId": "r-ab12"},
                "errorCode": "AccessDenied",
            }
        )
    )
    assert (found.caller[-7:], found.agent) == ("mallory", "console")
    assert (found.policy, found.target, found.error) == ("p-1", "r-ab12", "AccessDenied")
    tagged = policy_event('{"requestParameters": {"resourceId": "p-2"}}')
    assert (tagged.policy, tagged.target, tagged.caller, tagged.at) == ("p-2", "", "", UNTOLD)
