"""What the root command's options say, carried through the context of every command."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orgroot.report import Output


class LogLevel(StrEnum):
    """How much of the work is logged to stderr; never more of AWS's own answers than warnings."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """Log lines for people or for machines."""

    TEXT = "text"
    JSON = "json"


@dataclass(slots=True, kw_only=True)
class Settings:
    """The global options; `output` is set by the command that has one.

    Attributes:
        config: `--config`, else None (then ORGROOT_CONFIG and the usual places).
        profile: AWS profile name, else the default chain.
        region: overrides `organization.region` as the default Region.
        expect_head: a receipt line that the log must contain, else None.
        log_level, log_format: the log on stderr.
        color: colours may be used on a terminal.
        output: the form of the result on stdout.
        looks_at_versions: set by `log ack`, which must be able to read what stops all others.
    """

    config: Path | None = None
    profile: str | None = None
    region: str | None = None
    expect_head: str | None = None
    log_level: LogLevel = LogLevel.WARNING
    log_format: LogFormat = LogFormat.TEXT
    color: bool = True
    output: Output = Output.TEXT
    looks_at_versions: bool = False
