"""Configuration trees of text scalars, as the YAML loader gives them."""

import copy
from typing import Any

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBjLbOaEu+/M7KfOqF8zUVMGNJ0qKJ2H0lTzv3F6r0xk"


def whole() -> dict[str, Any]:
    """A tree of text scalars that loads."""
    return {
        "version": "1",
        "organization": {
            "id": "o-exampleorgid",
            "management_account": "012345670123",
            "region": "eu-west-1",
            "delegated_administrator": "222222222222",
            "executor_roles": {"222222222222": "arn:aws:iam::222222222222:role/path/executor"},
        },
        "root_access": {"credentials_management": "true", "root_sessions": "false"},
        "trust": {
            "log_id": "5f0c8d2e9b7a4c31",
            "store": "file:///var/lib/orgroot/log",
            "owners": {"threshold": "1", "keys": [{"person": "dana", "key": KEY}]},
        },
        "accounts": {"exempt": [{"account": "333333333333", "reason": "r", "until": "2027-03-31"}]},
        "scps": [{"name": "one", "file": "one.json", "targets": ["root"]}],
        "approvals": {
            "expires": "2027-05-01T00:00:00Z",
            "people": {
                "alice": {
                    "groups": ["platform"],
                    "keys": [{"key": KEY, "added": "2026-01-10T00:00:00+00:00"}],
                    "aws": [{"arn": "arn:aws:iam::222222222222:user/alice"}],
                },
            },
            "rules": [
                {
                    "id": "one",
                    "match": {"tasks": ["unlock-bucket"], "tags": {"stage": "prod"}},
                    "requesters": {"groups": ["platform"]},
                    "approvals": {"total": "1", "each_of": [{"group": "security", "count": "1"}]},
                    "ticket": "INC-[0-9]+",
                },
            ],
        },
        "drift": {"accepted": [{"finding": "a/b", "reason": "r", "until": "2027-01-31"}]},
    }


def changed(
    path: tuple[str | int, ...], value: Any, tree: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The whole tree with one value replaced or added."""
    tree = copy.deepcopy(tree or whole())
    at: Any = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return tree
