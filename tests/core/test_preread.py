"""What was found ahead changes no verdict: it only spares checks that would pass."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from orgroot.core import preread as module
from orgroot.core.codec import Signature, decode_record
from orgroot.core.log_state import LogState
from orgroot.core.preread import DIRECT, UNREAD, Preread, preread
from orgroot.core.statements import from_text
from orgroot.errors import IntegrityError
from tests.core import scene as s
from tests.core import world as w


@pytest.fixture
def log(log: w.Log) -> w.Log:
    """A log with a bucket's story and a survey."""
    w.unlocked(log)
    log.survey()
    return log


def looked(raws: list[bytes]) -> list[Preread]:
    """What is found in records, in order."""
    keys: dict[str, str] = {}
    return [preread(raw, keys) for raw in raws]


def folded(log: w.Log, raws: list[bytes], seen: list[Preread]) -> LogState:
    """The state of records that were looked at ahead."""
    fold = log.new_fold()
    for seq, (raw, one) in enumerate(zip(raws, seen, strict=True), 1):
        fold.admit(seq, raw, one)
    return fold.state


def parts(raw: bytes) -> tuple[Any, bytes, Signature]:
    """A record's statement, its text and first signature."""
    record = decode_record(raw)
    text = record.body.encode()
    return from_text(text), text, record.sigs[0]


def test_every_signature_of_an_honest_log_is_found_fitting(log: w.Log) -> None:
    """Those of people by the keys beside them, those of facts by the key that was announced."""
    seen = looked(log.raws)
    assert [len(one.fitting) for one in seen] == [1] * len(log.raws)
    assert {one.secrets for one in seen} == {()}
    assert folded(log, log.raws, seen).findings == []


def test_a_check_that_passed_is_not_made_again(log: w.Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fold goes by what was found of exactly these inputs; owners' few are checked anyway."""
    seen = looked(log.raws)
    made: list[str] = []
    genuine = module.verify

    def noted(armored: str, text: bytes, *, namespace: str, key: Any) -> Any:
        made.append(namespace)
        return genuine(armored, text, namespace=namespace, key=key)

    monkeypatch.setattr(module, "verify", noted)
    monkeypatch.setattr(module, "verify_fact", lambda *_args: made.append("fact"))
    assert folded(log, log.raws, seen).findings == []
    assert made == ["orgroot-genesis-v1", "orgroot-rules-v1"]


def test_what_was_found_of_a_statement_says_nothing_of_another(log: w.Log) -> None:
    """With another text, key, namespace or signature the check is made, and fails."""
    one = looked(log.raws)[2]
    body, text, sig = parts(log.raws[2])
    _, _, other = parts(log.raws[3])
    good = {"namespace": body.NAMESPACE, "key": sig.key}
    assert one.person(sig.sig, text, **good) == DIRECT.person(sig.sig, text, **good)
    for armored, words, named in (
        (sig.sig, text + b" ", good),
        (sig.sig, text, good | {"namespace": "orgroot-approval-v1"}),
        (sig.sig, text, good | {"key": s.key("carol")}),
        (other.sig, text, good),
    ):
        with pytest.raises(IntegrityError):
            one.person(armored, words, **named)


def test_what_was_found_of_a_fact_says_nothing_of_another(log: w.Log) -> None:
    """With another text, key or signature the check is made, and fails."""
    one = looked(log.raws)[5]
    _, text, sig = parts(log.raws[5])
    _, _, other = parts(log.raws[6])
    key = next(iter(log.state.executions.values())).body.ephemeral_key
    one.fact(key, text, sig.sig)
    for changed in ((key, text + b" ", sig.sig), (key, text, other.sig), ("A" * 44, text, sig.sig)):
        with pytest.raises(IntegrityError):
            one.fact(*changed)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.replace(b"locked", b"lucked"),
        lambda raw: raw.replace(b"BEGIN SSH", b"BEGIN XSH"),
        lambda raw: raw[:-1],
        lambda _raw: b"\xff",
    ],
)
def test_what_does_not_fit_is_left_to_the_fold(log: w.Log, spoil: Callable[[bytes], bytes]) -> None:
    """Nothing is found of it, and the verdict is that of a fold that looks at nothing ahead."""
    raws = [*log.raws]
    raws[2] = spoil(raws[2])
    seen = looked(raws)
    assert seen[2].fitting == {}
    ahead = folded(log, raws, seen)
    assert ahead.findings == folded(log, raws, [UNREAD] * len(raws)).findings
    assert ahead.findings


def test_a_fact_of_an_execution_that_was_not_met_is_left_to_the_fold(log: w.Log) -> None:
    """Its key is not known yet; that is no verdict."""
    keys: dict[str, str] = {}
    assert preread(log.raws[5], keys).fitting == {}
    assert keys == {}


def test_only_so_many_signatures_are_tried(log: w.Log) -> None:
    """Who adds thousands costs us no more time than the fold itself takes."""
    record = decode_record(log.raws[2])
    many = msgspec.structs.replace(record, sigs=record.sigs * 100)
    raw = log.raw(record.body.encode(), many.sigs)
    assert len(preread(raw, {}).fitting) == 1


def test_secrets_are_found_ahead_too() -> None:
    """Also in what is no record at all."""
    assert preread(b"-----BEGIN RSA PRIVATE KEY-----", {}).secrets == ("a private key",)
    assert UNREAD.secrets is None
