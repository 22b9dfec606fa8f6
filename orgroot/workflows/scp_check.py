"""`scp check`: which root tasks would run under the SCPs as they are, and who stops the others.

Reads Organizations alone, each policy once; with a file it reads nothing else. It opens no root
session and needs no log.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType

from orgroot.core.policy_text import bad_policy, parse_policy, statements_in
from orgroot.core.rcp_assume_root import may_reach_assume_root
from orgroot.core.request_context import Value
from orgroot.core.results import (
    ExitReason,
    ScpBlame,
    ScpCheck,
    ScpCheckGroup,
    ScpCheckRow,
    ScpCheckSummary,
)
from orgroot.core.root_principals import RootPrincipal
from orgroot.core.scp_check import Check, Checked
from orgroot.core.scp_flaws import said
from orgroot.core.scp_grammar import scp_errors
from orgroot.core.scp_lockout import Outcome, PolicyKind, TaskJudgement
from orgroot.core.scp_template import filled_in
from orgroot.core.scp_tree import FULL_ACCESS, ScpTree, full_access
from orgroot.core.statements import timestamp
from orgroot.ports import Clock
from orgroot.workflows.scp_tree import bound_scp, observe_tree
from orgroot.workflows.workspace import Workspace

_ANY_ACCOUNT = "000000000000"
"""Stands for every account that a document does not name."""

_REGION_KEY = "aws:requestedregion"
_NOWHERE = "root"
"""The one container of an organization that does not exist."""

_FEW = 3
"""Flaws that a note spells out."""

_NAMED = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked besides the SCPs.

    Attributes:
        regions: where buckets and queues lie.
        settled: condition keys whose values the caller knows.
    """

    regions: tuple[str, ...]
    settled: Mapping[str, Value] = field(default_factory=dict)

    def check(self, tree: ScpTree, clock: Clock) -> Check:
        """The check of an organization; beyond these Regions too, unless somebody named one."""
        return Check(
            tree=tree,
            regions=self.regions,
            now=timestamp(clock.now()),
            settled=self.settled,
            beyond=all(key.lower() != _REGION_KEY for key in self.settled),
        )


def check_text(text: str, source: str, question: Question, clock: Clock) -> ScpCheck:
    """What one document would do, attached beside FullAWSAccess; needs no credentials.

    The answer is for any account; those that the document names are judged too, and stand in the
    result where it treats them otherwise. Of a template, `${PARTITION}` is read as `aws` and every
    other `${NAME}` as a text that names nobody.

    Raises:
        UsageError: it is no policy.
    """
    name = PurePath(source).name
    text, notes = filled_in(text)
    kind = _kind(text, name)
    if kind is PolicyKind.SCP:
        notes = (*notes, *refused_as_it_is(text))
    accounts = (_ANY_ACCOUNT, *dict.fromkeys(_NAMED.findall(text)))
    tree = ScpTree(
        organization="",
        policies={FULL_ACCESS: full_access(), name: bound_scp(name, name, text, kind)},
        attached={_NOWHERE: (FULL_ACCESS, name), **dict.fromkeys(accounts, (FULL_ACCESS,))},
        paths=dict.fromkeys(accounts, (_NOWHERE,)),
    )
    check = question.check(tree, clock)
    found = list(check.run())
    general = {_asked(each): each.judgement for each in found if _ANY_ACCOUNT in _accounts(each)}
    telling = [
        each
        for each in found
        if _ANY_ACCOUNT in _accounts(each) or each.judgement != general.get(_asked(each))
    ]
    return check_result(telling, tree=tree, names={_ANY_ACCOUNT: name}, notes=notes)


def refused_as_it_is(text: str) -> tuple[str, ...]:
    """Why AWS would not take an SCP's text, which is judged by what it says nevertheless."""
    errors = scp_errors(text)
    listed = "; ".join(map(said, errors[:_FEW]))
    more = f" and {len(errors) - _FEW} more (orgroot scp lint)" if len(errors) > _FEW else ""
    return (f"AWS would not take this document as it is: {listed}{more}",) if errors else ()


