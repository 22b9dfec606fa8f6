"""Rules that cannot work, or are weaker than the task table allows, said before they are in force.

An error bars publication and makes a `rules` record void; a warning is for people to weigh.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from orgroot.core.config import Approvals, Owners, Person, Rule
from orgroot.core.config_checks import check_approvals
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task
from orgroot.core.people import Roster
from orgroot.core.public_keys import parse_public_key
from orgroot.core.quorum import missing
from orgroot.core.requirements import (
    BUCKET_TASKS,
    Requirement,
    people_needed,
    requirement,
)
from orgroot.core.results import RulesIssue
from orgroot.core.unenforced import refuse_unenforced_rules
from orgroot.core.wildcards import matches
from orgroot.errors import ConfigError, UsageError

LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""No time in the log lies beyond: arithmetic on times must never overflow."""

_EXPIRY_WARNINGS = (3, 14, 30)


def lint_rules(approvals: Approvals, owners: Owners, now: datetime) -> tuple[RulesIssue, ...]:
    """Everything wrong or odd about rules, errors first. Keys added later than `now` count."""
    issues = list(_shape(approvals))
    if not issues:
        roster = Roster(approvals)
        issues = [
            *_people(approvals, roster, now),
            *(issue for rule in approvals.rules for issue in _rule(approvals, rule)),
            *_holes(approvals),
            *_unreachable(approvals, roster, now),
            *_owners(owners),
            *_expiry(approvals, now),
        ]
    return tuple(sorted(issues, key=lambda issue: issue.level != "error"))


def lint_errors(approvals: Approvals, owners: Owners, now: datetime) -> tuple[RulesIssue, ...]:
    """The issues that make rules void."""
    return tuple(i for i in lint_rules(approvals, owners, now) if i.level == "error")


def _error(code: str, rule: str | None, message: str) -> RulesIssue:
    return RulesIssue(level="error", code=code, rule=rule, message=message)


def _warning(code: str, rule: str | None, message: str) -> RulesIssue:
    return RulesIssue(level="warning", code=code, rule=rule, message=message)


def _shape(approvals: Approvals) -> Iterator[RulesIssue]:
    """What a signed record can say although no configuration could."""
    try:
        check_approvals(approvals, ())
    except ConfigError as error:
        yield _error("invalid", None, error.message)
    for moment in _moments(approvals):
        if moment.tzinfo is None or moment >= LATEST:
            yield _error("time", None, f"{moment} is not a UTC time before the year {LATEST.year}")
    most = len(approvals.people)
    for rule in approvals.rules:
        if people_needed(rule) > most:
            yield _error(
                "unreachable", rule.id, f"it asks for {people_needed(rule)} of {most} people"
            )


def _moments(approvals: Approvals) -> Iterator[datetime]:
    yield approvals.expires
    for person in approvals.people.values():
        for entry in person.keys:
            yield entry.added
            if entry.revoked is not None:
                yield entry.revoked


def _people(approvals: Approvals, roster: Roster, now: datetime) -> Iterator[RulesIssue]:
    try:
        refuse_unenforced_rules(approvals)
    except UsageError as error:
        yield _error("not-enforced", None, error.message)
    first: dict[str, str] = {}
    for name, person in approvals.people.items():
        for entry in person.keys:
            try:
                parse_public_key(entry.key)
            except UsageError as error:
                yield _error("key", None, f"a key of {name} cannot be used: {error.message}")
        other = first.setdefault(roster.human(name), name)
        if other != name:
            yield _error(
                "shared-identity", None, f"{other} and {name} share a key or an AWS identity"
            )
        if not any(entry.revoked is None or entry.revoked > now for entry in person.keys):
            yield _warning("no-key", None, f"{name} has no valid key and can sign nothing")
        yield from _identities(name, person)


def _identities(name: str, person: Person) -> Iterator[RulesIssue]:
    for identity in person.aws:
        if identity.sso is not None and not (identity.accounts and identity.permission_sets):
            words = f"{name}: sso without accounts and permission_sets is nobody"
            yield _warning("identity", None, words)
        chosen = ":assumed-role/" in (identity.arn or "")
        if chosen and not identity.session_name_trusted:
            words = f"{name}: who assumes the role of {identity.arn} chooses the session name"
            yield _warning("session-name", None, words)


