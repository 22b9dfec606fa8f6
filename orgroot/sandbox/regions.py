"""The Regions of an account, as Account Management tells them: on by default, or off until chosen.

The names are those of "AWS Regions" (Account Management reference). Choosing one is not modelled.
"""

import base64
from collections.abc import Mapping
from typing import Any

from orgroot.sandbox.model import ApiError, Call
from orgroot.sandbox.organizations_errors import not_modelled

BY_DEFAULT = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
_BY_CHOICE = (
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
)
_STATUS = {
    **dict.fromkeys(BY_DEFAULT, "ENABLED_BY_DEFAULT"),
    **dict.fromkeys(_BY_CHOICE, "DISABLED"),
}
_MAX_PAGE = 50


def handle(call: Call) -> dict[str, Any]:
    """Answer an Account Management call about the caller's own account.

    Raises:
        ApiError: as ListRegions refuses; 501 for an operation that the sandbox has not.
    """
    if call.operation != "ListRegions":
        raise not_modelled("account", call.operation)
    params = call.params
    if "AccountId" in params:
        # It needs trusted access for account.amazonaws.com, which no sandbox has.
        raise ApiError("AccessDeniedException", "You are not authorized to do this.", 403)
    size = int(params.get("MaxResults", _MAX_PAGE))
    if not 1 <= size <= _MAX_PAGE:
        raise ApiError("ValidationException", "MaxResults must be between 1 and 50.", 400)
    wanted = params.get("RegionOptStatusContains") or tuple(set(_STATUS.values()))
    names = [name for name in sorted(_STATUS) if _STATUS[name] in wanted]
    first = _first(params)
    page = names[first : first + size]
    answer: dict[str, Any] = {
        "Regions": [{"RegionName": name, "RegionOptStatus": _STATUS[name]} for name in page]
    }
    if first + size < len(names):
        answer["NextToken"] = base64.urlsafe_b64encode(f"after:{first + size}".encode()).decode()
    return answer


def require_enabled(region: str, problem: ApiError) -> None:
    """Refuse a call in a Region that accounts have not turned on, or that does not exist.

    Raises:
        ApiError: the problem given.
    """
    if region not in BY_DEFAULT:
        raise problem


def _first(params: Mapping[str, Any]) -> int:
    token = params.get("NextToken")
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(str(token)).decode()
        return int(text.removeprefix("after:"))
    except ValueError as error:
        raise ApiError("ValidationException", "Invalid NextToken.", 400) from error
