"""Whoever can write the log's store, and holds no key, or one: in a folder and in S3.

Nothing holds these attackers back but the keys that they lack: in S3 they are what AWS could do, or
who made the bucket without Object Lock. What is seen, by whom and with which memory, is said here;
what is not seen as well.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgroot.cli.sandbox import Kind
from tests.e2e.forger import forged
from tests.e2e.log_thieves import StoreWriter, elsewhere, next_name, untouched, verified
from tests.e2e.scenes import Scene, unlocking
from tests.e2e.stage import Stage


@pytest.fixture(scope="module", params=Kind, ids=str)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A sandbox whose world can be set back."""
    with Stage(tmp_path_factory.mktemp("stage") / "s").playing(12, 7, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def unlock(stage: Stage) -> Scene:
    """An approved unlocking of one bucket."""
    return unlocking(stage)


@pytest.fixture
def thief(unlock: Scene) -> Iterator[StoreWriter]:
    """The scene set back, and somebody who holds the store."""
    unlock.begin()
    writer = StoreWriter(unlock.stage)
    yield writer
    writer.leave()
    unlock.begin()


def name_of(stage: Stage, kind: str) -> str:
    """The name of the newest record of a type."""
    for name in reversed(stage.records()):
        if json.loads(json.loads(stage.log.read(name) or b"")["body"])["type"] == kind:
            return name
    raise LookupError(kind)


def spelled(tree: dict[str, Any]) -> bytes:
    """A record as the log spells it."""
    return (json.dumps(tree, sort_keys=True, separators=(",", ":")) + "\n").encode()


def another_reason(raw: bytes) -> bytes:
    """A request that says something else, under the signatures that it had."""
    tree = json.loads(raw)
    return spelled(tree | {"body": tree["body"].replace("locked out", "unlock it!")})


def edited(stage: Stage, thief: StoreWriter) -> None:
    """The request says something else than its approvers read."""
    name = name_of(stage, "request")
    thief.put(name, another_reason(thief.take(name)))


def garbage(stage: Stage, thief: StoreWriter) -> None:
    """In the place of the request lies nothing that means anything."""
    thief.put(name_of(stage, "request"), b"garbage\n")


def another(stage: Stage, thief: StoreWriter) -> None:
    """In the place of the request lies another record of the same log."""
    first = stage.log.read(stage.records()[0])
    assert first is not None
    thief.put(name_of(stage, "request"), first)


def reordered(stage: Stage, thief: StoreWriter) -> None:
    """The request and its first approval have changed places."""
    request, first = stage.records()[-3:-1]
    was = thief.take(request)
    thief.put(request, thief.take(first))
    thief.put(first, was)


def rewritten(stage: Stage, thief: StoreWriter) -> None:
    """As edited, and every hash behind it is right again."""
    edited(stage, thief)
    names = stage.records()
    for before, name in itertools.pairwise(names):
        prev = hashlib.sha256(stage.log.read(before) or b"").hexdigest()
        thief.put(name, spelled(json.loads(thief.take(name)) | {"prev": prev}))


def removed(stage: Stage, thief: StoreWriter) -> None:
    """The request is gone, and what lies behind it is there."""
    thief.take(name_of(stage, "request"))


Harm = Callable[[Stage, StoreWriter], None]


@pytest.mark.parametrize(
    "harm", [edited, garbage, another, reordered, rewritten], ids=lambda harm: harm.__name__
)
def test_record_edited_replaced_or_reordered(unlock: Scene, thief: StoreWriter, harm: Harm) -> None:
    """Later signers name the record that they had seen: exit 4, on a machine without memory too.

    A machine that keeps a copy of a log in S3, whose end was left alone, goes on with what it had
    verified.
    """
    stage = unlock.stage
    harm(stage, thief)
    assert {seq for _, seq in verified(stage, 4)} & {len(stage.records()) - n for n in (0, 1, 2)}
    with untouched(stage):
        new = stage.run("carol", "request", "list", env=elsewhere(stage, "carol-new"))
        executed = stage.run("alice", *unlock.command, env=elsewhere(stage, "alice-new"))
    assert (new.code, executed.code) == (4, 4), (new.err, executed.err)
    shown = stage.run("olga", "request", "show", unlock.request, "-o", "json")  # approved last
    if stage.kind is Kind.FILE or harm is rewritten:
        assert shown.code == 4, shown.err
    else:
        assert shown.json["justification"] == "locked out"


def test_record_removed(unlock: Scene, thief: StoreWriter) -> None:
    """The log ends there for its readers: who has seen more is told, and verify sees the gap."""
    stage = unlock.stage
    removed(stage, thief)
    assert "GAP" in {code for code, _ in verified(stage, 4)}
    for person in ("alice", "olga"):
        with untouched(stage):
            done = stage.run(person, "request", "list")
        if stage.kind is Kind.S3 and person == "olga":  # she has a copy up to the end
            assert done.code == 0, done.err
        else:
            assert (done.code, "ROLLBACK" in done.err) == (4, True), done.err
    with untouched(stage):
        done = stage.run("alice", *unlock.command, env=elsewhere(stage, "alice-new"))
    assert (done.code, "has no memory of log" in done.err) == (2, True), done.err


def test_the_newest_record_spoiled(unlock: Scene, thief: StoreWriter) -> None:
    """An approval that nobody has signed over is taken away by garbage: memory and verify tell.

    Taken away it can be, and nothing can be put in its place that counts.
    """
    stage = unlock.stage
    newest = stage.records()[-1]
    thief.put(newest, thief.take(newest).replace(b"olga", b"bob!"))
    with untouched(stage):
        seen = stage.run("olga", "request", "list")
        blind = stage.run("alice", *unlock.command, env=elsewhere(stage, "alice-new"))
        shown = stage.ok("bob", "request", "show", unlock.request, env=elsewhere(stage, "bob-new"))
    assert (seen.code, "FORK" in seen.err) == (4, True), seen.err
    assert blind.code == 10, blind.err
    assert [given["person"] for given in shown["approvals"]] == ["bob"]
    done = stage.run("carol", "log", "verify", env=elsewhere(stage, "carol-new"))
    assert done.code == 4, done.err


def test_tail_cut(unlock: Scene, thief: StoreWriter) -> None:
    """A head seen before, a receipt or a checkpoint tells; who has none of them is told that."""
    stage = unlock.stage
    receipt = stage.ok("carol", "log", "verify")["receipt"]
    thief.take(stage.records()[-1])
    assert {code for code, _ in verified(stage, 4)} == {"ROLLBACK"}
    checkpoint = stage.variant("checkpoint", ("log_id:", f'checkpoint: "{receipt}"\n  log_id:'))
    command = ("request", "list")
    for person, state, typed in (
        ("olga", "olga", command),  # she approved last
        ("carol", "carol-new", ("--expect-head", receipt, *command)),
        ("carol", "carol-new", ("--config", checkpoint, *command)),
        ("carol", "carol-new", ("--config", checkpoint, "log", "verify")),
    ):
        with untouched(stage):
            done = stage.run(person, *typed, env=elsewhere(stage, state))
        assert (done.code, "ROLLBACK" in done.err + done.out) == (4, True), done.err
    # Not seen: nothing tells a machine without any memory. It says so, and counts one approval.
    blind = stage.run("alice", *unlock.command, env=elsewhere(stage, "alice-new"))
    assert (blind.code, "a cut tail would not show" in blind.err) == (10, True), blind.err


def test_two_machines_shown_different_logs(unlock: Scene, thief: StoreWriter) -> None:
    """A denial held back from the executor is not missed at once, but by who has seen it.

    Whoever read or wrote it, or has its receipt, finds the other log a fork, for good.
    """
    stage = unlock.stage
    denied = next_name(stage)
    stage.ok("carol", "deny", unlock.request, "--yes")
    receipt = stage.ok("carol", "log", "verify")["receipt"]
    held_back = thief.take(denied)
    with untouched(stage):
        warned = stage.run("alice", "--expect-head", receipt, *unlock.command)
    assert (warned.code, "ROLLBACK" in warned.err) == (4, True), warned.err
    assert stage.run("alice", *unlock.command).code == 0  # not seen: it was never shown to her
    for person, typed in (
        ("carol", ("request", "list")),
        ("carol", ("log", "verify")),
        ("bob", ("--expect-head", receipt, "request", "list")),
    ):
        done = stage.run(person, *typed)
        assert (done.code, "FORK" in done.err + done.out) == (4, True), done.err
    # Both cannot be in one log: what was held back fits nowhere any more.
    thief.put(next_name(stage), held_back)
    assert "CHAIN" in {code for code, _ in verified(stage, 4)}


def test_another_log_in_the_place_of_ours(unlock: Scene, thief: StoreWriter) -> None:
    """A first record that our owners did not sign, or that is of another log, stops everyone."""
    stage = unlock.stage
    names = stage.records()
    tree = json.loads(thief.take(names[0]))
    other = tree | {"body": tree["body"].replace(tree["log"], "0" * 16), "log": "0" * 16}
    for name in names[1:]:
        thief.take(name)
    thief.put(names[0], spelled(other))
    for state in ("alice", "alice-new"):
        with untouched(stage):
            done = stage.run("alice", *unlock.command, env=elsewhere(stage, state))
        assert done.code == 4, done.err
    assert verified(stage, 4)


def test_a_forged_fact(unlock: Scene, thief: StoreWriter) -> None:
    """What a survey read, made to say something else: exit 4 wherever facts are read."""
    stage = unlock.stage
    stage.ok("alice", "inventory", stage.account("network"))
    name = next(each for each in reversed(stage.log.names()) if each.startswith("facts/"))
    tree = json.loads(thief.take(name))
    fact = json.loads(tree["body"])
    fact["items"][0]["account"] = stage.account("backup")
    thief.put(name, spelled(tree | {"body": json.dumps(fact, sort_keys=True, indent=2) + "\n"}))
    assert "OBJECT" in {code for code, _ in verified(stage, 4)}
    done = stage.run("carol", "reconcile", "--dry-run", env=elsewhere(stage, "carol-new"))
    assert done.code == 4, done.err


def test_a_key_and_the_store_stop_everyone(unlock: Scene, thief: StoreWriter) -> None:
    """A head that never was, signed by a person, is a fork to all others; its signer is named.

    So whoever holds one person's key and may append can end the work, and nothing else.
    """
    stage = unlock.stage
    name = next_name(stage)
    body = json.loads(json.loads(stage.log.read(name_of(stage, "approval")) or b"")["body"])
    before = stage.log.read(stage.records()[-1]) or b""
    seq = int(name.removesuffix(".json"))
    lie = {"seq": seq - 1, "hash": "0" * 64}
    thief.put(name, forged(stage.folder / "keys" / "bob", body, before, seq, head=lie))
    for person, *typed in (("alice", *unlock.command), ("olga", "request", "list")):
        with untouched(stage):
            done = stage.run(person, *typed)
        assert (done.code, "HEAD_MISMATCH" in done.err) == (4, True), done.err
    assert ("HEAD_MISMATCH", seq) in verified(stage, 4)
    assert '"person": "bob"' in (stage.log.read(name) or b"").decode().replace("\\", "")


def test_a_machine_made_to_forget(unlock: Scene, thief: StoreWriter) -> None:
    """Memory that is damaged or of another log is exit 4; memory taken away is said to be missing.

    Who can write a person's state folder can make that machine forget, and no other one.
    """
    stage = unlock.stage
    (head,) = (stage.folder / "state" / "olga" / "heads").glob("*.json")
    true = json.loads(head.read_bytes())
    for lie in (b"", b"{}\n", spelled(true | {"hash": "0" * 64}), spelled(true | {"seq": 9999})):
        head.write_bytes(lie)
        with untouched(stage):
            done = stage.run("olga", "request", "list")
        assert done.code == 4, (lie, done.err)
    older = stage.log.read(stage.records()[2]) or b""
    head.write_bytes(spelled({"hash": hashlib.sha256(older).hexdigest(), "seq": 3}))
    assert stage.run("olga", "request", "list").code == 0  # it is true, and that is all it says
    head.unlink()
    thief.take(stage.records()[-1])
    forgot = stage.run("olga", "request", "list")
    assert (forgot.code, "has no memory of log" in forgot.err) == (0, True), forgot.err
