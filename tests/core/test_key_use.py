"""Whether a root access key is in use."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.key_use import last_use, used_within
from orgroot.core.root_credentials import AccessKey
from orgroot.core.task_params import parse_params
from orgroot.errors import IntegrityError
from tests.core import scene as s

MONTH = timedelta(days=30)


def key(used: datetime | None) -> AccessKey:
    """A key, last used so."""
    return AccessKey(id="AKIA", status="Active", created_at=None, last_used_at=used)


def test_the_last_use_of_any_key_counts() -> None:
    """Keys that were never used say nothing."""
    assert last_use([]) is None
    assert last_use([key(None)]) is None
    later = s.START + MONTH
    assert last_use([key(s.START), key(None), key(later)]) == later


@pytest.mark.parametrize(
    ("used", "answer"),
    [
        (None, False),
        (s.START - MONTH - timedelta(seconds=1), False),
        (s.START - MONTH, True),
        (s.START + MONTH, True),
        ("2026-03-01T00:00:00Z", True),
        ("2025-03-01T00:00:00Z", False),
    ],
)
def test_use_within_a_time(used: datetime | str | None, *, answer: bool) -> None:
    """As an instant or as its text; a use in the future is a use."""
    assert used_within(used, s.START, MONTH) is answer


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", ""])
def test_a_request_names_a_time_or_none(text: str) -> None:
    """What is no time makes the parameters void, never a summary fail."""
    params: dict[str, Any] = s.removal_params(s.ACCOUNT)
    params["seen"][s.ACCOUNT]["key_last_used"] = text
    with pytest.raises(IntegrityError, match="do not fit"):
        parse_params(Task.DELETE_ROOT_CREDENTIALS, params)
