"""AWS's time, from its `Date` headers."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from orgroot.aws.clock import AwsClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Machine:
    """A machine whose two clocks a test sets."""

    def __init__(self) -> None:
        self.wall = NOON
        self.seconds = 100.0
        self.clock = AwsClock(lambda: self.wall, lambda: self.seconds)

    def told(self, moment: datetime) -> None:
        """AWS answers with this time."""
        self.clock.record(format_datetime(moment, usegmt=True))

    def passes(self, seconds: float) -> None:
        """Both clocks run on."""
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


def test_until_aws_answers_the_local_clock_counts() -> None:
    """Before the first answer, now is this machine's time and the skew is unknown."""
    machine = Machine()
    assert (machine.clock.now(), machine.clock.skew()) == (NOON, None)


def test_aws_corrects_the_local_clock() -> None:
    """After an answer, AWS's time runs on by the monotonic clock, whatever the wall clock does."""
    machine = Machine()
    machine.told(NOON + timedelta(hours=1))
    machine.passes(30)
    machine.wall -= timedelta(days=400)
    assert machine.clock.now() == NOON + timedelta(hours=1, seconds=30)
    assert machine.clock.skew() == timedelta(days=400, hours=1)


def test_whole_seconds_do_not_set_time_back() -> None:
    """`Date` is cut to seconds: small steps back are that, and time does not follow them."""
    machine = Machine()
    machine.told(NOON)
    machine.passes(1.9)
    machine.told(NOON + timedelta(seconds=1))
    assert machine.clock.now() == NOON + timedelta(seconds=1.9)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_true_step_is_followed(hours: int) -> None:
    """Where AWS's time and ours part for good, as after a suspended laptop, AWS is right."""
    machine = Machine()
    machine.told(NOON)
    machine.told(NOON + timedelta(hours=hours))
    assert machine.clock.now() == NOON + timedelta(hours=hours)


@pytest.mark.parametrize("header", ["", "yesterday", "Sun, 22 Nov 2026 12:00:00 -0000"])
def test_nonsense_is_no_time(header: str) -> None:
    """A header without a time in a known zone changes nothing."""
    machine = Machine()
    machine.clock.record(header)
    assert machine.clock.skew() is None


def test_time_runs_on_while_the_machine_sleeps() -> None:
    """A laptop that slept through a run's deadline wakes up knowing it, before AWS says so.

    In a time namespace whose boot clock is ahead of the other one by what was slept.
    """
    asleep = ("unshare", "--user", "--map-root-user", "--time", "--boottime", "5000", "--fork")
    if shutil.which("unshare") is None or subprocess.run([*asleep, "true"], check=False).returncode:
        pytest.skip("time namespaces are not to be had here")
    read = "from orgroot.aws.clock import running_on; print(running_on() - time.monotonic())"
    command = [*asleep, sys.executable, "-c", f"import time; {read}"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert float(told.stdout) > 4999
