"""Sandboxes for the adapters' tests, and an environment without this machine's AWS settings."""

import logging
from collections.abc import Callable, Iterator

import pytest
from fakes.s3_log import LogPlace, log_archive

from orgroot.sandbox.server import SandboxServer
from tests.aws.world import World, start


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    """Start sandboxes; each stops when the test ends."""
    running: list[World] = []

    def make(*, features_on: bool = True) -> World:
        world = start(features_on=features_on)
        running.append(world)
        return world

    yield make
    for world in running:
        world.server.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A sandbox with trusted access and both features on."""
    return make_world()


@pytest.fixture(autouse=True)
def _no_aws_settings_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("aws")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(empty / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(empty / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    logging.getLogger("botocore").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def archive() -> Iterator[SandboxServer]:
    """A sandbox with a bucket for logs."""
    with log_archive() as server:
        yield server


@pytest.fixture
def place(archive: SandboxServer) -> Iterator[LogPlace]:
    """A place for one log; faults ordered there end with the test."""
    yield LogPlace(server=archive)
    archive.front.faults.clear()
