"""What is recorded, how LookupEvents finds it, and that rules on it reach a queue."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orgroot.sandbox.event_bus import EventBus
from orgroot.sandbox.provision import UserKey
from orgroot.sandbox.trail import Trail
from tests.sandbox.conftest import MANAGEMENT, MEMBER, OTHER, TASK, Sandbox

Refused = Callable[..., Any]
AUDIT = "IAMAuditRootUserCredentials"


def lookup(sandbox: Sandbox, key: Any, region: str = "eu-west-1", **params: Any) -> list[Any]:
    """Every event that LookupEvents finds, over all pages."""
    client = sandbox.client("cloudtrail", key, region=region)
    pages = client.get_paginator("lookup_events").paginate(**params)
    return [event for page in pages for event in page["Events"]]


def by(key: str, value: str) -> dict[str, Any]:
    """The one lookup attribute."""
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_an_assume_root_event_has_the_fields_of_aws(sandbox: Sandbox, manager: UserKey) -> None:
    """Caller, target, task and the session's key id must stand in the record, no secret."""
    session = sandbox.root_session(AUDIT)
    (event,) = lookup(sandbox, manager, **by("EventName", "AssumeRoot"))
    record = json.loads(event["CloudTrailEvent"])
    assert record["eventSource"] == "sts.amazonaws.com"
    assert record["awsRegion"] == "eu-west-1"
    assert record["userIdentity"]["type"] == "IAMUser"
    assert record["userIdentity"]["arn"] == manager.arn
    assert record["requestParameters"]["targetPrincipal"] == MEMBER
    assert record["requestParameters"]["taskPolicyArn"] == {"arn": TASK + AUDIT}
    assert record["responseElements"]["credentials"]["accessKeyId"] == session["AccessKeyId"]
    assert record["responseElements"]["credentials"]["expiration"]
    assert record["resources"] == [{"accountId": MEMBER, "ARN": f"arn:aws:iam::{MEMBER}:root"}]
    assert "errorCode" not in record
    assert session["SecretAccessKey"] not in json.dumps(sandbox.front.trail.records(), default=str)
    assert event["EventId"] == record["eventID"]


def test_calls_inside_a_session_stand_in_the_members_trail(sandbox: Sandbox) -> None:
    """The access key id joins the member's Root events to the AssumeRoot event."""
    session = sandbox.root_session(AUDIT)
    sandbox.client("iam", session).get_account_summary()
    member = sandbox.administrator(MEMBER)
    key = session["AccessKeyId"]
    (event,) = lookup(sandbox, member, "us-east-1", **by("AccessKeyId", key))
    identity = json.loads(event["CloudTrailEvent"])["userIdentity"]
    assert identity["type"] == "Root"
    assert identity["arn"] == f"arn:aws:iam::{MEMBER}:root"
    assert identity["principalId"] == identity["accountId"] == MEMBER
    assert identity["accessKeyId"] == key
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert event["Username"] == "root"
    # IAM's events lie in us-east-1 alone, and the session's caller sees nothing of the member's.
    assert not lookup(sandbox, member, "eu-west-1", **by("AccessKeyId", key))
    manager = sandbox.administrator(MANAGEMENT)
    assert not lookup(sandbox, manager, "us-east-1", **by("AccessKeyId", key))


