"""SCPs that would lock out whoever governs the organization, published ones among them."""

from tests.e2e.playground import Playground
from tests.e2e.test_scp_check import landing_zone_text
from tests.e2e.test_scp_plans import APPLY, declaring, unit_of

TASKS = (
    "audit-root-credentials",
    "delete-root-credentials",
    "allow-root-recovery",
    "unlock-bucket",
    "unlock-queue",
)


def test_an_scp_that_stops_root_sessions_for_a_landing_zone(place: Playground) -> None:
    """Exit 3 by task, account, policy and Sid; accepted by name, approvers read it first."""
    unit = unit_of(place, "orders-dev")
    config = declaring(place, "LZA-copy", landing_zone_text(), targets=[unit])
    for command in (("scp", "plan"), APPLY):
        done = place.refused("alice", 3, "--config", config, *command)
        assert "unlock-bucket in " in done.err
        assert "LZA-copy (ROOT)" in done.err
    accepting = [word for task in TASKS for word in ("--accept-lockout", task)]
    asked = place.run("alice", "--config", config, *APPLY, *accepting, "-o", "json")
    assert asked.code == 10
    assert asked.json["summary"]["changes"][0].startswith("LOCKOUT ACCEPTED: ")
    place.ok("alice", "request", "cancel", asked.json["id"], "--yes")
    wrong = place.refused("alice", 2, "scp", "plan", "--accept-lockout", "everything")
    assert "names no root task" in wrong.err
