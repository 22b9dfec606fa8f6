"""What `scp lint` looks at: the files that are named, else those of the configuration."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from orgroot.aws.action_names import BotocoreActions
from orgroot.cli.context import read_config
from orgroot.cli.settings import Settings
from orgroot.core.results import ScpLint
from orgroot.core.scp_lint import IGNORABLE
from orgroot.errors import UsageError
from orgroot.workflows.scp_lint import lint_files


def offline(settings: Settings, files: Sequence[Path], ignored: Iterable[str]) -> ScpLint:
    """Lint without credentials.

    Raises:
        UsageError: a file cannot be read, or a code is none that may be ignored.
    """
    return lint_files(_named(settings, files), BotocoreActions(), _codes(ignored))


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
    unknown = sorted(codes - IGNORABLE)
    if unknown:
        raise UsageError(
            f"--ignore {unknown[0]}: no finding of that code can be ignored",
            hint="codes are " + ", ".join(sorted(IGNORABLE)),
            code="lint-code",
        )
    return codes
