"""Which root tasks SCPs stop: statements, levels, tasks, and what published SCPs do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.request_context import RequestContext
from orgroot.core.root_principals import RootPrincipal, Whereabouts, request_context
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.scp_lockout import (
    Blame,
    Judgement,
    Level,
    Outcome,
    Scp,
    TaskJudgement,
    judge,
    judge_task,
    requests_of,
)
from orgroot.core.scp_statement import ANY, parse_statements
from orgroot.core.ternary import NO, YES, Answer, depends
from orgroot.errors import UsageError

ACCOUNT = "111122223333"
ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:root"
WHERE = Whereabouts(account=ACCOUNT, organization="o-exampleorgid", path=("r-ab12", "ou-ab12-one"))
SESSION = request_context(RootPrincipal.ROOT_SESSION, WHERE, now="2026-11-22T12:00:00Z")
ROOT_USER = request_context(RootPrincipal.ROOT_USER, WHERE)
REGION = "eu-west-1"
PUT = "s3:PutBucketPolicy"
BUCKET = "arn:aws:s3:::" + ANY
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:" + ANY
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/" + ANY
EXEMPT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}}
DEPENDS = depends("Resource")
CORPUS = Path(__file__).parent.parent / "data" / "scp-corpus"


def scp(name: str, *statements: dict[str, Any]) -> Scp:
    """An SCP of these statements."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Scp(name=name, statements=parse_statements(text, name))


def deny(sid: str = "", **elements: Any) -> dict[str, Any]:
    """A statement that denies everything, but for what is said."""
    body = {"Effect": "Deny", "Action": "*", "Resource": "*", **elements}
    for element in ("Action", "Resource"):
        if f"Not{element}" in elements:
            del body[element]
    return {"Sid": sid, **body} if sid else body


FULL = scp("FullAWSAccess", {"Effect": "Allow", "Action": "*", "Resource": "*"})


@pytest.mark.parametrize(
    ("elements", "action", "resource", "expected"),
    [
        ({"Action": "s3:*"}, PUT, BUCKET, YES),
        ({"Action": ["iam:*", "S3:putbucket*"]}, PUT, BUCKET, YES),
        ({"Action": "s3:*Policy"}, PUT, BUCKET, YES),
        ({"Action": "s3:PutBucketPolic"}, PUT, BUCKET, NO),
        ({"Action": "s3:Put?ucketPolicy"}, PUT, BUCKET, YES),
        ({"NotAction": "iam:*"}, PUT, BUCKET, YES),
        ({"NotAction": ["iam:*", "s3:Put*"]}, PUT, BUCKET, NO),
        ({"Resource": "arn:aws:s3:::*"}, PUT, BUCKET, YES),
        ({"Resource": "arn:*:s3:::*"}, PUT, BUCKET, YES),
        ({"Resource": "arn:aws:s3:::?*"}, PUT, BUCKET, YES),
        ({"Resource": "arn:aws:s3:::??*"}, PUT, BUCKET, DEPENDS),
        ({"Resource": "arn:aws:s3:::logs-*"}, PUT, BUCKET, DEPENDS),
        ({"Resource": "arn:aws:s3:::*/*"}, PUT, BUCKET, NO),
        ({"Resource": "arn:aws:iam::*:mfa/a/*"}, "iam:DeleteVirtualMFADevice", DEVICE, DEPENDS),
        ({"Resource": "arn:aws:s3:::"}, PUT, BUCKET, NO),
        ({"Resource": "arn:aws:s3:::[NAME]"}, PUT, BUCKET, NO),
        ({"Resource": "arn:aws:sqs:*"}, PUT, BUCKET, NO),
        ({"NotResource": "arn:aws:s3:::*"}, PUT, BUCKET, NO),
        ({"NotResource": "arn:aws:s3:::logs"}, PUT, BUCKET, DEPENDS),
        ({"Resource": "arn:aws:s3:::a"}, PUT, "arn:aws:s3:::a", YES),
        ({"Resource": "arn:aws:sqs:*:*:*"}, "sqs:GetQueueUrl", QUEUE, YES),
        ({"Resource": "arn:aws:sqs:us-*:*:*"}, "sqs:GetQueueUrl", QUEUE, NO),
        ({"Resource": "arn:aws:iam::${aws:PrincipalAccount}:root"}, "iam:GetUser", ROOT_ARN, YES),
        ({"Resource": "arn:aws:iam::${aws:username}:root"}, "iam:GetUser", ROOT_ARN, NO),
        ({"Resource": "arn:aws:iam::${k:v}:root"}, "iam:GetUser", ROOT_ARN, depends("k:v")),
        ({"Resource": "arn:aws:iam::*:user/*"}, "iam:GetAccountSummary", "*", NO),
        ({"Condition": EXEMPT}, PUT, BUCKET, NO),
        ({"Condition": "odd"}, PUT, BUCKET, YES),
    ],
)
def test_what_a_statement_covers(
    elements: dict[str, Any], action: str, resource: str, expected: Answer
) -> None:
    """Action, resource and condition all fit, and a name that nobody said may make it depend."""
    (statement,) = scp("p", deny(**elements)).statements
    assert statement.covers(action, resource, SESSION) == expected


