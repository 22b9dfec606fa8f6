"""The composition root: the only module that picks adapters, and checks a command's world.

The order is that of the design: configuration, then the log (which says whether AWS or a sandbox
stands behind it), then the endpoint, the caller, the organization, the pinned trust, the person.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orgroot.cli import places, who
from orgroot.cli.door import logged_door
from orgroot.cli.notices import tell_of_rules
from orgroot.cli.settings import Settings
from orgroot.cli.stores import open_store
from orgroot.cli.terminal import TerminalProgress, say, typed
from orgroot.core.config import Config, Trust
from orgroot.core.log_verify import LookAhead
from orgroot.core.results import Whoami
from orgroot.errors import CredentialsError, IntegrityError, UsageError
from orgroot.local import second_process
from orgroot.local.memory import LocalMemory
from orgroot.local.ssh_signer import find_keys, public_key_of
from orgroot.local.yaml_file import load_config
from orgroot.workflows import trust as trusting
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.log_reading import spool_waits
from orgroot.workflows.workspace import Workspace, observer_mode

if TYPE_CHECKING:
    from orgroot.aws.clients import AwsDoor
    from orgroot.aws.organizations import AwsOrganization
    from orgroot.aws.policy_validation import AwsPolicyValidation
    from orgroot.core.organization import Caller
    from orgroot.core.statement_parts import Signer as StatementSigner
    from orgroot.ports import Signer


look_ahead: LookAhead = second_process.ahead
"""How a long log is looked at where all of it is read."""

Electorate = Callable[[AuditLog], "Sequence[StatementSigner]"]
"""Who may sign what a command is about, with which keys; it is asked once the log was read."""


def read_config(settings: Settings) -> tuple[Config, Path]:
    """The configuration and where it came from."""
    path = places.find_config(settings.config)
    return load_config(path), path


def memory() -> LocalMemory:
    """What this machine remembers."""
    return LocalMemory(places.state_folder())


def open_log(
    settings: Settings,
    config: Config,
    trust: Trust,
    receipts: Sequence[str] = (),
    *,
    any_owners: bool = False,
) -> AuditLog:
    """The log of a configuration, not yet read: whoever reads it checks whose it is.

    Args:
        settings: the global options.
        config: the configuration.
        trust: its `trust:`.
        receipts: further receipt lines that the log must contain.
        any_owners: its owners may have handed the log over since.
    """
    head = () if settings.expect_head is None else (settings.expect_head,)
    store, clock = open_store(settings, trust)
    log = AuditLog(
        store,
        trust,
        config.organization.id,
        memory(),
        clock,
        receipts=tuple(line.strip() for line in (*head, *receipts)),
        any_owners=any_owners,
    )
    if settings.looks_at_versions:
        log.look_at_versions()
    return log


def open_any_log(settings: Settings) -> AuditLog:
    """The log of a configuration whose owners may have handed it over since, to look at only.

    Raises:
        UsageError: observer mode.
    """
    config, _ = read_config(settings)
    if config.trust is None:
        raise observer_mode()
    log = open_log(settings, config, config.trust, any_owners=True)
    _use_trust(log, settings, signs=False)
    return log


def trust_in(file: Path) -> Trust:
    """The `trust:` section of a configuration that is not in use yet.

    Raises:
        UsageError: it cannot be read, or has none.
    """
    trust = load_config(file).trust
    if trust is None:
        raise UsageError(f"{file} has no trust: section", code="no-trust")
    return trust


def open_door(settings: Settings, config: Config | None, kind: str | None) -> "AwsDoor":
    """The one way to AWS, with the profile and Region of this run."""
    region = settings.region or (config.organization.region if config else None)
    match kind:
        case None | "aws" | "sandbox":
            return logged_door(settings)(settings.profile, region, kind, os.environ)
        case _:
            raise IntegrityError(f"the log names an unknown kind of endpoint, {kind!r}")


def open_readers(
    settings: Settings, config: Config | None, *, checked: bool
) -> "tuple[AwsOrganization, AwsPolicyValidation]":
    """What can be read of AWS without a log.

    Raises:
        IntegrityError: `checked`, and the credentials are not of the configuration's organization.
    """
    from orgroot.aws.organizations import AwsOrganization
    from orgroot.aws.policy_validation import AwsPolicyValidation

    door = open_door(settings, config, None)
    organization = AwsOrganization(door)
    if checked and config is not None:
        _check_organization(config, organization)
    return organization, AwsPolicyValidation(door)


def endpoint_of(log: AuditLog | None) -> str | None:
    """`aws` or `sandbox` as the log's genesis says; None without a log or before its genesis."""
    if log is None:
        return None
    return trusting.world_of(log.require())


