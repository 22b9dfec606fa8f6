"""`orgroot init` and `log init`: from nothing to a configuration, a log and rules in force.

Nothing that exists is overwritten; a setup that fails takes its own file away again.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from orgroot.cli import places, who
from orgroot.cli.context import memory, open_door, read_config
from orgroot.cli.settings import Settings
from orgroot.cli.stores import new_store, require_fit, store_beside
from orgroot.cli.terminal import announce, confirm, input_line
from orgroot.core.config import Config, Trust, parse_config
from orgroot.core.ids import account_id
from orgroot.core.public_keys import parse_public_key
from orgroot.core.results import Init, LogInit
from orgroot.core.store_place import S3, s3_place
from orgroot.errors import IntegrityError, UsageError
from orgroot.local.yaml_file import parse_yaml
from orgroot.ports import Clock, Signer
from orgroot.workflows.log_move import config_lines
from orgroot.workflows.setup import init_log, new_log_id
from orgroot.workflows.team_config import Member, Team, observer_config, team_config
from orgroot.workflows.trust_memory import trust_sha256

if TYPE_CHECKING:
    from orgroot.aws.clients import AwsDoor
    from orgroot.core.organization import OrganizationFacts

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CONFIG_MODE = 0o644
_FORMS = {"--store-account": "ID, the account that owns the bucket"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the flags of `orgroot init` said, still as text."""

    team: bool
    owners: tuple[str, ...]
    threshold: int
    requesters: tuple[str, ...]
    approvers: tuple[str, ...]
    oncall: tuple[str, ...]
    store: str | None
    store_account: str | None
    store_region: str | None
    out: Path | None
    key: Path | None
    yes: bool


def first_setup(settings: Settings, asked: Asked) -> Init:
    """Write a configuration; with `--team`, create its log and put its rules in force.

    Where several owners must sign, what the first has signed waits for the others (exit 10).

    Raises:
        UsageError: a flag is missing or wrong, or something is there already.
        CredentialsError: AWS does not accept the caller.
    """
    out = (asked.out or settings.config or places.user_config()).absolute()
    if out.exists():
        raise UsageError(
            f"{out} exists already",
            hint="name another file with --out, or edit that one",
            code="config-exists",
        )
    team = _team(asked) if asked.team else None
    door, live = _ask_aws(settings)
    if team is not None and team.store_region is None:
        team = replace(team, store_region=door.region)
    facts = (live.id, live.management_account, door.region)
    text = observer_config(*facts) if team is None else team_config(*facts, team)
    config = parse_config(parse_yaml(text.encode(), source=str(out)).tree)
    rows = [
        ("organization", f"{live.id} ({door.endpoint_kind})"),
        ("management account", live.management_account),
        ("config", str(out)),
        ("log", team.store if team else "none (observer mode)"),
    ]
    doubts = () if team is None else require_fit(settings, config.organization, trust_of(config))
    announce(rows)
    confirm("Write this?", yes=asked.yes)
    with _new_file(out, text):
        if team is None:
            return Init(
                config=str(out),
                mode="observer",
                organization=live.id,
                commands=(*_where(out), "orgroot status", "orgroot init --help"),
            )
        created = init_log(
            config=config,
            store=new_store(settings, trust_of(config)),
            memory=memory(),
            clock=door.clock,
            person=team.owners[0].person,
            signer=who.owner_signer(config, team.owners[0].person, asked.key),
            endpoint=door.endpoint_kind,
        )
    return Init(
        exit_reasons=created.exit_reasons,
        config=str(out),
        mode="team",
        organization=live.id,
        log_id=created.log_id,
        store=created.store,
        trust_sha256=created.trust_sha256,
        receipt=created.receipt,
        signed=created.signed,
        lacking=created.lacking,
        warnings=(*created.warnings, *doubts),
        commands=(*_where(out), *(_to_begin(team) if created.lacking else _TO_GO_ON)),
    )


_TO_GO_ON = (
    "orgroot whoami",
    "orgroot status",
    "orgroot enable --reason 'centralized root access'",
)


def _to_begin(team: Team) -> tuple[str, ...]:
    """What the other owners run, each with this very configuration; the last creates the log."""
    return tuple(f"orgroot log init --as {owner.person}" for owner in team.owners[1:])


def _where(out: Path) -> tuple[str, ...]:
    """How the next commands find a configuration that is not in its usual place."""
    return (
        () if out == places.user_config() else (f"export ORGROOT_CONFIG={shlex.quote(str(out))}",)
    )


def _ask_aws(settings: Settings) -> tuple["AwsDoor", "OrganizationFacts"]:
    from orgroot.aws.identity import AwsIdentity
    from orgroot.aws.organizations import AwsOrganization

    door = open_door(settings, None, None)
    AwsIdentity(door).caller()
    return door, AwsOrganization(door).describe()


