"""`sandbox up|down|env`: start the embedded organization, its config, people and log; stop it."""

import importlib.util
import json
import secrets
import shlex
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orgroot.cli.terminal import say
from orgroot.errors import UsageError

if TYPE_CHECKING:
    from orgroot.cli.sandbox_config import LogLines

ADMINISTRATOR = "sandbox-administrator"
LOG_ARCHIVE = "log-archive"
WITH_LOG_ARCHIVE = 12
"""From so many accounts on an organization surely has that one."""

_PARTS = ("config.yaml", "policies", "keys", "log", "state")
Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The sandbox's folder.")]


class Switch(StrEnum):
    """Whether trusted access and both features are on at the start."""

    ON = "on"
    OFF = "off"


class Kind(StrEnum):
    """Where the log of a sandbox lies: in its folder, or in S3, in the log archive account."""

    FILE = "file"
    S3 = "s3"


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(
        help="An AWS organization in one process: not AWS, but as strict.", no_args_is_help=True
    )
    group.command("up")(up)
    group.command("down")(down)
    group.command("env")(env)
    app.add_typer(group, name="sandbox")


def up(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts in the organization.")] = 25,
    seed: Annotated[int, typer.Option(help="The same number, the same organization.")] = 1,
    folder: Folder = Path(),
    features: Annotated[Switch, typer.Option(help="Centralized root access.")] = Switch.ON,
    store: Annotated[Kind, typer.Option(help="Where the log lies.")] = Kind.FILE,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Start a sandbox in the background.

    With people, a config and an initialized log.
    """
    process = _process()
    if store is Kind.S3 and accounts < WITH_LOG_ARCHIVE:
        raise UsageError(
            f"a sandbox of {accounts} accounts has no log archive account for the log",
            hint=f"give --accounts {WITH_LOG_ARCHIVE} or more",
            code="sandbox-accounts",
        )
    folder = folder.resolve()
    _clear(folder, force=force)
    info = process.start_detached(
        folder, accounts=accounts, seed=seed, features_on=features is Switch.ON, force=force
    )
    _furnish(folder, info.description, info.endpoint, store)
    say(f"sandbox (not AWS) at {info.endpoint}: {accounts} accounts, organization "
        f"{info.organization}, everything in {folder}")  # fmt: skip
    say(f'next: eval "$(orgroot sandbox env --as alice --dir {shlex.quote(str(folder))})"')


def down(folder: Folder = Path()) -> None:
    """Stop the sandbox of a folder; its files stay."""
    stopped = _process().stop(folder.resolve())
    say("stopped" if stopped else "no sandbox was running there")


def env(
    folder: Folder = Path(),
    person: Annotated[
        str | None, typer.Option("--as", metavar="PERSON", help="alice, olga, bob, carol, dana.")
    ] = None,
) -> None:
    """Print `export` lines for a shell.

    Of one of its people; without --as, of a plain administrator.
    """
    for name, value in person_environment(folder.resolve(), person).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def person_environment(folder: Path, person: str | None) -> dict[str, str]:
    """The environment of one of the ready-made people, or (None) of the administrator.

    Raises:
        UsageError: there is no sandbox, or nobody of that name in it.
    """
    info = _process().read_info(folder)
    if info is None:
        raise UsageError(
            f"there is no sandbox in {folder}",
            hint="start one with `orgroot sandbox up`, or name its folder with --dir",
            code="no-sandbox",
        )
    people = [name for name in info.users if name != ADMINISTRATOR]
    if person is not None and person not in people:
        raise UsageError(
            f"{person} is nobody in this sandbox", hint="people are " + ", ".join(sorted(people))
        )
    user = info.users[person or ADMINISTRATOR]
    shared = {
        "AWS_ENDPOINT_URL": info.endpoint,
        "AWS_ACCESS_KEY_ID": user.access_key_id,
        "AWS_SECRET_ACCESS_KEY": user.secret_access_key,
        "AWS_REGION": info.region,
        "AWS_DEFAULT_REGION": info.region,
    }
    if person is None:
        return shared
    return shared | {
        "ORGROOT_CONFIG": str(folder / "config.yaml"),
        "ORGROOT_STATE_DIR": str(folder / "state" / person),
        "ORGROOT_AS": person,
        "ORGROOT_KEY": str(folder / "keys" / f"{person}.pub"),
    }


def require_sandbox_extra() -> None:
    """Say at once what a sandbox needs and this installation lacks.

    Raises:
        UsageError: orgroot was installed without its `sandbox` extra.
    """
    for package in ("moto", "flask", "waitress"):
        if importlib.util.find_spec(package) is None:
            raise UsageError(
                f"the sandbox needs the package {package}, which is not installed",
                hint="in the folder of orgroot's source: pip install '.[sandbox]'",
                code="no-sandbox-extra",
            )


def _process() -> Any:
    from orgroot.sandbox import process

    require_sandbox_extra()
    return process


def _clear(folder: Path, *, force: bool) -> None:
    """Take away what an earlier sandbox left, where that was asked for."""
    there = [part for part in _PARTS if (folder / part).exists()]
    if there and not force:
        raise UsageError(
            f"{folder} already holds {', '.join(there)}",
            hint="give --dir another folder, or --force to replace it",
            code="sandbox-exists",
        )
    for part in there:
        path = folder / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _furnish(
    folder: Path, description: Mapping[str, Any], endpoint: str, kind: Kind = Kind.FILE
) -> None:
    from orgroot.cli.sandbox_config import LogLines, sandbox_config
    from orgroot.cli.sandbox_log import create_log
    from orgroot.cli.shipped import copy_policies

    people: Mapping[str, Mapping[str, Any]] = description["people"]
    public_keys = {
        name: " ".join((folder / person["public_key"]).read_text().split()[:2])
        for name, person in people.items()
    }
    copy_policies(folder / "policies")
    (folder / "state").mkdir(mode=0o700)
    store = (
        LogLines((folder / "log").as_uri()) if kind is Kind.FILE else _bucket(description, endpoint)
    )
    text = sandbox_config(
        description,
        public_keys,
        log_id=secrets.token_hex(8),
        store=store,
        now=datetime.now(UTC),
    )
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    owner = next(name for name, person in people.items() if person["owner"])
    create_log(folder, owner, tuple(people), person_environment(folder, owner))
    watched = [person["user"] for person in people.values() if person["groups"]]
    # It is the witness of these callers' root sessions.
    seen_in = str(folder / "log") if kind is Kind.FILE else store.url
    _tell(endpoint, "witness", {"store": seen_in, "people": watched})


def _bucket(description: Mapping[str, Any], endpoint: str) -> "LogLines":
    """Make the bucket of a log in the log archive account, guarded as `log init` wants it."""
    from orgroot.cli.sandbox_config import RETAIN_DAYS, LogLines
    from orgroot.core.log_bucket import as_text, log_bucket_policy
    from orgroot.core.store_place import S3Place

    owner = next(a["id"] for a in description["accounts"] if a["name"] == LOG_ARCHIVE)
    place = S3Place(f"orgroot-log-{secrets.token_hex(4)}", "v1/")
    policy = log_bucket_policy(
        place, accounts=(description["management_account"],), retain_days=RETAIN_DAYS
    )
    about = {"account": owner, "name": place.bucket, "region": description["region"]}
    _tell(endpoint, "log-bucket", {**about, "policy": as_text(policy)})
    return LogLines(place.url, account=owner, region=description["region"])


def _tell(endpoint: str, page: str, body: Mapping[str, Any]) -> None:
    """Send something to one of the sandbox's own control pages."""
    import urllib.request

    request = urllib.request.Request(  # noqa: S310 - loopback, by construction
        f"{endpoint}/_sandbox/{page}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        answer.read()