@contextmanager
def open_workspace(
    settings: Settings,
    as_person: str | None,
    key: Path | None,
    *,
    reads: bool = False,
    owner: bool = False,
) -> Iterator[Workspace]:
    """The world of a command that calls AWS, checked before anything else happens.

    Args:
        settings: the global options.
        as_person: `--as`.
        key: `--key`.
        reads: the command signs nothing, so it never pins the trust.
        owner: the person is an owner of the trust, whoever AWS says is calling.

    Raises:
        UsageError: configuration or credentials.
        IntegrityError: another organization, another endpoint, a changed trust, a broken log.
        AuditUnavailable: the log cannot be read.
    """
    config, path = read_config(settings)
    log = None if config.trust is None else open_log(settings, config, config.trust)
    from orgroot.aws.cloudtrail import AwsTrails
    from orgroot.aws.identity import AwsIdentity
    from orgroot.aws.organizations import AwsOrganization
    from orgroot.aws.resource_policies import AwsResourcePolicies
    from orgroot.aws.root_sessions import AwsRootSessions

    door = open_door(settings, config, endpoint_of(log))
    identity, organization = AwsIdentity(door), AwsOrganization(door)
    caller = identity.caller()
    _check_organization(config, organization)
    if log is not None:
        trusting.check_world(
            log.state,
            endpoint=door.endpoint_kind,
            management_account=config.organization.management_account,
        )
        _use_trust(log, settings, signs=not reads)
    roster = who.roster_of(config, log)
    signer: Signer | None
    if owner:
        person: str | None = who.owner_named(config, as_person)
        signer = who.owner_signer(config, person or "", key, log)
    else:
        person = who.acting_person(roster, caller, as_person)
        who.check_identity_center(person, caller, identity)
        signer = who.roster_signer(roster, person, key)
    _tell_of_spool(log)
    tell_of_rules(log, door.clock.now())
    with TerminalProgress(color=settings.color) as progress:
        yield Workspace(
            config=config,
            config_path=path,
            clock=door.clock,
            progress=progress,
            organization=organization,
            identity=identity,
            root_sessions=AwsRootSessions(door),
            resource_policies=AwsResourcePolicies(door),
            trails=AwsTrails(
                door,
                home=caller.account,
                roles=config.reconcile.roles,
                organization=config.organization.id,
                trail=config.reconcile.organization_trail,
            ),
            caller=caller,
            memory=memory(),
            log=log,
            person=person,
            signer=signer,
        )


def _check_organization(config: Config, organization: "AwsOrganization") -> None:
    """The live organization is the configured one.

    Raises:
        IntegrityError: it is another.
    """
    live, asked = organization.describe(), config.organization
    if (live.id, live.management_account) != (asked.id, asked.management_account):
        raise IntegrityError(
            f"the credentials are of organization {live.id} (management account "
            f"{live.management_account}), the configuration is of {asked.id} "
            f"({asked.management_account})",
            hint="use other credentials, or the right --config",
            code="organization",
        )


def _accept_trust(log: AuditLog, settings: Settings) -> None:
    """Pin the trust at its first use: typed on a terminal, or vouched for by --expect-head."""

    def ask(digest: str) -> None:
        if settings.expect_head is not None:  # already found in the log when it was read
            return
        if not sys.stdin.isatty():
            raise UsageError(
                f"this machine has not used the log {log.trust.log_id} before",
                hint="run the command once on a terminal, or give --expect-head RECEIPT",
                code="trust-unconfirmed",
            )
        say(f"first use of the log {log.trust.log_id}: the SHA-256 of its trust is\n  {digest}")
        typed("Is that the one its owners gave you?", digest[-8:], yes=False)

    if trusting.accept(log, ask):
        say(f"trust of log {log.trust.log_id} pinned on this machine")


