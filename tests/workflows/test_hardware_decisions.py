"""`hardware_key: required` at the desk: what another key signs is never written."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fakes.aws_members import FakeBucket
from fakes.buckets_world import ACCOUNT, ASK, BUCKET, LOCKED, wanted
from fakes.key_types import MAY_BE_COPIED, TOUCHED, TokenSigner
from fakes.signer import FakeSigner
from fakes.team import ADDED, GROUPS, World, config_tree, new_world

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.results import RequestView
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Approval
from orgroot.errors import RequestRefused
from orgroot.workflows.approval_files import attach, prepare
from orgroot.workflows.approvals import approve, decision_of, deny
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.request_view import find
from orgroot.workflows.signing import sign
from orgroot.workflows.unlock import unlock_buckets

Act = Callable[..., RequestView]


@pytest.fixture
def asked() -> tuple[World, str]:
    """Everybody has a key in a file and one in a token, and alice has asked with hers."""
    tree: dict[str, Any] = config_tree()
    for name in GROUPS:
        keys = (FakeSigner(name).public_key, TokenSigner(name).public_key)
        entry = tree["approvals"]["people"][name]
        entry["keys"] = [{"key": key, "added": ADDED} for key in keys]
    tree["approvals"]["defaults"] = {"hardware_key": "required"}
    world = new_world(tree)
    world.aws.members[ACCOUNT].buckets[BUCKET] = FakeBucket(policy=LOCKED)
    alice = replace(world.workspace(), signer=TokenSigner("alice"))
    view = unlock_buckets(alice, wanted(mode=UnlockMode.DELETE), ASK)
    assert isinstance(view, RequestView)
    world.aws.calls.clear()
    return world, view.id


@pytest.mark.parametrize("act", [approve, deny])
def test_a_key_in_a_file_is_refused_before_anybody_reads(
    asked: tuple[World, str], act: Act
) -> None:
    """Exit 3: nothing is shown, signed or written; the same person's token decides."""
    world, request = asked
    before, file, shown = world.types(), FakeSigner("bob"), []
    with pytest.raises(RequestRefused, match="hardware key"):
        act(replace(world.desk("bob"), signer=file), request, "", shown.append)
    assert (file.asked, shown) == (0, [])
    copied = TokenSigner("bob", flags=TOUCHED | MAY_BE_COPIED)
    with pytest.raises(RequestRefused, match="hardware key"):
        act(replace(world.desk("bob"), signer=copied), request, "", shown.append)
    assert (copied.asked, world.types()) == (1, before)
    view = act(replace(world.desk("bob"), signer=TokenSigner("bob")), request, "", shown.append)
    assert len(view.approvals) == 1


def test_what_is_signed_elsewhere_is_held_to_the_same(asked: tuple[World, str]) -> None:
    """The token's text is prepared unless another key is named; a file's is not attached."""
    world, request = asked
    desk, before = world.desk("carol"), world.types()
    assert prepare(desk, request, "bob", Approval).key.hardware
    fingerprint = next(
        key.fingerprint
        for key in desk.log.rules().roster.keys_of("bob", world.clock.now())
        if not key.hardware
    )
    with pytest.raises(RequestRefused, match="hardware key"):
        prepare(desk, request, "bob", Approval, fingerprint=fingerprint)
    file = FakeSigner("bob")
    body = decision_of(
        desk.log,
        find(desk.log, request),
        Approval,
        signer=Signer(person="bob", key=file.public_key),
        comment="",
        now=world.clock.now(),
    )
    text, (signature,) = sign(body, file)
    with pytest.raises(RequestRefused, match="hardware key"):
        attach(desk, text, signature.sig)
    assert world.types() == before


def test_who_looks_signs_with_a_token_too(asked: tuple[World, str]) -> None:
    """A survey that would be void is not written, and opens no session."""
    world, _ = asked
    before = world.types()
    for key in (FakeSigner("alice"), TokenSigner("alice", flags=TOUCHED | MAY_BE_COPIED)):
        with pytest.raises(RequestRefused, match="hardware key"):
            inspect_bucket(replace(world.workspace(), signer=key), ACCOUNT, BUCKET)
    assert world.types() == before
    assert not [call for call in world.aws.calls if "AssumeRoot" in call.operation]
