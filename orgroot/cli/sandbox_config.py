"""The config.yaml that a sandbox starts with: its people, its rules, the shipped SCPs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orgroot.core.statements import timestamp

RETAIN_DAYS = 400
_VALID_DAYS = 180
_HEAD = """\
# Written by `orgroot sandbox up` for this sandbox only. config.example.yaml documents every key.
version: 1

organization:
  id: {organization}
  management_account: "{management_account}"
  region: {region}

root_access:
  managed_by: orgroot
  credentials_management: true
  root_sessions: true

trust:
  log_id: {log_id}
{store}
  owners:
    threshold: 1
    keys:
{owners}

scps:
  - name: orgroot-deny-root-user
    file: policies/scp/deny-root-user.json
    description: Long-term root is denied, AssumeRoot sessions are not
    targets: [root]
  - name: orgroot-protect-root-governance
    file: policies/scp/protect-root-governance.json
    description: Members cannot leave the organization or touch what orgroot relies on
    targets: [root]

approvals:
  expires: {expires}
  defaults: {{request_ttl: 4h, approval_ttl: 2h}}
  people:
{people}
  rules:
    - id: root-tasks
      match:
        tasks: [unlock-bucket, unlock-queue, delete-root-credentials, allow-root-recovery]
      requesters: {{groups: [platform]}}
      executors: {{groups: [platform]}}
      approvals:
        total: 2
        each_of: [{{group: security, count: 1}}, {{group: platform, count: 1}}]
      session: {{max_seconds: 900}}
      break_glass:
        requesters: {{groups: [oncall]}}
        review: {{within: 24h, group: security, count: 1}}
    - id: sessions
      match: {{tasks: [root-session]}}
      requesters: {{groups: [platform]}}
      approvals:
        total: 2
        each_of: [{{group: security, count: 1}}, {{group: platform, count: 1}}]
      session: {{max_seconds: 900}}
    - id: guarded
      match:
        tasks:
          - disable-root-access
          - change-delegated-administrator
          - add-scps
          - change-scps
          - change-monitoring
      requesters: {{groups: [platform]}}
      executors: {{groups: [platform]}}
      approvals: {{total: 1, each_of: [{{group: security, count: 1}}]}}
    - id: adding
      match: {{tasks: [enable-root-access, apply-monitoring]}}
      requesters: {{groups: [platform]}}
      approvals: {{total: 0}}
    - id: reading
      match: {{tasks: [audit-root-credentials, inspect-bucket-policy, inspect-queue-policy]}}
      requesters: {{groups: [platform, security, oncall]}}
      approvals: {{total: 0}}
      session: {{max_seconds: 900}}
"""


@dataclass(frozen=True, slots=True)
class LogLines:
    """Where the log lies, as `trust:` says it: a URL, and whose bucket it is and where."""

    url: str
    account: str = ""
    region: str = ""

    @property
    def text(self) -> str:
        """The lines of `trust:`."""
        lines = [f"  store: {self.url}"]
        if self.account:
            lines += [
                f'  store_account: "{self.account}"',
                f"  store_region: {self.region}",
                f"  retain: {RETAIN_DAYS}d",
            ]
        return "\n".join(lines)


def sandbox_config(
    description: Mapping[str, Any],
    public_keys: Mapping[str, str],
    *,
    log_id: str,
    store: LogLines,
    now: datetime,
) -> str:
    """The text of config.yaml for a sandbox as `sandbox.json` describes it."""
    people: Mapping[str, Mapping[str, Any]] = description["people"]
    owners = [
        f'      - {{person: {name}, key: "{public_keys[name]}"}}'
        for name, person in people.items()
        if person["owner"]
    ]
    roster = [
        _person(name, person, public_keys[name], now)
        for name, person in people.items()
        if person["groups"]
    ]
    return _HEAD.format(
        organization=description["organization"],
        management_account=description["management_account"],
        region=description["region"],
        log_id=log_id,
        store=store.text,
        owners="\n".join(owners),
        expires=timestamp(now + timedelta(days=_VALID_DAYS)),
        people="\n".join(roster),
    )


def _person(name: str, person: Mapping[str, Any], public_key: str, now: datetime) -> str:
    # A key counts from `added` on: a minute back, so that the first signature is not before it.
    added = timestamp(now - timedelta(minutes=1))
    return (
        f"    {name}:\n"
        f"      groups: [{', '.join(person['groups'])}]\n"
        f'      keys: [{{key: "{public_key}", added: {added}}}]\n'
        f'      aws: [{{arn: "{person["user"]}"}}]'
    )
