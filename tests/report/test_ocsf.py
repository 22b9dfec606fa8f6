"""Events are what the published schema of OCSF 1.3.0 asks for, and say what the log says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from orgroot.core import facts
from orgroot.core.results import CallRow, LogRecordRow
from orgroot.report.ocsf import VERSION, Source, events
from orgroot.report.ocsf_tables import (
    ACCOUNT_CHANGE,
    API_ACTIVITY,
    AUTHORIZE_SESSION,
    BASE_EVENT,
    ENTITIES,
    ENTITY_MANAGEMENT,
    activity_of,
)
from orgroot.workflows.log_entries import TYPES
from tests.core import scene as s
from tests.report.ocsf_schema import SCHEMA, flaws

SOURCE = Source(
    organization=s.ORG,
    management_account="111111111111",
    log_id=s.LOG,
    version="1.0",
    now=datetime(2026, 3, 2, tzinfo=UTC),
)
FACTS = {"issued", "step-intent", "step-result", "closed", "aborted"}
RUN = "oex_" + "a" * 26


def row(kind: str, *items: Any, **fields: Any) -> LogRecordRow:
    """A record of a type, by alice."""
    fact = kind in FACTS
    body = {"items": [msgspec.to_builtins(item) for item in items]} if fact else {}
    base: dict[str, Any] = {
        "seq": 7,
        "type": kind,
        "at": "2026-03-02T09:00:00Z",
        "signers": ("alice",),
        "subject": "about something",
        "hash": "ab" * 32,
        "person": "alice",
        "caller": s.arn("alice"),
        "request": "orq_" + "a" * 26,
        "execution": RUN if fact else None,
        "task": "unlock-bucket",
        "accounts": (s.ACCOUNT,),
        "body": body | fields.pop("said", {}),
    }
    return LogRecordRow(**(base | fields))


def call(outcome: str = "done", operation: str = "s3:PutBucketPolicy", **more: str) -> CallRow:
    """A change."""
    return CallRow(
        account=more.get("account", s.ACCOUNT),
        operation=operation,
        target=more.get("target", s.BUCKET),
        outcome=outcome,
        error=more.get("error", ""),
    )


def told(record: LogRecordRow) -> list[dict[str, Any]]:
    """Its events, each as the schema wants it."""
    found = list(events(record, SOURCE))
    assert [flaw for event in found for flaw in flaws(event)] == []
    return found


def every_row() -> Iterator[LogRecordRow]:
    """A record of each type, and those with odd contents."""
    for kind in sorted(TYPES - FACTS | set(ENTITIES) - FACTS):
        yield row(kind)
        yield row(kind, person=None, caller=None, accounts=(), request=None, execution=None)
    yield row("request", said={"break_glass": True, "justification": "down"})
    yield row("foreign", at="", signers=(), counts=False, person=None, body=None)
    yield row("issued", s.issued(), s.issued(s.OTHER, "ASIA2"))
    yield row("closed", s.ended(), s.ended("", "unknown"), s.ended(outcome="failed: denied"))
    yield row("aborted", s.refused())
    for kind in ("step-intent", "step-result"):
        for operation in (
            "",
            "iam:DeleteAccessKey",
            "iam:DeactivateMFADevice",
            "sqs:AddPermission",
        ):
            for outcome in ("", "done", "refused", "unknown"):
                change = call(outcome, operation, error="AccessDenied: no" if outcome else "")
                yield row(kind, calls=(change, call(outcome, operation, account="", target="")))


def test_every_event_is_as_the_published_schema_wants_it() -> None:
    """Required attributes are there, types and enums fit, and nothing is made up."""
    rows = list(every_row())
    assert {one.type for one in rows} >= TYPES
    found = [event for one in rows for event in told(one)]
    assert {event["class_uid"] for event in found} == {0, 3001, 3003, 3004, 6003}


def test_every_type_of_statement_has_its_entity() -> None:
    """A new type of statement must say what it is about; only foreign records are unknown."""
    assert set(ENTITIES) >= TYPES - {"foreign", "issued", "step-intent", "step-result"}


@pytest.mark.parametrize(
    "about", [BASE_EVENT, ACCOUNT_CHANGE, AUTHORIZE_SESSION, ENTITY_MANAGEMENT, API_ACTIVITY]
)
def test_numbers_and_captions_are_those_of_the_schema(about: Any) -> None:
    """Class, activities and version are the published ones."""
    published = next(one for one in SCHEMA["classes"].values() if one["uid"] == about.uid)
    assert SCHEMA["version"] == VERSION
    assert about.name == published["caption"]
    enum = published["attributes"]["activity_id"]["enum"]
    assert {str(n): name for n, name in about.activities.items()}.items() <= enum.items()


def test_the_check_itself_finds_what_is_wrong() -> None:
    """An event without a required attribute, with a foreign one, or of a wrong type is refused."""
    (good,) = told(row("issued", s.issued()))
    for broken in (
        {name: part for name, part in good.items() if name != "user"},
        good | {"made_up": 1},
        good | {"time": "2026"},
        good | {"activity_id": 77},
        good | {"group": {"name": "both"}},
        good | {"type_uid": 1},
        good | {"cloud": {}},
        good | {"user": {}},
        good | {"privileges": "none"},
        good | {"class_uid": 12},
    ):
        assert flaws(broken), broken


def test_an_issued_session_is_an_authorized_one() -> None:
    """Which root user, which task policy, which access key id, who stands behind it; never more."""
    (event,) = told(row("issued", s.issued()))
    assert event["class_uid"] == 3003
    assert event["user"]["uid"] == event["cloud"]["account"]["uid"] == s.ACCOUNT
    assert event["session"]["credential_uid"] == event["user"]["credential_uid"] == "ASIA1"
    assert event["privileges"] == ["S3UnlockBucketPolicy"]
    assert event["actor"]["user"] == {
        "name": "alice",
        "type_id": 1,
        "type": "User",
        "uid": s.arn("alice"),
    }
    assert event["session"]["expiration_time"] - event["session"]["created_time"] == 3600 * 1000
    assert event["metadata"]["correlation_uid"] == RUN


@pytest.mark.parametrize(
    ("outcome", "status"), [("", 99), ("done", 1), ("refused", 2), ("unknown", 0), ("odd", 0)]
)
def test_a_change_says_how_it_went(outcome: str, status: int) -> None:
    """Done is success, refused is failure, and what nobody knows is unknown."""
    (event,) = told(row("step-result", calls=(call(outcome, error="Denied: no way"),)))
    assert (event["class_uid"], event["status_id"]) == (6003, status)
    assert event["api"]["operation"] == "PutBucketPolicy"
    assert event["api"]["response"] == {"error": "Denied", "error_message": "no way"}
    assert event["resources"] == [{"uid": s.BUCKET, "name": s.BUCKET}]


def test_a_root_user_s_credentials_are_an_account_change() -> None:
    """Once it was tried; before that it is a call that is intended."""
    key = call("done", "iam:DeleteAccessKey", target="AKIAEXAMPLE")
    (made,) = told(row("step-result", calls=(key,)))
    assert (made["class_uid"], made["user"]["credential_uid"]) == (3001, "AKIAEXAMPLE")
    (mfa,) = told(row("step-result", calls=(call("done", "iam:DeactivateMFADevice"),)))
    assert mfa["activity_name"] == "MFA Factor Disable"
    assert "credential_uid" not in mfa["user"]
    (before,) = told(row("step-intent", calls=(call("", "iam:DeleteAccessKey"),)))
    assert (before["class_uid"], before["activity_name"]) == (6003, "Delete")


def test_an_emergency_is_loud_and_a_plain_request_is_not() -> None:
    """Break-glass requests are High; the reason is the comment."""
    (loud,) = told(row("request", said={"break_glass": True, "justification": "all is down"}))
    (plain,) = told(row("request", said={"break_glass": False}))
    assert (loud["severity_id"], plain["severity_id"]) == (4, 1)
    assert loud["comment"] == "all is down"
    assert "comment" not in plain


@pytest.mark.parametrize(
    ("outcome", "status"), [("succeeded", 1), ("unknown", 0), ("unverified {}", 0), ("failed", 2)]
)
def test_an_end_is_success_only_where_the_log_says_so(outcome: str, status: int) -> None:
    """Any word that is no success is failure, unless nobody knows."""
    (event,) = told(row("closed", s.ended(outcome=outcome)))
    assert event["status_id"] == status
    assert event["entity"]["uid"] == RUN


def test_events_of_one_record_are_told_apart() -> None:
    """Each has an identity of its own, and the place of the record in the log."""
    first, second = told(row("closed", s.ended(), s.ended(s.OTHER)))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert first["metadata"]["sequence"] == second["metadata"]["sequence"] == 7


def test_a_record_without_a_time_gets_that_of_the_export() -> None:
    """Nobody knows when a foreign record was written, and the schema wants a time."""
    (event,) = told(row("foreign", at="", body=None))
    assert event["time"] == int(SOURCE.now.timestamp() * 1000)
    assert "original_time" not in event["metadata"]


@pytest.mark.parametrize(
    ("operation", "activity"),
    [
        ("CreatePolicy", 1),
        ("GetBucketPolicy", 2),
        ("PutBucketPolicy", 3),
        ("DeleteBucketPolicy", 4),
        ("DisableAWSServiceAccess", 4),
        ("", 99),
    ],
)
def test_the_verb_of_a_call_is_its_activity(operation: str, activity: int) -> None:
    """Create, Read, Update or Delete, as AWS names its calls."""
    assert activity_of(operation) == activity


def test_items_of_facts_are_what_the_mapping_reads() -> None:
    """The mapping takes members of these items by name: a renamed one must be noticed here."""
    names = {field.name for field in msgspec.structs.fields(facts.IssuedItem)}
    assert {"account", "task_policy", "access_key_id", "expires_at"} <= names
    assert {"account", "outcome"} <= {f.name for f in msgspec.structs.fields(facts.ClosedItem)}
    assert {"account", "error"} <= {f.name for f in msgspec.structs.fields(facts.AbortedItem)}
