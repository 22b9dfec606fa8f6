"""Which changes a request allows: what it says, each as often as it says it, and nothing else."""

from typing import Any

import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.planned_steps import planned_steps
from orgroot.core.statement_parts import Target
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import drafted

SEEN = {
    "password": True,
    "access_keys": ["AKIA1", "AKIA2"],
    "signing_certificates": ["CERT"],
    "mfa_devices": ["arn:aws:iam::222222222222:mfa/root"],
}
EVERY = ["password", "access-keys", "signing-certificates", "mfa"]
NOTHING: dict[str, Any] = {
    "password": False,
    "access_keys": [],
    "signing_certificates": [],
    "mfa_devices": [],
}


def switched(op: str, target: str) -> dict[str, Any]:
    """A change of a plan about root access."""
    return {"op": op, "target": target, "before": None, "after": True}


def steps(task: Task, params: dict[str, Any], account: str = s.ACCOUNT) -> list[tuple[str, str]]:
    """What a request of these parameters allows, in order."""
    log = w.Log(s.approvals_of(*s.RULES))
    target = Target(organization=s.ORG) if not account else s.target(account)
    body = log.request_body("alice", task, (target,), params)
    return sorted(planned_steps(drafted(body), account).elements())


@pytest.mark.parametrize(
    ("only", "seen", "wanted"),
    [
        (EVERY, NOTHING, []),
        (["password"], SEEN, [("iam:DeleteLoginProfile", "password")]),
        (
            ["access-keys"],
            SEEN,
            [("iam:DeleteAccessKey", "AKIA1"), ("iam:DeleteAccessKey", "AKIA2")],
        ),
        (["signing-certificates"], SEEN, [("iam:DeleteSigningCertificate", "CERT")]),
        (["mfa"], SEEN, [("iam:DeactivateMFADevice", "arn:aws:iam::222222222222:mfa/root")]),
    ],
)
def test_a_removal_deletes_what_was_seen_of_what_was_asked_for(
    only: list[str], seen: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    """Each credential once, in the account that has it and in no other."""
    params = {
        "only": only,
        "seen": {s.ACCOUNT: seen, s.OTHER: NOTHING},
        "survey": "orq_" + "a" * 26,
    }
    assert steps(Task.DELETE_ROOT_CREDENTIALS, params) == wanted
    assert steps(Task.DELETE_ROOT_CREDENTIALS, params, s.OTHER) == []
    assert steps(Task.DELETE_ROOT_CREDENTIALS, params, "9" * 12) == []


def test_buckets_are_repaired_or_opened_as_asked() -> None:
    """A policy that remains is put, one that does not is deleted, each once."""
    params = s.bucket_params("a-logs", "b-logs")
    params["buckets"][1]["after_b64"] = ""
    assert steps(Task.UNLOCK_BUCKET, params) == [
        ("s3:DeleteBucketPolicy", "b-logs"),
        ("s3:PutBucketPolicy", "a-logs"),
    ]


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (s.creation(), ("organizations:CreatePolicy", "deny")),
        (
            switched("enable-feature", "RootSessions"),
            ("iam:EnableOrganizationsRootSessions", "RootSessions"),
        ),
        (
            switched("disable-feature", "RootCredentialsManagement"),
            ("iam:DisableOrganizationsRootCredentialsManagement", "RootCredentialsManagement"),
        ),
        (
            switched("enable-trusted-access", "iam.amazonaws.com"),
            ("organizations:EnableAWSServiceAccess", "iam.amazonaws.com"),
        ),
        (
            switched("disable-trusted-access", "iam.amazonaws.com"),
            ("organizations:DisableAWSServiceAccess", "iam.amazonaws.com"),
        ),
        (
            switched("register-delegated-administrator", s.OTHER),
            ("organizations:RegisterDelegatedAdministrator", s.OTHER),
        ),
        (
            switched("deregister-delegated-administrator", s.OTHER),
            ("organizations:DeregisterDelegatedAdministrator", s.OTHER),
        ),
    ],
)
def test_a_plan_makes_its_changes(change: dict[str, Any], step: tuple[str, str]) -> None:
    """Each by AWS's operation for it."""
    assert steps(Task.CHANGE_SCPS, {"plan": [change]}, "") == [step]


@pytest.mark.parametrize(
    ("task", "params"),
    [
        (Task.AUDIT_ROOT_CREDENTIALS, {}),
        (
            Task.INSPECT_BUCKET_POLICY,
            {"buckets": [{"bucket": s.BUCKET, "region": "eu-west-1"}]},
        ),
        (Task.ROOT_SESSION, {}),
    ],
)
def test_what_reads_or_hands_out_changes_nothing_itself(task: Task, params: dict[str, Any]) -> None:
    """A session may be able to; its execution announces no change."""
    assert steps(task, params) == []
