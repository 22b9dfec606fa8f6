"""Accounts moved, or tagged otherwise: the rules of all places hold until an owner's word."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.config import Approvals
from orgroot.core.findings import FindingCode
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RequestRecord
from orgroot.core.requirements import requirement
from orgroot.core.statement_parts import Moved, Signer, Versions
from orgroot.core.statements import Ack
from orgroot.core.whereabouts import Whereabouts, remember, resources_in, subjects, unsettled
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import asked, executed, granted, law, request

PROD, DEV = "r-ab12/ou-ab12-prod0001", "r-ab12/ou-ab12-dev00001"
STRICT = s.rule(
    "prod",
    s.ROOT_TASKS,
    2,
    ous=["ou-ab12-prod0001"],
    each_of={"security": 2},
)
BROAD = s.rule("all", s.ROOT_TASKS, 1, each_of={"security": 1})
READ = s.rule("reading", s.READING, 0, requesters=["platform", "readers"])
RULES = s.approvals_of(BROAD, STRICT, READ)
TAGGED = s.approvals_of(
    s.rule("prod", s.ROOT_TASKS, 2, tags={"stage": "prod"}, each_of={"security": 2}), BROAD, READ
)


def at(path: str, **fields: Any) -> Any:
    """The account, there."""
    return s.target(ou_path=path, **fields)


def asked_at(log: w.Log, *targets: Any) -> RequestRecord:
    """A request about the account where it is, as recorded; a minute later another."""
    log.request("alice", Task.UNLOCK_BUCKET, targets or (at(PROD),))
    return log.request_record()


def people(record: RequestRecord) -> int:
    """How many people it needs."""
    assert record.requirement is not None
    return record.requirement.people


def ack_body(log: w.Log, who: str = "dana", **changes: Any) -> Ack:
    """An owner has looked: the account is in dev."""
    body = Ack(
        **log.common(),
        signer=Signer(person=who, key=s.key(who)),
        moves=(Moved(account=s.ACCOUNT, ou_path=DEV, tags_sha256="", tags={}),),
        versions=(),
        reason="moved on purpose",
    )
    return w.changed(body, changes)


def test_a_move_to_a_weaker_ou_leaves_the_stricter_rules() -> None:
    """Where the log saw it before counts too, however often it is asked, and after moving back."""
    log = w.Log(RULES)
    assert people(asked_at(log, at(PROD))) == 2
    weaker = asked_at(log, at(DEV))
    assert weaker.moved == {s.ACCOUNT: (Whereabouts(ou_path=PROD),)}
    assert people(asked_at(log, at(DEV))) == 2
    assert people(asked_at(log, at(PROD))) == 2
    assert log.codes == []


def test_a_survey_records_where_an_account_is() -> None:
    """A look that says where it is counts like a request; one that does not says nothing."""
    log = w.Log(RULES)
    log.survey("nightly", targets=(at("", tags_sha256=""),))
    assert log.state.places == {}
    log.survey("nightly", targets=(at(PROD),))
    assert people(asked_at(log, at(DEV))) == 2


def test_an_owners_word_lets_the_rules_of_the_place_hold() -> None:
    """After the acknowledgement only the new place counts, and what was asked before is STALE."""
    log = w.Log(RULES)
    asked_at(log, at(PROD))
    before = asked_at(log, at(DEV))
    log.approve("bob", before.id)
    log.signed(ack_body(log), "dana")
    assert log.codes == []
    after = asked_at(log, at(DEV))
    assert (people(after), after.moved) == (1, {})
    log.approve("carol", before.id)
    log.intent("alice", before.id)
    assert log.codes == [FindingCode.RULES_VIOLATION]
    assert "STALE" in log.state.findings[0].detail


def test_tags_that_changed_are_a_move() -> None:
    """Who takes away the tag that makes the rules strict gets no weaker ones."""
    log = w.Log(TAGGED)
    assert people(asked_at(log, at(PROD, tags={"stage": "prod"}))) == 2
    weaker = asked_at(log, at(PROD, tags={"stage": None}))
    assert (people(weaker), list(weaker.moved)) == (2, [s.ACCOUNT])


def test_a_key_that_rules_newly_look_at_is_no_move() -> None:
    """What nobody looked at before is taken as it is now."""
    log = w.Log(RULES)
    asked_at(log, at(PROD))
    log.rules(TAGGED)
    record = asked_at(log, at(PROD, tags={"stage": "dev"}))
    assert (people(record), record.moved) == (1, {})
    assert people(asked_at(log, at(PROD, tags={"stage": "prod"}))) == 2


def test_a_request_that_does_not_say_what_rules_look_at_gets_the_strictest() -> None:
    """An unknown tag makes the rule apply, and a rule that may match covers nothing."""
    log = w.Log(TAGGED)
    assert people(asked_at(log, at(PROD))) == 2
    only = s.approvals_of(
        s.rule("dev", s.ROOT_TASKS, 1, tags={"stage": "dev"}, each_of={"security": 1})
    )
    assert requirement(only, Task.UNLOCK_BUCKET, subjects(*about(only, at(PROD)))) is None


def about(approvals: Approvals, target: Any) -> tuple[Any, ...]:
    """The arguments of `subjects` for one bucket."""
    return approvals, Task.UNLOCK_BUCKET, (target,), s.bucket_params(), {}


def test_where_the_old_place_is_covered_by_no_rule_it_is_denied() -> None:
    """Moving an account under rules does not help while it counts as where it was."""
    narrow = s.rule("dev", s.ROOT_TASKS, 1, ous=["ou-ab12-dev00001"], each_of={"security": 1})
    record = request(targets=(at(DEV),))
    assert asked(record, law(narrow))
    record.places = {s.ACCOUNT: (Whereabouts(ou_path=PROD),)}
    (reason,) = asked(record, law(narrow)).reasons
    assert reason.startswith("No rule covers")
    assert f"orgroot log ack {s.ACCOUNT}" in reason


def test_why_more_is_needed_is_said() -> None:
    """Where a move makes approvals missing, the reason names the accounts and the way out."""
    accounts = [f"{n}{s.ACCOUNT[1:]}" for n in range(1, 6)]
    targets = tuple(s.target(account, ou_path=DEV) for account in accounts)
    record = removal(targets)
    record.places = dict.fromkeys(accounts, (Whereabouts(ou_path=PROD),))
    rules = law(BROAD, STRICT)
    (reason,) = executed(granted("bob", record=record), rules).reasons
    assert f"{', '.join(accounts[:3])} and others elsewhere" in reason
    assert executed(granted("carol", record=record), rules)


def removal(targets: tuple[Any, ...]) -> RequestRecord:
    """A request to remove the credentials of these accounts."""
    names = tuple(target.account for target in targets)
    task = Task.DELETE_ROOT_CREDENTIALS
    return request("alice", task, targets, s.removal_params(*names))


@pytest.mark.parametrize(
    ("sentence", "who", "changes"),
    [
        ("Only an owner's word counts.", "bob", {}),
        ("It says why.", "dana", {"reason": " "}),
        ("It says something.", "dana", {"moves": ()}),
        (
            "It says where the account is.",
            "dana",
            {"moves": (Moved(account=s.ACCOUNT, ou_path="", tags_sha256="", tags={}),)},
        ),
        (
            "It names an account.",
            "dana",
            {"moves": (Moved(account="x", ou_path=DEV, tags_sha256="", tags={}),)},
        ),
        (
            "It says one thing of each account.",
            "dana",
            {
                "moves": (
                    Moved(account=s.ACCOUNT, ou_path=DEV, tags_sha256="", tags={}),
                    Moved(account=s.ACCOUNT, ou_path=PROD, tags_sha256="", tags={}),
                )
            },
        ),
        (
            "Versions have ids.",
            "dana",
            {"versions": (Versions(key="000000000001.json", version_ids=()),)},
        ),
        ("Versions have a key.", "dana", {"versions": (Versions(key="", version_ids=("v",)),)}),
    ],
)
def test_an_acknowledgement_that_does_not_count(
    sentence: str, who: str, changes: dict[str, Any]
) -> None:
    """Each row is void, and changes nothing."""
    log = w.Log(RULES)
    asked_at(log, at(PROD))
    log.signed(ack_body(log, who, **changes), who)
    expected = FindingCode.UNKNOWN_SIGNER if who == "bob" else FindingCode.RULES_VIOLATION
    assert log.codes == [expected], sentence
    assert people(asked_at(log, at(DEV))) == 2


def test_versions_are_acknowledged_by_key() -> None:
    """Version ids of one key add up."""
    log = w.Log(RULES)
    for version in ("v1", "v2"):
        named = (Versions(key="000000000002.json", version_ids=(version,)),)
        log.signed(ack_body(log, moves=(), versions=named), "dana")
    assert log.codes == []
    assert log.state.acknowledged_versions == {"000000000002.json": frozenset({"v1", "v2"})}


def test_knowledge_of_one_place_adds_up() -> None:
    """A later look that adds tags is the same place; one that contradicts is another."""
    places: dict[str, tuple[Whereabouts, ...]] = {}
    remember(places, (at(PROD), at(PROD, tags={"a": "1"}), at(PROD, tags={"b": None})))
    assert places == {s.ACCOUNT: (Whereabouts(ou_path=PROD, tags=(("a", "1"), ("b", None))),)}
    remember(places, (at(PROD, tags={"a": "2"}), at(""), w.Target(organization=s.ORG)))
    assert [place.tags[0] for place in places[s.ACCOUNT]] == [("a", "1"), ("a", "2")]


def test_names_of_resources() -> None:
    """Buckets and queues by their tasks, and nothing of what is malformed."""
    assert resources_in(Task.UNLOCK_QUEUE, {"queues": [{"queue": "q"}, 1]}) == ("q",)
    assert resources_in(Task.UNLOCK_QUEUE, {"buckets": [{"bucket": "b"}]}) == ()
    assert resources_in(Task.ADD_SCPS, {"buckets": [{"bucket": "b"}]}) == ()


def test_accounts_that_wait_for_an_owners_word() -> None:
    """Places that rules do not tell apart are one; those that they do are told, with the first."""
    places: dict[str, tuple[Whereabouts, ...]] = {}
    remember(places, (at(PROD), at(DEV), s.target(s.OTHER, ou_path=PROD, tags={"a": "1"})))
    remember(places, (s.target(s.OTHER, ou_path=PROD, tags={"a": "2"}),))
    assert unsettled(RULES, places) == {
        s.ACCOUNT: (Whereabouts(ou_path=PROD), Whereabouts(ou_path=DEV))
    }
    assert unsettled(s.approvals_of(BROAD), places) == {}


PATHS = st.sampled_from([PROD, DEV, "r-ab12", ""])
STAGES = st.sampled_from([{}, {"stage": "prod"}, {"stage": "dev"}, {"stage": None}])
SEEN = st.lists(st.tuples(PATHS, STAGES), max_size=4)
ANY_RULES = st.lists(
    st.builds(
        lambda total, selectors: s.rule(
            "r", s.ROOT_TASKS, total, each_of={"security": total}, **selectors
        ),
        st.integers(1, 3),
        st.sampled_from(
            [
                {},
                {"ous": ["ou-ab12-prod0001"]},
                {"ous": ["ou-ab12-dev00001"]},
                {"tags": {"stage": "prod"}},
                {"except": {"ous": ["ou-ab12-dev00001"]}},
                {"except": {"tags": {"stage": "dev"}}},
                {"accounts": [s.ACCOUNT]},
            ]
        ),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(ANY_RULES, SEEN, PATHS, STAGES)
def test_what_was_seen_before_never_weakens(
    rules: list[dict[str, Any]],
    seen: list[tuple[str, dict[str, str | None]]],
    path: str,
    tags: dict[str, str | None],
) -> None:
    """An account with a past needs no fewer people than one without, or is denied."""
    approvals = s.approvals_of(*(rule | {"id": f"r{n}"} for n, rule in enumerate(rules)))
    places: dict[str, tuple[Whereabouts, ...]] = {}
    remember(places, [at(p, tags=t) for p, t in seen])
    target, task = at(path, tags=tags), Task.DELETE_ROOT_CREDENTIALS
    fresh = requirement(approvals, task, subjects(approvals, task, (target,), {}, {}))
    with_past = requirement(approvals, task, subjects(approvals, task, (target,), {}, places))
    if with_past is not None:
        assert fresh is not None
        assert with_past.people >= fresh.people
        assert set(fresh.rule_ids) <= set(with_past.rule_ids)


@settings(max_examples=200, deadline=None)
@given(ANY_RULES, SEEN, st.lists(st.tuples(PATHS, STAGES), min_size=1, max_size=3))
def test_a_bulk_request_is_as_strict_as_its_strictest_account(
    rules: list[dict[str, Any]],
    seen: list[tuple[str, dict[str, str | None]]],
    targets: list[tuple[str, dict[str, str | None]]],
) -> None:
    """Together they need what each needs; one that is not covered denies all."""
    approvals = s.approvals_of(*(rule | {"id": f"r{n}"} for n, rule in enumerate(rules)))
    places: dict[str, tuple[Whereabouts, ...]] = {}
    remember(places, [at(p, tags=t) for p, t in seen])
    task, ids = Task.DELETE_ROOT_CREDENTIALS, (s.ACCOUNT, s.OTHER, s.THIRD)
    about = [s.target(a, ou_path=p, tags=t) for a, (p, t) in zip(ids, targets, strict=False)]
    alone = [
        requirement(approvals, task, subjects(approvals, task, (t,), {}, places)) for t in about
    ]
    together = requirement(approvals, task, subjects(approvals, task, about, {}, places))
    if together is None:
        assert None in alone
    else:
        assert {name for one in alone if one for name in one.rule_ids} == set(together.rule_ids)
        assert together.people >= max(one.people for one in alone if one)
