"""botocore's exceptions as ours: refused, not reached, or lost (sent, and no answer came).

Never repeats the body of an answer: that of AssumeRoot holds credentials.
"""

from dataclasses import dataclass

from botocore import exceptions as botocore_errors
from botocore.parsers import ResponseParserError

from orgroot.aws.error_codes import is_about_credentials, plain_code, service_error
from orgroot.errors import AwsError, AwsErrorKind, CredentialsError, OrgrootError, UsageError

_NOT_SENT = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectTimeoutError,
    botocore_errors.ProxyConnectionError,
)
_SSO = (
    botocore_errors.SSOError,
    botocore_errors.TokenRetrievalError,
)
_CREDENTIALS = (
    botocore_errors.NoCredentialsError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.ProfileNotFound,
    botocore_errors.MetadataRetrievalError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.ConfigParseError,
    botocore_errors.ConfigNotFound,
    botocore_errors.InfiniteLoopConfigError,
    botocore_errors.InvalidConfigError,
    botocore_errors.RefreshWithMFAUnsupportedError,
    botocore_errors.UnknownCredentialError,
)
_REGION = (
    botocore_errors.NoRegionError,
    botocore_errors.InvalidRegionError,
    botocore_errors.UnknownRegionError,
)
_BROKEN_HANDSHAKE = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "HANDSHAKE", "hostname")
_GATEWAYS = frozenset({502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What must be known of a call to judge its failure.

    Attributes:
        operation: the API call, e.g. ``sts:AssumeRoot``.
        changes: it changes something, or opens a session: no answer means LOST.
        session: the session that signed, e.g. ``root session``; empty: the operator's credentials.
        profile: the AWS profile in use, for hints.
        sso: that profile signs in through IAM Identity Center.
    """

    operation: str
    changes: bool = False
    session: str = ""
    profile: str | None = None
    sso: bool = False


def translate(error: Exception, call: CallFacts) -> OrgrootError:
    """Our exception for one of botocore's; the caller raises it.

    Meanings: CredentialsError and UsageError: nothing was sent or accepted; AwsError LOST: the
    request may have been carried out; any other AwsError: it was not.
    """
    if isinstance(error, botocore_errors.ClientError):
        return _answered(error, call)
    return _not_usable_here(error, call) or _not_answered(error, call)


def _not_usable_here(error: Exception, call: CallFacts) -> UsageError | None:
    """What this machine lacks: credentials or a Region. Nothing was sent."""
    if isinstance(error, (*_SSO, botocore_errors.LoginError)):
        return _signed_out(error, call)
    if isinstance(error, _CREDENTIALS):
        return _no_credentials(str(error), call)
    if isinstance(error, _REGION):
        return UsageError(
            str(error),
            hint="set organization.region in the configuration, --region, or AWS_DEFAULT_REGION",
            code="region",
        )
    return None


def _not_answered(error: Exception, call: CallFacts) -> AwsError:
    if isinstance(error, botocore_errors.ParamValidationError):
        return _aws(f"{call.operation} was not sent: {error}", AwsErrorKind.INVALID, call)
    if isinstance(error, _NOT_SENT) or _is_broken_handshake(error):
        return _aws(
            f"{call.operation} could not be sent: {error}",
            AwsErrorKind.UNAVAILABLE,
            call,
            "check network, proxy and DNS",
        )
    return _no_answer(error, call)


def _answered(error: botocore_errors.ClientError, call: CallFacts) -> OrgrootError:
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", ""))
    text = str(answer.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if is_about_credentials(code):
        if call.session:
            return _aws(
                f"{call.operation} was refused: the {call.session} is not accepted, "
                f"perhaps it expired ({code})",
                AwsErrorKind.DENIED,
                call,
                "run the command again: it opens a new session",
                code,
            )
        return _not_accepted(code, text, call)
    if call.changes and status in _GATEWAYS:
        return _no_answer(error, call)
    return service_error(error.response, call.operation)


def _not_accepted(code: str, text: str, call: CallFacts) -> CredentialsError:
    plain = plain_code(code)
    if plain == "RequestTimeTooSkewed" or "Signature expired" in text or "not yet" in text:
        return CredentialsError(
            f"{call.operation}: AWS does not accept the time of this machine ({code})",
            hint="set this machine's clock",
        )
    if call.sso:
        return CredentialsError(
            f"{call.operation}: AWS does not accept these credentials ({code})",
            hint=f"run `aws sso login{_profile_flag(call)}`",
        )
    what = "expired" if plain in {"ExpiredToken", "RequestExpired"} else "not accepted"
    return CredentialsError(
        f"{call.operation}: the AWS credentials are {what} ({code})",
        hint=f"configure credentials: `aws configure{_profile_flag(call)}`, or fresh "
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
    )


def _signed_out(error: Exception, call: CallFacts) -> CredentialsError:
    command = "login" if isinstance(error, botocore_errors.LoginError) else "sso login"
    return CredentialsError(
        "the AWS sign-in is absent or has expired",
        hint=f"run `aws {command}{_profile_flag(call)}`",
    )


def _no_credentials(text: str, call: CallFacts) -> CredentialsError:
    return CredentialsError(
        f"no usable AWS credentials: {text}",
        hint=f"run `aws sso login{_profile_flag(call)}`"
        if call.sso
        else "configure credentials: --profile, AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY",
    )


def _profile_flag(call: CallFacts) -> str:
    return f" --profile {call.profile}" if call.profile else ""


def _is_broken_handshake(error: Exception) -> bool:
    """TLS failed before anything was sent; later TLS errors may follow a request."""
    return isinstance(error, botocore_errors.SSLError) and any(
        sign.casefold() in str(error).casefold() for sign in _BROKEN_HANDSHAKE
    )


def _no_answer(error: Exception, call: CallFacts) -> AwsError:
    # The parser's own text repeats the answer's body: only the kind of error is told.
    shown = type(error).__name__ if isinstance(error, ResponseParserError) else str(error)
    if call.changes:
        return _aws(
            f"{call.operation} was sent and no usable answer came: it may have been done ({shown})",
            AwsErrorKind.LOST,
            call,
            "read the present state before trying again: `orgroot log show` has what was recorded",
        )
    return _aws(
        f"{call.operation} got no usable answer ({shown})",
        AwsErrorKind.UNAVAILABLE,
        call,
        "try again",
    )


def _aws(
    message: str, kind: AwsErrorKind, call: CallFacts, hint: str | None = None, code: str = ""
) -> AwsError:
    return AwsError(message, kind=kind, aws_code=code, operation=call.operation, hint=hint)