def test_a_text_that_is_no_policy_is_refused() -> None:
    """What cannot be read is not judged."""
    with pytest.raises(UsageError, match="p-1"):
        parse_statements("{", "p-1")


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"Action": 5}, "Action holds 5"),
        ({"NotAction": ["s3:*", None]}, "NotAction holds null"),
        ({"Resource": {"Fn::Sub": "arn:aws:s3:::x"}}, "Resource holds {"),
        ({"Condition": {"StringLike": {"aws:userid": [{"Ref": "x"}]}}}, "StringLike aws:userid"),
    ],
)
def test_what_may_become_anything_is_refused_by_its_place(
    elements: dict[str, Any], words: str
) -> None:
    """A function of a template where a text belongs would match nothing, and flatter."""
    with pytest.raises(UsageError) as caught:
        scp("p-1", deny(**elements))
    assert "Statement 1: " in caught.value.message
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"Action": ${jsonencode(var.actions)}}', "template"),
        ("{% if x %}{}", "template"),
        ("// Deny\n{}", "no comments"),
        ('{"a": 1,}', "no comma"),
    ],
)
def test_what_is_not_json_is_refused_with_what_it_looks_like(text: str, hint: str) -> None:
    """Templates, comments and commas are told apart."""
    with pytest.raises(UsageError) as caught:
        parse_statements(text, "p-1")
    assert hint in (caught.value.hint or "")


def task_judged(
    levels: tuple[Level, ...], task: TaskPolicy, region: str, context: RequestContext
) -> TaskJudgement:
    """What these levels say to a root task."""
    found = {}
    for each in requests_of(task, ACCOUNT, region):
        there = context.settled({"aws:RequestedRegion": each.region})
        found[each.action] = judge(levels, each.action, each.resource, there)
    return judge_task(task, found)


def judged(*levels: Level) -> Judgement:
    """What these levels say to a change of a bucket policy in a root session."""
    return judge(levels, PUT, BUCKET, SESSION)


def test_no_policy_binds_nobody() -> None:
    """An account without SCPs, as where the policy type is off, is free."""
    assert judged().outcome is Outcome.ALLOWED


def test_an_explicit_deny_wins_on_any_level() -> None:
    """One Deny anywhere on the path denies, whatever else allows, and all who deny are named."""
    stop = scp("stop", deny("NoS3", Action="s3:*"))
    twice = scp("twice", deny(Action="s3:Put*"))
    found = judged((FULL,), (FULL, stop), (FULL, twice))
    assert found.outcome is Outcome.DENIED
    assert found.by == (Blame(policy="stop", sid="NoS3"), Blame(policy="twice", sid="#1"))


