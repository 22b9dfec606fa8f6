"""A file appears whole or not at all, and never in the place of another."""

from pathlib import Path

import pytest

from orgroot.errors import IntegrityError, UsageError
from orgroot.local.new_file import new_file


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Until the block ends its name is free; then it is there, for its owner only."""
    path = tmp_path / "export.jsonl"
    with new_file(path) as file:
        file.write(b"one\n")
        assert not path.exists()
    assert path.read_bytes() == b"one\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path) -> None:
    """An error in the block leaves neither the file nor its draft, and is not hidden."""

    def half() -> None:
        with new_file(tmp_path / "x") as file:
            file.write(b"half")
            raise IntegrityError("no")

    with pytest.raises(IntegrityError):
        half()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_not_overwritten(tmp_path: Path) -> None:
    """By a file, a dangling link, or by somebody who was faster."""
    taken, link, late = tmp_path / "taken", tmp_path / "link", tmp_path / "late"
    taken.write_text("precious", encoding="utf-8")
    link.symlink_to(tmp_path / "nowhere")
    for path in (taken, link):
        with pytest.raises(UsageError) as caught, new_file(path):
            raise AssertionError
        assert caught.value.code == "file-exists"
    with pytest.raises(UsageError), new_file(late):
        late.write_text("faster", encoding="utf-8")
    assert (taken.read_text("utf-8"), late.read_text("utf-8")) == ("precious", "faster")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A file that cannot be written is the user's to mend."""
    with pytest.raises(UsageError) as caught, new_file(tmp_path / "no" / "x"):
        raise AssertionError
    assert "cannot be written" in caught.value.message
