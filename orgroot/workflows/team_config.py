"""The text of a first configuration: for looking only, or for a small team with approvals.

The text is commented for the people who will own it; it has no force by itself.
"""

from dataclasses import dataclass
from datetime import datetime

from orgroot.core.config import RETAIN
from orgroot.core.public_keys import parse_public_key
from orgroot.core.rules_lint import RULES_LIFE
from orgroot.core.statements import timestamp
from orgroot.errors import UsageError

_ENOUGH_FOR_TWO = 3
"""From so many possible approvers on, two are asked: one may be away."""


_BREAK_GLASS = """\
      break_glass:                   # who is on call acts first; others review it afterwards
        requesters: {groups: [oncall]}
        max_open_unreviewed: 1
        max_per_24h: 2
        review: {within: 24h, group: security, count: 1}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the team: name, OpenSSH public key, and the AWS identity they call with."""

    person: str
    key: str
    arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What `orgroot init --team` was told.

    Attributes:
        owners: who owns the trust and signs the rules.
        threshold: how many of them must.
        requesters: who may ask and execute.
        approvers: who approves.
        oncall: names among them who are on call.
        store: where the log shall lie, `file:///…` or `s3://bucket/prefix/`.
        store_account: the account that owns the bucket; None for a folder.
        store_region: the bucket's Region.
        log_id: the new log's id.
        now: when the keys were added (UTC).
    """

    owners: tuple[Member, ...]
    threshold: int
    requesters: tuple[Member, ...]
    approvers: tuple[Member, ...]
    oncall: tuple[str, ...]
    store: str
    log_id: str
    now: datetime
    store_account: str | None = None
    store_region: str | None = None


def observer_config(organization: str, management_account: str, region: str) -> str:
    """The text of a configuration that only reads."""
    return f"""\
# orgroot: observer mode. It reads; without a trust: section there is no log and no root session.
{_organization(organization, management_account, region)}"""


def _organization(organization: str, management_account: str, region: str) -> str:
    return f"""\
version: 1

organization:
  id: {organization}
  management_account: "{management_account}"
  region: {region}            # the Regional STS endpoint, and the default Region

root_access:                  # what `orgroot status --check` and `orgroot enable` compare with
  credentials_management: true
  root_sessions: true
"""


def team_config(organization: str, management_account: str, region: str, team: Team) -> str:
    """The text of a configuration for a small team, commented, ready for `orgroot log init`.

    Raises:
        UsageError: nobody to ask or approve, an unknown person on call, a bad key, too few
            approvers for some requester, or owners who could never sign.
    """
    people = _people(team)
    owners = _owners(team)
    needed = 2 if len(team.approvers) >= _ENOUGH_FOR_TWO else 1
    # From the start of the day: clocks differ by seconds, and a key must hold at once.
    added = team.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"""\
# orgroot: people, rules and trust of a small team. What stands under approvals: gets force when an
# owner publishes it: `orgroot rules check`, then `orgroot rules publish`.
{_organization(organization, management_account, region)}
trust:                        # pinned at the first confirmed use; a later change is exit 4
  log_id: {team.log_id}
  store: {_quoted(team.store)}
{_bucket(team)}  owners:                     # who signs the rules
    threshold: {team.threshold}
    keys:
{owners}

approvals:
  expires: {timestamp(team.now + RULES_LIFE)}
  people:
{_roster(people, timestamp(added))}
  rules:
{_rules(needed, oncall=bool(team.oncall))}"""


def _owners(team: Team) -> str:
    named = {owner.person: owner for owner in team.owners}
    if len(named) < len(team.owners):
        raise UsageError("an owner is given twice", hint="give each --owner once", code="team")
    if team.threshold > len(named):
        raise UsageError(
            f"{team.threshold} of {len(named)} owner(s) can never sign",
            hint="add another --owner, or lower --threshold",
            code="team",
        )
    lines = (f"{{person: {o.person}, key: {_quoted(_key(o))}}}" for o in team.owners)
    return "\n".join(f"      - {line}" for line in lines)


def _bucket(team: Team) -> str:
    if team.store_account is None:
        return ""
    return f"""\
  store_account: {_quoted(team.store_account)}      # must own the bucket, whoever answers
  store_region: {team.store_region}
  retain: {RETAIN}                # how long S3 keeps each record from being deleted (Object Lock)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A roster entry to be written."""

    member: Member
    groups: tuple[str, ...]


