"""Access Analyzer's ValidatePolicy for SCPs and RCPs: what tells good texts from bad.

After "IAM Access Analyzer policy check reference": the grammar is an error, and so, still, is a
wildcard that does not stand at the end of an SCP's action.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orgroot.sandbox.model import ApiError, Call
from orgroot.sandbox.organization_values import PolicyType
from orgroot.sandbox.organizations_errors import not_modelled
from orgroot.sandbox.scp_documents import check_control_policy

_TYPES = {
    "SERVICE_CONTROL_POLICY": PolicyType.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyType.RCP,
}
_OTHERS = ("IDENTITY_POLICY", "RESOURCE_POLICY")
_MORE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
)


def handle(call: Call) -> Mapping[str, Any]:
    """Answer an Access Analyzer call.

    Raises:
        ApiError: as ValidatePolicy refuses; 501 for what the sandbox has not.
    """
    if call.operation != "ValidatePolicy":
        raise not_modelled("access-analyzer", call.operation)
    kind, text = call.params.get("policyType"), call.params.get("policyDocument")
    if kind in _OTHERS:
        raise not_modelled("access-analyzer", f"ValidatePolicy of {kind}")
    if kind not in _TYPES or not isinstance(text, str):
        raise ApiError("ValidationException", "policyType or policyDocument is not valid.", 400)
    problem = check_control_policy(_TYPES[kind], text)
    if problem:
        return {"findings": [_finding("JSON_SYNTAX_ERROR", problem, ())]}
    findings = _wildcards(text) if kind == "SERVICE_CONTROL_POLICY" else ()
    return {"findings": list(findings)}


def _wildcards(text: str) -> Iterator[dict[str, Any]]:
    statements = json.loads(text)["Statement"]
    for number, statement in enumerate(statements if isinstance(statements, list) else ()):
        element = "Action" if "Action" in statement else "NotAction"
        actions = statement[element]
        for place, action in enumerate(actions if isinstance(actions, list) else [actions]):
            if "*" not in action[:-1] and "?" not in action:
                continue
            path: list[dict[str, Any]] = [
                {"value": "Statement"},
                {"index": number},
                {"value": element},
            ]
            if isinstance(actions, list):
                path.append({"index": place})
            words = "SCP actions can include wildcards (*) only at the end of the string."
            yield _finding("SCP_SYNTAX_ERROR_ACTION_WILDCARD", words, path)


def _finding(code: str, words: str, path: Any) -> dict[str, Any]:
    start = {"line": 1, "column": 0, "offset": 0}
    return {
        "findingDetails": words,
        "findingType": "ERROR",
        "issueCode": code,
        "learnMoreLink": _MORE,
        "locations": [{"path": list(path), "span": {"start": start, "end": start}}],
    }
