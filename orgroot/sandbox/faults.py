"""Faults on order: latency, throttling, errors, lost replies, short sessions, AWS's token buckets.

Rules come from the control endpoint, which exists only in the sandbox. Without a rule nothing is
ever made to fail.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from orgroot.core.ids import AccountId
from orgroot.sandbox.model import ApiError

_RATES: Mapping[str, tuple[float, float, float, float]] = {
    "ListAccounts": (8, 12, 9, 15),
    "DescribeAccount": (20, 30, 24, 36),
    "ListChildren": (6, 10, 6, 10),
    **dict.fromkeys(
        (
            "ListParents",
            "ListAccountsForParent",
            "ListOrganizationalUnitsForParent",
            "ListPolicies",
            "ListPoliciesForTarget",
            "ListTargetsForPolicy",
        ),
        (5, 8, 6, 10),
    ),
    "DescribePolicy": (2, 2, 2, 3),
    **dict.fromkeys(("ListRoots", "DescribeOrganization"), (1, 2, 1, 2)),
    **dict.fromkeys(
        ("CreatePolicy", "UpdatePolicy", "DeletePolicy", "AttachPolicy", "DetachPolicy"),
        (2, 3, 2, 3),
    ),
    **dict.fromkeys(("EnablePolicyType", "DisablePolicyType"), (1, 1, 1, 1)),
    **dict.fromkeys(
        (
            "EnableAWSServiceAccess",
            "DisableAWSServiceAccess",
            "RegisterDelegatedAdministrator",
            "DeregisterDelegatedAdministrator",
        ),
        (1, 2, 1, 2),
    ),
    "ListAWSServiceAccessForOrganization": (1, 3, 1, 3),
    "ListDelegatedAdministrators": (5, 8, 5, 8),
    "CloseAccount": (0.05, 1, 0.05, 1),
}
"""Rate and burst per account, then per organization (Organizations user guide, "Quotas")."""
_LOOKUP_EVENTS = (2.0, 2.0)
"""CloudTrail LookupEvents: requests per second per account and Region (API reference)."""


class Effect(StrEnum):
    """What a rule does to a call that it matches."""

    LATENCY = "latency"
    THROTTLE = "throttle"
    ERROR = "error"
    LOST_REPLY = "lost-reply"
    SESSION_LIFETIME = "session-lifetime"
    TOKEN_BUCKETS = "token-buckets"  # noqa: S105 - a name of AWS's, no secret


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault on order; a selector that is absent matches any call.

    Attributes:
        effect: what happens.
        service: signing name, e.g. ``sts``.
        operation: API operation, e.g. ``AssumeRoot``.
        account: the caller's account; a root session's is the member.
        target: the account that AssumeRoot asks for.
        region: the signed Region.
        latency_ms: how long LATENCY holds the call back.
        code, message, status: what ERROR answers; by default InternalFailure, 500.
        seconds: the lifetime that SESSION_LIFETIME gives to issued sessions; 0 is expired at once.
        after: how many matching calls pass untouched first.
        count: how many calls it strikes then; None for all.
        probability: the chance of striking a call that matches.
        seed: of that chance, so that a run can be repeated.
    """

    effect: Effect
    service: str | None = None
    operation: str | None = None
    account: str | None = None
    target: str | None = None
    region: str | None = None
    latency_ms: float = 0
    code: str = "InternalFailure"
    message: str = "The request processing has failed because of an unknown error."
    status: int = 500
    seconds: float = 0
    after: int = 0
    count: int | None = None
    probability: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will go wrong with one call.

    Attributes:
        latency_seconds: hold it back so long.
        refusal: answer this and do nothing.
        lost_reply: do it, and close the connection without an answer.
        session_seconds: the lifetime of a session it issues, where shortened.
    """

    latency_seconds: float = 0
    refusal: ApiError | None = None
    lost_reply: bool = False
    session_seconds: float | None = None


@dataclass(slots=True)
class _Armed:
    rule: Rule
    chance: random.Random
    seen: int = 0
    struck: int = 0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class Faults:
    """The rules in force; empty at start."""

    monotonic: Callable[[], float] = time.monotonic
    _armed: list[_Armed] = field(default_factory=list)
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, rules: tuple[Rule, ...]) -> None:
        """Add rules to those in force."""
        with self._lock:
            self._armed += [
                _Armed(rule=rule, chance=random.Random(rule.seed))  # noqa: S311 - faults, no secret
                for rule in rules
            ]

    def clear(self) -> None:
        """Drop every rule."""
        with self._lock:
            self._armed.clear()
            self._buckets.clear()

    def in_force(self) -> list[dict[str, Any]]:
        """The rules with how often each matched and struck."""
        with self._lock:
            return [
                {**msgspec.to_builtins(one.rule), "seen": one.seen, "struck": one.struck}
                for one in self._armed
            ]

    def plan(
        self, service: str, operation: str, account: AccountId, region: str, target: str = ""
    ) -> Plan:
        """What the rules do to this call."""
        if not self._armed:
            return Plan()
        sought = (service, operation, account, region, target)
        with self._lock:
            struck = [
                one.rule for one in self._armed if _matches(one.rule, sought) and _strikes(one)
            ]
            refusal = self._refusal(struck, service, operation, account, region)
        lifetimes = [rule.seconds for rule in struck if rule.effect is Effect.SESSION_LIFETIME]
        return Plan(
            latency_seconds=sum(
                rule.latency_ms / 1000 for rule in struck if rule.effect is Effect.LATENCY
            ),
            refusal=refusal,
            lost_reply=any(rule.effect is Effect.LOST_REPLY for rule in struck),
            session_seconds=min(lifetimes) if lifetimes else None,
        )

    def _refusal(
        self, struck: list[Rule], service: str, operation: str, account: AccountId, region: str
    ) -> ApiError | None:
        for rule in struck:
            match rule.effect:
                case Effect.THROTTLE:
                    return throttled(service)
                case Effect.ERROR:
                    return ApiError(rule.code, rule.message, rule.status)
                case Effect.TOKEN_BUCKETS if not self._admits(service, operation, account, region):
                    return throttled(service)
                case _:
                    continue
        return None

    def _admits(self, service: str, operation: str, account: AccountId, region: str) -> bool:
        if service == "organizations" and operation in _RATES:
            rate, burst, all_rate, all_burst = _RATES[operation]
            mine = self._take((operation, account), rate, burst)
            return self._take((operation, ""), all_rate, all_burst) and mine
        if service == "cloudtrail" and operation == "LookupEvents":
            return self._take((operation, f"{account}/{region}"), *_LOOKUP_EVENTS)
        return True

    def _take(self, key: tuple[str, str], rate: float, burst: float) -> bool:
        now = self.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(tokens=burst, at=now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _matches(rule: Rule, sought: tuple[str, ...]) -> bool:
    selectors = (rule.service, rule.operation, rule.account, rule.region, rule.target)
    return all(
        wanted is None or wanted == actual for wanted, actual in zip(selectors, sought, strict=True)
    )


def _strikes(one: _Armed) -> bool:
    one.seen += 1
    if one.seen <= one.rule.after:
        return False
    if one.rule.count is not None and one.struck >= one.rule.count:
        return False
    if one.rule.probability < 1 and one.chance.random() >= one.rule.probability:
        return False
    one.struck += 1
    return True


def throttled(service: str) -> ApiError:
    """How a service says that a caller is too fast."""
    if service == "organizations":
        text = "You have sent too many requests in too short a period of time."
        return ApiError("TooManyRequestsException", text, 400, {"Type": "RATE_LIMIT"})
    if service == "s3":
        return ApiError("SlowDown", "Please reduce your request rate.", 503)
    if service == "sqs":
        return ApiError("RequestThrottled", "Request is throttled.", 400)
    if service in {"sts", "iam", "sns", "monitoring"}:
        return ApiError("Throttling", "Rate exceeded", 400)
    return ApiError("ThrottlingException", "Rate exceeded", 400)