def test_every_level_must_allow() -> None:
    """A level whose policies allow nothing of the kind denies, and its policies are named."""
    narrow = scp("narrow", {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    found = judged((FULL,), (narrow,), (FULL,))
    assert (found.outcome, found.by) == (Outcome.DENIED, (Blame(policy="narrow", sid=""),))
    assert judged((FULL,), (narrow, FULL)).outcome is Outcome.ALLOWED
    assert judged((FULL,), ()) == Judgement(outcome=Outcome.DENIED)


def test_what_is_not_known_makes_it_depend() -> None:
    """A Deny or an Allow under an unknown key is neither; the key and the statement are named."""
    home = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}
    maybe = scp("perimeter", deny("Net", Condition=home))
    found = judged((FULL, maybe))
    assert (found.outcome, found.on) == (Outcome.DEPENDS, {"aws:SourceVpc"})
    assert found.by == (Blame(policy="perimeter", sid="Net"),)
    settled = SESSION.settled({"aws:sourcevpc": "vpc-1"})
    assert judge(((FULL, maybe),), PUT, BUCKET, settled).outcome is Outcome.ALLOWED
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": home}
    assert judged((scp("allow", allow),)).on == {"aws:SourceVpc"}


def test_what_is_neither_allow_nor_deny_stops() -> None:
    """An effect that nobody knows is not taken for permission."""
    assert judged((FULL, scp("odd", deny("Odd", Effect="Perhaps")))).outcome is Outcome.DENIED


def test_a_task_is_as_good_as_its_worst_action() -> None:
    """A denied action denies its task; else one that depends makes it depend."""
    no_put = scp("no-put", deny("NoPut", Action=PUT))
    some = scp("some", deny("Some", Action="s3:Get*", Resource="arn:aws:s3:::x*"))
    task = TaskPolicy.UNLOCK_BUCKET
    worst = task_judged(((FULL, no_put, some),), task, REGION, SESSION)
    assert worst.outcome is Outcome.DENIED
    assert worst.denied_actions == (PUT,)
    assert worst.by == (Blame(policy="no-put", sid="NoPut"),)
    assert worst.on == ("Resource",)
    open_ = task_judged(((FULL, some),), task, REGION, SESSION)
    assert (open_.outcome, open_.on) == (Outcome.DEPENDS, ("Resource",))
    assert open_.by == (Blame(policy="some", sid="Some"),)
    free = task_judged(((FULL,),), task, REGION, SESSION)
    assert (free.outcome, free.denied_actions, free.by, free.on) == (Outcome.ALLOWED, (), (), ())


def test_iam_is_asked_in_its_own_region() -> None:
    """A limit on Regions that leaves us-east-1 out stops the IAM tasks, wherever the work is."""
    limit = scp(
        "regions", deny("R", Condition={"StringNotEquals": {"aws:RequestedRegion": REGION}})
    )
    levels = ((FULL, limit),)
    audit = task_judged(levels, TaskPolicy.AUDIT, REGION, SESSION)
    unlock = task_judged(levels, TaskPolicy.UNLOCK_QUEUE, REGION, SESSION)
    assert (audit.outcome, unlock.outcome) == (Outcome.DENIED, Outcome.ALLOWED)
    assert set(audit.denied_actions) == set(ROOT_TASKS[TaskPolicy.AUDIT].actions)


def test_the_exemption_lets_sessions_through_and_nobody_else() -> None:
    """The Deny that AWS recommends bites only where `aws:AssumedRoot` is absent."""
    levels = ((FULL, scp("root", deny("Root", Condition=EXEMPT))),)
    for task in TaskPolicy:
        session = task_judged(levels, task, REGION, SESSION)
        user = task_judged(levels, task, REGION, ROOT_USER)
        assert (session.outcome, user.outcome) == (Outcome.ALLOWED, Outcome.DENIED)


@pytest.mark.parametrize(
    ("condition", "session", "user"),
    [
        ({"StringEquals": {"aws:PrincipalType": "Account"}}, YES, YES),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}, YES, YES),
        (
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-exampleorgid/r-ab12/ou-*"}},
            YES,
            YES,
        ),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, YES, None),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, YES, None),
        ({"Bool": {"aws:SecureTransport": "false"}}, NO, NO),
        ({"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}, NO, None),
        ({"StringEquals": {"aws:PrincipalTag/team": "x"}}, NO, NO),
        ({"Bool": {"aws:ViaAWSService": "true"}}, NO, NO),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, YES, YES),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None, None),
        ({"StringEquals": {"aws:SourceIdentity": "x"}}, None, None),
    ],
)
def test_what_is_known_of_a_root_principal(
    condition: dict[str, Any], session: Answer | None, user: Answer | None
) -> None:
    """What AWS says of root sessions is used; what only the request will show is not guessed."""
    (statement,) = scp("p", deny(Condition=condition)).statements
    for context, expected in ((SESSION, session), (ROOT_USER, user)):
        found = statement.covers(PUT, BUCKET, context)
        assert found.value == (None if expected is None else expected.value)


