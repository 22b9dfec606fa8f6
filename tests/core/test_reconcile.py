"""CloudTrail against the log: every pairing of event and session, and what it amounts to."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.config import KnownCaller
from orgroot.core.governed_tasks import Task
from orgroot.core.reconcile import (
    LoggedSession,
    Pairing,
    Verdict,
    Window,
    opened_at,
    reconcile,
)
from tests.core import scene as s
from tests.core.trail_records import CALLER, MANAGEMENT, REFERENCE, event

SINCE = s.START - timedelta(days=30)
UNTIL = s.START + timedelta(hours=6)
ROLE = "arn:aws:iam::111111111111:role/scanner"
EXECUTION = "oex_" + "a" * 26


def session(**changes: Any) -> LoggedSession:
    """The session on record that belongs to the event of `trail_records`."""
    base: dict[str, Any] = {
        "access_key_id": "ASIA1",
        "account": s.ACCOUNT,
        "task_policy": "S3UnlockBucketPolicy",
        "execution": EXECUTION,
        "request": "orq_" + "a" * 26,
        "seq": 4,
        "begun": s.START - timedelta(minutes=1),
        "until": s.START + timedelta(minutes=30),
        "expires_at": s.START + timedelta(minutes=25),
        "caller": CALLER,
        "role": "",
    }
    return LoggedSession(**(base | changes))


def window(**changes: Any) -> Window:
    """All of the management account's trail was read."""
    base: dict[str, Any] = {
        "since": SINCE,
        "until": UNTIL,
        "genesis": s.START - timedelta(days=10),
        "read": frozenset({MANAGEMENT}),
        "unread": frozenset(),
    }
    return Window(**(base | changes))


def paired(
    *events: Any,
    on_record: tuple[LoggedSession, ...] = (),
    known: tuple[KnownCaller, ...] = (),
    **changes: Any,
) -> list[Pairing]:
    """The reconciliation of these."""
    references = {REFERENCE: EXECUTION}
    seen = window(**changes)
    found = reconcile(events, on_record, window=seen, known=known, references=references)
    return list(found)


def verdicts(found: list[Pairing]) -> list[Verdict]:
    """Only the verdicts."""
    return [pairing.verdict for pairing in found]


def test_an_event_and_its_session_match_by_the_access_key_id() -> None:
    """One event, one session on record: they are one, with or without a reference."""
    for agent in (f"ref/{REFERENCE}", "aws-cli/2"):
        (one,) = paired(event(userAgent=agent), on_record=(session(),))
        assert (one.verdict, one.detail) == (Verdict.MATCHED, "")
        assert one.event is not None
        assert one.session == session()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"ref/{REFERENCE}", f"the reference of {EXECUTION}"),
        (f"ref/{REFERENCE.replace('4', '5')}", "no record of this log has"),
        ("aws-cli/2", "no reference"),
    ],
)
def test_a_session_that_no_record_has_is_unlogged_whatever_its_reference(
    agent: str, words: str
) -> None:
    """A copied reference makes no session logged: only the access key id does."""
    found = paired(event(userAgent=agent), on_record=(session(access_key_id="ASIA2"),))
    assert verdicts(found) == [Verdict.UNLOGGED_SESSION, Verdict.UNSEEN_SESSION]
    assert words in found[0].detail


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account": s.OTHER}, f"for account {s.OTHER}"),
        ({"task_policy": "IAMAuditRootUserCredentials"}, "with IAMAuditRootUserCredentials"),
        ({"caller": s.arn("olga")}, f"for {s.arn('olga')}"),
        ({"role": ROLE}, f"for the role {ROLE}"),
        ({"begun": s.START + timedelta(hours=1)}, "and it was opened at"),
        ({"until": s.START - timedelta(hours=1)}, "and it was opened at"),
    ],
)
def test_a_session_that_was_announced_as_another_is_unlogged(
    changes: dict[str, Any], words: str
) -> None:
    """Where record and event disagree on account, task, time or caller, nothing is matched."""
    (one,) = paired(event(), on_record=(session(**changes),))
    assert one.verdict is Verdict.UNLOGGED_SESSION
    assert words in one.detail


def test_the_role_behind_a_session_is_the_executor_role() -> None:
    """An executor role's session may have any name: the role itself is compared."""
    identity = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111111111111:assumed-role/scanner/alice",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
    }
    (one,) = paired(event(userIdentity=identity), on_record=(session(role=ROLE),))
    assert one.verdict is Verdict.MATCHED


def test_the_same_event_twice_is_one_event() -> None:
    """CloudTrail may deliver an event more than once."""
    assert verdicts(paired(event(), event(), on_record=(session(),))) == [Verdict.MATCHED]


def test_two_events_of_one_access_key_id_do_not_share_a_record() -> None:
    """Each event maps to a record of its own: the second is unlogged."""
    found = paired(event(), event(eventID="e-2"), on_record=(session(),))
    assert verdicts(found) == [Verdict.MATCHED, Verdict.UNLOGGED_SESSION]
    assert "another event" in found[1].detail


def test_two_records_of_one_access_key_id_do_not_share_an_event() -> None:
    """Whoever claims another's session in a record of their own is found."""
    found = paired(event(), on_record=(session(), session(seq=9)))
    assert verdicts(found) == [Verdict.MATCHED, Verdict.UNSEEN_SESSION]
    assert "another record" in found[1].detail


