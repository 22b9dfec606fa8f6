"""One sandbox for the tests of a module that do not spoil it for each other."""

from collections.abc import Iterator

import pytest

from tests.e2e.playground import Playground, playground


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox of 25 accounts with everything on."""
    with playground(tmp_path_factory.mktemp("sandbox") / "s", "--accounts", "25") as found:
        yield found
