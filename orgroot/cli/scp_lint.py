"""What `scp lint` looks at: the files that are named, else those of the configuration."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orgroot.aws.action_names import BotocoreActions
from orgroot.cli.context import open_readers, read_config
from orgroot.cli.settings import Settings
from orgroot.core.config import Config
from orgroot.core.results import ScpLint
from orgroot.core.scp_lint import IGNORABLE
from orgroot.core.scp_opinion import SECOND_OPINION
from orgroot.errors import ConfigError, UsageError
from orgroot.workflows.scp_lint import Lens, lint_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for besides the files; with nothing of it no credentials are needed.

    Attributes:
        targets: ids whose room is told.
        live: so is that of the targets that the configuration declares.
        second: Access Analyzer is asked too.
    """

    targets: tuple[str, ...] = ()
    live: bool = False
    second: bool = False


def linted(
    settings: Settings, files: Sequence[Path], ignored: Iterable[str], asked: Asked
) -> ScpLint:
    """Lint what is named.

    Raises:
        UsageError: a file cannot be read, a code cannot be ignored, or a target does not exist.
        IntegrityError: the credentials are of another organization than the configuration.
        AwsError: AWS could not be asked.
    """
    lens = Lens(names=BotocoreActions(), ignored=_codes(ignored))
    named = _named(settings, files)
    if asked.targets or asked.live or asked.second:
        config = _config_if_any(settings)
        reads = bool(asked.targets or asked.live)
        organization, validation = open_readers(settings, config, checked=reads)
        lens = replace(
            lens,
            organization=organization,
            targets=(*asked.targets, *(_declared(settings) if asked.live else ())),
            second=validation if asked.second else None,
        )
    return lint_files(named, lens)


def _config_if_any(settings: Settings) -> Config | None:
    """The configuration; None where there is none, and none was named.

    Raises:
        ConfigError: there is one, and it cannot be read.
    """
    try:
        return read_config(settings)[0]
    except ConfigError:
        raise
    except UsageError:
        if settings.config is not None:
            raise
        return None


def _declared(settings: Settings) -> tuple[str, ...]:
    """The targets that the configuration declares."""
    config, _ = read_config(settings)
    return tuple(dict.fromkeys(target for scp in config.scps or () for target in scp.targets))


def _named(settings: Settings, files: Sequence[Path]) -> tuple[tuple[Path, str], ...]:
    """Each file with the name it has in findings."""
    if files:
        return tuple((file, str(file)) for file in files)
    config, path = read_config(settings)
    if not config.scps:
        raise UsageError(
            f"{path} declares no SCPs",
            hint="name files: orgroot scp lint policies/scp/*.json",
            code="no-scps",
        )
    return tuple((path.parent / scp.file, scp.file) for scp in config.scps)


def _codes(ignored: Iterable[str]) -> frozenset[str]:
    codes = frozenset(ignored)
    unknown = sorted(code for code in codes - IGNORABLE if not code.startswith(SECOND_OPINION))
    if unknown:
        raise UsageError(
            f"--ignore {unknown[0]}: no finding of that code can be ignored",
            hint="codes are " + ", ".join(sorted(IGNORABLE)),
            code="lint-code",
        )
    return codes