def test_a_refused_call_is_recorded_with_its_error(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """A failed attempt must leave code and message, and no response."""
    member = sandbox.administrator(OTHER)
    sts = sandbox.client("sts", member)
    refused(sts.assume_root, TargetPrincipal=MEMBER, TaskPolicyArn={"arn": TASK + AUDIT})
    (event,) = lookup(sandbox, member, **by("EventName", "AssumeRoot"))
    record = json.loads(event["CloudTrailEvent"])
    assert record["errorCode"] == "AccessDenied"
    assert "sts:AssumeRoot" in record["errorMessage"]
    assert record["responseElements"] is None
    assert not lookup(sandbox, manager, **by("EventName", "AssumeRoot"))


def test_events_come_newest_first_in_pages_of_fifty(sandbox: Sandbox, manager: UserKey) -> None:
    """Paging must lose and repeat nothing, though new events come in between."""
    sts = sandbox.client("sts", manager)
    for _ in range(120):
        sts.get_caller_identity()
    wanted = by("EventName", "GetCallerIdentity")
    client = sandbox.client("cloudtrail", manager)
    first = client.lookup_events(**wanted)
    assert len(first["Events"]) == 50
    sts.get_caller_identity()
    rest = lookup(sandbox, manager, **wanted)
    seen = [event["EventId"] for event in first["Events"]]
    token = first["NextToken"]
    while token:
        page = client.lookup_events(**wanted, NextToken=token)
        seen += [event["EventId"] for event in page["Events"]]
        token = page.get("NextToken")
    assert len(seen) == len(set(seen)) == 120
    assert seen == [event["EventId"] for event in rest[1:]]


def test_a_time_range_selects(sandbox: Sandbox, manager: UserKey) -> None:
    """Start and end must both be inclusive bounds."""
    sandbox.root_session(AUDIT)
    wanted = by("EventName", "AssumeRoot")
    (event,) = lookup(sandbox, manager, **wanted)
    at = event["EventTime"]
    assert lookup(sandbox, manager, **wanted, StartTime=at, EndTime=at)
    later, earlier = at + timedelta(seconds=1), at - timedelta(seconds=1)
    assert not lookup(sandbox, manager, **wanted, StartTime=later)
    assert not lookup(sandbox, manager, **wanted, EndTime=earlier)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"NextToken": "bm9uc2Vuc2U="}, "InvalidNextTokenException"),
        ({"EventCategory": "network"}, "InvalidEventCategoryException"),
        (
            {
                "LookupAttributes": [
                    {"AttributeKey": "EventName", "AttributeValue": "AssumeRoot"},
                    {"AttributeKey": "ReadOnly", "AttributeValue": "true"},
                ]
            },
            "InvalidLookupAttributesException",
        ),
        ({"StartTime": 2_000_000_000, "EndTime": 1_000_000_000}, "InvalidTimeRangeException"),
    ],
)
def test_a_bad_lookup_is_refused(
    sandbox: Sandbox, manager: UserKey, refused: Refused, params: dict[str, Any], code: str
) -> None:
    """Each modelled error of LookupEvents must come with its own code."""
    client = sandbox.client("cloudtrail", manager)
    assert refused(client.lookup_events, **params).code == code


def test_data_events_are_not_looked_up(sandbox: Sandbox, manager: UserKey) -> None:
    """LookupEvents shows management events only."""
    s3 = sandbox.client("s3", manager)
    s3.create_bucket(
        Bucket="some-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3.put_object(Bucket="some-bucket", Key="k", Body=b"x")
    names = {event["EventName"] for event in lookup(sandbox, manager)}
    assert "CreateBucket" in names
    assert "PutObject" not in names
    assert sandbox.control("GET", "state")["calls"]["s3:PutObject"] == 1


def test_no_password_reaches_the_trail(sandbox: Sandbox) -> None:
    """A parameter that is secret must be left out of the record."""
    iam = sandbox.client("iam", sandbox.administrator(MEMBER))
    iam.create_user(UserName="bob")
    iam.create_login_profile(UserName="bob", Password="Correct-Horse-1")
    assert "Correct-Horse-1" not in json.dumps(sandbox.front.trail.records(), default=str)


LET_EVENTS_IN = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": ["sqs:SendMessage", "sns:Publish"],
    "Resource": "*",
}
LET_TOPIC_IN = {**LET_EVENTS_IN, "Principal": {"Service": "sns.amazonaws.com"}}


