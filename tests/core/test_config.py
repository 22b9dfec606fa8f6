"""The configuration: what is accepted, and what an error says."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from config_trees import KEY, changed, whole
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.config import end_of_day, parse_config, seconds
from orgroot.core.governed_tasks import Task
from orgroot.core.structure import path_text
from orgroot.errors import ConfigError


def test_a_whole_tree_is_converted() -> None:
    """Text becomes typed values, and an account id keeps its leading zero."""
    config = parse_config(whole())
    assert config.organization.management_account == "012345670123"
    assert config.root_access is not None
    assert config.root_access.credentials_management is True
    assert config.root_access.root_sessions is False
    assert config.accounts.exempt[0].until == date(2027, 3, 31)
    assert config.approvals is not None
    assert config.approvals.expires == datetime(2027, 5, 1, tzinfo=UTC)
    assert config.approvals.rules[0].match.tasks == (Task.UNLOCK_BUCKET,)


def test_numbers_and_booleans_may_be_given_as_such() -> None:
    """A tree made by a program may hold integers and booleans."""
    tree = changed(("root_access", "root_sessions"), value=False)
    tree["version"] = 1
    assert parse_config(tree) == parse_config(whole())


def test_only_version_and_organization_are_required() -> None:
    """An observer's configuration has two sections."""
    tree = whole()
    config = parse_config({"version": "1", "organization": tree["organization"]})
    assert config.scps is None
    assert config.trust is None


@pytest.mark.parametrize("tool", ["terraform", "lza", "console", "control-tower", "puppet"])
def test_any_tool_may_manage_a_thing(tool: str) -> None:
    """A tool that orgroot does not know by name is another tool all the same."""
    tree = changed(("root_access", "managed_by"), tool)
    config = parse_config(changed(("scps", 0, "managed_by"), tool, tree))
    assert config.root_access is not None
    assert config.root_access.managed_by == tool


