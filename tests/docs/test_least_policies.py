"""Each shipped identity policy is enough for its commands, and with one action less it is not.

The tables say which command then ends how. A sandbox that judges identity policies as AWS does
holds them true: an action that no row needs fails the test as surely as one that is missing.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.docs.test_permissions import allowed, document
from tests.e2e.playground import Playground, playground
from tests.e2e.runner_place import (
    DELEGATE,
    EXECUTOR,
    NAME,
    RUNNER,
    RunnerPlace,
    runner_place,
    shipped,
)

TASK = "sts:AssumeRoot arn:aws:iam::aws:policy/root-task/"
AUDIT, DELETE, UNLOCK = (
    f"{TASK}{name}"
    for name in (
        "IAMAuditRootUserCredentials",
        "IAMDeleteRootUserCredentials",
        "S3UnlockBucketPolicy",
    )
)
READING = {
    # an action: the command that needs it
    "iam:ListOrganizationsFeatures": "status",
    "organizations:DescribeAccount": "inventory NETWORK",
    "organizations:DescribeOrganization": "status",
    "organizations:DescribePolicy": "scp check",
    "organizations:ListAWSServiceAccessForOrganization": "status",
    "organizations:ListAccounts": "inventory --ou ROOT --tag none=such",
    "organizations:ListAccountsForParent": "inventory --ou ROOT --tag none=such",
    "organizations:ListDelegatedAdministrators": "status",
    "organizations:ListOrganizationalUnitsForParent": "inventory --ou ROOT --tag none=such",
    "organizations:ListParents": "unlock-bucket BUCKET --mode delete --reason x --yes",
    "organizations:ListPolicies": "scp plan",
    "organizations:ListPoliciesForTarget": "scp plan",
    "organizations:ListRoots": "scp plan",
    "organizations:ListTagsForResource": "scp plan",
    "organizations:ListTargetsForPolicy": "scp check",
}
"""What every person needs who asks; without it the command ends with 8, AWS refused."""

MORE = {
    "account:ListRegions": ("reconcile", 9),
    "cloudtrail:LookupEvents": ("reconcile", 9),
    AUDIT: ("inventory NETWORK", 9),
    UNLOCK: ("inspect bucket BUCKET", 8),
}
"""What those need who look for themselves, and how the command ends without it."""

TELLS = {"cloudtrail:LookupEvents", "iam:GetRole"}
"""Without these nothing fails for want of them: a session whose reply was lost is not found again,
and of a caller through Identity Center it is not asked who made its role."""

WHOLE = {"scp check": 6, "unlock-bucket BUCKET --mode delete --reason x --yes": 10}
"""How commands end with the whole document, if not with 0."""


def without(role: str, action: str) -> dict[str, Any]:
    """A shipped document less one action; of AssumeRoot less one task policy."""
    found = copy.deepcopy(document(role))
    for statement in found["Statement"]:
        if statement["Action"] == "sts:AssumeRoot":
            tasks = statement["Condition"]["ArnEquals"]
            listed = tasks["sts:TaskPolicyArn"]
            arns = [listed] if isinstance(listed, str) else listed
            tasks["sts:TaskPolicyArn"] = [arn for arn in arns if f"sts:AssumeRoot {arn}" != action]
            statement["Left"] = tasks["sts:TaskPolicyArn"]
        else:
            listed = statement["Action"]
            actions = [listed] if isinstance(listed, str) else listed
            statement["Action"] = [name for name in actions if name != action]
            statement["Left"] = statement["Action"]
    found["Statement"] = [s for s in found["Statement"] if s.pop("Left")]
    return found


def wear(place: Playground, person: str, text: dict[str, Any]) -> None:
    """Give a person's user this document, and nothing else."""
    iam = place.administrator("iam")
    for name in iam.list_user_policies(UserName=person)["PolicyNames"]:
        iam.delete_user_policy(UserName=person, PolicyName=name)
    iam.put_user_policy(UserName=person, PolicyName="own", PolicyDocument=json.dumps(text))


def typed(place: Playground, command: str) -> list[str]:
    """A command of a table with this sandbox's names in it."""
    bucket = place.info["locked_buckets"][0]
    names = {account["name"].upper(): account["id"] for account in place.info["accounts"]}
    names["ROOT"] = place.info["root"]
    names["BUCKET"] = f"{bucket['name']} --account {bucket['account']}"
    command = " ".join(names.get(word, word) for word in command.split())
    return command.split()


def ends(place: Playground, person: str, role: str, commands: Iterable[str]) -> dict[str, int]:
    """How commands end for a person with a whole document."""
    wear(place, person, document(role))
    return {one: place.run(person, *typed(place, one)).code for one in dict.fromkeys(commands)}