def _rule(approvals: Approvals, rule: Rule) -> Iterator[RulesIssue]:
    tasks = tuple(Task) if rule.match.tasks is None else rule.match.tasks
    for task in tasks:
        least = GOVERNED_TASKS[task].minimum_approvals
        if people_needed(rule) < least:
            yield _error("below-minimum", rule.id, f"{task} needs at least {least} approval(s)")
        if GOVERNED_TASKS[task].power is Power.READ and not people_needed(rule):
            yield _warning(
                "read-session",
                rule.id,
                f"{task} opens sessions that could write; only this program keeps to reading",
            )
    if Task.ROOT_SESSION in (rule.match.tasks or ()) and len(tasks) > 1:
        yield _error("not-alone", rule.id, f"{Task.ROOT_SESSION} needs a rule of its own")
    if rule.match.buckets is not None and not BUCKET_TASKS & set(tasks):
        yield _error("matches-nothing", rule.id, "none of its tasks is about buckets")
    slots = sum(slot.count for slot in rule.approvals.each_of)
    if rule.approvers is None and rule.approvals.total > slots:
        yield _error("no-approvers", rule.id, "total is above its slots: say who counts, approvers")
    if not rule.requesters.groups:
        yield _error("no-requesters", rule.id, "nobody may ask: requesters names no group")
    for group in sorted(_groups(rule)):
        if not any(group in person.groups for person in approvals.people.values()):
            yield _error("empty-group", rule.id, f"group {group} has no member")


def _groups(rule: Rule) -> set[str]:
    groups = {*rule.requesters.groups, *(slot.group for slot in rule.approvals.each_of)}
    for named in (rule.executors, rule.approvers):
        groups |= set(named.groups) if named else set()
    if rule.break_glass:
        groups |= {*rule.break_glass.requesters.groups, rule.break_glass.review.group}
    return groups


def _holes(approvals: Approvals) -> Iterator[RulesIssue]:
    """Bucket patterns that cover part of a task which no rule covers as a whole."""
    for task in sorted(BUCKET_TASKS):
        narrow = [r for r in approvals.rules if r.match.buckets and _is_about(r, task)]
        if narrow and requirement(approvals, task, ()) is None:
            message = f"{task} of any other bucket is covered by no rule"
            yield _error("HOLE", narrow[0].id, message)


def _is_about(rule: Rule, task: Task) -> bool:
    return rule.match.tasks is None or task in rule.match.tasks


def _unreachable(approvals: Approvals, roster: Roster, now: datetime) -> Iterator[RulesIssue]:
    """Some requester can never get the approvals, or nobody may ask, for some task and bucket."""
    for where, needs in _cases(approvals):
        rules = ", ".join(needs.rule_ids)
        askers = [p for p in roster.members(needs.requesters) if _may_ask(roster, p, needs)]
        if not askers:
            yield _error("unreachable", needs.rule_ids[0], f"nobody may ask for {where} ({rules})")
        for person in askers:
            if missing(needs, _others(approvals, roster, person, now)):
                yield _error(
                    "unreachable",
                    needs.rule_ids[0],
                    f"{where}, asked by {person}, can never have its approvals ({rules})",
                )


def _may_ask(roster: Roster, person: str, needs: Requirement) -> bool:
    return not (needs.people and roster.is_service(person))


def _others(
    approvals: Approvals, roster: Roster, person: str, now: datetime
) -> Mapping[str, frozenset[str]]:
    return {
        roster.human(other): roster.groups_of(other)
        for other, entry in approvals.people.items()
        if not entry.service
        and not roster.same_human(other, person)
        and any(key.revoked is None or key.revoked > now for key in entry.keys)
    }


def _cases(approvals: Approvals) -> Iterator[tuple[str, Requirement]]:
    """Every covered task, and for each bucket pattern a name that fits it: merged rules show."""
    names = sorted({_example(p) for rule in approvals.rules for p in rule.match.buckets or ()})
    for task in Task:
        for name in ("", *(names if task in BUCKET_TASKS else ())):
            needs = requirement(approvals, task, (name,))
            if needs is not None:
                yield (f"{task} of {name}" if name else f"{task}"), needs


def _example(pattern: str) -> str:
    name = pattern.replace("*", "x").replace("?", "x")
    return name if matches(pattern, name) else pattern


def _owners(owners: Owners) -> Iterator[RulesIssue]:
    if len({owner.person for owner in owners.keys}) == 1:
        yield _warning("single-owner", None, "one owner alone: lose that key and rules are frozen")
    elif owners.threshold == 1:
        yield _warning("threshold", None, "any one owner alone can change the rules")


def _expiry(approvals: Approvals, now: datetime) -> Iterator[RulesIssue]:
    left = approvals.expires - now
    if left <= timedelta():
        yield _error("expired", None, f"the rules expired at {approvals.expires:%Y-%m-%d}")
        return
    for days in _EXPIRY_WARNINGS:
        if left <= timedelta(days=days):
            yield _warning("expiry", None, f"the rules expire within {days} days")
            return