def _use_trust(log: AuditLog, settings: Settings, *, signs: bool) -> None:
    """Pin the trust where the command signs, never where it reads; say what both rest on."""
    if signs:
        _accept_trust(log, settings)
    if log.blind:
        say(f"this machine has no memory of log {log.trust.log_id} yet: a cut tail would not show")


@contextmanager
def open_desk(
    settings: Settings,
    as_person: str | None,
    key: Path | None,
    *,
    signs: bool = False,
    owner: bool = False,
    electorate: Electorate | None = None,
) -> Iterator[LogDesk]:
    """The world of a command on the log alone; AWS is asked only who calls, and only if need be.

    Args:
        settings: the global options.
        as_person: `--as`; where it is missing, whoever signs is the caller AWS reports.
        key: `--key`.
        signs: the command signs a statement.
        owner: the person is an owner of the trust.
        electorate: the person is one of those who may sign, as the log has it.

    Raises:
        UsageError: configuration, or a log that is not there.
        IntegrityError: a changed trust, or a broken log.
        AuditUnavailable: the log cannot be read.
    """
    config, _ = read_config(settings)
    if config.trust is None:
        raise observer_mode()
    log = open_log(settings, config, config.trust)
    log.require()
    _use_trust(log, settings, signs=signs)
    _tell_of_spool(log)
    tell_of_rules(log, log.clock.now())
    person: str | None
    signer: Signer | None
    if owner:
        person = who.owner_named(config, as_person)
        signer = who.owner_signer(config, person, key, log)
    elif electorate is not None:
        person, signer = who.one_of(electorate(log), as_person, key)
    else:
        roster = who.roster_of(config, log)
        person = _caller_person(settings, config, log) if signs and not as_person else as_person
        signer = who.desk_signer(roster, person, key)
    yield LogDesk(
        config=config, log=log, clock=log.clock, memory=memory(), person=person, signer=signer
    )


def _tell_of_spool(log: AuditLog | None) -> None:
    """Facts that only this machine holds are named until `recover` has brought them to the log."""
    if log is not None and spool_waits(log):
        say("this machine holds facts that the log did not take: run `orgroot recover`")


def _caller_person(settings: Settings, config: Config, log: AuditLog) -> str | None:
    """The roster name of the caller AWS reports; None without credentials, or for a stranger."""
    from orgroot.aws.identity import AwsIdentity

    identity = AwsIdentity(open_door(settings, config, endpoint_of(log)))
    try:
        caller = identity.caller()
    except CredentialsError:
        return None
    person = who.acting_person(who.roster_of(config, log), caller, None)
    who.check_identity_center(person, caller, identity)
    return person


def open_whole_log(settings: Settings, receipts: Sequence[str] = ()) -> AuditLog:
    """The log for commands that read all of it anew, and the receipt lines it must contain."""
    config, _ = read_config(settings)
    if config.trust is None:
        raise observer_mode()
    log = open_log(settings, config, config.trust, receipts)
    _use_trust(log, settings, signs=False)
    return log


def who_am_i(settings: Settings, as_person: str | None, key: Path | None) -> Whoami:
    """`whoami`: as much as can be known, whatever is missing."""
    from orgroot.aws.identity import AwsIdentity
    from orgroot.workflows.whoami import is_owner, whoami

    config, _ = read_config(settings)
    log = None if config.trust is None else open_log(settings, config, config.trust)
    kind = endpoint_of(log)
    if log is not None:
        _use_trust(log, settings, signs=False)
        tell_of_rules(log, log.clock.now())
    caller: Caller | None = None
    try:
        caller = AwsIdentity(open_door(settings, config, kind)).caller()
    except CredentialsError as error:
        if as_person is None:
            raise
        say(f"AWS was not asked: {error.message}")
    if caller is not None and not is_owner(config, as_person):
        who.acting_person(who.roster_of(config, log), caller, as_person)
    return whoami(caller=caller, config=config, log=log, person=as_person, find_key=_finder(key))


def _finder(key: Path | None) -> Callable[[str], str | None]:
    named = None if key is None else public_key_of(key)

    def find(text: str) -> str | None:
        from orgroot.core.public_keys import parse_public_key

        wanted = parse_public_key(text)
        if wanted == named:
            return str(key)
        try:
            return find_keys((wanted,), places.home(), os.environ)[0].source
        except UsageError:
            return None

    return find
