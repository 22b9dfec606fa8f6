"""AWS's wire answers as botocore raises them, and what orgroot makes of each."""

from botocore.exceptions import ClientError

from orgroot.aws.failures import CallFacts, translate
from orgroot.errors import AwsError, OrgrootError


def answer(
    code: str,
    message: str = "AWS's own words",
    *,
    status: int = 400,
    headers: dict[str, str] | None = None,
    **more: str,
) -> ClientError:
    """An error as botocore raises it for an answer of AWS."""
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
        **more,
    }
    return ClientError(response, "Operation")  # type: ignore[arg-type] # a wire answer


def said(error: Exception, **facts: object) -> OrgrootError:
    """What orgroot makes of it."""
    call = CallFacts(**{"operation": "iam:Operation", **facts})  # type: ignore[arg-type] # a table
    return translate(error, call)


def aws(error: Exception, **facts: object) -> AwsError:
    """The same, where it is AWS's refusal."""
    result = said(error, **facts)
    assert isinstance(result, AwsError)
    return result
