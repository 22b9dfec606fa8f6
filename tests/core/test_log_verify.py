"""The whole store against itself."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from orgroot.core.audit_log import check_fact_object, verify
from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.facts import IssuedItem
from orgroot.core.findings import FindingCode
from orgroot.core.ids import Digest
from orgroot.core.log_state import LogState
from orgroot.core.log_verify import MAX_GAP
from orgroot.core.root_tasks import TaskPolicy
from orgroot.errors import IntegrityError
from tests.core import scene as s
from tests.core import world as w

C = FindingCode
READ = s.issued(policy=TaskPolicy.AUDIT)


@pytest.fixture
def log() -> w.Log:
    """A log with its rules in force."""
    return w.Log(s.approvals_of())


def surveyed(log: w.Log) -> w.ExecutionId:
    """A survey with two facts, the second of which names an object, and its closing record."""
    run = log.survey()
    kept = log.put({"found": 1})
    first = log.fact_object(run, 1, READ)
    second = log.fact_object(run, 2, s.ended(s.ACCOUNT, "clean", kept))
    log.fact(run, s.ended("", "surveyed", first, second))
    return run


def verified(log: w.Log, *, later: timedelta = timedelta()) -> LogState:
    """The verdict on everything."""
    return verify(
        trust=log.trust,
        organization=s.ORG,
        get=log.store.get,
        keys=tuple(log.store),
        now=log.now + later,
    )


def codes(log: w.Log) -> list[FindingCode]:
    """The codes of all findings."""
    return [finding.code for finding in verified(log).findings]


def fact_key(log: w.Log, n: int) -> str:
    """The key of a fact of the newest survey."""
    return f"facts/{log.run_record().seq}/{n}.json"


def test_a_sound_store_has_no_findings(log: w.Log) -> None:
    """Records, objects and facts all vouch for each other."""
    w.unlocked(log)
    surveyed(log)
    state = verified(log)
    assert state.findings == []
    assert state.seq == len(log.raws)


def test_missing_records_are_gaps(log: w.Log) -> None:
    """Each is named, and what follows is still looked at."""
    w.unlocked(log)
    del log.store["000000000004.json"], log.store["000000000005.json"]
    gaps = [f.seq for f in verified(log).findings if f.code is C.GAP]
    assert gaps == [4, 5]


def test_a_record_of_any_number_does_not_hold_up_who_verifies(log: w.Log) -> None:
    """What lies far behind the log is one finding, not one for each number before it."""
    w.unlocked(log)
    seq = len(log.raws)
    for number in (999_999_999_999, seq + MAX_GAP + 2):
        log.store[f"{number:012d}.json"] = b"far ahead\n"
    state = verified(log)
    (gap,) = state.findings
    assert (gap.code, gap.seq, state.seq) == (C.GAP, seq + 1, seq)
    assert f"up to record {seq + MAX_GAP + 1} are missing" in gap.detail


def test_a_record_that_vanished_meanwhile_is_found(log: w.Log) -> None:
    """A key that is listed and then not there is a damaged record."""
    keys = (*log.store, "000000000003.json")
    state = verify(trust=log.trust, organization=s.ORG, get=log.store.get, keys=keys, now=log.now)
    assert [finding.code for finding in state.findings] == [C.FOREIGN_RECORD]


@pytest.mark.parametrize(
    ("key", "data", "code"),
    [
        ("objects/" + "a" * 64, b"x", C.OBJECT),
        ("objects/" + w.sha256(b"x"), b"x", C.STRAY_OBJECT),
        ("objects/x", b"x", C.STRAY_OBJECT),
        ("notes.txt", b"x", C.STRAY_OBJECT),
        ("000000000000.json", b"x", C.STRAY_OBJECT),
        ("facts/99/1.json", b"x", C.STRAY_OBJECT),
    ],
)
def test_what_nobody_vouches_for_is_named(
    log: w.Log, key: str, data: bytes, code: FindingCode
) -> None:
    """Objects that are not what they say break the log; the rest is worth a look."""
    log.store[key] = data
    assert codes(log) == [code]


def test_facts_of_a_survey_are_checked(log: w.Log) -> None:
    """A fact that was changed, added or removed after the closing record is found."""
    run = surveyed(log)
    good = dict(log.store)
    log.store[fact_key(log, 1)] += b"\n"
    assert codes(log) == [C.STRAY_OBJECT, C.OBJECT]
    log.store = dict(good)
    del log.store[fact_key(log, 1)]
    assert codes(log) == [C.OBJECT]
    log.store = dict(good)
    log.fact_object(run, 3, READ)
    assert codes(log) == [C.OBJECT]


def test_what_somebody_else_wrote_among_facts_is_a_stray(log: w.Log) -> None:
    """Whoever takes the name of a fact stops neither the survey nor who verifies the log."""
    surveyed(log)
    log.store[fact_key(log, 3)] = b"in the way\n"
    assert codes(log) == [C.STRAY_OBJECT]


def test_a_survey_that_never_closed_is_dangling(log: w.Log) -> None:
    """Its facts are read all the same; only after the deadline does it count as left open."""
    run = log.survey()
    log.fact_object(run, 1, READ)
    assert verified(log).findings == []
    found = verified(log, later=timedelta(hours=2)).findings
    assert [finding.code for finding in found] == [C.DANGLING]
    assert found[0].code.attention


def test_an_execution_that_was_superseded_is_not_dangling(log: w.Log) -> None:
    """What a later run took over is that run's to end; the organization is named as such."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    log.intent("alice", request)
    log.fact(log.intent("alice", request), s.ended(), s.ended(s.OTHER))
    assert verified(log, later=timedelta(hours=2)).findings == []


