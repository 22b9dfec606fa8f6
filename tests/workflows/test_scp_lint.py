"""Linting files: only what is named is looked up, and everything is counted."""

from pathlib import Path

import pytest
from fakes.aws_members import ORG_ROOT
from fakes.team import new_world

from orgroot.core.organization import OrganizationalUnit, ScpSummary
from orgroot.core.results import ExitReason
from orgroot.core.scp_opinion import STALE, Opinion
from orgroot.core.scp_vocabulary import Vocabulary
from orgroot.errors import UsageError
from orgroot.workflows.scp_lint import Lens, lint_files

GOOD = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Sid":"A","Effect":"Deny","Action":"s3:x","Resource":"*"}]}'
)


class Names:
    """ports.ActionNames that remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str]] = []

    def vocabulary(self, services: frozenset[str]) -> Vocabulary:
        """S3 has one action."""
        self.asked.append(services)
        actions = {"s3": frozenset({"GetObject"})}
        return Vocabulary(source="x", services=frozenset({"s3"}), actions=actions, calls={})


def files(folder: Path, **texts: str) -> list[tuple[Path, str]]:
    """Documents in a folder, each by its name."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [(folder / name, name) for name in texts]


def test_all_files_are_told_in_order_and_counted(tmp_path: Path) -> None:
    """One look at the list of actions, for the services that the documents name."""
    names = Names()
    broken = GOOD.replace("Deny", "No").replace("s3:x", "kms:x")
    listed = files(tmp_path, one=broken, two=GOOD, three="{")
    result = lint_files(listed, Lens(names=names))
    assert names.asked == [frozenset({"s3", "kms"})]
    assert [(f.file, f.code) for f in result.findings] == [
        ("one", "effect"),
        ("one", "unknown-service"),
        ("two", "unknown-action"),
        ("three", "json"),
    ]
    summary = result.summary
    assert (summary.files, summary.errors, summary.warnings, summary.advice) == (3, 2, 2, 0)
    assert result.exit_reasons == (ExitReason.FINDINGS,)
    assert [file.characters is None for file in result.files] == [False, False, True]


def test_what_is_ignored_is_not_told_and_errors_are(tmp_path: Path) -> None:
    """A code can be left out; what AWS refuses cannot."""
    listed = files(tmp_path, one=GOOD, two=GOOD.replace("Deny", "No"))
    ignored = frozenset({"unknown-action", "effect"})
    result = lint_files(listed, Lens(names=Names(), ignored=ignored))
    assert [(f.file, f.code) for f in result.findings] == [("two", "effect")]


def test_advice_alone_is_no_finding(tmp_path: Path) -> None:
    """People may want to know, and nothing has to be done."""
    text = GOOD.replace('"Sid":"A",', "").replace("s3:x", "s3:GetObject")
    result = lint_files(files(tmp_path, one=text), Lens(names=Names()))
    assert [f.severity for f in result.findings] == ["advice"]
    assert result.exit_reasons == ()


def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    """It is named, and nothing is said of the others."""
    with pytest.raises(UsageError, match="missing"):
        lint_files([(tmp_path / "missing", "missing")], Lens(names=Names()))


class Elsewhere:
    """ports.PolicyValidation that finds two things in every text."""

    def validate(self, text: str) -> tuple[Opinion, ...]:
        """A security warning in the first statement, and the stale error."""
        assert text == GOOD
        place = ("Statement", 0, "Action")
        return tuple(
            Opinion(kind=kind, code=code, details="says why", link="https://x", path=place)
            for kind, code in (("SECURITY_WARNING", "PASS_ROLE"), ("ERROR", STALE))
        )


def test_a_second_opinion_stands_beside_the_first(tmp_path: Path) -> None:
    """It has its own codes, the place in our text, and its stale error is advice."""
    lens = Lens(names=Names(), second=Elsewhere(), ignored=frozenset({"unknown-action"}))
    result = lint_files(files(tmp_path, one=GOOD), lens)
    assert [(f.severity, f.code, f.sid, f.column) for f in result.findings] == [
        ("warning", "access-analyzer/PASS_ROLE", "A", 65),
        ("advice", f"access-analyzer/{STALE}", "A", 65),
    ]


def test_the_room_on_a_target_and_above_it_is_told() -> None:
    """Each level once, each text once; a level that allows nothing but a list is a finding."""
    world = new_world()
    aws, unit, account = world.aws, "ou-ab12-11111111", "222222222222"
    aws.units[unit] = OrganizationalUnit(id=unit, name="prod", parent=ORG_ROOT)
    aws.members[account].parent = unit
    free = '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    for name, text in (("FullAWSAccess", free), ("list", free.replace('"*","R', '"s3:*","R'))):
        summary = ScpSummary(id=f"p-{name}", arn="", name=name, description="", aws_managed=False)
        aws.policies[summary.id] = (summary, text)
    aws.attachments |= {
        ORG_ROOT: ["p-FullAWSAccess"],
        unit: ["p-list"],
        account: ["p-FullAWSAccess", "p-list"],
    }
    lens = Lens(names=Names(), organization=aws, targets=(account, unit, "root"))
    result = lint_files([], lens)
    assert [(t.target, t.used, t.left, t.allows_everything) for t in result.targets] == [
        (ORG_ROOT, 1, 9, True),
        (unit, 1, 9, False),
        (account, 2, 8, True),
    ]
    assert result.targets[0].characters == len(free)
    (finding,) = result.findings
    assert (finding.file, finding.code, finding.severity) == (unit, "no-full-access", "warning")
    assert "S3UnlockBucketPolicy" not in finding.message
    reads = [call for call in aws.calls if call.operation == "organizations:DescribePolicy"]
    assert len(reads) == 2
