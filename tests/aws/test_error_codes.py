"""Every AWS error that orgroot knows, in both spellings, and what it means to an operator."""

import pytest
from botocore import exceptions as sdk
from botocore.exceptions import ClientError

from orgroot.aws.error_table import MEANINGS, REASONS
from orgroot.errors import AwsErrorKind, CredentialsError, UsageError
from tests.aws.answers import answer, aws, said

K = AwsErrorKind
JUDGED_BY_TEXT = {"InvalidInput", "ValidationError", "Validation"}
DENIED_BY = "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRoot on resource: "


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize("code", sorted(set(MEANINGS) - JUDGED_BY_TEXT))
def test_every_row_answers_in_both_spellings(code: str, suffix: str) -> None:
    """A code of the table has its kind and words with and without `Exception`."""
    error = aws(answer(code + suffix))
    meaning = MEANINGS[code]
    assert error.kind is meaning.kind
    assert error.aws_code == code + suffix
    assert (meaning.message or "AWS's own words") in error.message
    assert error.hint == meaning.hint


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ServiceAccessNotEnabledException", K.TRUSTED_ACCESS_OFF),
        ("AccountNotManagementOrDelegatedAdministratorException", K.NOT_MANAGEMENT),
        ("CallerIsNotManagementAccountException", K.NOT_MANAGEMENT),
        ("OrganizationNotFoundException", K.NO_ORGANIZATION),
        ("AWSOrganizationsNotInUseException", K.NO_ORGANIZATION),
        ("OrganizationNotInAllFeaturesModeException", K.NOT_ALL_FEATURES),
        ("AccountAlreadyRegisteredException", K.ALREADY),
        ("AccountNotRegisteredException", K.NOT_FOUND),
        ("AccountNotFoundException", K.NOT_FOUND),
        ("ConcurrentModificationException", K.CONFLICT),
        ("PolicyChangesInProgressException", K.CONFLICT),
        ("DuplicatePolicyException", K.ALREADY),
        ("DuplicatePolicyAttachmentException", K.ALREADY),
        ("MalformedPolicyDocumentException", K.INVALID),
        ("PolicyTypeNotEnabledException", K.INVALID),
        ("TooManyRequestsException", K.THROTTLED),
        ("Throttling", K.THROTTLED),
        ("ThrottlingException", K.THROTTLED),
        ("SlowDown", K.THROTTLED),
        ("RequestLimitExceeded", K.THROTTLED),
        ("LimitExceeded", K.LIMIT),
        ("ServiceException", K.UNAVAILABLE),
        ("ServiceFailure", K.UNAVAILABLE),
        ("InternalFailure", K.UNAVAILABLE),
        ("InternalError", K.UNAVAILABLE),
        ("ServiceUnavailable", K.UNAVAILABLE),
        ("UnsupportedAPIEndpointException", K.INVALID),
        ("InvalidAction", K.INVALID),
        ("RegionDisabledException", K.WRONG_REGION),
        ("NoSuchEntity", K.NOT_FOUND),
        ("EntityTemporarilyUnmodifiable", K.CONFLICT),
        ("NoSuchBucket", K.NOT_FOUND),
        ("NoSuchBucketPolicy", K.NOT_FOUND),
        ("MethodNotAllowed", K.DENIED),
        ("AccessDeniedException", K.DENIED),
        ("SomethingNewOfNextYear", K.OTHER),
    ],
)
def test_kinds_by_code(code: str, kind: AwsErrorKind) -> None:
    """The codes of the AWS pages mean what workflows rely on; an unknown one is OTHER."""
    error = aws(answer(code))
    assert (error.kind, error.exit_code, error.operation) == (kind, 8, "iam:Operation")


@pytest.mark.parametrize("code", ["ConstraintViolationException", "InvalidInputException"])
@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_answered(code: str, reason: str) -> None:
    """A reason is read from its own member, and from the text where that member is missing."""
    for error in (answer(code, Reason=reason), answer(code, f"because of {reason}.")):
        found = aws(error)
        assert found.kind is REASONS[reason].kind
        assert REASONS[reason].message in found.message


