"""Waiting for AWS to show a change it has accepted: its lag is given a moment, and no more."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between two readings."""


def settled(
    read: Callable[[], T], reached: Callable[[T], bool], sleep: Callable[[float], None]
) -> T:
    """What is read once it is as it should be, or after the last pause, whatever it is then."""
    for pause in PAUSES:
        found = read()
        if reached(found):
            return found
        sleep(pause)
    return read()
