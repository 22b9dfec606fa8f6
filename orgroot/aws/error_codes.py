"""AWS's error codes in our words: one table, for both spellings (with and without `Exception`).

An unknown code is OTHER with AWS's own text: never success, never "not found".
"""

import re
from collections.abc import Mapping
from typing import Any

from orgroot.aws.denials import read_denial
from orgroot.aws.error_table import MEANINGS, REASONS, Meaning
from orgroot.errors import AwsError, AwsErrorKind

_K = AwsErrorKind
_LONGEST_TEXT = 600
_EXPECTING = re.compile(r"expecting '([a-z0-9-]+)'")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_SERVER_ERROR = 500


_WRONG_REGION = frozenset(
    {
        "PermanentRedirect",
        "TemporaryRedirect",
        "Redirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraint",
        "301",
        "307",
    }
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedForDependency", "UnauthorizedOperation", "Forbidden", "403"}
)
_THROTTLED = frozenset(
    {
        "Throttling",
        "Throttled",
        "RequestThrottled",
        "TooManyRequests",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "ThrottledRequest",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
_UNAVAILABLE = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServer",
        "ServiceUnavailable",
        "RequestTimeout",
    }
)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "RequestExpired",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "InvalidToken",
        "UnrecognizedClient",
        "SignatureDoesNotMatch",
        "InvalidSignature",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "TokenRefreshRequired",
        "AuthFailure",
        "RequestTimeTooSkewed",
    }
)

_VALIDATION_TEXTS = (
    (
        "valid target principal",
        Meaning(_K.INVALID, "the target is not an account id or a root user's ARN", None),
    ),
    (
        "valid aws managed task policy",
        Meaning(_K.INVALID, "AWS does not know this root-task policy", None),
    ),
)


def plain_code(code: str) -> str:
    """AWS's code without the `Exception` that some services append and others do not."""
    return code.removesuffix("Exception")


def is_about_credentials(code: str) -> bool:
    """The code says that the caller's credentials are not accepted."""
    return plain_code(code) in _CREDENTIALS


def service_error(response: Mapping[str, Any], operation: str) -> AwsError:
    """The meaning of an error that AWS answered.

    Args:
        response: botocore's `ClientError.response`.
        operation: the API call, e.g. ``sts:AssumeRoot``.
    """
    error = response.get("Error", {})
    code = _one_line(error.get("Code", ""))
    text = _one_line(error.get("Message", ""))
    plain = plain_code(code)
    if plain in _DENIED:
        return _denied(code, text, operation)
    if plain in _WRONG_REGION:
        meaning = _wrong_region(response)
    elif plain in {"ConstraintViolation", "InvalidInput"}:
        meaning = _reason(response, plain)
    elif plain in {"ValidationError", "Validation"}:
        meaning = _validation(text)
    else:
        meaning = _by_code(plain, response)
    said = meaning.message or text or f"AWS answered {code or 'an error without a code'}"
    return AwsError(
        f"{operation} was refused: {said}" + _own_words(meaning, code, text),
        kind=meaning.kind,
        aws_code=code,
        operation=operation,
        hint=meaning.hint,
    )


def _one_line(said: object) -> str:
    """AWS's text as part of a sentence: it cannot add lines that look like orgroot's own."""
    return " ".join(str(said)[:_LONGEST_TEXT].split())


def _own_words(meaning: Meaning, code: str, text: str) -> str:
    """AWS's code, and its text where ours did not repeat it."""
    if not meaning.message or not text:
        return f" ({code})" if code else ""
    return f" ({code}: {text})"


def _by_code(plain: str, response: Mapping[str, Any]) -> Meaning:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if plain in MEANINGS:
        return MEANINGS[plain]
    if plain in _THROTTLED:
        return Meaning(
            _K.THROTTLED, "AWS limits how often this may be called", "try again, or fewer at once"
        )
    if plain in _UNAVAILABLE or status >= _SERVER_ERROR:
        return Meaning(_K.UNAVAILABLE, "the service had an internal error", "try again in a minute")
    return Meaning(_K.OTHER)


def _reason(response: Mapping[str, Any], plain: str) -> Meaning:
    reason = str(response.get("Reason", ""))
    if not reason:  # some answers carry it in the text alone
        text = str(response.get("Error", {}).get("Message", ""))
        reason = next((name for name in REASONS if name in text), "")
    if reason in REASONS:
        return REASONS[reason]
    kind = _K.LIMIT if reason.endswith("LIMIT_EXCEEDED") else _K.INVALID
    return Meaning(kind, f"{plain} {reason}".strip() if reason else "")


def _validation(text: str) -> Meaning:
    folded = text.casefold()
    for phrase, meaning in _VALIDATION_TEXTS:
        if phrase in folded:
            return meaning
    return Meaning(_K.INVALID)


def _wrong_region(response: Mapping[str, Any]) -> Meaning:
    region = bucket_region(response)
    if region is None:
        return Meaning(
            _K.WRONG_REGION, "the bucket is in another Region, which AWS did not name", None
        )
    return Meaning(
        _K.WRONG_REGION, f"the bucket is in {region}", f"name its Region: --bucket-region {region}"
    )


def bucket_region(response: Mapping[str, Any]) -> str | None:
    """The Region in which S3 says a bucket is, from header, body or text of an error."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    error = response.get("Error", {})
    named = str(headers.get("x-amz-bucket-region") or error.get("Region") or "")
    if _REGION.fullmatch(named):  # it is shown as part of a command to type
        return named
    expecting = _EXPECTING.search(str(error.get("Message", "")))
    return expecting[1] if expecting else None


def _denied(code: str, text: str, operation: str) -> AwsError:
    denial = read_denial(text)
    said = denial.message or text or "no reason given"
    hint = denial.hint
    if operation.startswith("s3:") and denial.policy_type is None:
        said = f"another account owns it, or a policy above the bucket denies it ({text})"
        hint = "check the owning account (ExpectedBucketOwner), then SCPs and RCPs on its path"
    return AwsError(
        f"{operation} was denied: {said}",
        kind=denial.kind,
        aws_code=code,
        operation=operation,
        hint=hint,
        denied_by_arn=denial.policy_arn,
        denied_by_type=denial.policy_type,
    )
