"""`hardware_key: required`: only keys in a FIDO token ask and approve; else any does."""

from dataclasses import replace
from typing import Any

from fakes.key_types import TokenSigner

from orgroot.core.eligibility import could_approve, eligible
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RulesInForce
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Signer
from tests.core import scene as s
from tests.core.drafts import LATER, asked, decision_by, executed, law, request

REQUIRED = {"hardware_key": "required"}


def token(name: str) -> str:
    """The public key of a person's token."""
    return TokenSigner(name).public_key


def both_keys(name: str) -> dict[str, Any]:
    """A roster entry with a key in a file and one in a token."""
    added = "2026-01-10T00:00:00Z"
    keys = [{"key": key, "added": added} for key in (s.key(name), token(name))]
    return s.person(name, keys=keys)


def rules(**defaults: str) -> RulesInForce:
    """The usual rules; alice and bob have both kinds of key, carol has a file."""
    people = {name: both_keys(name) for name in ("alice", "bob")}
    return law(people=people, defaults=defaults)


def by_token(name: str) -> Signer:
    """A signer who touched their token."""
    return Signer(person=name, key=token(name))


def test_only_a_token_asks() -> None:
    """The same person with the key in a file is refused; where tokens are preferred, is not."""
    assert asked(request(signer=by_token("alice")), rules(**REQUIRED))
    refused = asked(request(), rules(**REQUIRED))
    assert refused.final
    assert "hardware key" in refused.reasons[0]
    assert asked(request(), rules(hardware_key="preferred"))
    assert asked(request(), rules(hardware_key="off"))


def test_only_a_token_approves() -> None:
    """An approval by the key in a file does not count, though its signer could approve."""
    record = request(signer=by_token("alice"))
    record.approvals.append(decision_by("bob", record))
    decision = executed(record, rules(**REQUIRED))
    assert not decision
    assert "no hardware key" in decision.reasons[1]
    record.approvals.append(decision_by("bob", record, signer=by_token("bob")))
    assert executed(record, rules(**REQUIRED))


def test_who_has_no_token_cannot_approve() -> None:
    """They are told why, and are not among those who could."""
    record = request(signer=by_token("alice"))
    assert "no hardware key" in str(eligible(rules(**REQUIRED), record, "carol", LATER))
    assert could_approve(rules(**REQUIRED), record, LATER) == ("bob",)


def test_a_key_that_may_be_copied_is_no_hardware() -> None:
    """A passkey of a token's type that says it can be backed up neither asks nor approves."""
    copied = Verified(key_type="sk-ssh-ed25519@openssh.com", hardware=False, user_verified=True)
    record = request(signer=by_token("alice"))
    record.approvals.append(decision_by("bob", record, signer=by_token("bob")))
    record.approvals[0] = replace(record.approvals[0], signed_with=copied)
    assert not executed(record, rules(**REQUIRED))
    record.signed_with = copied
    assert asked(record, rules(**REQUIRED)).final


def test_a_service_needs_no_token() -> None:
    """A machine has nobody to touch one, and asks only for what needs no approval."""
    record = request("nightly", Task.AUDIT_ROOT_CREDENTIALS, params={})
    assert asked(record, rules(**REQUIRED), "nightly")
