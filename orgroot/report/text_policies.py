"""The policy texts that a request carries, for the eyes of whoever approves it: diffs, or in full.

The texts come from the request itself, so what is shown is what will be done.
"""

import base64
import binascii
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orgroot.core.policy_text import parse_policy
from orgroot.core.scp_diff import statement_changes
from orgroot.errors import UsageError
from orgroot.report.escape import visible


def policy_texts(params: Mapping[str, Any]) -> str:
    """Every policy text of a request's parameters; empty where there are none."""
    return "\n\n".join([*_of_buckets(params), *_of_plan(params)])


def kept_texts(kept: Iterable[tuple[str, str]]) -> str:
    """Policies as they were before an execution, by name and in base64."""
    return "\n\n".join(
        f"{visible(name)}, as the execution kept it:\n"
        + "\n".join(visible(line) for line in _lines(policy_b64))
        for name, policy_b64 in kept
    )


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
    """Each SCP's text once: as a diff where it changes, else in full."""
    shown: set[tuple[str, str]] = set()
    for change in params.get("plan", ()):
        before, after = _policy(change.get("before")), _policy(change.get("after"))
        name = visible(_scp_name(change))
        if before is not None and after is not None:
            yield _difference(name, before, after)
        elif (policy := before or after) is not None and (name, policy["b64"]) not in shown:
            shown.add((name, policy["b64"]))
            title = f"{name} ({policy.get('characters')} characters as sent):"
            yield title + "\n" + "\n".join(visible(line) for line in _lines(policy["b64"]))


def _policy(side: Any) -> Mapping[str, Any] | None:
    policy = side.get("policy") if isinstance(side, Mapping) else None
    return policy if isinstance(policy, Mapping) and "b64" in policy else None


def _scp_name(change: Mapping[str, Any]) -> str:
    sides = (change.get("after"), change.get("before"))
    named = (side.get("scp") for side in sides if isinstance(side, Mapping))
    return str(next(filter(None, named), change["target"]))


def _difference(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Statement by statement; the whole texts where one of them is no policy."""
    sizes = f"{before.get('characters')} -> {after.get('characters')} characters as sent"
    head = f"{name} ({sizes}):"
    try:
        found = statement_changes(_text(before["b64"]), _text(after["b64"]))
    except UsageError:
        old, new = _lines(before["b64"]), _lines(after["b64"])
        diff = difflib.unified_diff(old, new, "now", "then", lineterm="", n=1000)
        return "\n".join([head, *(visible(line) for line in diff)])
    parts = [
        "\n".join([f"{each.kind} {visible(each.label)}", *(visible(line) for line in each.lines)])
        for each in found
    ]
    return "\n".join([head, *(parts or ["no statement changes"])])


def _text(text_b64: str) -> str:
    try:
        return base64.b64decode(text_b64, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UsageError("not a text") from error


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
