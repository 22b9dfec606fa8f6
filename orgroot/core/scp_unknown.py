"""Policies of which something is not known yet: every answer that needs it depends on it.

What is not known is written as a condition key that no request has, so that it is named wherever
an answer depends on it, and is never rounded to harmless.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orgroot.core.scp_lockout import PolicyKind, Scp
from orgroot.core.scp_statement import Statement

_OPERATOR = "Bool"


def unknown_scp(name: str, what: str, kind: PolicyKind = PolicyKind.SCP) -> Scp:
    """A policy whose text nobody knows; it may deny everything, and may allow nothing."""
    statements = tuple(
        Statement(
            policy=name,
            sid="unknown",
            deny=deny,
            actions=("*",),
            resources=("*",),
            conditions={_OPERATOR: {what: "true"}},
        )
        for deny in (True, False)
    )
    return Scp(name=name, statements=statements, kind=kind)


def possible_scp(scp: Scp, what: str) -> Scp:
    """A policy that may or may not be the one that is meant."""
    statements = tuple(
        replace(each, conditions=_also(each.conditions, what)) for each in scp.statements
    )
    return replace(scp, statements=statements)


def _also(conditions: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    there = conditions.get(_OPERATOR, {})
    if not isinstance(there, Mapping):  # what AWS would not take depends already
        return conditions
    return {**conditions, _OPERATOR: {**there, what: "true"}}
