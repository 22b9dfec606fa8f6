"""Where the command line gets its doors to AWS: only with their log on stderr set up as asked.

Only calls to AWS are logged, so a command that makes none need not load the logger.
"""

from typing import TYPE_CHECKING

from orgroot.cli.logging_setup import set_up_logging
from orgroot.cli.settings import Settings

if TYPE_CHECKING:
    from orgroot.aws.clients import AwsDoor


def logged_door(settings: Settings) -> "type[AwsDoor]":
    """What makes a door whose calls are logged at the level and in the form of this run."""
    from orgroot.aws.clients import AwsDoor

    set_up_logging(settings.log_level, settings.log_format)
    return AwsDoor
