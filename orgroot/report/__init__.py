"""Results to text, JSON and CSV: pure. Prints nothing, decides nothing."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orgroot.core.results import Result


class Output(StrEnum):
    """The forms a result can take on stdout."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class ExportFormat(StrEnum):
    """The forms in which records leave the log."""

    JSONL = "jsonl"
    CSV = "csv"
    OCSF = "ocsf"


def render(result: "Result", output: Output) -> str:
    """The whole of what a command prints on stdout, with a final newline."""
    # The renderers and their results cost start-up time that `--help` need not pay.
    match output:
        case Output.JSON:
            from orgroot.report.json_text import to_json  # noqa: PLC0415

            return to_json(result)
        case Output.CSV:
            from orgroot.report.comma_separated import to_csv  # noqa: PLC0415

            return to_csv(result)
        case Output.TEXT:
            from orgroot.report.text import to_plain  # noqa: PLC0415

            return to_plain(result)
