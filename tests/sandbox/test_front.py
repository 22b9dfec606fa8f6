"""Authentication, the two ways in, and what every answer carries."""

import http.client
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from orgroot.core.ids import AccountId
from orgroot.errors import UsageError
from orgroot.sandbox.authentication import account_of_key
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import INVITED, MANAGEMENT, MEMBER, STRANGER, Sandbox

Refused = Callable[..., Any]


@pytest.mark.parametrize("proxied", [False, True])
def test_answers_who_the_caller_is_as_endpoint_and_as_proxy(
    sandbox: Sandbox, manager: UserKey, *, proxied: bool
) -> None:
    """Both ways in must lead to the same caller identity."""
    identity = sandbox.client("sts", manager, proxied=proxied).get_caller_identity()
    assert identity["Account"] == MANAGEMENT
    assert identity["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/administrator"


def test_every_answer_says_that_this_is_not_aws(sandbox: Sandbox, manager: UserKey) -> None:
    """The banner header must stand on successes and on refusals."""
    client = sandbox.client("sts", manager)
    good = client.get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
    with pytest.raises(ClientError) as caught:
        sandbox.client("sts", replace(manager, secret="wrong")).get_caller_identity()
    bad = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert good["x-sandbox"] == bad["x-sandbox"] == "orgroot; this is not AWS"


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403)),
        ("iam", "list_users", ("InvalidClientTokenId", 403)),
        ("sqs", "list_queues", ("InvalidClientTokenId", 403)),
        ("s3", "list_buckets", ("InvalidAccessKeyId", 403)),
        ("organizations", "list_accounts", ("UnrecognizedClientException", 400)),
    ],
)
def test_an_unknown_key_is_refused_in_the_words_of_the_service(
    sandbox: Sandbox, refused: Refused, service: str, operation: str, answer: tuple[str, int]
) -> None:
    """A key that was never issued must open nothing."""
    key = UserKey(arn="", access_key_id="AKIAIOSFODNN7EXAMPLE", secret="x" * 40)
    refusal = refused(getattr(sandbox.client(service, key), operation))
    assert (refusal.code, refusal.status) == answer


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("sts", "get_caller_identity", ("SignatureDoesNotMatch", 403)),
        ("s3", "list_buckets", ("SignatureDoesNotMatch", 403)),
        ("organizations", "list_accounts", ("InvalidSignatureException", 400)),
    ],
)
def test_a_wrong_secret_is_refused(
    sandbox: Sandbox, refused: Refused, service: str, operation: str, answer: tuple[str, int]
) -> None:
    """The signature must be checked for real."""
    key = replace(sandbox.administrator(MANAGEMENT), secret="not the secret")
    refusal = refused(getattr(sandbox.client(service, key), operation))
    assert (refusal.code, refusal.status) == answer


@pytest.mark.parametrize("token", ["", "another"])
def test_a_session_without_its_own_token_is_refused(
    sandbox: Sandbox, refused: Refused, token: str
) -> None:
    """Key and secret of a session must be worth nothing without its token."""
    session = sandbox.root_session("IAMAuditRootUserCredentials")
    answer = refused(sandbox.client("sts", {**session, "SessionToken": token}).get_caller_identity)
    assert (answer.code, answer.status) == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("sts", "get_caller_identity", ("ExpiredToken", 400)),
        ("iam", "get_account_summary", ("ExpiredToken", 403)),
        ("s3", "list_buckets", ("ExpiredToken", 400)),
        ("organizations", "list_accounts", ("ExpiredTokenException", 400)),
    ],
)
def test_an_expired_session_is_refused(
    sandbox: Sandbox, refused: Refused, service: str, operation: str, answer: tuple[str, int]
) -> None:
    """After its last second a session must open nothing."""
    session = sandbox.root_session("IAMAuditRootUserCredentials")
    sandbox.control("POST", "clock", {"advance_seconds": 901})
    refusal = refused(getattr(sandbox.client(service, session), operation))
    assert (refusal.code, refusal.status) == answer


def test_a_session_lives_for_the_seconds_that_were_asked(sandbox: Sandbox) -> None:
    """Expiration must be whole seconds, the asked time from now."""
    session = sandbox.root_session("IAMAuditRootUserCredentials", DurationSeconds=300)
    left = datetime.fromisoformat(str(session["Expiration"])) - datetime.now(UTC)
    assert timedelta(seconds=280) < left <= timedelta(seconds=300)


