"""What rules match: accounts, OUs anywhere above, tags, resources, and what is left out."""

from typing import Any

import pytest

from orgroot.core.config import Rule
from orgroot.core.governed_tasks import Task
from orgroot.core.selectors import ORGANIZATION, Asked, Fit, Subject, asked, fit
from orgroot.core.structure import convert
from tests.core import scene as s

ROOT, PROD, PAY = "r-ab12", "ou-ab12-prod0001", "ou-ab12-payments"
HERE = Subject(
    account=s.ACCOUNT,
    ou_path=f"{ROOT}/{PROD}/{PAY}",
    tags=(("stage", "prod"), ("owner", None)),
    resource="x-tfstate",
)
NOWHERE = Subject(account=s.ACCOUNT, resource="x-tfstate")
BUCKET, QUEUE, SCPS = Task.UNLOCK_BUCKET, Task.UNLOCK_QUEUE, Task.ADD_SCPS


def rule(match: dict[str, Any]) -> Rule:
    """A rule that matches so."""
    return convert(s.rule("r", None, 1) | {"match": match}, Rule)


@pytest.mark.parametrize(
    ("sentence", "match", "task", "subject", "expected"),
    [
        ("No selector matches anything.", {}, BUCKET, HERE, Fit.YES),
        ("No selector matches the organization.", {}, SCPS, ORGANIZATION, Fit.YES),
        ("Another task.", {"tasks": ["unlock-queue"]}, BUCKET, HERE, Fit.NO),
        ("This account.", {"accounts": [s.ACCOUNT]}, BUCKET, HERE, Fit.YES),
        ("Another account.", {"accounts": [s.OTHER]}, BUCKET, HERE, Fit.NO),
        ("Accounts are not the organization.", {"accounts": [s.OTHER]}, SCPS, ORGANIZATION, Fit.NO),
        ("The OU it is in.", {"ous": [PAY]}, BUCKET, HERE, Fit.YES),
        ("An OU above.", {"ous": [PROD]}, BUCKET, HERE, Fit.YES),
        ("The root container.", {"ous": [ROOT]}, BUCKET, HERE, Fit.YES),
        ("An OU elsewhere.", {"ous": ["ou-ab12-sandbox1"]}, BUCKET, HERE, Fit.NO),
        ("Part of an OU's id.", {"ous": ["ou-ab12-prod00010"]}, BUCKET, HERE, Fit.NO),
        ("Nobody looked where it is.", {"ous": [PROD]}, BUCKET, NOWHERE, Fit.UNKNOWN),
        ("The organization is in no OU.", {"ous": [ROOT]}, SCPS, ORGANIZATION, Fit.NO),
        ("A tag that it carries.", {"tags": {"stage": "prod"}}, BUCKET, HERE, Fit.YES),
        ("Another value.", {"tags": {"stage": "dev"}}, BUCKET, HERE, Fit.NO),
        ("A key that it does not carry.", {"tags": {"owner": "x"}}, BUCKET, HERE, Fit.NO),
        ("A key nobody looked at.", {"tags": {"tier": "1"}}, BUCKET, HERE, Fit.UNKNOWN),
        ("One tag of two.", {"tags": {"stage": "prod", "owner": "x"}}, BUCKET, HERE, Fit.NO),
        ("The organization has no tags.", {"tags": {"a": "b"}}, SCPS, ORGANIZATION, Fit.NO),
        ("A bucket that fits.", {"buckets": ["*-tfstate"]}, BUCKET, HERE, Fit.YES),
        ("Case is kept.", {"buckets": ["*-TFSTATE"]}, BUCKET, HERE, Fit.NO),
        ("Buckets are no queues.", {"buckets": ["*"]}, QUEUE, HERE, Fit.NO),
        ("A queue that fits.", {"queues": ["x-*"]}, QUEUE, HERE, Fit.YES),
        ("Queues are no buckets.", {"queues": ["*"]}, BUCKET, HERE, Fit.NO),
        (
            "Buckets and queues each select their own kind.",
            {"buckets": ["other"], "queues": ["x-*"]},
            QUEUE,
            HERE,
            Fit.YES,
        ),
        ("Names select no other task.", {"buckets": ["*"]}, SCPS, ORGANIZATION, Fit.NO),
        ("All selectors together.", {"ous": [PROD], "buckets": ["y"]}, BUCKET, HERE, Fit.NO),
        ("Nothing in an empty list.", {"accounts": []}, BUCKET, HERE, Fit.NO),
        ("An exception.", {"except": {"accounts": [s.ACCOUNT]}}, BUCKET, HERE, Fit.NO),
        ("An exception elsewhere.", {"except": {"accounts": [s.OTHER]}}, BUCKET, HERE, Fit.YES),
        (
            "An exception wants all that it names.",
            {"except": {"accounts": [s.ACCOUNT], "ous": ["ou-ab12-sandbox1"]}},
            BUCKET,
            HERE,
            Fit.YES,
        ),
        ("An exception of another task.", {"except": {"tasks": ["add-scps"]}}, BUCKET, HERE, 2),
        ("An exception by what is unknown.", {"except": {"ous": [PROD]}}, BUCKET, NOWHERE, 1),
        ("An exception without selectors excepts nothing.", {"except": {}}, BUCKET, HERE, Fit.YES),
        (
            "What does not match needs no exception.",
            {"tasks": ["add-scps"], "except": {"ous": [PROD]}},
            BUCKET,
            NOWHERE,
            Fit.NO,
        ),
    ],
)
def test_what_a_rule_matches(
    sentence: str, match: dict[str, Any], task: Task, subject: Subject, expected: Fit
) -> None:
    """Each row is one sentence about selectors."""
    assert fit(rule(match), task, subject) is Fit(expected), sentence


def test_what_rules_look_at() -> None:
    """Accounts, OUs and tag keys, in exceptions too; for a task only of rules that name it."""
    approvals = s.approvals_of(
        s.rule("a", ["unlock-bucket"], 1, tags={"stage": "prod"}),
        s.rule("b", None, 1, **{"except": {"ous": [PROD], "tags": {"owner": "x"}}}),
        s.rule("c", ["add-scps"], 1, accounts=[s.ACCOUNT]),
    )
    assert asked(approvals) == Asked(accounts=True, ous=True, tags=frozenset({"stage", "owner"}))
    assert asked(approvals, QUEUE) == Asked(ous=True, tags=frozenset({"owner"}))
    assert asked(s.approvals_of()) == Asked()
