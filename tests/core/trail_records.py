"""CloudTrail records for tests, in the shape of AWS's own sample of the AssumeRoot event."""

import json
from typing import Any

from orgroot.core.trail import AssumeRootEvent, assume_root_event
from tests.core import scene as s

MANAGEMENT = "111111111111"
CALLER = s.arn("alice")
REFERENCE = "orq.abcdefghijkl.000000000004.0123456789abcdef01234567"
AT = "2026-03-02T09:10:00Z"
TASK = "arn:aws:iam::aws:policy/root-task/"


def record(**changes: Any) -> dict[str, Any]:
    """An IAM user opened a session; changes replace members, dotted names replace inner ones."""
    tree: dict[str, Any] = {
        "userIdentity": {"type": "IAMUser", "arn": CALLER, "accountId": MANAGEMENT},
        "eventTime": AT,
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoot",
        "awsRegion": "eu-west-1",
        "userAgent": f"Boto3/1.44.8 orgroot/0.1.0 ref/{REFERENCE}",
        "requestParameters": {
            "targetPrincipal": s.ACCOUNT,
            "taskPolicyArn": {"arn": f"{TASK}S3UnlockBucketPolicy"},
        },
        "responseElements": {"credentials": {"accessKeyId": "ASIA1", "sessionToken": "t"}},
        "eventID": "e-1",
        "recipientAccountId": MANAGEMENT,
        "resources": [{"accountId": s.ACCOUNT, "ARN": f"arn:aws:iam::{s.ACCOUNT}:root"}],
    }
    return tree | changes


def event(**changes: Any) -> AssumeRootEvent:
    """The event in such a record."""
    return assume_root_event(json.dumps(record(**changes)))
