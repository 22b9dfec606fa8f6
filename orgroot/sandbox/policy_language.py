"""AWS policy documents: parsed once, matched against an action, a resource and a principal.

It says what a statement covers; which policies count, and in what order, is not decided here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from orgroot.sandbox import conditions
from orgroot.sandbox.conditions import Context, Unresolved, like, substitute
from orgroot.sandbox.model import Principal, PrincipalKind


class Reach(StrEnum):
    """How a Principal element covers a caller."""

    NONE = "none"
    ACCOUNT = "account"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy; a None element was absent.

    Attributes:
        deny: whether the effect is Deny.
        actions, not_actions: action globs.
        resources, not_resources: ARN globs.
        principals, not_principals: ``Principal`` as kind and values, e.g. ``("AWS", "*")``.
        conditions: the Condition block.
        variables: whether the policy's version knows variables.
    """

    deny: bool
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: tuple[tuple[str, str], ...] | None
    not_principals: tuple[tuple[str, str], ...] | None
    conditions: Mapping[str, Any]
    variables: bool

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether action, resource and conditions all match; the principal is asked apart."""
        return (
            self._covers_action(action)
            and self._covers_resource(resource, context)
            and conditions.holds(self.conditions, context, variables=self.variables)
        )

    def _covers_action(self, action: str) -> bool:
        if self.actions is not None:
            return any(like(action, glob, ignore_case=True) for glob in self.actions)
        if self.not_actions is not None:
            return not any(like(action, glob, ignore_case=True) for glob in self.not_actions)
        return False

    def _covers_resource(self, resource: str, context: Context) -> bool:
        if self.resources is not None:
            return self._any_resource(self.resources, resource, context)
        if self.not_resources is not None:
            return not self._any_resource(self.not_resources, resource, context)
        # A trust policy has no Resource: it lies on the one thing that it speaks of.
        return self.principals is not None or self.not_principals is not None

    def _any_resource(self, globs: tuple[str, ...], resource: str, context: Context) -> bool:
        for glob in globs:
            try:
                pattern = substitute(glob, context, glob=True) if self.variables else glob
            except Unresolved:
                continue
            if like(resource, pattern):
                return True
        return False

    def reach(self, principal: Principal) -> Reach:
        """How the statement's Principal (or NotPrincipal) element covers a caller."""
        if self.principals is not None:
            return _reach(self.principals, principal)
        if self.not_principals is not None:
            named = _reach(self.not_principals, principal) is not Reach.NONE
            return Reach.NONE if named else Reach.DIRECT
        return Reach.NONE


def _reach(entries: tuple[tuple[str, str], ...], principal: Principal) -> Reach:
    account_root = f"arn:aws:iam::{principal.account}:root"
    mine = {principal.arn, principal_arn(principal)}
    best = Reach.NONE
    for kind, value in entries:
        if kind != "AWS":
            continue
        if value == "*" or (value in mine and value != account_root):
            return Reach.DIRECT
        if value in {principal.account, account_root}:
            is_root = principal.kind in {PrincipalKind.ROOT_USER, PrincipalKind.ROOT_SESSION}
            if is_root:
                return Reach.DIRECT
            best = Reach.ACCOUNT
    return best


def principal_arn(principal: Principal) -> str:
    """The value of ``aws:PrincipalArn``: for a role session, the role's ARN."""
    return principal.role_arn or principal.arn


@lru_cache(maxsize=16384)
def parse(document: str) -> tuple[Statement, ...]:
    """Parse a policy document; the parsed form is kept, documents repeat on every call.

    Raises:
        ValueError: not a policy.
    """
    body = json.loads(document)
    if not isinstance(body, dict):
        raise ValueError("a policy is a JSON object")  # noqa: TRY004 - one error for every fault
    variables = body.get("Version") == "2012-10-17"
    found = body.get("Statement", [])
    statements = found if isinstance(found, list) else [found]
    return tuple(_statement(item, variables=variables) for item in statements)


def _statement(item: Mapping[str, Any], *, variables: bool) -> Statement:
    if item.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError("a statement's Effect is Allow or Deny")
    return Statement(
        deny=item["Effect"] == "Deny",
        actions=_texts(item.get("Action")),
        not_actions=_texts(item.get("NotAction")),
        resources=_texts(item.get("Resource")),
        not_resources=_texts(item.get("NotResource")),
        principals=_principals(item.get("Principal")),
        not_principals=_principals(item.get("NotPrincipal")),
        conditions=item.get("Condition", {}),
        variables=variables,
    )


def _texts(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(value) if isinstance(value, list) else (str(value),)


def _principals(value: Any) -> tuple[tuple[str, str], ...] | None:
    if value is None:
        return None
    if value == "*":
        return (("AWS", "*"),)
    return tuple((kind, text) for kind, texts in value.items() for text in _texts(texts) or ())