def _people(team: Team) -> tuple[_Entry, ...]:
    if not team.requesters or not team.approvers:
        flag = "--approver" if team.requesters else "--requester"
        raise UsageError(
            f"a team needs at least one {flag}", hint=f"add {flag} P=FILE", code="team"
        )
    members: dict[str, Member] = {}
    groups: dict[str, list[str]] = {}
    for group, listed in (("platform", team.requesters), ("security", team.approvers)):
        for member in listed:
            known = members.setdefault(member.person, member)
            if _key(known) != _key(member):
                raise UsageError(f"{member.person} is given with two keys", code="team")
            if known.arn is None and member.arn is not None:
                members[member.person] = member
            groups.setdefault(member.person, []).append(group)
    _put_on_call(team, members, groups)
    for member in team.requesters:
        others = [a for a in team.approvers if a.person != member.person]
        if not others:
            raise UsageError(
                f"nobody else could approve what {member.person} asks for",
                hint="add another --approver",
                code="team",
            )
    return tuple(
        _Entry(member=member, groups=tuple(dict.fromkeys(groups[person])))
        for person, member in members.items()
    )


def _put_on_call(team: Team, members: dict[str, Member], groups: dict[str, list[str]]) -> None:
    """Whoever is on call is known, and somebody else could review what they do."""
    for person in team.oncall:
        if person not in members:
            raise UsageError(
                f"{person} is on call, but neither requester nor approver", code="team"
            )
        groups[person].append("oncall")
        if all(approver.person == person for approver in team.approvers):
            raise UsageError(
                f"nobody else could review what {person} does on call",
                hint="add another --approver",
                code="team",
            )


def _roster(people: tuple[_Entry, ...], added: str) -> str:
    lines = []
    for entry in people:
        lines += [
            f"    {entry.member.person}:",
            f"      groups: [{', '.join(entry.groups)}]",
            f"      keys: [{{key: {_quoted(_key(entry.member))}, added: {added}}}]",
        ]
        if entry.member.arn is not None:
            lines.append(f"      aws: [{{arn: {_quoted(entry.member.arn)}}}]")
    return "\n".join(lines)


def _rules(needed: int, *, oncall: bool) -> str:
    readers = "platform, security, oncall" if oncall else "platform, security"
    emergency = _BREAK_GLASS if oncall else ""
    return f"""\
    - id: root-tasks                 # changes inside member accounts
      match:
        tasks: [unlock-bucket, unlock-queue, delete-root-credentials, allow-root-recovery]
      requesters: {{groups: [platform]}}
      executors: {{groups: [platform]}}
      approvals: {{total: {needed}, each_of: [{{group: security, count: {needed}}}]}}
{emergency}    - id: guarded                    # changes of the organization
      match:
        tasks: [disable-root-access, change-delegated-administrator, add-scps, change-scps]
      requesters: {{groups: [platform]}}
      executors: {{groups: [platform]}}
      approvals: {{total: 1, each_of: [{{group: security, count: 1}}]}}
    - id: adding                     # switching centralized root access on
      match: {{tasks: [enable-root-access]}}
      requesters: {{groups: [platform]}}
      approvals: {{total: 0}}
    - id: reading                    # looking; every look is logged
      match: {{tasks: [audit-root-credentials, inspect-bucket-policy, inspect-queue-policy]}}
      requesters: {{groups: [{readers}]}}
      approvals: {{total: 0}}
"""


def _key(member: Member) -> str:
    return parse_public_key(member.key).text


def _quoted(text: str) -> str:
    """A YAML double-quoted scalar: JSON's escapes are YAML's."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