WRONG: list[tuple[tuple[str | int, ...], Any, str, str]] = [
    (("organisation",), {}, "organisation", "did you mean 'organization'?"),
    (("organization", "regoin"), "x", "organization.regoin", "did you mean 'region'?"),
    (("zzz",), {}, "zzz", "unknown key"),
    (("organization",), "x", "organization", "expected a mapping"),
    (("organization",), ["x"], "organization", "not a list"),
    (("organization",), {"region": "eu-west-1"}, "organization.id", "required and missing"),
    (
        ("organization", "management_account"),
        "1402433619",
        "organization.management_account",
        "12 digits",
    ),
    (
        ("organization", "management_account"),
        "012345670123\n",
        "organization.management_account",
        "12 digits",
    ),
    (
        ("organization", "management_account"),
        {"a": "b"},
        "organization.management_account",
        "expected one value, not a mapping",
    ),
    (("organization", "region"), "aws-global", "organization.region", "eu-west-1"),
    (("organization", "region"), None, "organization.region", "expected one value"),
    (("organization", "delegated_administrator"), "null", "delegated_administrator", "12 digits"),
    (
        ("organization", "delegated_administrator"),
        "012345670123",
        "delegated_administrator",
        "cannot be its own",
    ),
    (
        ("organization", "executor_roles"),
        {"22": "arn:aws:iam::222222222222:role/x"},
        "organization.executor_roles.22",
        "12 digits",
    ),
    (
        ("organization", "executor_roles"),
        {"222222222222": "arn:aws:iam::333333333333:role/x"},
        "executor_roles.222222222222",
        "not the ARN of a role in account",
    ),
    (
        ("organization", "executor_roles"),
        {"222222222222": "role"},
        "executor_roles.222222222222",
        "not the ARN",
    ),
    (("organization", "runner"), "alice", "organization.runner", "service: true"),
    (("organization", "runner"), "nobody", "organization.runner", "service: true"),
    (("organization", "runner"), "Alice!", "organization.runner", "at most 64"),
    (
        ("reconcile",),
        {"roles": {"222222222222": "arn:aws:iam::333333333333:role/x"}},
        "reconcile.roles.222222222222",
        "not the ARN of a role in account",
    ),
    (("version",), "2", "version", "this orgroot reads version 1"),
    (("version",), "1e0", "version", "this orgroot reads version 1"),
    (("root_access", "root_sessions"), "yes", "root_access.root_sessions", "true or false"),
    (("root_access", "root_sessions"), "1", "root_access.root_sessions", "true or false"),
    (("root_access", "root_sessions"), "null", "root_access.root_sessions", "true or false"),
    (("root_access", "managed_by"), "", "root_access.managed_by", "at most 64"),
    (("root_access", "managed_by"), "orgrot", "managed_by", "did you mean 'orgroot'?"),
    (("scps", 0, "managed_by"), "terrafrom", "scps[0].managed_by", "did you mean 'terraform'?"),
    (("scps", 0, "targets"), ["everything"], "scps[0].targets[0]", "a target is root"),
    (("scps", 0, "waves"), [["ou-x"]], "scps[0].waves[0][0]", "a target is root"),
    (("trust", "store_region"), "moon", "trust.store_region", "eu-west-1"),
    (("accounts", "exempt", 0, "reason"), " ", "accounts.exempt[0].reason", "say why"),
    (("drift", "accepted", 0, "reason"), "", "drift.accepted[0].reason", "say why"),
    (("drift", "accepted", 0, "finding"), "alarm", "drift.accepted[0].finding", "KIND/WHAT"),
    (
        ("reconcile",),
        {
            "known_callers": [
                {
                    "role": "arn:aws:iam::222222222222:user/x",
                    "tasks": [],
                    "reason": "r",
                    "until": "2027-01-31",
                }
            ]
        },
        "reconcile.known_callers[0].role",
        "the ARN of a role",
    ),
    (
        ("monitoring",),
        {"regions": ["moon"], "notify": "arn:aws:sns:us-east-1:222222222222:x"},
        "monitoring.regions[0]",
        "eu-west-1",
    ),
    (
        ("monitoring",),
        {"regions": [], "notify": "me@example.com"},
        "monitoring.notify",
        "ARN of an SNS topic",
    ),
    (
        ("approvals", "people", "alice", "groups"),
        ["platform", "platform"],
        "approvals.people.alice.groups[1]",
        "a second time",
    ),
    (
        ("approvals", "people", "alice", "aws"),
        [{"arn": "arn:aws:iam::222222222222:user/*"}],
        "approvals.people.alice.aws[0].arn",
        "get-caller-identity",
    ),
    (
        ("approvals", "people", "alice", "aws"),
        [{"arn": "arn:aws:iam::222222222222:root"}],
        "approvals.people.alice.aws[0].arn",
        "is no caller",
    ),
    (("trust", "store"), "ftp://x", "trust.store", "file:///"),
    (("trust", "checkpoint"), "latest", "trust.checkpoint", "is not a receipt"),
    (
        ("trust", "checkpoint"),
        f"orgroot1 {'0' * 16} 1 {'0' * 64}",
        "trust.checkpoint",
        "it is of log 0000000000000000",
    ),
    (("trust", "owners", "keys"), [], "trust.owners.keys", "at least 1"),
    (("trust", "owners", "threshold"), "2", "trust.owners.threshold", "can never sign"),
    (("trust", "owners", "threshold"), "0", "trust.owners.threshold", "a whole number from 1"),
    (
        ("trust", "owners", "keys"),
        [{"person": "dana", "key": KEY}, {"person": "erik", "key": KEY + " laptop"}],
        "trust.owners.keys[1]",
        "second time",
    ),
    (
        ("trust", "owners", "keys"),
        [{"person": "dana", "key": KEY}, {"person": "erik", "key": "ssh-dss AAAA"}],
        "trust.owners.keys[1].key",
        "keys of type ssh-dss are not supported",
    ),
    (("accounts", "exempt", 0, "until"), "2027-02-30", "accounts.exempt[0].until", "2027-03-31"),
    (("accounts", "exempt", 0, "until"), "1777593600", "accounts.exempt[0].until", "2027-03-31"),
    (
        ("accounts", "exempt"),
        [{"account": "333333333333", "reason": "r", "until": "2027-03-31"}] * 2,
        "accounts.exempt[1]",
        "second time",
    ),
    (("accounts", "hold_if_root_key_used_within"), "30", "hold_if_root_key_used_within", "30d"),
    (("accounts", "hold_if_root_key_used_within"), "0d", "hold_if_root_key_used_within", "30d"),
    (("scps",), "x", "scps", "expected a list"),
    (("scps", 0, "name"), "", "scps[0].name", "empty"),
    (("scps", 0, "name"), "x" * 129, "scps[0].name", "longer than 128"),
    (("scps", 0, "targets"), ["root", "root"], "scps[0].targets[1]", "second time"),
    (
        ("scps",),
        [{"name": "one", "file": "one.json", "targets": []}] * 2,
        "scps[1]",
        "second time",
    ),
    (("approvals", "expires"), "2027-05-01", "approvals.expires", "UTC time"),
    (("approvals", "expires"), "2027-05-01T00:00:00", "approvals.expires", "UTC time"),
    (("approvals", "expires"), "2027-05-01T00:00:00+02:00", "approvals.expires", "UTC time"),
    (("approvals", "expires"), "2027-05-32T00:00:00Z", "approvals.expires", "UTC time"),
    (("approvals", "expires"), "1777593600", "approvals.expires", "UTC time"),
    (("approvals", "people", "Alice"), {}, "approvals.people.Alice", "a name is"),
    (
        ("approvals", "people", "alice", "keys", 0, "added"),
        "now",
        "approvals.people.alice.keys[0].added",
        "UTC time",
    ),
    (
        ("approvals", "people", "alice", "keys"),
        [{"key": KEY, "added": "2026-01-10T00:00:00Z"}] * 2,
        "approvals.people.alice.keys[1]",
        "second time",
    ),
    (("approvals", "people", "alice", "aws"), [{}], "people.alice.aws[0]", "either sso"),
    (
        ("approvals", "people", "alice", "aws"),
        [{"arn": "a", "sso": "s"}],
        "people.alice.aws[0]",
        "either sso",
    ),
    (
        ("approvals", "people", "alice", "aws"),
        [{"arn": "a", "accounts": ["222222222222"]}],
        "people.alice.aws[0]",
        "belong to sso",
    ),
    (
        ("approvals", "rules", 0, "match", "tasks"),
        ["unlock-buckt"],
        "approvals.rules[0].match.tasks[0]",
        "did you mean 'unlock-bucket'?",
    ),
    (("approvals", "rules", 0, "match", "tasks"), "null", "rules[0].match.tasks", "a list"),
    (("approvals", "rules", 0, "match", "tags", "a"), [], "match.tags.a", "one value, not a list"),
    (("approvals", "rules", 0, "session"), {"max_seconds": "901"}, "max_seconds", "from 60 to 900"),
    (("approvals", "rules", 0, "ticket"), "INC-[", "rules[0].ticket", "regular expression"),
    (
        ("approvals", "rules", 0, "approvals", "each_of"),
        [{"group": "security", "count": "1"}] * 2,
        "rules[0].approvals.each_of[1]",
        "second time",
    ),
    (
        ("drift", "accepted"),
        [{"finding": "a/b", "reason": "r", "until": "2027-01-31"}] * 2,
        "drift.accepted[1]",
        "second time",
    ),
]


