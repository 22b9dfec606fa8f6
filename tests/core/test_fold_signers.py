"""The fold of signatures, of the genesis and of rules: whose word counts."""

from typing import Any

import pytest
from fakes.key_types import PIN, TOUCHED, TokenSigner
from fakes.signer import FakeSigner

from orgroot.core.audit_log import fatal_findings
from orgroot.core.codec import Signature, canonical, parse_canonical
from orgroot.core.config import Approvals
from orgroot.core.findings import FindingCode
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import HeadRef, Signer
from orgroot.core.statements import Approval, timestamp, to_text
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, voided


def test_a_signature_must_be_the_signers(log: w.Log) -> None:
    """No key, another key, a damaged or an additional signature: the statement does not count."""
    body = log.request_body()
    log.admit(log.raw(to_text(body), ()))
    voided(log, C.BADSIG)
    log.signed(body, "alice", "alice")
    voided(log, C.BADSIG)
    log.signed(body, "olga")
    voided(log, C.BADSIG)
    armored = FakeSigner("olga").sign(body.NAMESPACE, to_text(body))
    forged = Signature(alg="sshsig", key=s.key("alice"), sig=armored)
    log.admit(log.raw(to_text(body), (forged,)))
    voided(log, C.UNKNOWN_SIGNER)
    damaged = Signature(alg="sshsig", key=s.key("alice"), sig="x")
    log.admit(log.raw(to_text(body), (damaged,)))
    voided(log, C.BADSIG)
    log.signed(body, "alice", namespace="orgroot-approval-v1")
    voided(log, C.WRONG_NAMESPACE)
    assert fatal_findings(log.state) == ()
    log.signed(body, "alice")
    assert len(log.state.requests) == 1


def test_a_signature_without_a_touch_is_a_finding_of_its_own(log: w.Log) -> None:
    """A security key that nobody touched approves nothing; touched, what it says is on record."""
    touched, stolen = TokenSigner("bob", flags=TOUCHED | PIN), TokenSigner("bob", flags=PIN)
    entry = {"key": touched.public_key, "added": "2026-01-10T00:00:00Z"}
    log.rules(s.approvals_of(people={"bob": s.person("bob", keys=[entry])}))
    request = log.request("alice")
    plain = Verified(key_type="ssh-ed25519", hardware=False, user_verified=False)
    assert log.request_record().signed_with == plain
    signer = Signer(person="bob", key=touched.public_key)
    for token in (stolen, touched):
        body = log.decision_body("bob", request, Approval, signer=signer)
        armored = token.sign(body.NAMESPACE, to_text(body))
        sigs = (Signature(alg="sshsig", key=token.public_key, sig=armored),)
        log.admit(log.raw(to_text(body), sigs))
        if token is stolen:
            voided(log, C.FLAGS)
            assert not C.FLAGS.attention
    (approval,) = log.request_record().approvals
    assert approval.signed_with == Verified(
        key_type="sk-ssh-ed25519@openssh.com", hardware=True, user_verified=True
    )


def test_only_the_roster_speaks(log: w.Log) -> None:
    """A stranger, or a key that is in nobody's entry, is an unknown signer."""
    log.request("mallory")
    voided(log, C.UNKNOWN_SIGNER)
    log.signed(log.request_body(signer=Signer(person="alice", key=s.key("x"))), "x")
    voided(log, C.UNKNOWN_SIGNER)


def test_a_stolen_key_cannot_write_itself_into_the_past(log: w.Log) -> None:
    """After its revocation a key signs nothing, whatever time the statement claims."""
    keys = [s.person("bob")["keys"][0] | {"revoked": timestamp(log.now)}]
    log.rules(s.approvals_of(people={"bob": s.person("bob", keys=keys)}))
    request = log.request()
    early = timestamp(s.START)
    log.approve("bob", request, created_at=early)
    voided(log, C.UNKNOWN_SIGNER)
    log.approve("bob", request)
    voided(log, C.UNKNOWN_SIGNER)


def test_nobody_speaks_before_rules_are_in_force() -> None:
    """Before the first rules there is no roster; before the genesis there are no rules."""
    log = w.Log()
    log.genesis()
    log.request()
    voided(log, C.UNKNOWN_SIGNER)
    empty = w.Log()
    empty.rules(s.approvals_of())
    voided(empty, C.ILLEGAL_TRANSITION, fatal=True)
    empty.rules(s.approvals_of())
    voided(empty, C.ILLEGAL_TRANSITION)


def test_a_fact_of_nobody_does_not_count(log: w.Log) -> None:
    """An unknown execution, another key, two signatures: nothing is recorded."""
    log.fact("oex_" + "a" * 26, s.issued())
    voided(log, C.UNKNOWN_SIGNER)
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.issued(), seed=b"\1" * 32)
    voided(log, C.BADSIG)
    text = to_text(log.fact_body(run, s.issued()))
    log.admit(log.raw(text, ()))
    voided(log, C.BADSIG)
    assert not log.state.executions[run].issued


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"owners": s.owners_of("mallory")}, C.UNKNOWN_SIGNER),
        ({"org": "o-anotherorgid"}, C.FOREIGN_RECORD),
        ({"head": HeadRef(seq=0, hash="1" * 64)}, C.HEAD_MISMATCH),
    ],
)
def test_a_first_record_of_another_trust_stops_everyone(
    changes: dict[str, Any], code: FindingCode
) -> None:
    """The log must start with a genesis of this organization that its own owners have signed."""
    log = w.Log()
    log.genesis(**changes)
    voided(log, code, fatal=True)
    assert log.state.genesis is None
    assert log.state.trusts == []


def test_a_second_genesis_does_not_count(log: w.Log) -> None:
    """There is one beginning."""
    log.genesis()
    voided(log, C.ILLEGAL_TRANSITION)


@pytest.mark.parametrize(
    ("approvals", "changes"),
    [
        (s.approvals_of(), {"serial": 1}),
        (s.approvals_of(), {"serial": 3}),
        (s.approvals_of(), {"expires_at": "2026-07-01T00:00:00Z"}),
        (s.approvals_of(s.rule("r", None, 0)), {}),
    ],
)
def test_rules_that_cannot_be_in_force_are_void(
    log: w.Log, approvals: Approvals, changes: dict[str, Any]
) -> None:
    """A wrong serial, two expiry times, or what `rules check` calls an error."""
    log.rules(approvals, **changes)
    voided(log, C.RULES_VIOLATION)
    assert len(log.state.rules) == 1


def test_old_rules_cannot_be_put_back(log: w.Log) -> None:
    """An earlier rules record is a replay, and its serial is taken."""
    old = log.raws[1]
    log.rules(s.approvals_of(s.rule("r", s.ROOT_TASKS, 2, each_of={"security": 2})))
    log.admit(canonical(parse_canonical(old) | {"seq": 4, "prev": log.state.hash}))
    voided(log, C.REPLAY)
    assert log.state.rules_in_force is log.state.rules[1]


def test_the_bucket_of_the_log_is_known_from_the_trust() -> None:
    """Rules in force carry the bucket the log lies in; a folder has none."""
    log = w.Log(s.approvals_of(), trust=s.trust_of(store="s3://example-logs/v1/"))
    assert log.state.rules[0].log_bucket == "example-logs"
    log.request()
    voided(log, C.RULES_VIOLATION)
    assert w.Log(s.approvals_of()).state.rules[0].log_bucket == ""