def test_a_refused_attempt_is_information() -> None:
    """AWS refused, so there is no session, and nothing on record is missing."""
    (one,) = paired(event(errorCode="AccessDenied", responseElements=None))
    assert (one.verdict, one.detail) == (Verdict.FAILED_ATTEMPT, "AccessDenied")


def test_an_event_that_does_not_say_which_session_is_unlogged() -> None:
    """Without an access key id nothing can be matched: unknown is not logged."""
    (one,) = paired(event(responseElements=None))
    assert one.verdict is Verdict.UNLOGGED_SESSION
    assert "does not say which session" in one.detail


def test_events_before_the_log_began_are_information() -> None:
    """The log cannot have what was done before it; without a time an event is not before it."""
    (one,) = paired(event(), genesis=s.START + timedelta(days=1))
    assert one.verdict is Verdict.BEFORE_GENESIS
    assert verdicts(paired(event(eventTime=None), genesis=UNTIL)) == [Verdict.UNLOGGED_SESSION]


def known(task: Task = Task.UNLOCK_BUCKET, role: str = CALLER, until: str = "2026-03-02") -> Any:
    """A caller whom the configuration knows."""
    return KnownCaller(
        role=role, tasks=(task,), reason="weekly scan", until=date.fromisoformat(until)
    )


@pytest.mark.parametrize(
    ("entry", "verdict", "words"),
    [
        (known(), Verdict.KNOWN_CALLER, "weekly scan (until 2026-03-02)"),
        (known(until="2026-03-01"), Verdict.UNLOGGED_SESSION, "known until 2026-03-01"),
        (known(Task.AUDIT_ROOT_CREDENTIALS), Verdict.UNLOGGED_SESSION, "no such session"),
        (known(role=ROLE), Verdict.UNLOGGED_SESSION, "no such session"),
    ],
)
def test_a_known_caller_is_shown_apart_for_its_tasks_until_its_date(
    entry: KnownCaller, verdict: Verdict, words: str
) -> None:
    """The configuration explains a caller for some tasks and to the end of a day, no further."""
    (one,) = paired(event(), known=(entry,))
    assert one.verdict is verdict
    assert words in one.detail


def test_a_known_caller_may_be_named_by_its_role() -> None:
    """A role is known whatever its sessions are called."""
    identity = {"sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}}}
    (one,) = paired(event(userIdentity=identity), known=(known(role=ROLE),))
    assert one.verdict is Verdict.KNOWN_CALLER


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.UNSEEN_SESSION),
        ({"read": frozenset({s.OTHER})}, Verdict.NOT_READ),
        ({"unread": frozenset({MANAGEMENT})}, Verdict.NOT_READ),
        ({"until": s.START + timedelta(minutes=39)}, Verdict.NOT_YET_VISIBLE),
        ({"until": s.START + timedelta(minutes=41)}, Verdict.UNSEEN_SESSION),
        ({"since": s.START + timedelta(minutes=11)}, None),
    ],
)
def test_a_session_without_event_is_unseen_only_where_it_would_have_been_seen(
    changes: dict[str, datetime], verdict: Verdict | None
) -> None:
    """Too new, not read, or from before the window is not absent."""
    found = verdicts(paired(on_record=(session(),), **changes))
    assert found == ([] if verdict is None else [verdict])


def test_an_executors_role_says_whose_trail_has_the_session() -> None:
    """The trail of the role's account is the one that must show it."""
    other = session(role=f"arn:aws:iam::{s.OTHER}:role/orgroot-executor")
    (one,) = paired(on_record=(other,))
    assert (one.verdict, s.OTHER in one.detail) == (Verdict.NOT_READ, True)


KEYS = st.lists(st.sampled_from(["ASIA1", "ASIA2", "ASIA3"]), max_size=6)


@given(KEYS, KEYS)
def test_events_and_records_pair_one_to_one(seen: list[str], recorded: list[str]) -> None:
    """Never are two events matched with one record, nor two records with one event."""
    events = [
        event(eventID=f"e-{n}", responseElements={"credentials": {"accessKeyId": key}})
        for n, key in enumerate(seen)
    ]
    sessions = tuple(session(access_key_id=key, seq=n + 1) for n, key in enumerate(recorded))
    found = paired(*events, on_record=sessions)
    matched = [pairing for pairing in found if pairing.verdict is Verdict.MATCHED]
    assert len(matched) == len(set(seen) & set(recorded))
    assert len({id(pairing.session) for pairing in matched}) == len(matched)
    rest = [pairing for pairing in found if pairing.verdict is not Verdict.MATCHED]
    unlogged = [p for p in rest if p.verdict is Verdict.UNLOGGED_SESSION]
    assert len(unlogged) == len(seen) - len(matched)
    assert len(rest) - len(unlogged) == len(recorded) - len(matched)


@pytest.mark.parametrize("away", [timedelta(days=-60), timedelta(days=-1), timedelta(days=3000)])
def test_the_end_that_an_executor_tells_hides_no_session(away: timedelta) -> None:
    """A session that CloudTrail lacks is unseen, whenever it is said to have ended."""
    (one,) = paired(on_record=(session(expires_at=s.START + away),))
    assert one.verdict is Verdict.UNSEEN_SESSION


def test_what_aws_tells_of_sessions_is_kept() -> None:
    """When an event names a session on record, its own time is that session's beginning."""
    told = event()
    both = paired(told, on_record=(session(), session(access_key_id="ASIA2")))
    assert opened_at(both) == {"ASIA1": told.at}
    assert opened_at(paired(event(eventTime="soon"), on_record=(session(),))) == {}