@pytest.mark.parametrize(
    "fault", ["key", "seq", "account", "policy", "run", "kind", "early", "late", "name"]
)
def test_a_fact_object_belongs_to_its_survey_alone(log: w.Log, fault: str) -> None:
    """Another key, place, account, task policy, execution, kind or time is refused."""
    run = surveyed(log)
    record = log.state.executions[run]
    item = {
        "account": s.issued(s.OTHER, policy=TaskPolicy.AUDIT),
        "policy": s.issued(policy=TaskPolicy.DELETE_CREDENTIALS),
        "early": _ends("0001-01-01T00:00:00Z"),
        "late": _ends("9999-12-31T23:59:59Z"),
    }.get(fault, READ)
    body = log.fact_body(run if fault != "run" else "oex_" + "a" * 26, item, seq=0, prev="")
    raw = log.fact_raw(body, seq=0, prev="", seed=b"\1" * 32 if fault == "key" else s.SEED)
    if fault == "seq":
        raw = log.fact_raw(log.fact_body(run, item))
    if fault == "name":
        named = parse_canonical(raw)
        named["sigs"][0] |= {"alg": "sshsig", "key": s.key("bob")}
        raw = canonical(named)
    if fault == "kind":
        record = log.state.executions[w.unlocked(log)]
    with pytest.raises(IntegrityError):
        check_fact_object(record, raw)
    with pytest.raises(IntegrityError):
        check_fact_object(record, b"{}")


def _ends(moment: str) -> IssuedItem:
    """A session with this end, with which nobody could reckon."""
    return msgspec.structs.replace(s.issued(policy=TaskPolicy.AUDIT), expires_at=moment)


def test_a_good_fact_object_is_read(log: w.Log) -> None:
    """What the survey's key signed is taken to the letter."""
    run = surveyed(log)
    record = log.state.executions[run]
    fact = check_fact_object(record, log.store[fact_key(log, 1)])
    assert fact.execution_id == run
    assert canonical(1) == b"1\n"
    assert Digest(record.fact_objects[0]) == w.sha256(log.store[fact_key(log, 1)])


SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE"


def test_a_secret_in_a_record_an_object_or_a_fact_is_found_and_not_shown(log: w.Log) -> None:
    """Wherever in the store it stands, it is named by place and kind alone."""
    log.request(justification=f"with {SECRET}")
    run = log.survey()
    first = log.fact_object(run, 1, s.ended(s.ACCOUNT, f"clean {SECRET}", log.put({"k": SECRET})))
    log.fact(run, s.ended("", "surveyed", first))
    found = verified(log).findings
    assert [finding.code for finding in found] == [C.SECRET] * 3
    assert not any(finding.code.attention or SECRET in finding.detail for finding in found)
    assert [finding.seq for finding in found] == [3, 4, 0]


