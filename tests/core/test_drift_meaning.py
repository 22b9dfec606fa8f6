"""Another tool's SCPs judged by what they are for, whoever's policy does it."""

import json
from typing import Any

import pytest

from orgroot.core.config import ScpConfig
from orgroot.core.drift_meaning import about_root, meaning_findings
from orgroot.core.scp import DeclaredScp, declare
from orgroot.core.scp_document import parse_scp
from orgroot.core.scp_tree import ScpTree
from tests.core.test_scp_after import DEV, ONE, PROD, ROOT, THREE, TWO, scp, tree

NOW = "2026-11-25T09:00:00Z"
IS_ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
SPARING = {**IS_ROOT, "Null": {"aws:AssumedRoot": "true"}}


def deny(condition: Any, **elements: Any) -> dict[str, Any]:
    """A root deny."""
    body = {"Sid": "Root", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return {**body, **elements}


def declared(
    statement: Any, target: str = "root", managed_by: str = "control-tower"
) -> DeclaredScp:
    """An SCP that another tool shall have attached."""
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    configured = ScpConfig(name="guard", file="f", targets=(target,), managed_by=managed_by)
    return declare(configured, parse_scp(text, "f"), ROOT)


@pytest.mark.parametrize(
    ("scp_", "judged"),
    [
        (declared(deny(IS_ROOT)), True),
        (declared(deny(SPARING)), True),
        (declared(deny(SPARING, Action="iam:*")), False),
        (declared(deny({"StringEquals": {"aws:SourceVpc": "vpc-1"}})), False),
        (declared(deny(IS_ROOT), managed_by="orgroot"), False),
    ],
)
def test_only_root_denies_of_others_are_judged_by_their_meaning(
    scp_: DeclaredScp,
    judged: bool,  # noqa: FBT001 - a table
) -> None:
    """Other documents, and orgroot's own, are compared by their texts."""
    assert bool(about_root([scp_])) is judged


def found(organization: ScpTree, *scps: DeclaredScp) -> list[tuple[str, list[str], Any]]:
    """The findings: id, accounts, and who."""
    return [
        (each.id, each.evidence["accounts"], each.evidence["by"])
        for each in meaning_findings(scps, organization, NOW)
    ]


def test_any_policy_may_do_what_it_is_for() -> None:
    """Under another name and text the meaning holds: root users denied, root sessions allowed."""
    organization = tree(guard2=scp("other", deny(SPARING, Sid="Else")))
    assert found(organization, declared(deny(IS_ROOT), PROD)) == []


def test_accounts_that_nothing_protects_are_named() -> None:
    """Below its targets every account counts in which long-term root is not surely denied."""
    organization = tree(guard2=scp("other", deny(SPARING)))
    assert found(organization, declared(deny(SPARING))) == [
        ("scp.root-user-allowed/guard", [THREE], [])
    ]
    assert found(organization, declared(deny(SPARING), DEV)) == [
        ("scp.root-user-allowed/guard", [THREE], [])
    ]
    maybe = {**SPARING, "StringEquals": {"aws:SourceVpc": "vpc-1"}}
    assert found(tree(guard2=scp("other", deny(maybe))), declared(deny(SPARING), ONE)) == [
        ("scp.root-user-allowed/guard", [ONE], [{"policy": "other", "sid": "Root"}])
    ]


def test_root_sessions_that_are_denied_are_named_with_who_denies() -> None:
    """A deny without the exemption of sessions is a finding, by policy and Sid."""
    organization = tree(guard2=scp("other", deny(IS_ROOT)))
    assert found(organization, declared(deny(SPARING), PROD)) == [
        ("scp.root-session-denied/guard", [ONE, TWO], [{"policy": "other", "sid": "Root"}])
    ]
