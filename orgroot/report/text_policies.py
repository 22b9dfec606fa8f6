"""The policy texts that a request carries, for the eyes of whoever approves it: diffs, or in full.

The texts come from the request itself, so what is shown is what will be done.
"""

import base64
import binascii
import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from orgroot.core.policy_text import parse_policy
from orgroot.errors import UsageError
from orgroot.report.escape import visible


def policy_texts(params: Mapping[str, Any]) -> str:
    """Every policy text of a request's parameters; empty where there are none."""
    return "\n\n".join([*_of_buckets(params), *_of_plan(params)])


def _of_buckets(params: Mapping[str, Any]) -> Iterator[str]:
    for change in params.get("buckets", ()):
        if "before_b64" not in change:
            continue
        name = visible(str(change["bucket"]))
        before, after = _lines(change["before_b64"]), _lines(change.get("after_b64", ""))
        if change.get("unseen"):
            yield f"{name}: the policy is deleted UNSEEN: nobody has read it"
            continue
        diff = difflib.unified_diff(before, after, "now", "then", lineterm="", n=1000)
        yield f"{name}:\n" + "\n".join(visible(line) for line in diff)


def _of_plan(params: Mapping[str, Any]) -> Iterator[str]:
    for change in params.get("plan", ()):
        after = change.get("after")
        policy = after.get("policy") if isinstance(after, Mapping) else None
        if isinstance(policy, Mapping) and "b64" in policy:
            name = after.get("scp") or change["target"]
            title = f"{visible(str(name))} ({policy.get('characters')} characters as sent):"
            yield title + "\n" + "\n".join(visible(line) for line in _lines(policy["b64"]))


def _lines(text_b64: str) -> list[str]:
    """A policy's lines, indented where it is a policy; any other text is shown as it stands.

    Only the line ends of JSON part lines: a text cannot break itself in two.
    """
    try:
        text = base64.b64decode(text_b64, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ["(not a text)"]
    try:
        document = parse_policy(text, "policy")
    except UsageError:
        return text.split("\n")
    return json.dumps(document, indent=2, ensure_ascii=False).split("\n")