def policy(*statements: Any) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_rule_reaches_queue_and_topic(sandbox: Sandbox, manager: UserKey) -> None:
    """The record must be put on the event bus, so that monitoring can be tried out."""
    sqs, sns = sandbox.client("sqs", manager), sandbox.client("sns", manager)
    direct = sqs.create_queue(QueueName="direct", Attributes={"Policy": policy(LET_EVENTS_IN)})
    behind = sqs.create_queue(QueueName="behind", Attributes={"Policy": policy(LET_TOPIC_IN)})
    closed = sqs.create_queue(QueueName="closed")
    topic = sns.create_topic(Name="alarms", Attributes={"Policy": policy(LET_EVENTS_IN)})
    arn = f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:"
    sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn + "behind")
    events = sandbox.client("events", manager)
    pattern = {"source": ["aws.sts"], "detail": {"eventName": ["AssumeRoot"]}}
    events.put_rule(Name="assume-root", EventPattern=json.dumps(pattern), State="ENABLED")
    targets = [arn + "direct", topic["TopicArn"], arn + "closed"]
    events.put_targets(
        Rule="assume-root",
        Targets=[{"Id": str(index), "Arn": target} for index, target in enumerate(targets)],
    )
    key = sandbox.root_session(AUDIT)["AccessKeyId"]
    (message,) = sqs.receive_message(QueueUrl=direct["QueueUrl"])["Messages"]
    event = json.loads(message["Body"])
    assert (event["detail-type"], event["account"]) == ("AWS API Call via CloudTrail", MANAGEMENT)
    assert event["detail"]["responseElements"]["credentials"]["accessKeyId"] == key
    (message,) = sqs.receive_message(QueueUrl=behind["QueueUrl"])["Messages"]
    assert key in json.loads(message["Body"])["Message"]
    assert "Messages" not in sqs.receive_message(QueueUrl=closed["QueueUrl"])


