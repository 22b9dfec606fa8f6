"""The parameters of requests: exact, and refused where they contradict themselves."""

import base64
from typing import Any

import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.ids import sha256
from orgroot.core.plan import Change, Op
from orgroot.core.task_params import (
    PARAMS,
    AuditRootCredentials,
    BucketChange,
    HandOut,
    PlannedChanges,
    UnlockBucket,
    UnlockMode,
    encoded,
    parse_params,
    to_params,
)
from orgroot.errors import IntegrityError

POLICY = b'{"Statement":[]}'
SURVEY = "orq_" + "a" * 26
DROP: dict[str, Any] = {
    "mode": "drop-statements",
    "buckets": [
        {
            "bucket": "team-data",
            "region": "eu-west-1",
            "expected_policy_sha256": sha256(POLICY),
            "unseen": False,
            "sids": ["DenyAll"],
            "before_b64": encoded(POLICY),
            "after_b64": encoded(b"{}"),
        },
    ],
}
UNSEEN: dict[str, Any] = {
    "mode": "delete",
    "buckets": [
        {
            "bucket": "team-data",
            "region": "eu-west-1",
            "expected_policy_sha256": None,
            "unseen": True,
            "sids": [],
            "before_b64": "",
            "after_b64": "",
        },
    ],
}
INSPECT: dict[str, Any] = {"buckets": [{"bucket": "team-data", "region": "eu-west-1"}]}
SEEN = {
    "password": True,
    "access_keys": ["AKIAEXAMPLE"],
    "signing_certificates": [],
    "mfa_devices": [],
    "key_last_used": None,
}
REMOVE: dict[str, Any] = {
    "only": ["password", "access-keys"],
    "seen": {"012345670123": SEEN},
    "survey": SURVEY,
}
PLAN: dict[str, Any] = {
    "plan": [
        {"op": "enable-feature", "target": "RootSessions", "before": False, "after": True},
        {"op": "attach-scp", "target": "r-ab12", "before": None, "after": {"scp": "one"}},
    ],
}

SCPS = {"plan": PLAN["plan"][1:]}
WAVE = {"scp": "one", "wave": 1, "account": "222222222222"}


@pytest.mark.parametrize(
    ("task", "params"),
    [
        (Task.UNLOCK_BUCKET, DROP),
        (Task.UNLOCK_BUCKET, UNSEEN),
        (Task.INSPECT_BUCKET_POLICY, INSPECT),
        (Task.AUDIT_ROOT_CREDENTIALS, {}),
        (Task.DELETE_ROOT_CREDENTIALS, REMOVE),
        (Task.ENABLE_ROOT_ACCESS, PLAN),
        (Task.DISABLE_ROOT_ACCESS, PLAN),
        (Task.CHANGE_DELEGATED_ADMINISTRATOR, PLAN),
        (Task.ADD_SCPS, PLAN),
        (Task.CHANGE_SCPS, PLAN),
    ],
)
def test_params_come_back_as_they_were_written(task: Task, params: dict[str, Any]) -> None:
    """Parsing and writing are inverse for every task of this version."""
    parsed = parse_params(task, params)
    assert isinstance(parsed, PARAMS[task])
    assert to_params(parsed) == params


def test_the_policies_of_a_bucket_are_bytes() -> None:
    """Before and after are exact bytes; nothing after means deletion."""
    drop = parse_params(Task.UNLOCK_BUCKET, DROP)
    assert isinstance(drop, UnlockBucket)
    assert drop.mode is UnlockMode.DROP_STATEMENTS
    assert (drop.buckets[0].before, drop.buckets[0].after) == (POLICY, b"{}")
    unseen = parse_params(Task.UNLOCK_BUCKET, UNSEEN)
    assert isinstance(unseen, UnlockBucket)
    assert (unseen.buckets[0].before, unseen.buckets[0].after) == (None, None)


def test_structs_are_built_directly_by_workflows() -> None:
    """What a workflow builds is what a verifier parses."""
    change = Change(op=Op.ENABLE_FEATURE, target="RootSessions", before=False, after=True)
    built = PlannedChanges(plan=(change,))
    assert parse_params(Task.ENABLE_ROOT_ACCESS, to_params(built)) == built
    assert parse_params(Task.AUDIT_ROOT_CREDENTIALS, {}) == AuditRootCredentials()
    assert parse_params(Task.ROOT_SESSION, {}) == HandOut()


