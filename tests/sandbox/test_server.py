"""The server around the front, as tests and the command line start it."""

from datetime import UTC, datetime

from orgroot.core.ids import AccountId
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.server import SandboxServer


def test_closing_survives_a_loop_that_woke_early() -> None:
    """The loop may run the closing before the pull that asked for it has written to its pipe."""
    organization = Organization(
        management_account=AccountId("111111111111"),
        name="corp",
        email="root@corp.test",
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    server = SandboxServer(Front(organization, SandboxClock()))
    server.__enter__()
    trigger = server._server.trigger
    pull = trigger._physical_pull
    was_running: list[bool] = []

    def woken_early() -> None:
        pull()
        # What the loop would close too early, it has closed by now.
        server._thread.join(timeout=0.2)
        was_running.append(server._thread.is_alive())
        pull()

    trigger._physical_pull = woken_early
    server.close()
    assert was_running == [True]
    assert not server._thread.is_alive()
