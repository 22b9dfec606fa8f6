"""SCPs, RCPs, policy types and the resource policy, as AWS Organizations answers for them."""

import json
from collections.abc import Iterator
from itertools import count

import pytest

from tests.sandbox.organization_rows import (
    DENY,
    MANAGEMENT,
    MEMBER,
    RCP,
    SCP,
    Live,
    Row,
    advance,
    refusal_of,
)

NEW = {"Name": "new", "Description": "", "Type": SCP}
FULL = "p-FullAWSAccess"
NEITHER = "p-00000000"
DENY_RCP = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}},
        },
    }
)
OFF = (("DisablePolicyType", {"RootId": "{root}", "PolicyType": SCP}),)
RCP_ON = (
    ("EnablePolicyType", {"RootId": "{root}", "PolicyType": RCP}),
    ("ListRoots", {}),
)


def _padded(length: int) -> str:
    return DENY + " " * (length - len(DENY))


REFUSED = (
    Row(
        "management",
        "CreatePolicy",
        {**NEW, "Content": "not JSON"},
        "MalformedPolicyDocumentException",
        message="does not meet the requirements of the specified policy type",
    ),
    Row(
        "management",
        "CreatePolicy",
        {**NEW, "Content": _padded(10_241)},
        "ConstraintViolationException",
        "POLICY_CONTENT_LIMIT_EXCEEDED",
    ),
    Row(
        "management",
        "CreatePolicy",
        {**NEW, "Type": RCP, "Content": DENY_RCP + " " * 5_120},
        "ConstraintViolationException",
        "POLICY_CONTENT_LIMIT_EXCEEDED",
    ),
    Row("management", "CreatePolicy", {**NEW, "Type": RCP, "Content": DENY},
        "MalformedPolicyDocumentException"),
    Row(
        "management",
        "CreatePolicy",
        {**NEW, "Content": DENY},
        "DuplicatePolicyException",
        before=(("CreatePolicy", {**NEW, "Content": DENY}),),
    ),
    Row("management", "CreatePolicy", {**NEW, "Name": "FullAWSAccess", "Content": DENY},
        "DuplicatePolicyException"),
    Row("management", "CreatePolicy", {**NEW, "Type": "NO_POLICY", "Content": DENY},
        "InvalidInputException", "INVALID_ENUM_POLICY_TYPE"),
    Row("management", "CreatePolicy", {**NEW, "Type": "TAG_POLICY", "Content": "{}"},
        "NotImplemented", status=501),
    Row("management", "CreatePolicy", {**NEW, "Name": "n" * 129, "Content": DENY},
        "InvalidInputException", "MAX_LENGTH_EXCEEDED"),
    Row("management", "CreatePolicy", {**NEW, "Description": "d" * 513, "Content": DENY},
        "InvalidInputException", "MAX_LENGTH_EXCEEDED"),
    Row("member", "CreatePolicy", {**NEW, "Content": DENY}, "AccessDeniedException"),
    Row("management", "UpdatePolicy", {"PolicyId": FULL, "Description": "mine"},
        "InvalidInputException", "IMMUTABLE_POLICY"),
    Row("management", "UpdatePolicy", {"PolicyId": NEITHER, "Name": "any"},
        "PolicyNotFoundException"),
    Row("management", "DescribePolicy", {"PolicyId": NEITHER}, "PolicyNotFoundException",
        message="We can't find a policy with the PolicyId that you specified."),
    Row("management", "DescribePolicy", {"PolicyId": "policy"}, "InvalidInputException",
        "INVALID_PATTERN"),
    Row("management", "DeletePolicy", {"PolicyId": FULL}, "InvalidInputException",
        "IMMUTABLE_POLICY"),
    Row("management", "AttachPolicy", {"PolicyId": FULL, "TargetId": MEMBER},
        "DuplicatePolicyAttachmentException"),
    Row("management", "AttachPolicy", {"PolicyId": NEITHER, "TargetId": MEMBER},
        "PolicyNotFoundException"),
    Row("management", "AttachPolicy", {"PolicyId": FULL, "TargetId": "999999999999"},
        "TargetNotFoundException", message="You specified a target that doesn't exist."),
    Row("management", "AttachPolicy", {"PolicyId": FULL, "TargetId": "everything"},
        "InvalidInputException", "INVALID_PATTERN_TARGET_ID"),
    Row("management", "AttachPolicy", {"PolicyId": FULL, "TargetId": MEMBER},
        "PolicyTypeNotEnabledException", before=OFF),
    Row("management", "AttachPolicy", {"PolicyId": FULL, "TargetId": MEMBER},
        "PolicyChangesInProgressException",
        before=(*OFF, ("EnablePolicyType", {"RootId": "{root}", "PolicyType": SCP}))),
    Row("management", "DetachPolicy", {"PolicyId": FULL, "TargetId": MEMBER},
        "PolicyNotAttachedException", before=OFF),
    Row("management", "DetachPolicy", {"PolicyId": FULL, "TargetId": MEMBER},
        "PolicyChangesInProgressException",
        before=(*OFF, ("EnablePolicyType", {"RootId": "{root}", "PolicyType": SCP}))),
    Row("management", "TagResource",
        {"ResourceId": FULL, "Tags": [{"Key": "orgroot:managed", "Value": "true"}]},
        "TargetNotFoundException"),
    Row("management", "DetachPolicy", {"PolicyId": FULL, "TargetId": MEMBER},
        "ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        message="You must have at least one attached at all times."),
    Row("management", "DetachPolicy", {"PolicyId": "p-RCPFullAWSAccess", "TargetId": MEMBER},
        "InvalidInputException", "NON_DETACHABLE_POLICY", before=RCP_ON),
    Row("management", "DetachPolicy", {"PolicyId": NEITHER, "TargetId": MEMBER},
        "PolicyNotFoundException"),
    Row("management", "ListPoliciesForTarget", {"TargetId": "999999999999", "Filter": SCP},
        "TargetNotFoundException"),
    Row("management", "ListTargetsForPolicy", {"PolicyId": NEITHER}, "PolicyNotFoundException"),
    Row("management", "EnablePolicyType", {"RootId": "r-none", "PolicyType": SCP},
        "RootNotFoundException"),
    Row("management", "EnablePolicyType", {"RootId": "{root}", "PolicyType": SCP},
        "PolicyTypeAlreadyEnabledException"),
    Row("management", "EnablePolicyType", {"RootId": "{root}", "PolicyType": RCP},
        "PolicyChangesInProgressException", before=RCP_ON[:1]),
    Row("management", "DisablePolicyType", {"RootId": "{root}", "PolicyType": RCP},
        "PolicyTypeNotEnabledException"),
    Row("management", "DescribeEffectivePolicy", {"PolicyType": SCP, "TargetId": MEMBER},
        "InvalidInputException", "INVALID_ENUM_POLICY_TYPE"),
    Row("management", "DescribeEffectivePolicy", {"PolicyType": "TAG_POLICY", "TargetId": MEMBER},
        "EffectivePolicyNotFoundException"),
    Row("member", "DescribeEffectivePolicy", {"PolicyType": "TAG_POLICY"},
        "EffectivePolicyNotFoundException"),
    Row("member", "DescribeEffectivePolicy",
        {"PolicyType": "TAG_POLICY", "TargetId": MANAGEMENT}, "AccessDeniedException"),
    Row("management", "DescribeResourcePolicy", {}, "ResourcePolicyNotFoundException"),
    Row("management", "PutResourcePolicy", {"Content": "[]"}, "InvalidInputException",
        "INVALID_RESOURCE_POLICY_JSON"),
    Row("management", "PutResourcePolicy", {"Content": "x" * 40_001}, "InvalidInputException",
        "MAX_LENGTH_EXCEEDED"),
)  # fmt: skip


@pytest.fixture
def live() -> Iterator[Live]:
    """A fresh organization behind a port."""
    with Live() as started:
        yield started


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_refuses_as_aws_does(live: Live, row: Row) -> None:
    """Each refusal must carry AWS's code, status and Reason."""
    live.check(row)


def _attached(live: Live, target: str, kind: str = SCP) -> list[str]:
    answer = live.call("ListPoliciesForTarget", TargetId=target, Filter=kind)
    return [policy["Id"] for policy in answer["Policies"]]


def test_full_access_is_everywhere(live: Live) -> None:
    """FullAWSAccess must be attached to the root, to each OU and account, and to new ones."""
    made = live.call("CreateOrganizationalUnit", ParentId="{inner}", Name="Fresh")
    live.ids["fresh"] = made["OrganizationalUnit"]["Id"]
    for target in ("{root}", "{ou}", "{fresh}", "{member}", "{management}"):
        assert _attached(live, target) == [FULL]
    about = live.call("DescribePolicy", PolicyId=FULL)["Policy"]["PolicySummary"]
    assert about["AwsManaged"]
    assert (
        about["Arn"] == "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"
    )


def test_a_policy_lives_from_creation_to_deletion(live: Live) -> None:
    """Create, attach, update, refuse deletion while attached, detach, delete."""
    policy = live.policy()
    for target in ("{root}", "{ou}", "{member}"):
        live.call("AttachPolicy", PolicyId=policy, TargetId=target)
        assert _attached(live, target) == [FULL, policy]
    targets = live.call("ListTargetsForPolicy", PolicyId=policy)["Targets"]
    assert [target["Type"] for target in targets] == ["ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"]
    assert [target["Name"] for target in targets] == ["Root", "Workloads", "member"]
    live.check(Row("management", "DeletePolicy", {"PolicyId": policy}, "PolicyInUseException"))
    spaced = DENY.replace(",", ",  ")
    live.call("UpdatePolicy", PolicyId=policy, Content=spaced, Name="renamed")
    about = live.call("DescribePolicy", PolicyId=policy)["Policy"]
    assert about["Content"] == spaced
    assert about["PolicySummary"]["Name"] == "renamed"
    for target in ("{root}", "{ou}", "{member}"):
        live.call("DetachPolicy", PolicyId=policy, TargetId=target)
    live.check(
        Row("management", "DetachPolicy", {"PolicyId": policy, "TargetId": MEMBER},
            "PolicyNotAttachedException")
    )  # fmt: skip
    live.call("DeletePolicy", PolicyId=policy)
    live.check(Row("management", "DescribePolicy", {"PolicyId": policy}, "PolicyNotFoundException"))
    assert live.policy("renamed")


def test_a_text_stays_while_its_type_is_turned_on(live: Live) -> None:
    """UpdatePolicy waits for the type; where the type is off it works, for nothing is in force."""
    policy = live.policy()
    for operation, params in OFF:
        live.call(operation, **params)
    live.call("UpdatePolicy", PolicyId=policy, Description="off")
    live.call("EnablePolicyType", RootId="{root}", PolicyType=SCP)
    live.check(
        Row("management", "UpdatePolicy", {"PolicyId": policy, "Description": "pending"},
            "PolicyChangesInProgressException")
    )  # fmt: skip
    live.call("ListRoots")
    live.call("ListRoots")
    live.call("UpdatePolicy", PolicyId=policy, Description="on")


def test_a_name_is_given_only_once(live: Live) -> None:
    """Renaming to a taken name must fail; a policy may keep its own name."""
    live.policy("one")
    two = live.policy("two")
    live.call("UpdatePolicy", PolicyId=two, Name="two", Description="still")
    live.check(
        Row("management", "UpdatePolicy", {"PolicyId": two, "Name": "one"},
            "DuplicatePolicyException")
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "most"), [(SCP, DENY, 10), (RCP, DENY_RCP, 5)])
def test_a_target_takes_so_many_policies(live: Live, kind: str, content: str, most: int) -> None:
    """The full-access policy counts: nine more SCPs or four more RCPs, and no other."""
    if kind == RCP:
        for operation, params in RCP_ON:
            live.call(operation, **params)
    for number in range(most - 1):
        policy = live.policy(f"policy {number}", content, kind)
        live.call("AttachPolicy", PolicyId=policy, TargetId="{member}")
    last = live.policy("one too many", content, kind)
    live.check(
        Row("management", "AttachPolicy", {"PolicyId": last, "TargetId": MEMBER},
            "ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            message="You have attached the maximum number of policies")
    )  # fmt: skip
    assert len(_attached(live, "{member}", kind)) == most


def test_full_access_goes_when_another_stays(live: Live) -> None:
    """FullAWSAccess may be detached where another SCP is left, and attached again."""
    policy = live.policy()
    live.call("AttachPolicy", PolicyId=policy, TargetId="{member}")
    live.call("DetachPolicy", PolicyId=FULL, TargetId="{member}")
    assert _attached(live, "{member}") == [policy]
    refusal = refusal_of(
        live.client("management", "organizations").detach_policy, PolicyId=policy, TargetId=MEMBER
    )
    assert refusal.reason == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    live.call("AttachPolicy", PolicyId=FULL, TargetId="{member}")


def test_size_counts_characters_as_sent(live: Live) -> None:
    """10,240 characters fit, white space counts, and two-byte characters count once."""
    live.policy("exact", _padded(10_240))
    accented = DENY.replace('"Deny"', '"Deny","Condition":{"Bool":{"aws:é":"true"}}')
    accented += " " * (10_240 - len(accented))
    assert live.policy("accented", accented)


def test_a_policy_type_is_pending_first(live: Live) -> None:
    """Enabling must be seen as PENDING_ENABLE before ENABLED, by those who poll ListRoots."""
    for operation, params in OFF:
        live.call(operation, **params)
    assert live.call("ListRoots")["Roots"][0]["PolicyTypes"] == []
    answer = live.call("EnablePolicyType", RootId="{root}", PolicyType=SCP)
    pending = [{"Type": SCP, "Status": "PENDING_ENABLE"}]
    assert answer["Root"]["PolicyTypes"] == pending
    seen = []
    for _ in count():
        seen.append(live.call("ListRoots")["Roots"][0]["PolicyTypes"][0]["Status"])
        if seen[-1] == "ENABLED":
            break
    assert seen == ["PENDING_ENABLE", "ENABLED"]


def test_a_pending_type_is_enabled_by_waiting(live: Live) -> None:
    """A client that only waits must find the type enabled after a while."""
    live.call("EnablePolicyType", RootId="{root}", PolicyType=RCP)
    policy = live.policy("tls only", DENY_RCP, RCP)
    attach = live.client("management", "organizations").attach_policy
    refusal = refusal_of(attach, PolicyId=policy, TargetId=MEMBER)
    assert refusal.code == "PolicyChangesInProgressException"
    advance(live, seconds=3)
    attach(PolicyId=policy, TargetId=MEMBER)


def test_billing_only_organizations_have_no_policies(live: Live) -> None:
    """Without all features, policies must not be available."""
    live.organization.feature_set = "CONSOLIDATED_BILLING"
    code = "PolicyTypeNotAvailableForOrganizationException"
    live.check(Row("management", "CreatePolicy", {**NEW, "Content": DENY}, code))
    params = {"RootId": "{root}", "PolicyType": RCP}
    live.check(Row("management", "EnablePolicyType", params, code))


def test_disabling_a_type_detaches_all_of_it_for_good(live: Live) -> None:
    """Enabling again must bring back FullAWSAccess only."""
    policy = live.policy()
    live.call("AttachPolicy", PolicyId=policy, TargetId="{ou}")
    assert live.organization.scps_on_path(MEMBER)
    for operation, params in OFF:
        live.call(operation, **params)
    assert live.organization.scps_on_path(MEMBER) == ()
    assert _attached(live, "{ou}") == []
    live.call("EnablePolicyType", RootId="{root}", PolicyType=SCP)
    live.call("ListRoots")
    assert _attached(live, "{ou}") == [FULL]
    assert live.call("ListTargetsForPolicy", PolicyId=policy) == {"Targets": []}


def test_what_binds_an_account_is_told_level_by_level(live: Live) -> None:
    """The path must run from the root to the account, and bind no management account."""
    policy = live.policy()
    live.call("AttachPolicy", PolicyId=policy, TargetId="{ou}")
    levels = live.organization.scps_on_path(MEMBER)
    assert [[scp.id for scp in level] for level in levels] == [[FULL], [FULL, policy], [FULL]]
    assert live.organization.scps_on_path(MANAGEMENT) == ()
    assert live.organization.path_of(MEMBER) == (live.ids["root"], live.ids["ou"], MEMBER)
    head = f"{live.organization.organization_id}/{live.ids['root']}"
    assert live.organization.org_path(MEMBER) == f"{head}/{live.ids['ou']}/"
    assert live.organization.rcps_on_path(MEMBER) == ()


def test_rcps_appear_when_they_are_turned_on(live: Live) -> None:
    """RCPFullAWSAccess must be listed and attached only where the type is on."""
    assert live.call("ListPolicies", Filter=RCP)["Policies"] == []
    for operation, params in RCP_ON:
        live.call(operation, **params)
    assert _attached(live, "{member}", RCP) == ["p-RCPFullAWSAccess"]
    policy = live.policy("tls only", DENY_RCP, RCP)
    live.call("AttachPolicy", PolicyId=policy, TargetId="{ou}")
    levels = live.organization.rcps_on_path(MEMBER)
    assert [rcp.id for rcp in levels[1]] == ["p-RCPFullAWSAccess", policy]


def test_policies_are_listed_in_pages_with_their_tags(live: Live) -> None:
    """More than twenty policies must be listed once each; tags given at creation must be there."""
    tags = [{"Key": "managed-by", "Value": "orgroot"}]
    made = live.call(
        "CreatePolicy", Name="tagged", Description="", Type=SCP, Content=DENY, Tags=tags
    )
    policy = made["Policy"]["PolicySummary"]["Id"]
    assert live.call("ListTagsForResource", ResourceId=policy)["Tags"] == tags
    ids = {live.policy(f"policy {number}") for number in range(25)}
    paginator = live.client("management", "organizations").get_paginator("list_policies")
    pages = [page["Policies"] for page in paginator.paginate(Filter=SCP)]
    assert [len(page) for page in pages] == [20, 7]
    assert {p["Id"] for page in pages for p in page} == ids | {FULL, policy}


def test_the_resource_policy_keeps_its_id(live: Live) -> None:
    """Putting a resource policy again must replace its text under the same id."""
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
    first = live.call("PutResourcePolicy", Content=text)["ResourcePolicy"]
    again = live.call("PutResourcePolicy", Content=text + " ")["ResourcePolicy"]
    assert first["ResourcePolicySummary"] == again["ResourcePolicySummary"]
    assert live.call("DescribeResourcePolicy")["ResourcePolicy"] == again
    assert again["Content"] == text + " "
