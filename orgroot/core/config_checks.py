"""What the shape of a configuration cannot say: nothing twice, and fields that agree.

Rules about people and tasks together belong to `rules_lint`; nothing here asks AWS or a file.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from orgroot.core.public_keys import parse_public_key
from orgroot.core.receipts import parse_receipt
from orgroot.core.store_place import S3, s3_place
from orgroot.core.structure import Path, did_you_mean, wrong
from orgroot.errors import UsageError

if TYPE_CHECKING:
    from orgroot.core.config import (
        Approvals,
        AwsIdentity,
        Config,
        OrganizationConfig,
        Owners,
        Trust,
    )

_CALLER_ARN = re.compile(
    r"arn:aws[a-z-]*:(iam::[0-9]{12}:user/[\w+=,.@/-]{1,512}"
    r"|sts::[0-9]{12}:assumed-role/[\w+=,.@-]{1,64}/[\w+=,.@-]{2,64})",
    re.ASCII,
)
"""What GetCallerIdentity answers for a user, and for a session of a role."""

_MANAGERS = ("orgroot", "terraform", "lza", "control-tower", "cloudformation", "console")
"""Known values of `managed_by`; others are taken, unless they look like a slip of one of these."""

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


def check_config(config: "Config") -> None:
    """Check a whole configuration.

    Raises:
        ConfigError: names the path of the first wrong field.
    """
    _check_organization(config.organization)
    if config.trust is not None:
        _check_trust(config.trust)
    _unique(("accounts", "exempt"), (e.account for e in config.accounts.exempt))
    if config.root_access is not None:
        _check_manager(config.root_access.managed_by, ("root_access", "managed_by"))
    for index, scp in enumerate(config.scps or ()):
        _unique(("scps", index, "targets"), scp.targets)
        _check_manager(scp.managed_by, ("scps", index, "managed_by"))
    _unique(("scps",), (scp.name for scp in config.scps or ()))
    if config.approvals is not None:
        check_approvals(config.approvals, ("approvals",))
        _check_runner(config.organization, config.approvals)
    _unique(("drift", "accepted"), (a.finding for a in config.drift.accepted))
    _check_roles(config.reconcile.roles, ("reconcile", "roles"))


def _unique(path: Path, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise wrong((*path, index), f"{value!r} stands here a second time; remove one")
        seen.add(value)


def _check_manager(name: str, path: Path) -> None:
    """A slip of the pen would silently leave a thing to a tool that does not exist."""
    meant = did_you_mean(name, _MANAGERS)
    if meant and name not in _MANAGERS:
        raise wrong(path, f"{name!r} is no tool{meant}")


def _check_organization(organization: "OrganizationConfig") -> None:
    if organization.delegated_administrator == organization.management_account:
        raise wrong(
            ("organization", "delegated_administrator"),
            "the management account cannot be its own delegated administrator; name a member",
        )
    _check_roles(organization.executor_roles, ("organization", "executor_roles"))


def _check_roles(roles: Mapping[str, str], path: Path) -> None:
    for account, role in roles.items():
        if _ROLE_ARN.fullmatch(role) is None or role.split(":")[4] != account:
            raise wrong((*path, account), f"{role!r} is not the ARN of a role in account {account}")


def _check_runner(organization: "OrganizationConfig", approvals: "Approvals") -> None:
    if organization.runner is None:
        return
    entry = approvals.people.get(organization.runner)
    if entry is None or not entry.service:
        raise wrong(
            ("organization", "runner"),
            f"{organization.runner!r} is no entry of approvals.people with service: true",
        )


def _check_trust(trust: "Trust") -> None:
    if not trust.store.startswith(("file:///", "s3://")):
        raise wrong(("trust", "store"), "write file:///an/absolute/folder or s3://bucket/prefix/")
    if trust.store.startswith(S3):
        _check_bucket(trust)
    check_owners(trust.owners, ("trust", "owners"))
    if trust.checkpoint is not None:
        _check_checkpoint(trust.log_id, trust.checkpoint)


def _check_checkpoint(log_id: str, checkpoint: str) -> None:
    try:
        of, _, _ = parse_receipt(checkpoint)
    except UsageError as error:
        raise wrong(("trust", "checkpoint"), error.message, hint=error.hint) from error
    if of != log_id:
        raise wrong(("trust", "checkpoint"), f"it is of log {of}, and log_id is {log_id}")


def check_owners(owners: "Owners", at: Path) -> None:
    """Check owners found below the path `at`.

    An owner's key has force as it stands there, so it must be one that can be verified; no key
    stands twice, and the threshold can be reached.

    Raises:
        ConfigError: names the path of the first wrong field.
    """
    _unique((*at, "keys"), (key_material(owner.key) for owner in owners.keys))
    for index, owner in enumerate(owners.keys):
        try:
            parse_public_key(owner.key)
        except UsageError as error:
            raise wrong((*at, "keys", index, "key"), error.message, hint=error.hint) from error
    persons = {owner.person for owner in owners.keys}
    if owners.threshold > len(persons):
        raise wrong(
            (*at, "threshold"),
            f"{owners.threshold} of {len(persons)} owners can never sign; lower it or add owners",
        )


def _check_bucket(trust: "Trust") -> None:
    try:
        s3_place(trust.store)
    except UsageError as error:
        raise wrong(("trust", "store"), f"{error.message}; {error.hint}") from error
    for name, words in (
        ("store_account", "name the account that must own the bucket"),
        ("store_region", "name the bucket's Region"),
    ):
        if getattr(trust, name) is None:
            raise wrong(("trust", name), f"a log in S3 needs it: {words}")


def key_material(key: str) -> str:
    """The type and body of an OpenSSH public key: the comment does not make another key."""
    return " ".join(key.split()[:2])


def check_approvals(approvals: "Approvals", at: Path) -> None:
    """Check what `approvals:` says, found below the path `at`.

    Raises:
        ConfigError: names the path of the first wrong field.
    """
    for name, person in approvals.people.items():
        path = (*at, "people", name)
        _unique((*path, "groups"), person.groups)
        _unique((*path, "keys"), (key_material(entry.key) for entry in person.keys))
        for index, identity in enumerate(person.aws):
            _check_identity(identity, (*path, "aws", index))
    _unique((*at, "rules"), (rule.id for rule in approvals.rules))
    for index, rule in enumerate(approvals.rules):
        path = (*at, "rules", index)
        _unique((*path, "approvals", "each_of"), (slot.group for slot in rule.approvals.each_of))
        try:
            re.compile(rule.ticket or "")
        except re.error as error:
            words = f"{rule.ticket!r} is not a regular expression: {error}"
            raise wrong((*path, "ticket"), words) from error


def _check_identity(identity: "AwsIdentity", path: Path) -> None:
    if (identity.sso is None) == (identity.arn is None):
        raise wrong(path, "write either sso (an Identity Center user) or arn")
    if identity.arn is not None and (identity.accounts or identity.permission_sets):
        raise wrong(path, "accounts and permission_sets belong to sso; an arn names its account")
    if identity.arn is not None and _CALLER_ARN.fullmatch(identity.arn) is None:
        raise wrong(
            (*path, "arn"),
            f"{identity.arn!r} is no caller: write the Arn that `aws sts get-caller-identity` "
            "shows, of a user or of an assumed role; `*` stands for nothing here",
        )