def test_a_session_that_nobody_knows_of_needs_attention(log: w.Log) -> None:
    """An execution that ended as unknown is named, and is no broken log."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.issued())
    log.fact(run, s.ended(outcome="unknown"))
    (finding,) = verified(log).findings
    assert finding.code is C.UNKNOWN_SESSION
    assert finding.code.attention


def test_what_a_later_run_left_out_is_dangling(log: w.Log) -> None:
    """Begun in one run and named by none after it: nobody else will say how that ended."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    first = log.intent("alice", request)
    log.fact(first, s.issued(policy=TaskPolicy.DELETE_CREDENTIALS))
    log.fact(log.intent("alice", request, (s.OTHER,)), s.ended(s.OTHER))
    (found,) = verified(log, later=timedelta(hours=2)).findings
    assert (found.code, found.seq) == (C.DANGLING, log.state.executions[first].seq)
    assert found.detail == f"{first} never ended for {s.ACCOUNT}"


ATTENTION = {
    C.FOREIGN_RECORD,
    C.STRAY_OBJECT,
    C.EXTRA_VERSION,
    C.TIME_REGRESSION,
    C.SKEW,
    C.DANGLING,
    C.UNKNOWN_SESSION,
    C.OVERDUE_REVIEW,
}


def test_which_findings_are_of_integrity() -> None:
    """These eight are exit 6 and worth a look; every other code says that the log is broken."""
    assert {code for code in C if code.attention} == ATTENTION


def moved_to(*names: str) -> Callable[[dict[str, bytes], str], None]:
    """The facts of a survey get these names, in their order."""

    def move(store: dict[str, bytes], folder: str) -> None:
        facts = [store.pop(f"{folder}{n}.json") for n in (1, 2)]
        store |= {f"{folder}{name}": raw for name, raw in zip(names, facts, strict=True)}

    return move


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("1.json", "2.json"), []),
        (("2.json", "1.json"), [C.OBJECT]),
        (("2.json", "3.json"), [C.OBJECT]),
        (("1.json", "3.json"), [C.OBJECT]),
        (("1.json", "x.json"), [C.OBJECT, C.STRAY_OBJECT]),
        (("1.json", "02.json"), [C.OBJECT, C.STRAY_OBJECT]),
        (("1.json", f"{10**12}.json"), [C.OBJECT, C.STRAY_OBJECT]),
    ],
)
def test_facts_that_readers_do_not_find_are_named(
    log: w.Log, names: tuple[str, str], found: list[FindingCode]
) -> None:
    """Whoever gives a fact another name hides it from commands, and not from who verifies."""
    surveyed(log)
    moved_to(*names)(log.store, fact_key(log, 1).removesuffix("1.json"))
    kept = [key for key in log.store if key.startswith("objects/")]
    if C.STRAY_OBJECT in found:  # the lost fact named it
        found = [*found[:1], C.STRAY_OBJECT, C.STRAY_OBJECT]
    assert len(kept) == 1
    assert codes(log) == found


@pytest.mark.parametrize("kind", ["record", "fact", "object"])
def test_what_a_store_cannot_give_ends_nobody_s_look(log: w.Log, kind: str) -> None:
    """A link in the place of anything is one finding among the others, and breaks the log."""
    surveyed(log)
    objects = [key for key in log.store if key.startswith("objects/")]
    odd = {"record": "000000000003.json", "fact": fact_key(log, 1), "object": objects[0]}[kind]

    def get(key: str) -> bytes | None:
        if key == odd:
            raise IntegrityError(f"{key} is not a plain file")
        return log.store.get(key)

    log.store["notes.txt"] = b"seen all the same"
    keys = tuple(log.store)
    state = verify(trust=log.trust, organization=s.ORG, get=get, keys=keys, now=log.now)
    found = {finding.code for finding in state.findings}
    assert {C.OBJECT, C.STRAY_OBJECT} <= found
    assert any("is not a plain file" in finding.detail for finding in state.findings)


def test_a_gap_among_the_facts_of_an_open_survey_is_named(log: w.Log) -> None:
    """Nothing vouches yet for how many there are, but what follows shows that one was there."""
    run = log.survey()
    for n in (1, 3):
        log.fact_object(run, n, READ)
    (found,) = verified(log).findings
    assert (found.code, "2.json is missing" in found.detail) == (C.OBJECT, True)


def test_what_the_log_names_must_be_there(log: w.Log) -> None:
    """An object that a record or a fact names and that is gone is a finding, whoever took it."""
    surveyed(log)
    request = log.request()
    log.approve("bob", request)
    log.fact(log.intent("alice", request), s.ended(s.ACCOUNT, "failed", log.put({"rows": 1})))
    assert codes(log) == []
    for key in [key for key in log.store if key.startswith("objects/")]:
        kept = log.store.pop(key)
        (found,) = verified(log).findings
        assert (found.code, key in found.detail) == (C.OBJECT, True)
        log.store[key] = kept