def ends_without(place: Playground, person: str, role: str, rows: dict[str, str]) -> dict[str, int]:
    """How the command of each row ends where its action is taken out of the document."""
    found = {}
    for action, command in rows.items():
        wear(place, person, without(role, action))
        found[action] = place.run(person, *typed(place, command)).code
    wear(place, person, document(role))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox in direct mode."""
    folder = tmp_path_factory.mktemp("least") / "s"
    with playground(folder, "--accounts", "12", "--seed", "7") as found:
        yield found


@pytest.fixture(scope="module")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerPlace]:
    """A sandbox in runner mode."""
    folder = tmp_path_factory.mktemp("least-runner") / "s"
    with runner_place(folder, "--accounts", "25", "--seed", "7") as found:
        yield found


def test_whoever_looks_needs_all_of_their_document(place: Playground) -> None:
    """Reading, and sessions that audit: each action has a command that fails without it."""
    rows = READING | {a: command for a, (command, _) in MORE.items() if a != UNLOCK}
    assert rows.keys() | TELLS == allowed("reader")
    whole = {command: WHOLE.get(command, 0) for command in rows.values()}
    assert ends(place, "alice", "reader", whole) == whole
    expected = dict.fromkeys(READING, 8) | {a: c for a, (_, c) in MORE.items() if a in rows}
    assert ends_without(place, "alice", "reader", rows) == expected


def test_whoever_asks_in_direct_mode_needs_to_inspect_besides(place: Playground) -> None:
    """Their document is the reader's and one session more, which inspecting needs."""
    assert allowed("requester-direct") - allowed("reader") == {UNLOCK}
    assert allowed("reader") < allowed("requester-direct")
    command, code = MORE[UNLOCK]
    assert ends(place, "alice", "requester-direct", (command,)) == {command: 0}
    found = ends_without(place, "alice", "requester-direct", {UNLOCK: command})
    assert found == {UNLOCK: code}


def test_whoever_asks_in_runner_mode_needs_all_of_theirs(runners: RunnerPlace) -> None:
    """The reader's reads and no AssumeRoot: what opens a session waits for the runner (10)."""
    assert allowed("requester") == READING.keys() | {"iam:GetRole"}
    assert all(
        part in document("reader")["Statement"] for part in document("requester")["Statement"]
    )
    whole = {command: WHOLE.get(command, 0) for command in READING.values()}
    whole["inventory NETWORK"] = 10
    assert ends(runners.place, "alice", "requester", whole) == whole
    rows = {action: c for action, c in READING.items() if c.startswith(("inventory", "unlock"))}
    found = ends_without(runners.place, "alice", "requester", rows)
    assert found == dict.fromkeys(rows, 8)


class Executing:
    """Alice asks with the requester's document, others approve, and she executes with another."""

    def __init__(self, place: Playground) -> None:
        self.place = place

    def asked(self, command: str) -> str:
        """A new request for a command, approved; answers the id."""
        wear(self.place, "alice", document("requester-direct"))
        done = self.place.run("alice", *typed(self.place, command), "--reason", "r", "--yes")
        assert done.code in {9, 10}, f"{command}: {done.code}\n{done.err}"
        request = next(w for w in done.out.split() if w.startswith("orq_"))
        security_alone = command.startswith(("scp", "disable", "--config"))
        for person in ("bob",) if security_alone else ("bob", "olga"):
            self.place.run(person, "approve", request, "--yes")
        return request

    def without(self, action: str, command: str) -> int:
        """How the execution ends without an action."""
        request = self.asked(command)
        wear(self.place, "alice", without("executor", action))
        return self.place.run("alice", "execute", request, "--yes").code

    def whole(self, command: str) -> int:
        """How it ends with the whole document."""
        request = self.asked(command)
        wear(self.place, "alice", document("executor"))
        return self.place.run("alice", "execute", request, "--yes").code


STORY = {
    # a command: what its execution needs in this order, and how it ends without that
    "scp apply": {
        "organizations:CreatePolicy": 8,
        "organizations:TagResource": 8,
        "organizations:AttachPolicy": 9,
    },
    "--config REWRITTEN scp apply": {
        "organizations:UpdatePolicy": 9,
        "organizations:DetachPolicy": 9,
        "organizations:DeletePolicy": 9,
    },
    "--config DELEGATED enable": {"organizations:RegisterDelegatedAdministrator": 8},
    "disable": {
        "iam:DisableOrganizationsRootCredentialsManagement": 8,
        "iam:DisableOrganizationsRootSessions": 9,
        "organizations:DeregisterDelegatedAdministrator": 9,
        "organizations:DisableAWSServiceAccess": 9,
    },
}
"""AWS refused the first step and nothing changed (8), or a later one, and it is incomplete (9)."""

SWITCHING_ON = {
    "organizations:EnableAWSServiceAccess": 8,
    "iam:EnableOrganizationsRootCredentialsManagement": 9,
    "iam:EnableOrganizationsRootSessions": 9,
}
"""The same of `enable`, which needs no approval."""