def test_unknown_reasons_are_named() -> None:
    """A reason that orgroot does not know is shown; one about a limit is a limit."""
    error = aws(answer("ConstraintViolationException", Reason="MAX_FOO_LIMIT_EXCEEDED"))
    assert error.kind is K.LIMIT
    assert "MAX_FOO_LIMIT_EXCEEDED" in error.message
    assert aws(answer("ConstraintViolationException", Reason="FOO")).kind is K.INVALID


IDENTITY = "arn:aws:iam::111111111111:policy/operators"
SCP = "arn:aws:organizations::111111111111:policy/o-abc/service_control_policy/p-12345678"


@pytest.mark.parametrize(
    ("text", "kind", "policy_type", "arn"),
    [
        (
            "Root sessions feature is not enabled for your AWS Organization.",
            K.FEATURE_OFF,
            None,
            None,
        ),
        (
            "Root credentials management feature is not enabled for your AWS Organization.",
            K.FEATURE_OFF,
            None,
            None,
        ),
        ("Service not enabled for AWS Organizations.", K.TRUSTED_ACCESS_OFF, None, None),
        (
            f"{DENIED_BY}x with an explicit deny in a service control policy: {SCP}",
            K.DENIED,
            "service control policy",
            SCP,
        ),
        (
            f"{DENIED_BY}x with an explicit deny in a service control policy",
            K.DENIED,
            "service control policy",
            None,
        ),
        (
            f"{DENIED_BY}x with an explicit deny in a resource control policy",
            K.DENIED,
            "resource control policy",
            None,
        ),
        (
            f"{DENIED_BY}x with an explicit deny in an identity-based policy: {IDENTITY}",
            K.DENIED,
            "identity-based policy",
            IDENTITY,
        ),
        (
            f"{DENIED_BY}x with an explicit deny in a permissions boundary",
            K.DENIED,
            "permissions boundary",
            None,
        ),
        (
            f"{DENIED_BY}x with an explicit deny in a resource-based policy",
            K.DENIED,
            "resource-based policy",
            None,
        ),
        (
            f"{DENIED_BY}x because no identity-based policy allows the sts:AssumeRoot action",
            K.DENIED,
            "identity-based policy",
            None,
        ),
        (
            f"{DENIED_BY}x because no session policy allows the iam:GetUser action",
            K.DENIED,
            "session policy",
            None,
        ),
        (
            f"{DENIED_BY}x because no service control policy allows the iam:GetUser action",
            K.DENIED,
            "service control policy",
            None,
        ),
        (f"{DENIED_BY}arn:aws:iam::222222222222:root", K.DENIED, None, None),
        ("Access Denied", K.DENIED, None, None),
    ],
)
def test_denials_are_read_from_the_message(
    text: str, kind: AwsErrorKind, policy_type: str | None, arn: str | None
) -> None:
    """One code covers many fixes: feature, trusted access, or which policy said no."""
    error = aws(answer("AccessDenied", text, status=403))
    assert (error.kind, error.denied_by_type, error.denied_by_arn) == (kind, policy_type, arn)
    assert error.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Request must contain a valid target principal", "account id"),
        ("Request must contain valid AWS managed task policy ARN", "root-task policy"),
        ("1 validation error detected: Value '901'", "1 validation error"),
    ],
)
def test_validation_errors_say_what_is_wrong(text: str, words: str) -> None:
    """STS's ValidationError is invalid input, in words."""
    error = aws(answer("ValidationError", text))
    assert error.kind is K.INVALID
    assert words in error.message