@pytest.mark.parametrize(("path", "value", "where", "words"), WRONG)
def test_what_is_wrong_is_named_with_its_path_and_a_remedy(
    path: tuple[str | int, ...], value: Any, where: str, words: str
) -> None:
    """Each wrong value is refused at its own path, in words that say what to write."""
    with pytest.raises(ConfigError) as caught:
        parse_config(changed(path, value))
    assert path_text(caught.value.path).endswith(where)
    assert words in caught.value.message
    assert path_text(caught.value.path) in caught.value.message


def test_a_runner_is_a_service_of_the_roster_where_there_is_one() -> None:
    """Without rules of its own, a configuration may name the service of the log's rules."""
    tree = whole()
    tree["organization"]["runner"] = "nightly"
    tree["approvals"]["people"]["nightly"] = {"service": "true", "groups": ["runners"]}
    assert parse_config(tree).organization.runner == "nightly"
    del tree["approvals"]
    assert parse_config(tree).organization.runner == "nightly"


def test_two_rules_of_one_id_are_refused() -> None:
    """Rule ids are unique."""
    tree = whole()
    tree["approvals"]["rules"] *= 2
    with pytest.raises(ConfigError, match="second time") as caught:
        parse_config(tree)
    assert caught.value.path == ("approvals", "rules", 1)


