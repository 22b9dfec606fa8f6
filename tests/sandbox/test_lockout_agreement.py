"""Two evaluators that share no code judge the same policies: orgroot's and the sandbox's."""

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orgroot.core.conditions import OPERATORS
from orgroot.core.request_context import RequestContext, Value
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.scp_lockout import Outcome, Scp, judge
from orgroot.core.scp_statement import parse_statements
from orgroot.sandbox import policy_language

SETS = 10_000
CORPUS = Path(__file__).parent.parent / "data" / "scp-corpus"
ACTIONS = sorted({action for task in ROOT_TASKS.values() for action in task.actions})
ACCOUNT = "111122223333"
KEYS: Mapping[str, Sequence[Value]] = {
    "aws:PrincipalArn": (f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::999999999999:role/x"),
    "aws:PrincipalAccount": (ACCOUNT, "999999999999"),
    "aws:AssumedRoot": ("true", None),
    "aws:RequestedRegion": ("eu-west-1", "us-east-1"),
    "aws:SourceIp": ("10.1.2.3", "203.0.113.10", None),
    "aws:CurrentTime": ("2026-11-22T12:00:00Z", "2020-01-01T00:00:00Z"),
    "aws:MultiFactorAuthPresent": ("false", "true", None),
    "aws:MultiFactorAuthAge": ("10", "3600", None),
    "aws:PrincipalOrgPaths": (("o-a/r-b/ou-c/",), ("o-a/r-b/", "o-a/r-b/ou-d/"), None),
    "aws:SourceVpc": ("vpc-1", "vpc-2", None),
    "k:Binary": ("QmluQQ==", "QmluQg==", None),
    "k:Star": ("a*b", "aXb", None),
}
VALUES: Mapping[str, Sequence[str]] = {
    "string": (
        "eu-west-1",
        "us-*",
        "EU-WEST-1",
        ACCOUNT,
        "${aws:PrincipalAccount}",
        "${aws:SourceVpc, 'vpc-1'}",
        "${aws:SourceVpc}",
        "a${*}b",
        "*",
        "?*",
        "vpc-?",
        "o-a/r-b/*",
        "o-a/r-b/ou-c/",
        "true",
    ),
    "bool": ("true", "false", "True"),
    "numeric": ("10", "9.5", "3600", "-1"),
    "date": ("2026-01-01T00:00:00Z", "2026-11-22T12:00:00Z", "1577836800"),
    "ip": ("10.0.0.0/8", "203.0.113.10", "2001:db8::/32"),
    "arn": ("arn:*:iam::*:root", f"arn:aws:iam::{ACCOUNT}:*", "arn:aws:iam::*:role/*", "*"),
    "binary": ("QmluQQ==", "QmluQg=="),
    "null": ("true", "false"),
}
NATURAL: Mapping[str, Sequence[str]] = {
    "bool": ("aws:AssumedRoot", "aws:MultiFactorAuthPresent"),
    "numeric": ("aws:MultiFactorAuthAge",),
    "date": ("aws:CurrentTime",),
    "ip": ("aws:SourceIp",),
    "arn": ("aws:PrincipalArn",),
    "binary": ("k:Binary",),
}
SPELLING = {
    name.lower(): name
    for name in (
        *(f"String{not_}{test}" for not_ in ("", "Not") for test in ("Equals", "Like")),
        *(f"String{not_}EqualsIgnoreCase" for not_ in ("", "Not")),
        *(f"Arn{not_}{test}" for not_ in ("", "Not") for test in ("Equals", "Like")),
        *(f"{of}{not_}Equals" for of in ("Numeric", "Date") for not_ in ("", "Not")),
        *(
            f"{of}{order}{or_same}"
            for of in ("Numeric", "Date")
            for order in ("LessThan", "GreaterThan")
            for or_same in ("", "Equals")
        ),
        *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
    )
}


def family(operator: str) -> str:
    """Which values an operator compares."""
    return next(kind for kind in VALUES if kind in operator.removeprefix("not"))


class Author:
    """Writes policies, contexts and gaps in them; the same seed writes the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not for secrets
        self.operators: Counter[str] = Counter()

    def chance(self, share: float) -> bool:
        """Yes, so often."""
        return self._random.random() < share

    def one(self, choices: Sequence[Any]) -> Any:
        """One of several."""
        return self._random.choice(choices)

    def condition(self) -> dict[str, Any]:
        """A block of one or two conditions."""
        block: dict[str, Any] = {}
        for _ in range(self.one((1, 1, 2))):
            name = self.one(sorted(OPERATORS))
            kind = family(name)
            keys = NATURAL.get(kind, tuple(KEYS)) if self.chance(0.8) else tuple(KEYS)
            values = [self.one(VALUES[kind]) for _ in range(self.one((1, 1, 2)))]
            written = SPELLING[name]
            if name != "null":
                written += "IfExists" if self.chance(0.3) else ""
                written = self.one(("", "", "", "ForAllValues:", "ForAnyValue:")) + written
            block.setdefault(written, {})[self.one(keys)] = (
                values if self.chance(0.7) else values[0]
            )
            self.operators[name] += 1
        return block

    def statement(self, effect: str) -> dict[str, Any]:
        """One statement, more often wide than narrow."""
        body: dict[str, Any] = {"Effect": effect}
        actions = [self.one((*ACTIONS, "iam:*", "s3:*", "S?S:*", "*", "*Policy")) for _ in range(2)]
        body[self.one(("Action", "Action", "NotAction"))] = "*" if self.chance(0.4) else actions
        resources = ["*", "arn:aws:s3:::*", "arn:*:iam::${aws:PrincipalAccount}:root", "arn:aws:s*"]
        narrow = [self.one(resources) for _ in range(2)]
        body[self.one(("Resource",) * 4 + ("NotResource",))] = "*" if self.chance(0.6) else narrow
        if self.chance(0.85):
            body["Condition"] = self.condition()
        return body

    def policy(self) -> str:
        """A policy with a wide Allow more often than not."""
        free = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        statements = [free] if self.chance(0.8) else [self.statement("Allow")]
        statements += [self.statement("Deny") for _ in range(self.one((0, 1, 1, 2)))]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def levels(self) -> list[list[str]]:
        """What is attached from the root to the account."""
        return [
            [self.policy() for _ in range(self.one((1, 1, 2)))] for _ in range(self.one((1, 2)))
        ]

    def context(self) -> dict[str, Value]:
        """A request: every key with a value, or absent."""
        return {key.lower(): self.one(values) for key, values in KEYS.items()}


def sandbox_denies(levels: list[list[str]], action: str, resource: str, keys: Any) -> bool:
    """What the sandbox does with this request: an explicit Deny, or a level that does not allow."""
    for level in levels:
        statements = [each for text in level for each in policy_language.parse(text)]
        covering = [each for each in statements if each.covers(action, resource, keys)]
        if any(each.deny for each in covering) or not covering:
            return True
    return False


def orgroot_says(
    levels: list[list[str]], action: str, resource: str, values: Mapping[str, Value]
) -> Outcome:
    """What orgroot says of it, knowing only these keys."""
    parsed = [
        tuple(Scp(name="p", statements=parse_statements(text, "p")) for text in level)
        for level in levels
    ]
    context = RequestContext(values=MappingProxyType(dict(values)))
    return judge(parsed, action, resource, context).outcome


def test_the_two_evaluators_agree() -> None:
    """What orgroot is sure of is so, and with every key known it is sure and right."""
    author = Author(20261122)
    decisions: Counter[Outcome] = Counter()
    for number in range(SETS):
        levels, request = author.levels(), author.context()
        action = author.one(ACTIONS)
        resource = author.one(("*", "arn:aws:s3:::logs", f"arn:aws:iam::{ACCOUNT}:root"))
        there = {key: value for key, value in request.items() if value is not None}
        denied = sandbox_denies(levels, action, resource, there)
        expected = Outcome.DENIED if denied else Outcome.ALLOWED
        where = f"set {number}: {action} on {resource} with {request} under {levels}"
        assert orgroot_says(levels, action, resource, request) is expected, where
        hidden = {key for key in request if author.chance(0.5)}
        partly = {key: value for key, value in request.items() if key not in hidden}
        outcome = orgroot_says(levels, action, resource, partly)
        assert outcome in {expected, Outcome.DEPENDS}, where
        decisions[outcome] += 1
    assert all(decisions[outcome] >= SETS // 5 for outcome in Outcome), decisions
    assert all(author.operators[name] >= 100 for name in OPERATORS), author.operators


def test_the_two_evaluators_agree_on_published_scps() -> None:
    """Each SCP of the corpus, judged for sessions and long-term root in two Regions, is as one."""
    allow = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    for path in sorted(CORPUS.glob("[0-9]*.json")):
        text = path.read_text(encoding="utf-8").replace("${PARTITION}", "aws")
        levels = [[allow, re.sub(r"\$\{[A-Z_]+\}", "PLACEHOLDER", text)]]
        for assumed in ("true", None):
            for region in ("us-east-1", "eu-west-3"):
                request: dict[str, Value] = {
                    "aws:principalarn": f"arn:aws:iam::{ACCOUNT}:root",
                    "aws:assumedroot": assumed,
                    "aws:requestedregion": region,
                    "aws:sourceip": "203.0.113.10",
                    "aws:multifactorauthpresent": "false",
                    "aws:principalisawsservice": "false",
                }
                absent = RequestContext(values=request, absent=("aws:", "s3:", "iam:", "k"))
                there = {key: value for key, value in request.items() if value is not None}
                for task in TaskPolicy:
                    for action in ROOT_TASKS[task].actions:
                        resource = f"arn:aws:iam::{ACCOUNT}:root"
                        parsed = tuple(
                            Scp(name="p", statements=parse_statements(each, "p"))
                            for each in levels[0]
                        )
                        mine = judge((parsed,), action, resource, absent).outcome
                        theirs = sandbox_denies(levels, action, resource, there)
                        assert (mine is Outcome.DENIED) is theirs, (path.name, action, request)
                        assert mine is not Outcome.DEPENDS
