"""Days and instants as people type them: `2026-03-01`, or `2026-03-01T09:00:00Z`. All in UTC."""

from datetime import UTC, date, datetime, time

from orgroot.core.config import end_of_day
from orgroot.core.statements import instant
from orgroot.errors import IntegrityError, UsageError


def from_time(option: str, text: str | None) -> datetime | None:
    """From when on: the beginning of a day, or an instant."""
    day = _day(text)
    if day is not None:
        return datetime.combine(day, time(), tzinfo=UTC)
    return _instant(option, text)


def until_time(option: str, text: str | None) -> datetime | None:
    """Until before when: the end of a day, or an instant."""
    day = _day(text)
    return _instant(option, text) if day is None else end_of_day(day)


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _instant(option: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else instant(text)
    except IntegrityError as error:
        raise UsageError(
            f"{option} {text!r} is not a day or an instant",
            hint="write 2026-03-01, or 2026-03-01T09:00:00Z (UTC)",
            code="time",
        ) from error
