"""Which SCPs may be taken over, and by what change."""

from dataclasses import replace

import pytest

from orgroot.core.config import ScpConfig
from orgroot.core.plan import Change, ChangeState
from orgroot.core.scp import TAGS, ObservedScp, ObservedScps
from orgroot.core.scp_adoption import adoption
from orgroot.core.scp_changes import adopted_of, step_of
from orgroot.core.scp_order import in_order
from orgroot.core.scp_standing import standing
from orgroot.errors import IntegrityError, UsageError
from tests.core.scp_world import OTHER_TEXT, SPACED, observed, scp

DECLARED = ScpConfig(name="one", file="f", targets=("root",))
THEIRS = scp(text=SPACED, team="platform")


def change_of(existing: ObservedScp = THEIRS) -> Change:
    """The change that adopts it."""
    found = adoption("one", DECLARED, existing)
    assert found is not None
    return found


def test_an_scp_that_somebody_made_is_taken_over_as_it_is() -> None:
    """Its text, description and tags stand in the plan; one tag is given to it."""
    change = change_of()
    known = adopted_of(change)
    assert (known.id, known.policy.text, known.tags) == ("p-one", SPACED, {"team": "platform"})
    assert change.after == {"tags": dict(TAGS)}
    assert step_of(change) == ("organizations:TagResource", "one")
    assert in_order((change,), observed(THEIRS)) == (change,)
    assert adoption("one", DECLARED, scp()) is None


@pytest.mark.parametrize(
    ("configured", "existing", "words"),
    [
        (DECLARED, None, "has no SCP one"),
        (DECLARED, replace(THEIRS, aws_managed=True), "is AWS's own: nobody can change it"),
        (DECLARED, scp(terraform="true"), "is managed by Terraform"),
        (DECLARED, scp(Accelerator="AWSAccelerator"), "is managed by Landing Zone Accelerator"),
        (None, THEIRS, "is not declared"),
        (
            ScpConfig(name="one", file="f", targets=("root",), managed_by="lza"),
            THEIRS,
            "is managed by lza",
        ),
    ],
)
def test_what_is_another_tools_is_never_adopted(
    configured: ScpConfig | None, existing: ObservedScp | None, words: str
) -> None:
    """Nor what the configuration leaves to another, or does not declare: it would be deleted."""
    with pytest.raises(UsageError, match=words):
        adoption("one", configured, existing)


@pytest.mark.parametrize("name", ["AWSAccelerator-Guardrails-1", "aws-guardrails-AbCdEf"])
def test_a_neighbours_name_is_enough(name: str) -> None:
    """Whatever tags it carries."""
    with pytest.raises(UsageError, match="never writes it"):
        adoption(name, replace_name(name), replace(scp(), name=name))


def replace_name(name: str) -> ScpConfig:
    """It is declared under that name."""
    return ScpConfig(name=name, file="f", targets=("root",))


@pytest.mark.parametrize(
    ("now", "state", "words"),
    [
        (observed(THEIRS), ChangeState.TO_DO, ""),
        (observed(scp(text=SPACED)), ChangeState.DONE, ""),
        (observed(), ChangeState.STALE, "is gone"),
        (observed(replace(THEIRS, id="p-other")), ChangeState.STALE, "another policy"),
        (observed(replace(THEIRS, text=OTHER_TEXT)), ChangeState.STALE, "another text"),
        (observed(scp(terraform="true")), ChangeState.STALE, "belongs to Terraform"),
        (observed(replace(THEIRS, aws_managed=True)), ChangeState.STALE, "belongs to AWS"),
    ],
)
def test_what_was_seen_is_adopted_or_nothing(
    now: ObservedScps, state: ChangeState, words: str
) -> None:
    """Another text, or a tool that has put its mark on it meanwhile, makes it stale."""
    found = standing(change_of(), now)
    assert found.state is state
    assert words in found.reason


def test_no_other_tag_is_given() -> None:
    """What stands in the log is orgroot's tag, or it is no adoption."""
    change = change_of()
    odd = Change(op=change.op, target="one", before=change.before, after={"tags": {"team": "x"}})
    with pytest.raises(IntegrityError, match="no other"):
        adopted_of(odd)
