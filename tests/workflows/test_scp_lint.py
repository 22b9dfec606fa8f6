"""Linting files: only what is named is looked up, and everything is counted."""

from pathlib import Path

import pytest

from orgroot.core.results import ExitReason
from orgroot.core.scp_vocabulary import Vocabulary
from orgroot.errors import UsageError
from orgroot.workflows.scp_lint import lint_files

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
    result = lint_files(listed, names, frozenset())
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
    result = lint_files(listed, Names(), ignored)
    assert [(f.file, f.code) for f in result.findings] == [("two", "effect")]


def test_advice_alone_is_no_finding(tmp_path: Path) -> None:
    """People may want to know, and nothing has to be done."""
    text = GOOD.replace('"Sid":"A",', "").replace("s3:x", "s3:GetObject")
    result = lint_files(files(tmp_path, one=text), Names(), frozenset())
    assert [f.severity for f in result.findings] == ["advice"]
    assert result.exit_reasons == ()


def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    """It is named, and nothing is said of the others."""
    with pytest.raises(UsageError, match="missing"):
        lint_files([(tmp_path / "missing", "missing")], Names(), frozenset())
