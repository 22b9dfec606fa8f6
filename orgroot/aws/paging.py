"""Reading every page of an AWS list: an answer that stops early is an error, never a short list."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orgroot.errors import AwsError, AwsErrorKind


def pages(
    call: Callable[[Mapping[str, Any]], dict[str, Any]],
    parameters: Mapping[str, Any],
    *,
    sends: str = "NextToken",
    answers: str = "NextToken",
    operation: str,
) -> Iterator[dict[str, Any]]:
    """Every page, empty ones too, until AWS gives no token.

    Args:
        call: asks for one page.
        parameters: of the first page; the token is added to the later ones.
        sends: the name of the token in the request.
        answers: the name of the token in the answer.
        operation: the API call, for errors.

    Raises:
        AwsError: OTHER where AWS says there is more and gives no token, or repeats one.
    """
    seen: set[str] = set()
    wanted = dict(parameters)
    while True:
        page = call(wanted)
        yield page
        token = page.get(answers)
        if page.get("IsTruncated") is False or (not token and not page.get("IsTruncated")):
            return
        if not token or token in seen:
            raise AwsError(
                f"AWS cut the list of {operation} short",
                kind=AwsErrorKind.OTHER,
                aws_code="",
                operation=operation,
                hint="try again; what was read so far is not used",
            )
        seen.add(token)
        wanted[sends] = token