def test_whoever_executes_needs_all_of_theirs(place: Playground) -> None:
    """Every switch, every policy and every root session, each in a run of its own."""
    line = '  delegated_administrator: "{}"\n  region:'
    config = place.variant("delegated", ("  region:", line.format(place.account(DELEGATE))))
    changes = (
        ("Long-term root is", "The root user is"),
        ("name: orgroot-protect", "name: protect"),
    )
    rewritten = place.variant("rewritten", *changes)
    executing = Executing(place)
    for command, rows in STORY.items():
        words = command.replace("DELEGATED", config).replace("REWRITTEN", rewritten)
        assert {action: executing.without(action, words) for action in rows} == rows
        assert executing.whole(words) == 0, command
    enable, found = ("enable", "--reason", "r", "--yes"), {}
    for action in SWITCHING_ON:
        wear(place, "alice", without("executor", action))
        found[action] = place.run("alice", *enable).code
    assert found == SWITCHING_ON
    wear(place, "alice", document("executor"))
    assert place.run("alice", *enable).code == 0
    assert executing.without(UNLOCK, "unlock-bucket BUCKET --mode delete") == 8
    assert executing.without(DELETE, "credentials remove --all") == 9
    changing = {action for rows in (*STORY.values(), SWITCHING_ON) for action in rows}
    assert changing | {DELETE} | allowed("requester-direct") == allowed("executor")


ROUNDS = {
    # what waits for the runner: an action of its document, and how its round ends without that
    "unlock-bucket BUCKET --mode delete": {
        "organizations:DescribeOrganization": 8,
        "organizations:DescribeAccount": 8,
        "organizations:ListParents": 8,
        "organizations:ListTagsForResource": 8,
        UNLOCK: 8,
    },
    "inventory --all": {"organizations:ListAccounts": 8, AUDIT: 9},
    "credentials remove --all": {
        "organizations:ListRoots": 8,
        "organizations:ListAccountsForParent": 8,
        "organizations:ListOrganizationalUnitsForParent": 8,
        DELETE: 9,
    },
}


def waiting(runners: RunnerPlace, command: str) -> None:
    """Ask for something that then waits for the runner."""
    place = runners.place
    wear(place, "alice", document("requester"))
    done = place.run("alice", *typed(place, command), "--reason", "r", "--yes")
    assert done.code in {9, 10}, f"{command}: {done.code}\n{done.err}"
    request = next(word for word in done.out.split() if word.startswith("orq_"))
    for person in ("bob", "olga"):
        place.run(person, "approve", request, "--yes")


def worn(runners: RunnerPlace, role: str, text: dict[str, Any]) -> None:
    """Give a role of the runner's account this document, and nothing else."""
    iam = runners.place.in_account(runners.account, "iam")
    iam.put_role_policy(RoleName=role, PolicyName="runner", PolicyDocument=json.dumps(text))


def test_a_runner_needs_all_of_its_document(runners: RunnerPlace) -> None:
    """What it is not let to do it leaves waiting, or gives back; with all of it, it is done."""
    for command, rows in ROUNDS.items():
        waiting(runners, command)
        found = {}
        for action in rows:
            worn(runners, RUNNER, without("runner", action))
            found[action] = runners.run("--yes").code
        assert found == rows
        worn(runners, RUNNER, document("runner"))
        assert runners.run("--yes").code in {0, 9}  # one account's SCP denies every root session
        assert runners.place.ok("alice", "request", "list")["requests"] == []
    actions = {action for rows in ROUNDS.values() for action in rows}
    assert actions | {"cloudtrail:LookupEvents"} == allowed("runner")


def test_a_runner_through_the_executor_role_needs_both_documents(runners: RunnerPlace) -> None:
    """The way to the role, the SourceIdentity on both sides, and the role's own AssumeRoot."""
    place, account = runners.place, runners.account
    iam = place.in_account(account, "iam")
    text = json.dumps(shipped("iam/executor-role-trust.json")).replace("222222222222", account)
    made = iam.create_role(RoleName=EXECUTOR, AssumeRolePolicyDocument=text)["Role"]["Arn"]
    line = f'  runner: {NAME}\n  executor_roles: {{"{account}": "{made}"}}\n'
    config = place.variant("through", (f"  runner: {NAME}\n", line))
    through, opens = document("runner-through-role"), document("executor-role")
    worn(runners, EXECUTOR, opens)
    waiting(runners, "inventory NETWORK")
    found = {}
    for action in ("sts:AssumeRole", "sts:SetSourceIdentity"):
        worn(runners, RUNNER, without("runner-through-role", action))
        found[action] = runners.run("--yes", config=config).code
    worn(runners, RUNNER, through)
    worn(runners, EXECUTOR, without("executor-role", AUDIT))
    found[AUDIT] = runners.run("--yes", config=config).code
    worn(runners, EXECUTOR, opens)
    found["all"] = runners.run("--yes", config=config).code
    waiting(runners, "inventory BACKUP")
    less = text.replace(', "sts:SetSourceIdentity"', "")
    iam.update_assume_role_policy(RoleName=EXECUTOR, PolicyDocument=less)
    found["trust"] = runners.run("--yes", config=config).code
    iam.update_assume_role_policy(RoleName=EXECUTOR, PolicyDocument=text)
    assert runners.run("--yes", config=config).code == 0
    worn(runners, RUNNER, document("runner"))
    assert found == {
        "sts:AssumeRole": 8,  # it is assumed once before the intent
        "sts:SetSourceIdentity": 9,
        AUDIT: 9,
        "all": 0,
        "trust": 9,
    }
    assert opens["Statement"] == [s for s in document("runner")["Statement"] if "Condition" in s]
