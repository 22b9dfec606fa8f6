"""Faults on order: each effect, its selectors, and AWS's own token buckets."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from orgroot.core.ids import AccountId
from orgroot.sandbox.faults import Effect, Faults, Rule
from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import MANAGEMENT, MEMBER, OTHER, TASK, Sandbox

Refused = Callable[..., Any]
AUDIT = {"arn": TASK + "IAMAuditRootUserCredentials"}


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("organizations", "list_roots", ("TooManyRequestsException", 400)),
        ("iam", "list_users", ("Throttling", 400)),
        ("sts", "get_caller_identity", ("Throttling", 400)),
        ("s3", "list_buckets", ("SlowDown", 503)),
        ("sqs", "list_queues", ("RequestThrottled", 400)),
        ("cloudtrail", "lookup_events", ("ThrottlingException", 400)),
    ],
)
def test_throttling_is_worded_as_the_service_words_it(
    sandbox: Sandbox, refused: Refused, service: str, operation: str, answer: tuple[str, int]
) -> None:
    """Clients tell throttling by code, and each service has its own."""
    sandbox.fault(effect="throttle", service=service, count=1)
    call = getattr(sandbox.client(service, sandbox.administrator(MANAGEMENT)), operation)
    refusal = refused(call)
    assert (refusal.code, refusal.status) == answer
    call()


def test_an_error_strikes_where_it_is_aimed(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """Operation and target account must both select."""
    sandbox.fault(
        effect="error", operation="AssumeRoot", target=OTHER, status=503, code="ServiceUnavailable"
    )
    sts = sandbox.client("sts", manager)
    assert sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=AUDIT)["Credentials"]
    refusal = refused(sts.assume_root, TargetPrincipal=OTHER, TaskPolicyArn=AUDIT)
    assert (refusal.code, refusal.status) == ("ServiceUnavailable", 503)
    sandbox.control("DELETE", "faults")
    assert sts.assume_root(TargetPrincipal=OTHER, TaskPolicyArn=AUDIT)["Credentials"]


def test_a_struck_call_did_nothing(sandbox: Sandbox, manager: UserKey, refused: Refused) -> None:
    """An error on order means that the call was not made."""
    sandbox.fault(effect="error", service="sqs", operation="CreateQueue")
    sqs = sandbox.client("sqs", manager)
    refused(sqs.create_queue, QueueName="never")
    assert "QueueUrls" not in sqs.list_queues()


def test_a_lost_reply_was_done(sandbox: Sandbox, manager: UserKey) -> None:
    """The client sees a closed connection, and the call stands."""
    sandbox.fault(effect="lost-reply", operation="AssumeRoot", count=1)
    with pytest.raises(ConnectionClosedError):
        sandbox.client("sts", manager).assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=AUDIT)
    (session,) = sandbox.control("GET", "state")["assume_root"]
    assert session["access_key_id"].startswith("ASIA")
    assert sandbox.client("sts", manager).get_caller_identity()["Account"] == MANAGEMENT


def test_latency_holds_a_call_back(sandbox: Sandbox, manager: UserKey) -> None:
    """The answer must come, and not before its time."""
    sandbox.fault(effect="latency", operation="GetCallerIdentity", latency_ms=150)
    sts = sandbox.client("sts", manager)
    started = time.monotonic()
    sts.get_caller_identity()
    assert time.monotonic() - started >= 0.15


def test_a_session_may_be_issued_expired(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """Expiry in mid-run must be orderable: the session opens nothing from its first call."""
    sandbox.fault(effect="session-lifetime", operation="AssumeRoot", seconds=0)
    answer = sandbox.client("sts", manager).assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=AUDIT)
    iam = sandbox.client("iam", answer["Credentials"])
    assert refused(iam.get_account_summary).code == "ExpiredToken"


def test_after_count_and_probability_are_kept(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """The first calls pass, the next are struck, the rest pass again."""
    sandbox.fault(effect="throttle", operation="GetCallerIdentity", after=1, count=1)
    sts = sandbox.client("sts", manager)
    sts.get_caller_identity()
    assert refused(sts.get_caller_identity).code == "Throttling"
    sts.get_caller_identity()
    (rule,) = sandbox.control("GET", "faults")["rules"]
    assert (rule["seen"], rule["struck"]) == (3, 1)


def test_the_same_seed_strikes_the_same_calls() -> None:
    """A run with chance in it must be repeatable."""

    def run(seed: int) -> list[bool]:
        faults = Faults()
        faults.order((Rule(effect=Effect.THROTTLE, probability=0.5, seed=seed),))
        plans = [faults.plan("iam", "X", AccountId(MEMBER), "r") for _ in range(40)]
        return [plan.refusal is not None for plan in plans]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 5 < sum(run(1)) < 35


def test_token_buckets_are_those_of_aws() -> None:
    """Burst first, then the rate, then again after waiting."""
    now = [0.0]
    faults = Faults(monotonic=lambda: now[0])
    faults.order((Rule(effect=Effect.TOKEN_BUCKETS),))

    def admitted(operation: str, calls: int, account: str = MANAGEMENT) -> int:
        plans = [
            faults.plan("organizations", operation, AccountId(account), "us-east-1")
            for _ in range(calls)
        ]
        return sum(plan.refusal is None for plan in plans)

    assert admitted("ListAccounts", 20) == 12
    now[0] += 1
    assert admitted("ListAccounts", 20) == 8
    assert admitted("AttachPolicy", 10) == 3
    assert admitted("EnablePolicyType", 10) == 1
    assert admitted("AnythingElse", 10) == 10


def test_a_disabled_feature_may_linger(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """STS kept issuing for up to a minute after a feature went off; on order, so does this."""
    sandbox.control("POST", "habits", {"revocation_lag_seconds": 60})
    sandbox.client("iam", manager).disable_organizations_root_credentials_management()
    sts = sandbox.client("sts", manager)
    assert sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=AUDIT)["Credentials"]
    sandbox.control("POST", "clock", {"advance_seconds": 61})
    assert refused(sts.assume_root, TargetPrincipal=MEMBER, TaskPolicyArn=AUDIT).code == (
        "AccessDenied"
    )


def test_a_listing_may_begin_with_an_empty_page(sandbox: Sandbox, manager: UserKey) -> None:
    """AWS may answer an empty page with a token; on order, so does this."""
    sandbox.control("POST", "habits", {"empty_pages": True})
    organizations = sandbox.client("organizations", manager)
    first = organizations.list_accounts()
    assert (first["Accounts"], bool(first["NextToken"])) == ([], True)
    pages = organizations.get_paginator("list_accounts").paginate()
    assert len([account for page in pages for account in page["Accounts"]]) == 4


def test_a_rule_with_an_unknown_word_is_refused(sandbox: Sandbox) -> None:
    """A misspelt selector must not silently match everything."""
    with pytest.raises(AssertionError, match="operatoin"):
        sandbox.control(
            "POST", "faults", {"rules": [{"effect": "throttle", "operatoin": "AssumeRoot"}]}
        )
