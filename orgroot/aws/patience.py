"""Waiting out what AWS asks to be tried again and botocore does not retry: definite refusals only.

A call whose outcome is unknown is never repeated here.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from orgroot.aws.error_codes import plain_code
from orgroot.errors import AwsError, AwsErrorKind

_Answer = TypeVar("_Answer")

_SETTLES = frozenset(
    {
        "ConcurrentModification",
        "PolicyChangesInProgress",
        "EntityTemporarilyUnmodifiable",
        "OperationAborted",
    }
)
_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 8.0


class Patience:
    """Repeat a call that AWS refused for the moment, with growing, jittered pauses.

    Args:
        sleep: waits so many seconds.
        deadline_seconds: the longest total wait of one call; then AWS's refusal is raised.
        jitter: a number between two numbers.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        deadline_seconds: float = 60.0,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._sleep = sleep
        self._deadline = deadline_seconds
        self._jitter = jitter

    def __call__(self, call: Callable[[], _Answer]) -> _Answer:
        """The answer of `call`, or the AwsError that remained."""
        waited = 0.0
        longest = _FIRST_SECONDS
        while True:
            try:
                return call()
            except AwsError as error:
                pause = self._jitter(longest / 2, longest)
                if not _passes(error) or waited + pause > self._deadline:
                    raise
            self._sleep(pause)
            waited += pause
            longest = min(longest * 2, _LONGEST_SECONDS)


def _passes(error: AwsError) -> bool:
    return error.kind is AwsErrorKind.THROTTLED or plain_code(error.aws_code) in _SETTLES
