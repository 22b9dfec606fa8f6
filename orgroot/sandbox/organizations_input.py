"""Checks the input of an Organizations call against botocore's model, and cuts answers into pages.

AWS checks length, pattern, value set and range on its side; clients check almost none of them.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape

from orgroot.sandbox.model import ApiError, Call
from orgroot.sandbox.organizations_errors import invalid

PAGE: Final = 20
"""The most that Organizations puts on a page (ListAccounts, MaxResults)."""

_TAG_TEXT: Final = re.compile(r"[\w\s_.:/=+\-@]*")
_POLICY_TYPES: Final = frozenset({"PolicyType", "EffectivePolicyType"})
Item = TypeVar("Item")


@cache
def service_model() -> ServiceModel:
    """Botocore's model of Organizations."""
    return botocore.session.get_session().get_service_model("organizations")


def check_input(operation: str, params: Mapping[str, Any]) -> None:
    """Refuse input that AWS would refuse, with InvalidInputException and its Reason."""
    shape = service_model().operation_model(operation).input_shape
    if shape is not None:
        _check_structure(shape, params)


def _check_structure(shape: StructureShape, value: Mapping[str, Any]) -> None:
    if any(value.get(name) is None for name in shape.required_members):
        raise invalid("INPUT_REQUIRED")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _check(member, value[name])


def _check(shape: Shape, value: Any) -> None:
    match shape:
        case StructureShape():
            _check_structure(shape, value)
        case ListShape():
            for item in value:
                _check(shape.member, item)
        case StringShape():
            _check_string(shape, value)
        case _ if shape.type_name == "integer":
            _check_range(shape, value, "VALUE")


def _check_string(shape: StringShape, value: str) -> None:
    if shape.enum and value not in shape.enum:
        name = "INVALID_ENUM_POLICY_TYPE" if shape.name in _POLICY_TYPES else "INVALID_ENUM"
        raise invalid(name)
    _check_range(shape, len(value), "LENGTH")
    pattern = shape.metadata.get("pattern")
    if pattern is None:
        return
    # Python's expressions have no \p{L}; only tag keys and values are written with it.
    matcher = _TAG_TEXT if "\\p{" in pattern else re.compile(pattern)
    if matcher.fullmatch(value) is None:
        target = "_TARGET_ID" if shape.name == "PolicyTargetId" else ""
        raise invalid(f"INVALID_PATTERN{target}")


def _check_range(shape: Shape, value: int, what: str) -> None:
    if value < shape.metadata.get("min", value):
        raise invalid(f"MIN_{what}_EXCEEDED")
    if value > shape.metadata.get("max", value):
        raise invalid(f"MAX_{what}_EXCEEDED")


class Pages:
    """Pages of at most 20 with opaque tokens that fit only the listing that they came from."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def page(
        self,
        call: Call,
        name: str,
        items: Callable[[int, int], tuple[Item, ...]],
        render: Callable[[Item], dict[str, Any]],
        *,
        empty_first: bool = False,
    ) -> dict[str, Any]:
        """One page of a listing.

        Args:
            call: gives NextToken, MaxResults and what is listed.
            name: the member of the answer that holds the items.
            items: answers items from a position on, at most so many.
            render: writes one item.
            empty_first: begin with an empty page and a token, as AWS sometimes does.

        Raises:
            ApiError: InvalidInputException on a token that this listing never gave.
        """
        size = min(call.params.get("MaxResults") or PAGE, PAGE)
        token = call.params.get("NextToken")
        if token is None and empty_first:
            return {name: [], "NextToken": self._token(call, 0)}
        start = 0 if token is None else self._position(call, token)
        found = items(start, size + 1)
        answer: dict[str, Any] = {name: [render(item) for item in found[:size]]}
        if len(found) > size:
            answer["NextToken"] = self._token(call, start + size)
        return answer

    def _token(self, call: Call, position: int) -> str:
        text = json.dumps({"position": position, "seal": self._seal(call, position)})
        return base64.urlsafe_b64encode(text.encode()).decode()

    def _position(self, call: Call, token: str) -> int:
        try:
            inside = json.loads(base64.urlsafe_b64decode(token))
            position, seal = int(inside["position"]), str(inside["seal"])
        except (ValueError, KeyError, TypeError) as error:
            raise _bad_token() from error
        if not hmac.compare_digest(seal, self._seal(call, position)):
            raise _bad_token()
        return position

    def _seal(self, call: Call, position: int) -> str:
        listed = {k: v for k, v in call.params.items() if k not in {"NextToken", "MaxResults"}}
        account = call.principal.account
        text = json.dumps([call.operation, account, listed, position], sort_keys=True)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]


def _bad_token() -> ApiError:
    return invalid("INVALID_NEXT_TOKEN")