def _team(asked: Asked) -> Team:
    owners = asked.owners or _ask_all(
        "--owner", "Who owns the trust? NAME=PUBLIC-KEY-FILE, separated by blanks, you first: "
    )
    requesters = asked.requesters or _ask_all(
        "--requester", "Who may ask? NAME=PUBLIC-KEY-FILE[,ARN], separated by blanks: "
    )
    approvers = asked.approvers or _ask_all(
        "--approver", "Who approves? NAME=PUBLIC-KEY-FILE, separated by blanks: "
    )
    store = asked.store or places.default_store()
    account = _store_account(asked, store)
    return Team(
        owners=tuple(_member(text, "--owner") for text in owners),
        threshold=asked.threshold,
        requesters=tuple(_member(text, "--requester") for text in requesters),
        approvers=tuple(_member(text, "--approver") for text in approvers),
        oncall=asked.oncall,
        store=store,
        store_account=account,
        store_region=asked.store_region,
        log_id=new_log_id(),
        now=datetime.now(UTC),
    )


def _store_account(asked: Asked, store: str) -> str | None:
    """The account that owns the bucket of the log; None for a folder.

    Raises:
        UsageError: no kind of store, or nobody said whose the bucket is.
    """
    if not store.startswith(S3):
        places.store_folder(store)
        return None
    s3_place(store)
    account = asked.store_account or _ask("--store-account", "Which account owns the bucket? ")
    return account_id(account)


def _ask(flag: str, question: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{flag} is missing, and there is no terminal to ask on",
            hint=f"add {flag} {_FORMS.get(flag, 'NAME=PUBLIC-KEY-FILE')}",
            code="missing-flag",
        )
    try:
        answer = input_line(question).strip()
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if not answer:
        raise UsageError(f"{flag} is missing: nothing was written", code="missing-flag")
    return answer


def _ask_all(flag: str, question: str) -> tuple[str, ...]:
    return tuple(_ask(flag, question).split())


def _member(text: str, flag: str) -> Member:
    name, equals, rest = text.partition("=")
    file, _, arn = rest.partition(",")
    if not equals or _NAME.fullmatch(name) is None or not file:
        raise UsageError(
            f"{flag} {text!r} is not NAME=PUBLIC-KEY-FILE",
            hint="names are lower case, e.g. alice=~/.ssh/id_ed25519.pub",
            code="member",
        )
    path = Path(file).expanduser()
    try:
        key = parse_public_key(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{flag}: the public key file {path} cannot be read", hint=str(error), code="member"
        ) from error
    except UsageError as error:
        raise UsageError(f"{flag} {path}: {error.message}", hint=error.hint, code=error.code) from (
            error
        )
    return Member(person=name, key=key.text, arn=arn or None)


def trust_of(config: Config) -> Trust:
    """The trust section, which a log needs.

    Raises:
        UsageError: there is none.
    """
    if config.trust is None:
        raise UsageError("the configuration has no trust: section", code="no-trust")
    return config.trust


@contextmanager
def _new_file(path: Path, text: str) -> Iterator[None]:
    """Write a file that must not exist yet; take it away again if what follows fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _CONFIG_MODE)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", code="config") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A store that is not the configuration's: `--store` and what belongs to it."""

    store: str
    account: str | None
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLog:
    """A log about to be created: what the owner is shown, and the act.

    `trust` is what it is created with, `written` what the configuration says.
    """

    settings: Settings
    config: Config
    trust: Trust
    written: Trust
    doubts: tuple[str, ...]
    person: str
    signer: Signer
    endpoint: str
    clock: Clock

    @property
    def trust_sha256(self) -> str:
        """The SHA-256 that this creation pins."""
        return trust_sha256(self.trust)

    def init(self) -> LogInit:
        """Write genesis and rules."""
        created = init_log(
            config=self.config,
            store=new_store(self.settings, self.trust),
            memory=memory(),
            clock=self.clock,
            person=self.person,
            signer=self.signer,
            endpoint=self.endpoint,
        )
        warnings = (*created.warnings, *self.doubts)
        if self.trust != self.written:
            lines = ", ".join(config_lines(self.trust))
            warnings = (*warnings, f"write under trust: in the configuration: {lines}")
        return msgspec.structs.replace(created, warnings=warnings)


def open_new_log(
    settings: Settings, as_person: str | None, key: Path | None, elsewhere: Elsewhere | None = None
) -> NewLog:
    """What `log init` is about to create, checked against the live organization.

    Raises:
        UsageError: no trust, or not an owner.
        IntegrityError: the credentials are of another organization.
    """
    config, _ = read_config(settings)
    person = who.owner_named(config, as_person)
    door, live = _ask_aws(settings)
    asked = config.organization
    if (live.id, live.management_account) != (asked.id, asked.management_account):
        raise IntegrityError(
            f"the credentials are of organization {live.id}, the configuration is of {asked.id}",
            hint="use other credentials, or the right --config",
            code="organization",
        )
    written = trust = trust_of(config)
    if elsewhere is not None:
        place = store_beside(config, elsewhere.store, elsewhere.account, elsewhere.region)
        trust = msgspec.structs.replace(trust, **place)
        config = msgspec.structs.replace(config, trust=trust)
    doubts = require_fit(settings, asked, trust)
    return NewLog(
        doubts=doubts,
        written=written,
        settings=settings,
        config=config,
        trust=trust,
        person=person,
        signer=who.owner_signer(config, person, key),
        endpoint=door.endpoint_kind,
        clock=door.clock,
    )