@pytest.mark.parametrize(
    ("state", "delivered"),
    [("ENABLED", 0), ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", 1), ("DISABLED", 0)],
)
def test_reading_calls_reach_only_rules_that_ask_for_all_events(
    sandbox: Sandbox, manager: UserKey, state: str, delivered: int
) -> None:
    """Get, List and Describe events stay off the bus unless the rule's state says otherwise."""
    sqs = sandbox.client("sqs", manager)
    made = sqs.create_queue(QueueName="reads", Attributes={"Policy": policy(LET_EVENTS_IN)})
    events = sandbox.client("events", manager)
    pattern = {"detail": {"eventName": ["GetCallerIdentity"]}}
    events.put_rule(Name="reads", EventPattern=json.dumps(pattern), State=state)
    arn = f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:reads"
    transform = {"InputPathsMap": {"who": "$.detail.userIdentity.arn"}, "InputTemplate": "<who>!"}
    events.put_targets(
        Rule="reads", Targets=[{"Id": "1", "Arn": arn, "InputTransformer": transform}]
    )
    sandbox.client("sts", manager).get_caller_identity()
    found = sqs.receive_message(QueueUrl=made["QueueUrl"]).get("Messages", [])
    assert [message["Body"] for message in found] == [f"{manager.arn}!"] * delivered


def test_the_trail_forgets_the_oldest_beyond_its_bound(sandbox: Sandbox, manager: UserKey) -> None:
    """Memory must stay bounded, and what is kept is the newest."""
    sandbox.front.trail = Trail(EventBus(sandbox.front.data_plane), kept=5)
    sts = sandbox.client("sts", manager)
    for _ in range(9):
        sts.get_caller_identity()
    sandbox.root_session(AUDIT)
    records = sandbox.front.trail.records()
    assert len(records) == 5
    assert records[-1]["eventName"] == "AssumeRoot"


def test_the_state_page_lists_root_sessions(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """Tests ask the state page for every AssumeRoot, refused ones too."""
    session = sandbox.root_session(AUDIT)
    sts = sandbox.client("sts", manager)
    refused(sts.assume_root, TargetPrincipal=MANAGEMENT, TaskPolicyArn={"arn": TASK + AUDIT})
    good, bad = sandbox.control("GET", "state")["assume_root"]
    assert (good["access_key_id"], good["error_code"]) == (session["AccessKeyId"], None)
    assert (bad["access_key_id"], bad["error_code"]) == (None, "AccessDenied")


def test_a_token_is_good_for_its_own_query_only(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """A page of another query than the token's must be refused, as AWS refuses it."""
    sts, client = sandbox.client("sts", manager), sandbox.client("cloudtrail", manager)
    for _ in range(3):
        sts.get_caller_identity()
    token = client.lookup_events(MaxResults=1)["NextToken"]
    assert client.lookup_events(MaxResults=1, NextToken=token)["Events"]
    answer = refused(client.lookup_events, MaxResults=2, NextToken=token)
    assert answer.code == "InvalidNextTokenException"


def test_events_need_their_time_and_go_after_ninety_days(
    sandbox: Sandbox, manager: UserKey
) -> None:
    """With the habit of AWS an event must show late, and every event must be forgotten."""
    sandbox.control("POST", "habits", {"trail_delay_seconds": 900})
    sandbox.root_session(AUDIT)
    wanted = by("EventName", "AssumeRoot")
    assert not lookup(sandbox, manager, **wanted)
    sandbox.control("POST", "clock", {"advance_seconds": 901})
    assert len(lookup(sandbox, manager, **wanted)) == 1
    sandbox.control("POST", "clock", {"advance_seconds": 90 * 86400})
    assert not lookup(sandbox, manager, **wanted)


def test_a_region_that_is_off_answers_nothing(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """Where an account has turned a Region off, neither trail nor STS must answer there."""
    trail = sandbox.client("cloudtrail", manager, region="eu-south-2")
    assert refused(trail.lookup_events).code == "UnrecognizedClientException"
    sts = sandbox.client("sts", manager, region="eu-south-2")
    task = {"arn": TASK + AUDIT}
    answer = refused(sts.assume_root, TargetPrincipal=MEMBER, TaskPolicyArn=task)
    assert (answer.code, answer.status) == ("RegionDisabledException", 403)


def test_regions_are_listed_in_pages(sandbox: Sandbox, manager: UserKey, refused: Refused) -> None:
    """Every Region must come once, with its state, and only the caller's own account is told."""
    account = sandbox.client("account", manager)
    pages = account.get_paginator("list_regions").paginate(PaginationConfig={"PageSize": 10})
    found = {
        each["RegionName"]: each["RegionOptStatus"] for page in pages for each in page["Regions"]
    }
    assert found["eu-west-1"] == "ENABLED_BY_DEFAULT"
    assert found["eu-south-2"] == "DISABLED"
    off = account.list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
    assert {each["RegionOptStatus"] for each in off} == {"DISABLED"}
    assert len(found) > len(off) > 0
    assert refused(account.list_regions, AccountId=MEMBER).code == "AccessDeniedException"
    assert refused(account.list_regions, NextToken="x").code == "ValidationException"


def test_an_organization_trail_delivers_to_its_bucket(sandbox: Sandbox, manager: UserKey) -> None:
    """Every account's management events must come, once, in objects that are named as AWS's."""
    s3, trail = sandbox.client("s3", manager), sandbox.client("cloudtrail", manager)
    s3.create_bucket(
        Bucket="corp-trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    trail.create_trail(Name="org", S3BucketName="corp-trail", IsOrganizationTrail=True)
    assert sandbox.control("POST", "delivery", {}) == {"objects": 0}
    trail.start_logging(Name="org")
    sandbox.client("iam", sandbox.root_session(AUDIT)).get_account_summary()
    assert sandbox.control("POST", "delivery", {})["objects"] > 0
    organization = sandbox.organization.organization_id
    where = f"AWSLogs/{organization}/{MEMBER}/CloudTrail/us-east-1/"
    (found,) = s3.list_objects_v2(Bucket="corp-trail", Prefix=where)["Contents"]
    body = s3.get_object(Bucket="corp-trail", Key=found["Key"])["Body"].read()
    (record,) = json.loads(gzip.decompress(body))["Records"]
    assert (record["eventName"], record["userIdentity"]["type"]) == ("GetAccountSummary", "Root")
    assert sandbox.control("POST", "delivery", {})["objects"] < 5  # only what came since
    assert len(s3.list_objects_v2(Bucket="corp-trail", Prefix=where)["Contents"]) == 1
