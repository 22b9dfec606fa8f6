"""Access Analyzer's ValidatePolicy, as far as SCPs and RCPs go."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orgroot.aws.policy_validation import _opinion
from orgroot.sandbox import provision
from tests.sandbox.conftest import MANAGEMENT, Sandbox

GOOD: dict[str, Any] = {"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}


def text_of(*statements: Any) -> str:
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_good_scp_has_no_findings_and_a_bad_one_has(sandbox: Sandbox) -> None:
    """What Organizations refuses is an error; a wildcard in the middle still is one, too."""
    analyzer = sandbox.client("accessanalyzer", sandbox.administrator(MANAGEMENT))

    def found(text: str, kind: str = "SERVICE_CONTROL_POLICY") -> list[Any]:
        answer = analyzer.validate_policy(policyDocument=text, policyType=kind)
        findings: list[Any] = answer["findings"]
        return findings

    assert found(text_of(GOOD)) == []
    (broken,) = found("{")
    assert (broken["findingType"], broken["issueCode"]) == ("ERROR", "JSON_SYNTAX_ERROR")
    one, two = found(
        text_of(GOOD, {**GOOD, "Action": ["s3:G*t", "s3:*"]}, {**GOOD, "Action": "s3:?et"})
    )
    assert one["issueCode"] == two["issueCode"] == "SCP_SYNTAX_ERROR_ACTION_WILDCARD"
    assert _opinion(one).path == ("Statement", 1, "Action", 0)
    assert _opinion(two).path == ("Statement", 2, "Action")
    assert found(text_of(GOOD), "RESOURCE_CONTROL_POLICY")


def test_other_kinds_and_nonsense_are_refused(sandbox: Sandbox) -> None:
    """An enum is an enum; identity policies are not modelled; the permission is needed."""
    analyzer = sandbox.client("accessanalyzer", sandbox.administrator(MANAGEMENT))
    for kind, code in (("NONSENSE", "ValidationException"), ("IDENTITY_POLICY", "NotImplemented")):
        with pytest.raises(ClientError, match=code):
            analyzer.validate_policy(policyDocument=text_of(GOOD), policyType=kind)
    with pytest.raises(ClientError, match="NotImplemented"):
        analyzer.list_analyzers()
    key = provision.add_user(sandbox.front.data_plane, MANAGEMENT, "nobody", {})
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.client("accessanalyzer", key).validate_policy(
            policyDocument=text_of(GOOD), policyType="SERVICE_CONTROL_POLICY"
        )
