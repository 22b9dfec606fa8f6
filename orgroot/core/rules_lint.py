"""Rules that cannot work, or are weaker than the task table allows, said before they are in force.

An error bars publication and makes a `rules` record void; a warning is for people to weigh.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from orgroot.core.config import Approvals, Owners, Person, Rule, seconds
from orgroot.core.config_checks import check_approvals, key_material
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task
from orgroot.core.people import RevokedKey, Roster, usable_key
from orgroot.core.public_keys import parse_public_key
from orgroot.core.requirements import people_needed
from orgroot.core.results import RulesIssue
from orgroot.core.root_tasks import ROOT_TASKS
from orgroot.core.rule_regions import regions_of
from orgroot.core.rules_reach import reach
from orgroot.core.selectors import is_empty
from orgroot.core.statements import LATEST
from orgroot.core.wildcards import matches
from orgroot.errors import ConfigError, UsageError

_READS = re.compile(":(Get|List)")
_EXPIRY_WARNINGS = (3, 14, 30)
RULES_LIFE = timedelta(days=180)
"""How long rules should live before owners look at them again."""
_USUAL = {"max_clock_skew": "15m", "request_ttl": "7d", "approval_ttl": "7d"}
"""Beyond these a check of time says little; owners may still want it."""


def lint_rules(
    approvals: Approvals,
    owners: Owners,
    now: datetime,
    *,
    revoked: Mapping[str, RevokedKey] = {},
    log_bucket: str = "",
    runner: str | None = None,
) -> tuple[RulesIssue, ...]:
    """Everything wrong or odd about rules, errors first. Keys added later than `now` count.

    Args:
        approvals: the rules.
        owners: who signs the next ones.
        now: UTC.
        revoked: by key, what the log has revoked.
        log_bucket: the bucket of the log itself, or empty.
        runner: the service that alone opens root sessions; None: direct mode.
    """
    issues = list(_shape(approvals))
    if not issues:
        roster = Roster(approvals, revoked)
        issues = [
            *_people(approvals, roster, now),
            *_owners_keys(owners, roster),
            *_silent(approvals),
            *(issue for rule in approvals.rules for issue in _rule(approvals, rule)),
            *_reading(approvals, runner),
            *_handed_out(approvals),
            *_run_by(approvals, roster, runner),
            *reach(approvals, roster, now),
            *_owners(owners, revoked),
            *_open_log(approvals, log_bucket),
            *_expiry(approvals, now),
            *_long_times(approvals),
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
        if not roster.keys_to_come(name, now):
            yield _warning("no-key", None, f"{name} has no valid key and can sign nothing")
        yield from _identities(name, person)
    yield from _services(approvals, roster)


def _owners_keys(owners: Owners, roster: Roster) -> Iterator[RulesIssue]:
    """An owner and somebody else of the roster with one key would be two people in the log."""
    for owner in owners.keys:
        key = usable_key(owner.key)
        for name in roster.persons():
            if key is not None and name != owner.person and roster.lists(name, key.text):
                words = f"{owner.person}, an owner, and {name} share a key"
                yield _error("shared-identity", None, words)


def _services(approvals: Approvals, roster: Roster) -> Iterator[RulesIssue]:
    """Services in groups whose members decide: their word never counts."""
    for rule in approvals.rules:
        deciding = {slot.group for slot in rule.approvals.each_of}
        deciding |= set(rule.approvers.groups) if rule.approvers else set()
        if rule.break_glass:
            deciding |= {*rule.break_glass.requesters.groups, rule.break_glass.review.group}
        for name in roster.members(deciding):
            if roster.is_service(name):
                words = f"{name} is a service: it never approves, reviews or breaks glass"
                yield _warning("service", rule.id, words)


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
    slots = sum(slot.count for slot in rule.approvals.each_of)
    if rule.approvers is None and rule.approvals.total > slots:
        yield _error("no-approvers", rule.id, "total is above its slots: say who counts, approvers")
    if not rule.requesters.groups:
        yield _error("no-requesters", rule.id, "nobody may ask: requesters names no group")
    yield from _exceptions(rule)
    for group in sorted(_groups(rule)):
        if not any(group in person.groups for person in approvals.people.values()):
            yield _error("empty-group", rule.id, f"group {group} has no member")


def _handed_out(approvals: Approvals) -> Iterator[RulesIssue]:
    """A session that is handed out reaches every bucket and queue of its account."""
    sessions = [r for r in approvals.rules if Task.ROOT_SESSION in (r.match.tasks or tuple(Task))]
    named = any(r.never or r.match.buckets or r.match.queues for r in approvals.rules)
    if sessions and named:
        words = f"{Task.ROOT_SESSION} reaches every bucket and queue of an account, never included"
        yield _warning("handed-out", sessions[0].id, words)


def _run_by(approvals: Approvals, roster: Roster, runner: str | None) -> Iterator[RulesIssue]:
    """What waits for ever where a service alone opens root sessions and may not execute it."""
    for task in Task if runner is not None else ():
        if task is Task.ROOT_SESSION or not GOVERNED_TASKS[task].task_policies:
            continue
        for region in regions_of(approvals, task).regions:
            named = (region.needs and region.needs.executors) or frozenset()
            if region.needs and not named & roster.groups_of(runner or ""):
                words = f"{region.words}: {runner} alone opens root sessions and may not execute it"
                yield _warning("runner", region.needs.rule_ids[0], words)
                break


def _exceptions(rule: Rule) -> Iterator[RulesIssue]:
    """What is left out of a rule, and by what it could be left out by others."""
    excepted = rule.match.except_
    if excepted is None:
        return
    if is_empty(excepted):
        yield _error("empty-except", rule.id, "except without selectors: say what is left out")
    for selector, what in (("ous", "moves an account"), ("tags", "tags an account")):
        if getattr(excepted, selector) is not None:
            words = f"whoever {what} can take it out of this rule; account ids stay what they are"
            yield _warning(f"except-by-{selector}", rule.id, words)


def _silent(approvals: Approvals) -> Iterator[RulesIssue]:
    if not approvals.rules:
        yield _warning("no-rules", None, "there is no rule: nobody may ask for anything")


def _groups(rule: Rule) -> set[str]:
    groups = {*rule.requesters.groups, *(slot.group for slot in rule.approvals.each_of)}
    for named in (rule.executors, rule.approvers):
        groups |= set(named.groups) if named else set()
    if rule.break_glass:
        groups |= {*rule.break_glass.requesters.groups, rule.break_glass.review.group}
    return groups


def _open_log(approvals: Approvals, bucket: str) -> Iterator[RulesIssue]:
    """What nobody may open is known to each machine by its own configuration alone."""
    patterns = {p for rule in approvals.rules if rule.never for p in rule.never.buckets}
    if bucket and not any(matches(pattern, bucket) for pattern in patterns):
        words = f"{bucket} holds the log: say so in a rule's never, which is signed"
        yield _warning("log-bucket", None, words)


def _reading(approvals: Approvals, runner: str | None) -> Iterator[RulesIssue]:
    """Who reads alone holds a session that could write; in runner mode the service holds it."""
    if runner is not None:
        return
    for rule in approvals.rules:
        for task in tuple(Task) if rule.match.tasks is None else rule.match.tasks:
            if _could_write(task) and not people_needed(rule):
                yield _warning(
                    "read-session",
                    rule.id,
                    f"{task} opens sessions that could write; only this program keeps to reading",
                )


def _could_write(task: Task) -> bool:
    """It reads alone, in sessions whose task policy lets them change something."""
    row = GOVERNED_TASKS[task]
    calls = (c for policy in row.task_policies for c in ROOT_TASKS[policy].actions)
    return row.power is Power.READ and not all(_READS.search(call) for call in calls)


def _owners(owners: Owners, revoked: Mapping[str, RevokedKey]) -> Iterator[RulesIssue]:
    ended = {key for key, end in revoked.items() if end.owner}
    left = len({o.person for o in owners.keys if key_material(o.key) not in ended})
    if left < owners.threshold:
        words = f"{left} owner(s), and {owners.threshold} must sign: no rules could follow"
        yield _error("owners", None, words)
    elif left == 1:
        yield _warning("single-owner", None, "one owner alone: lose that key and rules are frozen")
    elif owners.threshold == 1:
        yield _warning("threshold", None, "any one owner alone can change the rules")


def _expiry(approvals: Approvals, now: datetime) -> Iterator[RulesIssue]:
    words = expiry_notice(approvals.expires, now)
    if words is not None:
        level, code = ("error", "expired") if approvals.expires <= now else ("warning", "expiry")
        yield RulesIssue(level=level, code=code, rule=None, message=words)
    elif approvals.expires - now > RULES_LIFE + timedelta(days=1):
        words = f"they live longer than {RULES_LIFE.days} days before owners must look again"
        yield _warning("long-life", None, words)


def _long_times(approvals: Approvals) -> Iterator[RulesIssue]:
    for name, usual in _USUAL.items():
        written = getattr(approvals.defaults, name)
        if seconds(written) > seconds(usual):
            words = f"{name} is {written}: beyond {usual} the times of statements bar little"
            yield _warning("long-time", None, words)


def expiry_notice(expires: datetime, now: datetime) -> str | None:
    """What is to be said of the end of rules, 30, 14 and 3 days ahead and after; None: nothing."""
    at = f"{expires:%Y-%m-%dT%H:%M:%SZ}"
    if expires <= now:
        return f"the rules expired at {at}: only reading and break-glass work"
    for days in _EXPIRY_WARNINGS:
        if expires - now <= timedelta(days=days):
            return f"the rules expire within {days} days, at {at}"
    return None