def test_a_document_that_is_no_mapping_is_named_as_such() -> None:
    """An error at the top names the document."""
    with pytest.raises(ConfigError, match="the document: expected a mapping"):
        parse_config(["x"])  # type: ignore[arg-type]


def test_an_unknown_key_hints_at_the_known_ones() -> None:
    """The hint lists the keys there are at that place."""
    with pytest.raises(ConfigError) as caught:
        parse_config(changed(("approvals", "rules", 0, "match", "unless"), {}))
    assert caught.value.hint is not None
    assert "except" in caught.value.hint


IN_S3 = {
    "store": "s3://corp-orgroot-log/v1/",
    "store_account": "444444444444",
    "store_region": "eu-west-1",
}


def test_a_log_in_s3_says_whose_and_where_and_how_long() -> None:
    """A bucket needs an owner, a Region, and a name that is one; records are kept 400 days."""
    trust = whole()["trust"]
    for retain, days in (({}, 400), ({"retain": "30d"}, 30), ({"retain": "90s"}, 1)):
        found = parse_config(changed(("trust",), trust | IN_S3 | retain)).trust
        assert found is not None
        assert found.kept_for == timedelta(days=days)
    for missing in ("store_account", "store_region"):
        fields = {name: value for name, value in IN_S3.items() if name != missing}
        with pytest.raises(ConfigError, match="a log in S3 needs it") as caught:
            parse_config(changed(("trust",), trust | fields))
        assert path_text(caught.value.path) == f"trust.{missing}"
    with pytest.raises(ConfigError, match=r"s3://bucket/prefix/") as caught:
        parse_config(changed(("trust",), trust | IN_S3 | {"store": "s3://Corp_Log/v1/"}))
    assert path_text(caught.value.path) == "trust.store"


@pytest.mark.parametrize(
    ("text", "length"), [("90s", 90), ("2m", 120), ("4h", 14400), ("1d", 86400)]
)
def test_durations_are_seconds(text: str, length: int) -> None:
    """A length of time as authored is converted by its unit."""
    assert seconds(text) == length


def test_until_is_the_end_of_that_day() -> None:
    """`until: DATE` ends at the next midnight UTC, and the last date there is does not overflow."""
    assert end_of_day(date(2027, 3, 31)) == datetime(2027, 4, 1, tzinfo=UTC)
    assert end_of_day(date.max).tzinfo is UTC


TREES = st.recursive(
    st.text(max_size=8) | st.sampled_from(["1", "true", "root", "111111111111", "2027-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def _paths(tree: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(tree, dict):
        return [at, *(p for key, item in tree.items() for p in _paths(item, (*at, key)))]
    if isinstance(tree, list):
        return [at, *(p for i, item in enumerate(tree) for p in _paths(item, (*at, i)))]
    return [at]


@given(path=st.sampled_from(_paths(whole())[1:]), value=TREES)
def test_any_change_loads_or_is_a_config_error(path: tuple[str | int, ...], value: Any) -> None:
    """Whatever stands in place of a value, the answer is a Config or a ConfigError below it."""
    try:
        parse_config(changed(path, value))
    except ConfigError as error:
        found = error.path
    else:
        return
    assert found


def test_a_checkpoint_of_its_log_is_kept() -> None:
    """A receipt line of the very log is taken as it stands."""
    trust = whole()["trust"]
    line = f"orgroot1 {trust['log_id']} 41 {'a' * 64}"
    found = parse_config(changed(("trust", "checkpoint"), line)).trust
    assert found is not None
    assert found.checkpoint == line