def test_a_rollback_is_a_change_even_where_it_only_adds() -> None:
    """It needs the stricter task, as a lockout does; what is not asked for does not stand there."""
    rolled = {**SCPS, "rolls_back": "orq_" + "a" * 26, "accept_lockout": ["unlock-bucket"]}
    full = parse_params(Task.CHANGE_SCPS, {**rolled, "waves": [WAVE]})
    assert isinstance(full, PlannedChanges)
    assert full.task is Task.CHANGE_SCPS
    alone = parse_params(Task.CHANGE_SCPS, _with(SCPS, rolls_back="orq_" + "a" * 26))
    assert isinstance(alone, PlannedChanges)
    assert alone.task is Task.CHANGE_SCPS
    assert to_params(full) == {**rolled, "waves": [WAVE]}
    locks = parse_params(Task.CHANGE_SCPS, _with(SCPS, accept_lockout=["unlock-bucket"]))
    assert isinstance(locks, PlannedChanges)
    assert locks.task is Task.CHANGE_SCPS
    plain = parse_params(Task.ADD_SCPS, SCPS)
    assert isinstance(plain, PlannedChanges)
    assert (plain.task, to_params(plain)) == (Task.ADD_SCPS, SCPS)


def _with(params: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**params, **values}


def _bucket(params: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**params, "buckets": [{**params["buckets"][0], **values}]}


@pytest.mark.parametrize(
    ("task", "params"),
    [
        (Task.UNLOCK_QUEUE, {}),
        (Task.ROOT_SESSION, {"command": "aws"}),
        (Task.AUDIT_ROOT_CREDENTIALS, {"extra": 1}),
        (Task.UNLOCK_BUCKET, {}),
        (Task.UNLOCK_BUCKET, _with(DROP, mode="repair")),
        (Task.UNLOCK_BUCKET, _with(DROP, buckets=[])),
        (Task.UNLOCK_BUCKET, _with(DROP, buckets=DROP["buckets"] * 2)),
        (Task.UNLOCK_BUCKET, _with(DROP, mode="delete")),
        (Task.UNLOCK_BUCKET, _with(UNSEEN, mode="drop-statements")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, sids=[])),
        (Task.UNLOCK_BUCKET, _bucket(DROP, unseen=True)),
        (Task.UNLOCK_BUCKET, _bucket(DROP, expected_policy_sha256=None)),
        (Task.UNLOCK_BUCKET, _bucket(DROP, expected_policy_sha256="0" * 64)),
        (Task.UNLOCK_BUCKET, _bucket(DROP, before_b64="")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, before_b64="é")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, after_b64="e30")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, after_b64="e31=")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, bucket="Team Data")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, bucket="team-data-abcdef123-s3alias")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, bucket="team-data--ol-s3")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, bucket="xn--team-data")),
        (Task.UNLOCK_BUCKET, _bucket(DROP, region="eu-west-1\n")),
        (Task.UNLOCK_BUCKET, _bucket(UNSEEN, after_b64="e30=")),
        (Task.INSPECT_BUCKET_POLICY, {"buckets": INSPECT["buckets"] * 2}),
        (Task.DELETE_ROOT_CREDENTIALS, _with(REMOVE, only=[])),
        (Task.DELETE_ROOT_CREDENTIALS, _with(REMOVE, only=["mfa", "mfa"])),
        (Task.DELETE_ROOT_CREDENTIALS, _with(REMOVE, only=["everything"])),
        (Task.DELETE_ROOT_CREDENTIALS, _with(REMOVE, survey="orq_x")),
        (Task.DELETE_ROOT_CREDENTIALS, _with(REMOVE, seen={"12345": SEEN})),
        (Task.ADD_SCPS, {"plan": []}),
        (Task.CHANGE_SCPS, _with(SCPS, accept_lockout=["enable-root-access"])),
        (Task.CHANGE_SCPS, _with(SCPS, accept_lockout=["unlock-bucket"] * 2)),
        (Task.CHANGE_SCPS, _with(SCPS, waves=[WAVE, WAVE])),
        (Task.CHANGE_SCPS, _with(SCPS, waves=[WAVE | {"wave": 0}])),
        (Task.CHANGE_SCPS, _with(SCPS, rolls_back="oex_x")),
        (Task.ENABLE_ROOT_ACCESS, _with(PLAN, accept_lockout=["unlock-bucket"])),
        (Task.ADD_SCPS, {"plan": [{"op": "rename-scp", "target": "a", "before": 1, "after": 2}]}),
    ],
)
def test_params_that_do_not_fit_are_an_integrity_error(task: Task, params: dict[str, Any]) -> None:
    """Nothing is guessed from a request that says something else than it should."""
    with pytest.raises(IntegrityError):
        parse_params(task, params)


def test_base64_has_one_spelling() -> None:
    """A second spelling of the same bytes would be a second request for the same act."""
    assert base64.b64decode("e31=") == base64.b64decode("e30=")
    with pytest.raises(ValueError, match="canonical"):
        BucketChange(
            bucket="team-data",
            region="eu-west-1",
            expected_policy_sha256=None,
            unseen=True,
            sids=(),
            before_b64="",
            after_b64="e31=",
        )