@pytest.mark.parametrize(
    ("condition", "action", "expected"),
    [
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, PUT, NO),
        ({"NumericGreaterThan": {"s3:signatureAge": "600000"}}, PUT, NO),
        ({"StringNotEquals": {"s3:authType": "REST-HEADER"}}, PUT, NO),
        ({"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, PUT, NO),
        ({"Null": {"s3:x-amz-server-side-encryption": "true"}}, PUT, YES),
        ({"StringLike": {"s3:prefix": "*"}}, PUT, NO),
        ({"StringEquals": {"s3:TlsVersion": "${s3:TlsVersion}"}}, PUT, None),
        ({"NumericLessThan": {"s3:TlsVersion": "1.3"}}, PUT, None),
        ({"StringEquals": {"s3:BucketTag/team": "x"}}, PUT, None),
        ({"StringEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, PUT, None),
        ({"Null": {"sqs:anything": "false"}}, "sqs:GetQueueUrl", NO),
        ({"NumericLessThan": {"s3:TlsVersion": "1.3"}}, "sqs:GetQueueUrl", NO),
        ({"Bool": {'content of p.x["a:b"]': "true"}}, PUT, None),
    ],
)
def test_what_is_known_of_the_services_own_keys(
    condition: dict[str, Any], action: str, expected: Answer | None
) -> None:
    """Callers have TLS and a fresh signature; other actions' keys are absent, the rest open."""
    (statement,) = scp("p", deny(Condition=condition)).statements
    for principal in RootPrincipal:
        context = request_context(principal, Whereabouts(account=ACCOUNT), action=action)
        found = statement.covers(action, "*", context)
        assert found.value == (None if expected is None else expected.value)


PATH = "o-a/r-b/ou-c/*"


@pytest.mark.parametrize(
    ("taking", "leaving", "expected"),
    [
        (("StringLike", PATH), ("StringNotLike", PATH), NO),
        (("ForAllValues:StringLikeIfExists", PATH), ("ForAllValues:StringNotLike", "o-a/*"), NO),
        (("StringEquals", "o-a/r-b/ou-c/"), ("StringNotLikeIfExists", PATH), NO),
        (("StringLike", "o-a/*"), ("StringNotLike", PATH), None),
        (("StringLike", PATH), ("StringNotEquals", PATH), None),
        (("StringLike", PATH), ("StringNotLike", "${k:v}*"), None),
        (("StringLike", PATH), ("StringNotEqualsIgnoreCase", "o-a"), None),
        (("StringLike", PATH), ("NoSuchOperator", "o-a"), None),
        (("StringNotLike", PATH), ("StringNotLike", PATH), None),
    ],
)
def test_caller_and_resource_lie_in_one_place_wherever_it_is(
    taking: tuple[str, str], leaving: tuple[str, str], expected: Answer | None
) -> None:
    """A deny of callers from elsewhere says nothing of a root session in its own account."""
    condition: dict[str, dict[str, str]] = {}
    for (operator, path), key in ((taking, "Resource"), (leaving, "Principal")):
        condition.setdefault(operator, {})[f"aws:{key}OrgPaths"] = path
    (statement,) = scp("p", deny(Condition=condition)).statements
    unknown = request_context(RootPrincipal.ROOT_SESSION, Whereabouts(account=ACCOUNT), action=PUT)
    found = statement.covers(PUT, BUCKET, unknown)
    assert found.value == (None if expected is None else expected.value)


def test_an_account_nobody_placed_has_no_organization_keys() -> None:
    """Without organization, path or clock, the keys that come from them are unknown."""
    bare = request_context(RootPrincipal.ROOT_SESSION, Whereabouts(account=ACCOUNT))
    home = request_context(
        RootPrincipal.ROOT_SESSION, Whereabouts(account=ACCOUNT, organization="o-exampleorgid")
    )
    (by_org,) = scp("p", deny(Condition={"Null": {"aws:PrincipalOrgID": "true"}})).statements
    (by_path,) = scp("p", deny(Condition={"Null": {"aws:PrincipalOrgPaths": "true"}})).statements
    (by_time,) = scp("p", deny(Condition={"Null": {"aws:TokenIssueTime": "true"}})).statements
    assert by_org.covers(PUT, BUCKET, bare).value is None
    assert by_org.covers(PUT, BUCKET, home) == NO
    assert by_path.covers(PUT, BUCKET, home).value is None
    assert by_time.covers(PUT, BUCKET, home).value is None


def published(name: str) -> Scp:
    """A published SCP, its placeholders filled in as the corpus says."""
    text = (CORPUS / name).read_text(encoding="utf-8").replace("${PARTITION}", "aws")
    text = re.sub(r"\$\{[A-Z_]+\}", "PLACEHOLDER", text)
    return Scp(name=name, statements=parse_statements(text, name))


EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))["results"]
CASES = [(name, case) for name, cases in EXPECTED.items() for case in cases]
PRINCIPALS = {
    "assume_root_session": RootPrincipal.ROOT_SESSION,
    "root_user": RootPrincipal.ROOT_USER,
}


@pytest.mark.parametrize(("name", "case"), CASES)
def test_published_scps_do_what_an_independent_evaluator_says(name: str, case: str) -> None:
    """Every action of every root task is denied exactly where the corpus expects it."""
    principal, region = case.split("@")
    context = request_context(PRINCIPALS[principal], Whereabouts(account=ACCOUNT)).settled(
        {"aws:SourceIp": "203.0.113.10", "aws:MultiFactorAuthPresent": "false"}
    )
    levels = ((FULL, published(name)),)
    for task in TaskPolicy:
        found = task_judged(levels, task, region, context)
        wanted = EXPECTED[name][case].get(task.value, {})
        denied = set() if wanted == "all allowed" else set(wanted)
        assert set(found.denied_actions) == denied
        assert found.on == ()
        assert found.outcome is (Outcome.DENIED if denied else Outcome.ALLOWED)
