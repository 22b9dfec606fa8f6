"""`hardware_key: required`: only keys in a FIDO token ask and approve; else any does."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.key_types import MAY_BE_COPIED, TOUCHED, TokenSigner
from fakes.signer import FakeSigner

from orgroot.core.codec import Signature
from orgroot.core.eligibility import could_approve, eligible, wrong_key
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RulesInForce
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Approval, Denial, Signed, to_text
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import LATER, asked, decision_by, executed, law, request
from tests.core.verdicts import C

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


def test_which_key_will_not_count_is_known_before_it_signs() -> None:
    """Only where the rules want tokens."""
    file = Signer(person="bob", key=s.key("bob"))
    assert "bob" in str(wrong_key(rules(**REQUIRED), file))
    assert wrong_key(rules(**REQUIRED), by_token("bob")) is None
    assert wrong_key(rules(), file) is None


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


def said(log: w.Log, body: Signed, signer: FakeSigner) -> None:
    """A statement in the log, signed with this key."""
    armored = signer.sign(body.NAMESPACE, to_text(body))
    sig = Signature(alg="sshsig", key=signer.public_key, sig=armored)
    log.admit(log.raw(to_text(body), (sig,)))


@pytest.mark.parametrize("kind", [Approval, Denial])
def test_a_decision_counts_by_the_key_that_signed_it(kind: type[Approval] | type[Denial]) -> None:
    """The copied key of somebody who has a token too neither approves nor ends a request."""
    people = {name: both_keys(name) for name in ("alice", "bob")}
    rule = s.rule("unlock", ["unlock-bucket"], 1, each_of={"security": 1})
    log = w.Log(s.approvals_of(rule, people=people, defaults=REQUIRED))
    said(log, log.request_body(signer=by_token("alice")), TokenSigner("alice"))
    record = log.request_record()
    cases: tuple[FakeSigner, ...] = (
        FakeSigner("bob"),
        TokenSigner("bob", flags=TOUCHED | MAY_BE_COPIED),
        TokenSigner("bob"),
    )
    word = "approve" if kind is Approval else "deny"
    for key in cases:
        assert log.codes == [C.RULES_VIOLATION] * cases.index(key)
        assert (record.approvals, record.denials, record.denied) == ([], [], 0)
        signer = Signer(person="bob", key=key.public_key)
        body = log.decision_body("bob", record.id, kind, signer=signer, decision=word)
        said(log, body, key)
    assert "hardware key" in log.state.findings[0].detail
    assert len(record.approvals) == (kind is Approval)
    assert bool(record.denied) is (kind is Denial)


def test_a_service_needs_no_token() -> None:
    """A machine has nobody to touch one, and asks only for what needs no approval."""
    record = request("nightly", Task.AUDIT_ROOT_CREDENTIALS, params={})
    assert asked(record, rules(**REQUIRED), "nightly")