@pytest.mark.parametrize(
    "error",
    [
        answer("PermanentRedirect", status=301, headers={"x-amz-bucket-region": "eu-central-1"}),
        answer(
            "AuthorizationHeaderMalformed",
            "the region 'eu-west-1' is wrong; expecting 'eu-central-1'",
        ),
        answer(
            "IllegalLocationConstraintException", headers={"x-amz-bucket-region": "eu-central-1"}
        ),
        answer("301", status=301, headers={"x-amz-bucket-region": "eu-central-1"}),
    ],
)
def test_a_bucket_elsewhere_names_its_region(error: ClientError) -> None:
    """Whatever way S3 tells of another Region, the Region is in the message."""
    found = aws(error, operation="s3:GetBucketPolicy")
    assert found.kind is K.WRONG_REGION
    assert "eu-central-1" in found.message


def test_a_bucket_elsewhere_may_be_unnamed() -> None:
    """Where S3 does not tell the Region, orgroot does not guess."""
    found = aws(answer("PermanentRedirect", status=301), operation="s3:GetBucketPolicy")
    assert found.kind is K.WRONG_REGION
    assert "did not name" in found.message


@pytest.mark.parametrize("code", ["AccessDenied", "MethodNotAllowed"])
def test_a_bucket_of_another_account_is_said_to_be_so(code: str) -> None:
    """With ExpectedBucketOwner, 403 and 405 speak of the owner."""
    found = aws(answer(code, "Access Denied", status=403), operation="s3:GetBucketPolicy")
    assert found.kind is K.DENIED
    assert "another account owns it" in found.message


CREDENTIAL_CODES = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "AuthFailure",
)


@pytest.mark.parametrize("code", CREDENTIAL_CODES)
def test_refused_credentials_are_exit_2(code: str) -> None:
    """Credentials that AWS does not accept are CredentialsError, with the way to mend them."""
    found = said(answer(code, status=403))
    assert isinstance(found, CredentialsError)
    assert "configure credentials" in str(found.hint)
    sso = said(answer(code, status=403), sso=True, profile="corp")
    assert sso.hint == "run `aws sso login --profile corp`"


@pytest.mark.parametrize("code", CREDENTIAL_CODES)
def test_a_refused_session_is_not_the_operators_fault(code: str) -> None:
    """The same codes inside a root session are AWS's refusal of that one account's call."""
    found = aws(answer(code, status=403), session="root session")
    assert found.kind is K.DENIED
    assert found.aws_code == code


@pytest.mark.parametrize(
    "error",
    [answer("RequestTimeTooSkewed"), answer("SignatureDoesNotMatch", "Signature expired: 2026…")],
)
def test_a_wrong_clock_is_said(error: ClientError) -> None:
    """A signature refused for its time is a matter of this machine's clock."""
    assert "clock" in str(said(error).hint)


@pytest.mark.parametrize(
    "error",
    [
        sdk.SSOTokenLoadError(error_msg="no token"),
        sdk.UnauthorizedSSOTokenError(),
        sdk.TokenRetrievalError(provider="sso", error_msg="expired"),
    ],
)
def test_an_absent_sign_in_names_the_exact_command(error: Exception) -> None:
    """An expired sign-in of IAM Identity Center answers with the command and the profile."""
    found = said(error, profile="corp", sso=True)
    assert isinstance(found, CredentialsError)
    assert found.hint == "run `aws sso login --profile corp`"
    assert said(error).hint == "run `aws sso login`"


@pytest.mark.parametrize(
    "error",
    [
        sdk.NoCredentialsError(),
        sdk.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        sdk.ProfileNotFound(profile="nope"),
        sdk.CredentialRetrievalError(provider="process", error_msg="exit 1"),
        sdk.ConfigParseError(path="config"),
    ],
)
def test_absent_credentials_are_exit_2(error: Exception) -> None:
    """Without credentials nothing is sent, and the ways to configure them are named."""
    found = said(error)
    assert isinstance(found, CredentialsError)
    assert "configure credentials" in str(found.hint)


def test_no_region_is_a_usage_error() -> None:
    """Without a Region nothing is sent."""
    found = said(sdk.NoRegionError())
    assert isinstance(found, UsageError)
    assert found.code == "region"
