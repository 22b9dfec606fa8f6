"""What was not sent, and what may have been carried out though no answer came."""

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from orgroot.errors import AwsErrorKind
from tests.aws.answers import answer, aws

K = AwsErrorKind

URL = "https://sts.eu-west-1.amazonaws.com/"
NEVER_SENT = (
    sdk.EndpointConnectionError(endpoint_url=URL, error="refused"),
    sdk.ConnectTimeoutError(endpoint_url=URL),
    sdk.ProxyConnectionError(proxy_url="http://proxy:3128", error="refused"),
    sdk.SSLError(endpoint_url=URL, error="[SSL: CERTIFICATE_VERIFY_FAILED]"),
)
PERHAPS_DONE = (
    sdk.ReadTimeoutError(endpoint_url=URL),
    sdk.ConnectionClosedError(endpoint_url=URL),
    sdk.HTTPClientError(error="reset"),
    sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    sdk.ResponseStreamingError(error="cut"),
    sdk.SSLError(endpoint_url=URL, error="bad record mac"),
    ResponseParserError("invalid XML received: <SecretAccessKey>hush</SecretAccessKey>"),
    answer("502", "Bad Gateway", status=502),
    answer("504", "Gateway Timeout", status=504),
)


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("error", NEVER_SENT, ids=lambda error: type(error).__name__)
def test_what_was_never_sent_did_not_happen(error: Exception, *, changes: bool) -> None:
    """A connection that never stood means: not done, for reads and for changes."""
    assert aws(error, changes=changes).kind is K.UNAVAILABLE


@pytest.mark.parametrize("error", PERHAPS_DONE, ids=lambda error: type(error).__name__)
def test_what_was_sent_without_an_answer_is_lost(error: Exception) -> None:
    """A change or an AssumeRoot without a usable answer may have happened: never "no"."""
    assert aws(error, changes=True).kind is K.LOST
    assert aws(error).kind is K.UNAVAILABLE


def test_the_body_of_an_unreadable_answer_is_not_repeated() -> None:
    """Botocore's parser puts the answer into its message; AssumeRoot's holds credentials."""
    error = ResponseParserError("invalid XML received: <SecretAccessKey>hush</SecretAccessKey>")
    assert "hush" not in aws(error, changes=True).message


def test_wrong_parameters_are_not_sent() -> None:
    """What botocore's own validation refuses is invalid, and nothing was called."""
    assert aws(sdk.ParamValidationError(report="TargetPrincipal"), changes=True).kind is K.INVALID


def test_aws_text_stays_on_its_line() -> None:
    """What an answer says cannot add lines that look like orgroot's own."""
    error = aws(answer("Odd\ncode", "no\r\norgroot: unlocked\n\n  and verified"))
    assert "\n" not in error.message
    assert "\r" not in error.message
    assert "\n" not in error.aws_code
    denied = aws(answer("AccessDenied", "no\norgroot: removed"), operation="s3:PutBucketPolicy")
    assert "\n" not in denied.message


@pytest.mark.parametrize("region", ["eu-west-1; rm -rf ~", "$(reboot)", "eu-west-1\n", ""])
def test_a_region_that_is_none_is_not_part_of_a_command(region: str) -> None:
    """The Region of an answer is shown in a command to type, so it must be one."""
    error = aws(answer("PermanentRedirect", status=301, headers={"x-amz-bucket-region": region}))
    assert error.kind is K.WRONG_REGION
    assert "--bucket-region" not in (error.hint or "")
    assert not region.strip() or region not in error.message
