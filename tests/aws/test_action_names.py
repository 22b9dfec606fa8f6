"""The actions that policies can name, from botocore's files and the list beside them."""

import pytest

from orgroot.aws.action_names import EXTRA, BotocoreActions
from orgroot.core.own_calls import OWN_CALLS
from orgroot.core.root_tasks import ROOT_TASKS
from orgroot.core.scp_vocabulary import unknown_actions

NAMES = BotocoreActions()


def flaws(*actions: str) -> list[tuple[str, str]]:
    """The codes and remedies of what is doubted."""
    services = frozenset(action.partition(":")[0].lower() for action in actions)
    document = {"Statement": [{"Action": list(actions)}]}
    found = unknown_actions(document, NAMES.vocabulary(services))
    return [(flaw.code, flaw.remedy) for flaw in found]


def test_actions_are_known_whether_an_operation_has_their_name_or_not() -> None:
    """Operations, permissions without an operation, other signing names, root tasks, ourselves."""
    tasks = {action for task in ROOT_TASKS.values() for action in task.actions}
    assert not flaws(
        *("iam:PassRole", "s3:ListAllMyBuckets", "s3:GetObjectVersion", "lambda:InvokeFunction"),
        *("cloudwatch:PutMetricData", "tag:GetResources", "iot:Publish", "apigateway:GET"),
        *("aws-portal:ViewBilling", "ec2messages:GetMessages", "signin:Authenticate"),
        *("organizations:LeaveOrganization", "account:CloseAccount", "macie:Retired"),
        *tasks,
        *OWN_CALLS,
    )


@pytest.mark.parametrize(
    ("action", "code", "remedy"),
    [
        ("s3:ListObjectsV2", "not-an-action", "write s3:ListBucket"),
        ("lambda:Invoke", "not-an-action", "write lambda:InvokeFunction"),
        ("apigateway:CreateRestApi", "not-an-action", "look up the action that it needs"),
        ("iam:PasRole", "unknown-action", "did you mean iam:PassRole?"),
        ("ec2:RunInstnces*", "action-matches-nothing", "did you mean ec2:RunInstances?"),
        ("no-such-thing:Get", "unknown-service", "check it in"),
    ],
)
def test_operations_that_are_no_actions_are_told(action: str, code: str, remedy: str) -> None:
    """With the action that the operation needs, where the list has it."""
    ((found, what),) = flaws(action)
    assert (found, what[: len(remedy)]) == (code, remedy)


def test_the_list_is_sorted_and_says_nothing_twice() -> None:
    """One line a service, its actions once, and each call leads to an action that exists."""
    lines = [line.split() for line in EXTRA.read_text().splitlines() if line[0] != "#"]
    services = [line[0] for line in lines]
    assert services == sorted(set(services))
    assert all(len(set(line)) == len(line) for line in lines)
    words = NAMES.vocabulary(frozenset(services))
    for service, calls in words.calls.items():
        assert {action for action in calls.values() if action} <= words.actions[service], service


def test_services_that_nobody_named_are_only_counted() -> None:
    """Models are read for what is asked, and for nothing else."""
    words = NAMES.vocabulary(frozenset({"sqs", "no-such-service"}))
    assert set(words.actions) == {"sqs"}
    assert {"s3", "iam", "ec2"} <= words.services
    assert "no-such-service" not in words.services
