"""Terraform plans as `terraform show -json` writes them, made of what a test cares about."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

POLICY = "aws_organizations_policy"
ATTACHMENT = "aws_organizations_policy_attachment"
UNIT = "aws_organizations_organizational_unit"
ACCOUNT = "aws_organizations_account"
CREATE, UPDATE, DELETE, NOTHING = ("create",), ("update",), ("delete",), ("no-op",)
REPLACE = ("delete", "create")


def change(
    address: str,
    actions: Iterable[str],
    *,
    before: Any = None,
    after: Any = None,
    unknown: Iterable[str] = (),
) -> dict[str, Any]:
    """One of `resource_changes`; type, name, module and key are those of the address."""
    module, _, rest = address.rpartition(".aws_") if ".aws_" in address else ("", "", address)
    bare = f"aws_{rest}" if module else rest
    head, bracket, key = bare.partition("[")
    kind, name = head.split(".")
    found: dict[str, Any] = {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": dict.fromkeys(unknown, True) if after is not None else {},
            "before_sensitive": {},
            "after_sensitive": {},
        },
    }
    if module:
        found["module_address"] = module
    if bracket:
        found["index"] = json.loads(key.removesuffix("]"))
    return found


def policy(text: str, name: str = "scp", **further: Any) -> dict[str, Any]:
    """The attributes of a policy."""
    return {
        "content": text,
        "description": "",
        "name": name,
        "skip_destroy": None,
        "tags": None,
        "type": "SERVICE_CONTROL_POLICY",
        **further,
    }


def attachment(target: str | None, policy_id: str | None = None) -> dict[str, Any]:
    """The attributes of an attachment, as far as they are known."""
    known = {"policy_id": policy_id, "target_id": target, "skip_destroy": None}
    return {key: value for key, value in known.items() if value is not None or key[0] == "s"}


def configured(
    address: str,
    expressions: Mapping[str, Iterable[str]],
    for_each: Iterable[str] = (),
    constant: Any = None,
) -> dict[str, Any]:
    """A resource of the configuration, by what its arguments refer to; or `for_each` in full."""
    kind, name = address.split(".")
    found: dict[str, Any] = {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "expressions": {key: {"references": list(refs)} for key, refs in expressions.items()},
    }
    if for_each:
        found["for_each_expression"] = {"references": list(for_each)}
    if constant is not None:
        found["for_each_expression"] = {"constant_value": constant}
    return found


def module(
    *resources: Any, calls: Mapping[str, Any] | None = None, outputs: Any = None
) -> dict[str, Any]:
    """The configuration of a module; `outputs`: by name, what each refers to."""
    return {
        "resources": list(resources),
        "module_calls": dict(calls or {}),
        "outputs": {
            name: {"expression": {"references": list(refs)}}
            for name, refs in (outputs or {}).items()
        },
    }


def call(
    content: Any, expressions: Mapping[str, Iterable[str]], for_each: Iterable[str] = ()
) -> dict[str, Any]:
    """A use of a module."""
    found: dict[str, Any] = {
        "source": "./module",
        "expressions": {key: {"references": list(refs)} for key, refs in expressions.items()},
        "module": content,
    }
    if for_each:
        found["for_each_expression"] = {"references": list(for_each)}
    return found


def plan(*changes: Any, root: Any = None, read: Iterable[Any] = (), **further: Any) -> bytes:
    """A plan; `root`: the root module's configuration, `read`: what data sources have read."""
    state = {"values": {"root_module": {"resources": list(read)}}}
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "prior_state": {"format_version": "1.0", **state},
        "configuration": {"provider_config": {}, "root_module": root or module()},
        "timestamp": "2026-11-25T09:00:00Z",
        "applyable": True,
        "complete": True,
        "errored": False,
        **further,
    }
    return json.dumps(document).encode()