def check_live(ws: Workspace, targets: tuple[str, ...], question: Question) -> ScpCheck:
    """What the SCPs of the organization do, in every account or in those at or below targets.

    Raises:
        UsageError: a target is no account, OU or root of the organization.
        AwsError: Organizations could not be read.
    """
    tree, notes = observe_tree(ws, targets)
    return check_result(list(question.check(tree, ws.clock).run()), tree=tree, notes=notes)


def _kind(text: str, source: str) -> PolicyKind:
    """An RCP speaks of everybody; an SCP of nobody.

    Raises:
        UsageError: it speaks of somebody, so it is neither.
    """
    statements = statements_in(parse_policy(text, source), source)
    principals = [each.get("Principal", each.get("NotPrincipal")) for each in statements]
    if not any(principals):
        return PolicyKind.SCP
    everybody = all(each in ("*", {"AWS": "*"}) for each in principals)
    if not everybody or any("NotPrincipal" in each for each in statements):
        words = 'an SCP has no Principal, and in an RCP each statement has "Principal": "*"'
        raise bad_policy(source, words)
    return PolicyKind.RCP


def _accounts(checked: Checked) -> tuple[str, ...]:
    return checked.group.accounts


def _asked(checked: Checked) -> tuple[str, str, str]:
    return checked.principal, checked.region, checked.judgement.task_policy


def check_result(
    found: list[Checked],
    *,
    tree: ScpTree,
    notes: tuple[str, ...] = (),
    names: Mapping[str, str] = MappingProxyType({}),
) -> ScpCheck:
    """The answers as rows: one for each account, for that is what people ask about.

    Args:
        found: the answers.
        tree: what they are about.
        notes: what was not judged.
        names: what imagined accounts stand for.
    """
    groups = {each.group.accounts: each.group for each in found}
    rows = tuple(_row(each, names.get(a, a)) for each in found for a in each.group.accounts)
    worst: dict[str, Outcome] = {}
    for row in rows:
        if row.principal == RootPrincipal.ROOT_SESSION and not row.beyond:
            outcome = Outcome(row.decision)
            worst[row.target] = max(worst.get(row.target, outcome), outcome, key=_RANK.index)
    count = {outcome: list(worst.values()).count(outcome) for outcome in Outcome}
    return ScpCheck(
        results=rows,
        groups=tuple(
            ScpCheckGroup(
                accounts=tuple(names.get(account, account) for account in accounts),
                levels=tuple(
                    tuple(tree.policies[policy].scp.name for policy in level)
                    for level in group.levels
                ),
                rcps=tuple(tree.policies[policy].scp.name for policy in group.rcps),
            )
            for accounts, group in groups.items()
        ),
        summary=ScpCheckSummary(
            accounts=len(worst),
            allowed=count[Outcome.ALLOWED],
            depends=count[Outcome.DEPENDS],
            denied=count[Outcome.DENIED],
        ),
        notes=(*notes, *_about_assume_root(tree)),
        exit_reasons=(ExitReason.FINDINGS,) if count[Outcome.DENIED] else (),
    )


def _about_assume_root(tree: ScpTree) -> list[str]:
    return [
        f"RCP {blame.policy} ({blame.sid}) denies sts:AssumeRoot, or may; AWS does not say whether "
        "an RCP of the member account reaches that call, so no decision above counts it"
        for blame in may_reach_assume_root(tree)
    ]


_RANK = (Outcome.ALLOWED, Outcome.DEPENDS, Outcome.DENIED)


def _row(checked: Checked, target: str) -> ScpCheckRow:
    judgement = checked.judgement
    return ScpCheckRow(
        target=target,
        principal=checked.principal.value,
        region=checked.region,
        task_policy=judgement.task_policy.value,
        decision=judgement.outcome.value,
        denied_actions=judgement.denied_actions,
        by=blames(judgement),
        depends_on=judgement.on,
        beyond=checked.beyond,
    )


def blames(judgement: TaskJudgement) -> tuple[ScpBlame, ...]:
    """Who denies, or may."""
    return tuple(
        ScpBlame(policy=blame.policy, sid=blame.sid, kind=blame.kind.value)
        for blame in judgement.by
    )