def test_a_changed_body_breaks_the_signature(sandbox: Sandbox, manager: UserKey) -> None:
    """The payload must be covered: another body under the same signature is refused."""
    sent: dict[str, Any] = {}
    client = sandbox.client("sts", manager)

    def keep(request: Any, **_: Any) -> None:
        sent["request"] = request

    client.meta.events.register("before-send.sts", keep)
    client.get_caller_identity()
    request = sent["request"]
    connection = http.client.HTTPConnection(urlsplit(sandbox.endpoint).netloc, timeout=10)
    body = request.body.replace("GetCallerIdentity", "GetSessionToken")
    headers = {name: _text(value) for name, value in request.headers.items()}
    headers["Content-Length"] = str(len(body))
    connection.request("POST", "/", body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 403
    assert "SignatureDoesNotMatch" in text


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_a_presigned_url_works_until_it_ends(sandbox: Sandbox, manager: UserKey) -> None:
    """Query signatures must be accepted when good and refused when touched."""
    s3 = sandbox.client("s3", manager, config=Config(signature_version="s3v4"))
    s3.create_bucket(
        Bucket="presigned", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3.put_object(Bucket="presigned", Key="a b", Body=b"text")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "a b"})
    assert _get(sandbox, url) == (200, b"text")
    status, body = _get(sandbox, url.replace("a%20b", "another"))
    assert status == 403
    assert b"SignatureDoesNotMatch" in body


def _get(sandbox: Sandbox, url: str) -> tuple[int, bytes]:
    split = urlsplit(url)
    connection = http.client.HTTPConnection(urlsplit(sandbox.endpoint).netloc, timeout=10)
    connection.request("GET", f"{split.path}?{split.query}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_a_request_without_a_signature_is_refused(sandbox: Sandbox) -> None:
    """Nobody is served without saying who they are."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.endpoint).netloc, timeout=10)
    connection.request("POST", "/", body="Action=GetCallerIdentity&Version=2011-06-15")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 403
    assert "MissingAuthenticationToken" in text


def test_a_foreign_host_name_is_not_answered(sandbox: Sandbox) -> None:
    """A page whose name was pointed at this machine must not reach the control pages."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.endpoint).netloc, timeout=10)
    connection.request("GET", "/_sandbox/state", headers={"Host": "evil.example.com"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 403


def test_a_control_page_wants_json(sandbox: Sandbox) -> None:
    """A browser's simple form must not be able to order faults."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.endpoint).netloc, timeout=10)
    connection.request("POST", "/_sandbox/faults", body=json.dumps({"rules": []}))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 400


def test_access_key_ids_encode_their_account(sandbox: Sandbox, manager: UserKey) -> None:
    """The account of any key must be readable from the key id, as with AWS's own."""
    assert account_of_key(manager.access_key_id) == MANAGEMENT
    assert account_of_key(sandbox.administrator(INVITED).access_key_id) == INVITED
    session = sandbox.root_session("IAMAuditRootUserCredentials")
    assert account_of_key(session["AccessKeyId"]) == MEMBER
    assert account_of_key("nonsense") is None


def test_an_account_outside_the_organization_is_served_as_such(
    sandbox: Sandbox, refused: Refused
) -> None:
    """A stranger's account has users and buckets, and no organization."""
    key = sandbox.administrator(STRANGER)
    assert sandbox.client("sts", key).get_caller_identity()["Account"] == STRANGER
    answer = refused(sandbox.client("organizations", key).list_accounts)
    assert answer.code == "AWSOrganizationsNotInUseException"


def test_an_operation_that_is_not_modelled_is_never_a_success(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """What the sandbox does not know must answer 501."""
    answer = refused(sandbox.client("sts", manager).get_session_token)
    assert (answer.code, answer.status) == ("NotImplemented", 501)


def test_it_refuses_to_start_where_moto_would_ignore_accounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MOTO_ACCOUNT_ID beats the account of every call, so the sandbox must not start."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "123456789012")
    clock = SandboxClock()
    organization = Organization(
        management_account=AccountId(MANAGEMENT), name="m", email="m@x.org", created_at=clock()
    )
    with pytest.raises(UsageError, match="MOTO_ACCOUNT_ID"):
        Front(organization, clock)


def test_accounts_are_isolated(sandbox: Sandbox) -> None:
    """What one account makes must not be listed in another."""
    sandbox.client("sqs", sandbox.administrator(MEMBER)).create_queue(QueueName="mine")
    mine = sandbox.client("sqs", sandbox.administrator(MEMBER)).list_queues()
    theirs = sandbox.client("sqs", sandbox.administrator(MANAGEMENT)).list_queues()
    assert len(mine["QueueUrls"]) == 1
    assert "QueueUrls" not in theirs


def test_an_inactive_key_is_refused(sandbox: Sandbox, manager: UserKey, refused: Refused) -> None:
    """A user's key that was made inactive must sign nothing."""
    iam = sandbox.client("iam", manager)
    user = sandbox.administrator(MEMBER)
    member = sandbox.client("iam", user)
    member.create_user(UserName="bob")
    key = member.create_access_key(UserName="bob")["AccessKey"]
    member.update_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    bob = UserKey(arn="", access_key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert refused(sandbox.client("sts", bob).get_caller_identity).code == "InvalidClientTokenId"
    assert iam.list_users()["Users"][0]["UserName"] == "administrator"
