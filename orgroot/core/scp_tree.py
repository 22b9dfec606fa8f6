"""Which policies bind which accounts, and which accounts they bind alike.

Accounts are alike where the same policies lie on each level and none of them can tell the accounts
apart: what is judged of one is true of all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orgroot.core.policy_text import texts
from orgroot.core.root_principals import Whereabouts
from orgroot.core.scp_lockout import PolicyKind, Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.wildcards import matches

FULL_ACCESS = "p-FullAWSAccess"
"""The id of the SCP that AWS attaches to whatever is new."""

_FULL_TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'

_PATHS = "orgpaths"
_SEGMENTS = re.compile(r"[0-9*?]*[0-9][0-9*?]*")
_WILD = frozenset("*?")
_DIGITS = re.compile(r"[0-9]+")
_FILLED = re.compile(r"\$\{[^}]*(account|userid|principalarn)")
_REGION_KEY = "aws:requestedregion"
_REGION_PART = 3
"""The place of the Region in an ARN."""

_ACCOUNT_KEYS = ("account", "aws:userid")
_MEASURES = re.compile(r"(forallvalues:|foranyvalue:)?(numeric|date)")


@dataclass(frozen=True, kw_only=True)
class BoundScp:
    """An SCP or RCP of the organization; `id` tells it from others of its name."""

    id: str
    scp: Scp

    @cached_property
    def account_patterns(self) -> frozenset[str]:
        """Patterns in it that some account ids match and others do not."""
        return frozenset(
            segment
            for text in _words(self.scp)
            for part in text.split(":")
            for segment in _account_like(part)
        )

    @cached_property
    def asks_for_paths(self) -> bool:
        """It looks at where in the organization an account lies."""
        return any(_PATHS in key for _, key in _conditions(self.scp))

    @cached_property
    def measures_accounts(self) -> bool:
        """It compares account ids as numbers, so that each account is a case of its own."""
        return any(
            _MEASURES.match(operator) and key.endswith(_ACCOUNT_KEYS)
            for operator, key in _conditions(self.scp)
        )

    @cached_property
    def fills_in_accounts(self) -> bool:
        """It has variables in which the account stands, so that what they fit may be its own."""
        return any("${" in text and _FILLED.search(text.lower()) for text in _words(self.scp))

    @cached_property
    def regions(self) -> frozenset[str]:
        """The Regions that it names, as patterns; empty: all are the same to it."""
        named = {
            text
            for statement in self.scp.statements
            for keys in statement.conditions.values()
            for key, values in (keys.items() if isinstance(keys, Mapping) else ())
            if key.lower() == _REGION_KEY
            for text in texts(values)
        }
        arns = (text.split(":") for each in self.scp.statements for text in each.resources)
        named |= {parts[_REGION_PART] for parts in arns if len(parts) > _REGION_PART}
        return frozenset(named - {"", "*"})

    def marks(self, where: Whereabouts, *, settled: bool = False) -> tuple[Any, ...]:
        """What it can tell an account by: accounts of equal marks are alike to it.

        Args:
            where: the account.
            settled: somebody has said what variables may be compared with.
        """
        account = where.account
        single = self.measures_accounts or (settled and self.fills_in_accounts)
        return (
            frozenset(mark for p in self.account_patterns for mark in _fits(p, account)),
            where.path if self.asks_for_paths else (),
            account if single else "",
        )


@dataclass(frozen=True, kw_only=True)
class ScpTree:
    """Which SCPs and RCPs bind which accounts.

    Attributes:
        organization: the organization's id; empty where it is not known.
        policies: by id.
        attached: by id of root, OU and account, the ids of the policies attached directly.
        paths: by account, the ids from the root to its parent.
        in_force: the kinds that are enabled; others bind nobody.
    """

    organization: str
    policies: Mapping[str, BoundScp]
    attached: Mapping[str, tuple[str, ...]]
    paths: Mapping[str, tuple[str, ...]]
    in_force: frozenset[PolicyKind] = frozenset(PolicyKind)

    def levels(self, account: str) -> tuple[tuple[str, ...], ...]:
        """The ids of the SCPs on each level, from the root to the account."""
        return tuple(self._on_path(account, PolicyKind.SCP))

    def rcps(self, account: str) -> tuple[str, ...]:
        """The ids of the RCPs on all levels, from the root to the account."""
        levels = self._on_path(account, PolicyKind.RCP)
        return tuple(dict.fromkeys(policy for level in levels for policy in level))

    def _on_path(self, account: str, kind: PolicyKind) -> Iterator[tuple[str, ...]]:
        for node in (*self.paths[account], account) if kind in self.in_force else ():
            there = self.attached.get(node, ())
            yield tuple(each for each in there if self.policies[each].scp.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountGroup:
    """Accounts that are bound alike.

    Attributes:
        accounts: their ids, in order.
        levels: the ids of the SCPs on each level.
        rcps: the ids of the RCPs on all levels.
        where: one of them, to judge all by.
    """

    accounts: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    rcps: tuple[str, ...]
    where: Whereabouts


def full_access() -> BoundScp:
    """FullAWSAccess, which allows everything."""
    statements = parse_statements(_FULL_TEXT, "FullAWSAccess")
    return BoundScp(id=FULL_ACCESS, scp=Scp(name="FullAWSAccess", statements=statements))


def groups(tree: ScpTree, *, settled: bool = False) -> tuple[AccountGroup, ...]:
    """The accounts by what binds them, in order of the first account of each.

    Args:
        tree: the organization.
        settled: as of `BoundScp.marks`.
    """
    found: dict[tuple[Any, ...], list[Whereabouts]] = {}
    for account in sorted(tree.paths):
        where = Whereabouts(
            account=account, organization=tree.organization, path=tree.paths[account]
        )
        levels, rcps = tree.levels(account), tree.rcps(account)
        bound = sorted({*rcps, *(policy for level in levels for policy in level)})
        marks = tuple(tree.policies[policy].marks(where, settled=settled) for policy in bound)
        found.setdefault((levels, rcps, marks), []).append(where)
    return tuple(
        AccountGroup(
            accounts=tuple(where.account for where in alike),
            levels=levels,
            rcps=rcps,
            where=alike[0],
        )
        for (levels, rcps, _), alike in found.items()
    )


def _account_like(part: str) -> Iterator[str]:
    """What of a pattern can stand for an account id, by itself or between wildcards."""
    for found in _SEGMENTS.finditer(part):
        segment = found[0]
        begins = found.start() == 0 or segment[0] in _WILD
        ends = found.end() == len(part) or segment[-1] in _WILD
        if begins and ends:
            yield segment


def _fits(pattern: str, account: str) -> Iterator[str]:
    """How an account id fits a pattern, whose wildcards may take some of its surroundings too."""
    looser = [pattern]
    if _WILD & set(pattern):
        for digits in _DIGITS.findall(pattern):
            looser += [f"{digits}*", f"*{digits}", f"*{digits}*"]
    return (each for each in looser if matches(each, account))


def _words(scp: Scp) -> Iterator[str]:
    """Every text in a policy that a request is compared with."""
    for statement in scp.statements:
        yield from statement.resources
        for keys in statement.conditions.values():
            for values in keys.values() if isinstance(keys, Mapping) else ():
                yield from texts(values)


def _conditions(scp: Scp) -> Iterator[tuple[str, str]]:
    """Every operator with its key, in lower case."""
    for statement in scp.statements:
        for operator, keys in statement.conditions.items():
            for key in keys if isinstance(keys, Mapping) else ():
                yield operator.lower(), key.lower()
