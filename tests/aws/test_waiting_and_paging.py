"""Reading lists to their end, and waiting out what passes."""

from collections.abc import Mapping
from typing import Any

import pytest

from orgroot.aws.paging import pages
from orgroot.aws.patience import Patience
from orgroot.errors import AwsError, AwsErrorKind


def refusal(code: str, kind: AwsErrorKind) -> AwsError:
    """A refusal of AWS."""
    return AwsError("no", kind=kind, aws_code=code, operation="organizations:AttachPolicy")


class Refusing:
    """Refuses so many times, then answers."""

    def __init__(self, error: AwsError, times: int) -> None:
        self.error = error
        self.left = times
        self.asked = 0

    def __call__(self) -> str:
        """Refuse while there is something left to refuse."""
        self.asked += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ConcurrentModificationException", AwsErrorKind.CONFLICT),
        ("ConcurrentModification", AwsErrorKind.CONFLICT),
        ("PolicyChangesInProgressException", AwsErrorKind.CONFLICT),
        ("EntityTemporarilyUnmodifiable", AwsErrorKind.CONFLICT),
        ("TooManyRequestsException", AwsErrorKind.THROTTLED),
        ("Throttling", AwsErrorKind.THROTTLED),
    ],
)
def test_what_passes_is_waited_out(code: str, kind: AwsErrorKind) -> None:
    """AWS's pleas to come back later are followed, with growing pauses."""
    pauses: list[float] = []
    call = Refusing(refusal(code, kind), 3)
    assert Patience(pauses.append, jitter=lambda _, high: high)(call) == "done"
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("", AwsErrorKind.LOST),
        ("AccessDenied", AwsErrorKind.DENIED),
        ("DeleteConflict", AwsErrorKind.CONFLICT),
        ("ServiceFailure", AwsErrorKind.UNAVAILABLE),
        ("LimitExceeded", AwsErrorKind.LIMIT),
    ],
)
def test_nothing_else_is_repeated(code: str, kind: AwsErrorKind) -> None:
    """A call that was lost or refused for good is made once."""
    pauses: list[float] = []
    call = Refusing(refusal(code, kind), 1)
    with pytest.raises(AwsError):
        Patience(pauses.append)(call)
    assert (call.asked, pauses) == (1, [])


def test_patience_ends() -> None:
    """The total wait of one call is bounded, then AWS's refusal is raised."""
    pauses: list[float] = []
    call = Refusing(refusal("ConcurrentModification", AwsErrorKind.CONFLICT), 10_000)
    with pytest.raises(AwsError):
        Patience(pauses.append, deadline_seconds=30)(call)
    assert 20 < sum(pauses) <= 30


def read(answers: Mapping[str | None, dict[str, Any]], name: str = "NextToken") -> list[Any]:
    """Every item of a list with these pages by token."""
    read_pages = pages(
        lambda wanted: answers[wanted.get(name)], {}, sends=name, answers=name, operation="x:List"
    )
    return [item for page in read_pages for item in page.get("Items", ())]


def test_empty_pages_do_not_end_a_list() -> None:
    """A page without items and with a token is followed by the next."""
    assert read(
        {
            None: {"Items": [1], "NextToken": "a"},
            "a": {"Items": [], "NextToken": "b"},
            "b": {"NextToken": "c"},
            "c": {"Items": [2]},
        }
    ) == [1, 2]


def test_a_list_cut_short_is_an_error() -> None:
    """An answer that says there is more and gives no token is never taken for the whole list."""
    with pytest.raises(AwsError, match="cut the list"):
        read({None: {"Items": [1], "IsTruncated": True}}, "Marker")


def test_a_repeated_token_is_an_error() -> None:
    """A token that comes again would read for ever: it is refused."""
    with pytest.raises(AwsError, match="cut the list"):
        read({None: {"NextToken": "a"}, "a": {"NextToken": "a"}})


def test_a_marker_beside_the_end_is_not_followed() -> None:
    """IAM's `IsTruncated: false` ends a list whatever Marker stands beside it."""
    assert read({None: {"Items": [1], "IsTruncated": False, "Marker": "a"}}, "Marker") == [1]
