"""What `scp check` needs before it judges: keys that people know, Regions, and where SCPs are."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from orgroot.cli import places
from orgroot.cli.context import open_workspace, read_config
from orgroot.cli.settings import Settings
from orgroot.core.request_context import Value
from orgroot.core.results import ScpCheck
from orgroot.errors import ConfigError, UsageError
from orgroot.local.clock import SystemClock
from orgroot.workflows.scp_check import Question, check_live, check_text
from orgroot.workflows.scp_planned import check_plan, check_terraform, check_terraform_alone
from orgroot.workflows.scps import read_scp

_REGION_KEY = "aws:requestedregion"
_WITHOUT_CONFIG = "us-east-1"
_NO_CONFIG = "there is no configuration, so no organization was asked"


def known_keys(options: Iterable[str]) -> Mapping[str, Value]:
    """`KEY=VALUE` as given; a key given twice has two values, `KEY=` says the request lacks it.

    Raises:
        UsageError: an option is no `KEY=VALUE`.
    """
    given: dict[str, list[str]] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not key or not equals:
            raise UsageError(
                f"--context {option!r} is no KEY=VALUE",
                hint="write it as aws:SourceVpc=vpc-0abc, or Resource=arn:aws:s3:::bucket",
                code="context",
            )
        given.setdefault(key, []).append(value)
    return {key: _value(values) for key, values in given.items()}


def of_file(settings: Settings, file: Path, known: Mapping[str, Value]) -> ScpCheck:
    """Judge one document.

    Raises:
        UsageError: it cannot be read, or is no policy.
    """
    question = Question(regions=_regions(settings, known), settled=known)
    return check_text(read_scp(file), file.name, question, SystemClock())


def live(settings: Settings, targets: tuple[str, ...], known: Mapping[str, Value]) -> ScpCheck:
    """Judge the organization.

    Raises:
        UsageError, IntegrityError, AwsError: as `context.open_workspace` and `check_live`.
    """
    question = Question(regions=_regions(settings, known), settled=known)
    with open_workspace(settings, None, None, reads=True) as ws:
        return check_live(ws, targets, question)


def of_plan(settings: Settings, targets: tuple[str, ...], known: Mapping[str, Value]) -> ScpCheck:
    """Judge the organization as `scp apply` would leave it.

    Raises:
        UsageError, IntegrityError, AwsError: as `context.open_workspace` and `check_plan`.
    """
    question = Question(regions=_regions(settings, known), settled=known)
    with open_workspace(settings, None, None, reads=True) as ws:
        return check_plan(ws, targets, question)


def of_terraform(
    settings: Settings,
    file: Path,
    targets: tuple[str, ...],
    known: Mapping[str, Value],
    *,
    offline: bool,
) -> ScpCheck:
    """Judge what a Terraform plan would make of the organization, or would stop by itself.

    Without a configuration there is no organization to ask, and the result says so.

    Raises:
        UsageError: it cannot be read, is no plan, or is one of another organization.
        ConfigError, IntegrityError, AwsError: as `context.open_workspace` and `check_live`.
    """
    question = Question(regions=_regions(settings, known), settled=known)
    data = read_bytes(file)
    if offline or not places.has_config(settings.config):
        if targets:
            raise UsageError("--target needs the organization, which is not asked here")
        note = () if offline else (_NO_CONFIG,)
        return check_terraform_alone(data, file.name, question, SystemClock(), note)
    with open_workspace(settings, None, None, reads=True) as ws:
        return check_terraform(ws, data, file.name, targets, question)


def read_bytes(file: Path) -> bytes:
    """The bytes of a file that somebody named.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", code="file") from error


def _value(values: list[str]) -> Value:
    if len(values) > 1:
        return tuple(values)
    return values[0] or None


def _regions(settings: Settings, known: Mapping[str, Value]) -> tuple[str, ...]:
    """Where the work is: as `--context` or `--region` says, else where the configuration works."""
    named = next((v for key, v in known.items() if key.lower() == _REGION_KEY), None)
    if named is not None:
        return (named,) if isinstance(named, str) else tuple(named)
    if settings.region:
        return (settings.region,)
    try:
        config, _ = read_config(settings)
    except ConfigError:
        raise
    except UsageError:  # there is none, and one document needs none
        return (_WITHOUT_CONFIG,)
    watched = config.monitoring.regions if config.monitoring else ()
    return tuple(dict.fromkeys((config.organization.region, *watched)))
