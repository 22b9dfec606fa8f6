"""`whoami`: who calls, who that is in the roster, and what they may ask for and approve.

It explains; it decides nothing, and it changes nothing.
"""

from collections.abc import Callable, Container, Iterator

from orgroot.core.config import Approvals, Config
from orgroot.core.config_checks import key_material
from orgroot.core.eligibility import deciders
from orgroot.core.governed_tasks import Task
from orgroot.core.organization import Caller
from orgroot.core.people import SSO_SESSION, Roster
from orgroot.core.public_keys import parse_public_key
from orgroot.core.requirements import Requirement
from orgroot.core.results import Whoami, WhoamiKey
from orgroot.core.rule_regions import regions_of
from orgroot.core.task_params import PARAMS
from orgroot.errors import UsageError
from orgroot.workflows.audit_log import AuditLog

FindKey = Callable[[str], str | None]
"""Where the private half of a public key is (`ssh-agent`, a path), or None."""


def whoami(
    *,
    caller: Caller | None,
    config: Config | None,
    log: AuditLog | None,
    person: str | None,
    find_key: FindKey,
) -> Whoami:
    """Whatever is known: any part may be missing on a first day.

    Args:
        caller: who AWS says is calling; None without credentials.
        config: the configuration; None without one.
        log: the audit log, synced; None in observer mode.
        person: the roster name of `--as`, else the caller's; None: nobody.
        find_key: looks for the private half of a roster key.
    """
    approvals = _approvals(config, log)
    ended = {} if log is None else log.state.ended_keys
    roster = None if approvals is None else Roster(approvals, ended)
    if person is None and roster is not None and caller is not None:
        person = roster.person_for_caller(caller)
    known = person if roster is not None and person in roster.persons() else None
    may_request: tuple[str, ...] = ()
    may_approve: tuple[str, ...] = ()
    listed = () if known is None or approvals is None else approvals.people[known].keys
    silenced = bool(listed) and all(key_material(entry.key) in ended for entry in listed)
    if approvals is not None and roster is not None and known is not None and not silenced:
        groups = roster.groups_of(known)
        needs = {task: _somewhere(approvals, task) for task in PARAMS}
        may_request = tuple(
            t.value for t, found in needs.items() if any(groups & n.requesters for n in found)
        )
        if not roster.is_service(known):
            may_approve = tuple(
                t.value for t, found in needs.items() if any(_counts(n, groups) for n in found)
            )
    owned = tuple(_owned(config, person))
    texts = dict.fromkeys((*(entry.key for entry in listed), *owned))
    return Whoami(
        caller=None if caller is None else caller.arn,
        account=None if caller is None else caller.account,
        person=person,
        owner=bool(owned),
        keys=tuple(_key(text, find_key, ended) for text in texts),
        groups=() if known is None or roster is None else tuple(sorted(roster.groups_of(known))),
        may_request=may_request,
        may_approve=may_approve,
        add_to_roster=(
            _entry(caller) if caller is not None and known is None and not owned else None
        ),
    )


def is_owner(config: Config, person: str | None) -> bool:
    """Whether a name is that of an owner of the trust, whoever calls."""
    return any(_owned(config, person))


def _owned(config: Config | None, person: str | None) -> Iterator[str]:
    """The keys with which a person speaks as an owner of the trust."""
    if config is not None and config.trust is not None:
        yield from (o.key for o in config.trust.owners.keys if o.person == person)


def _approvals(config: Config | None, log: AuditLog | None) -> Approvals | None:
    """The rules in force; before the first publication, those that are authored."""
    rules = None if log is None else log.state.rules_in_force
    if rules is not None:
        return rules.body.approvals
    return None if config is None else config.approvals


def _somewhere(approvals: Approvals, task: Task) -> tuple[Requirement, ...]:
    """What the rules demand of a task, wherever they cover it."""
    return tuple(r.needs for r in regions_of(approvals, task).regions if r.needs is not None)


def _counts(needs: Requirement, groups: frozenset[str]) -> bool:
    return needs.people > 0 and bool(groups & deciders(needs))


def _key(text: str, find_key: FindKey, ended: Container[str]) -> WhoamiKey:
    try:
        key = parse_public_key(text)
    except UsageError as error:
        return WhoamiKey(key=text, fingerprint=error.message, found=None)
    return WhoamiKey(
        key=key.text,
        fingerprint=key.fingerprint,
        found=find_key(key.text),
        ended=key.text in ended,
    )


def _entry(caller: Caller) -> str:
    """The YAML that an owner would add for this caller."""
    session = SSO_SESSION.fullmatch(caller.arn)
    if session is not None:
        identity = (
            f'{{sso: {session["name"]}, accounts: ["{caller.account}"], '
            f"permission_sets: [{session['permission_set']}]}}"
        )
    else:
        identity = f'{{arn: "{caller.arn}"}}'
    return "\n".join(
        (
            "approvals:",
            "  people:",
            "    NAME:",
            "      groups: [GROUP]",
            '      keys: [{key: "ssh-ed25519 AAAA…", added: 2026-01-01T00:00:00Z}]',
            f"      aws: [{identity}]",
            "",
        )
    )
