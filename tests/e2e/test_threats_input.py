"""Threats that come in as text, and what must never go out: one test for each, by its name."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orgroot.aws.resource_policies import AwsResourcePolicies
from orgroot.aws.root_sessions import AwsRootSessions
from orgroot.core.secrets import RootSession
from tests.e2e.playground import Done, Playground
from tests.e2e.test_attacks import REASON, Target, struck

DEBUG = ("--log-level", "debug")
ESCAPES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt.exe\u200b\nunlocked"
CYRILLIC_O = "\u043e"


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_terminal_escapes(place: Playground, form: str) -> None:
    """A Sid, a reason, a ticket and a comment full of escapes reach no terminal as such."""
    target = Target(place, sid=EVIL)
    inspect = ("inspect", "bucket", target.name, "--account", target.account)
    seen: list[Done] = [place.run("alice", *inspect, "-o", form)]
    asked = ("unlock-bucket", target.name, "--account", target.account, "--mode")
    ask = (*asked, "drop-statements", "--reason", EVIL, "--ticket", EVIL, "--yes")
    request = place.ok("alice", *ask, code=10)["id"]
    seen.append(place.run("alice", *ask, "-o", form))
    seen.append(place.run("bob", "approve", request, "--comment", EVIL, "--yes", "-o", form))
    seen.append(place.run("carol", "request", "show", request, "-o", form))
    seen.append(place.run("carol", "deny", request, "--comment", EVIL, "--yes", "-o", form))
    seen.append(place.run("bob", "approve", request, "--yes", "-o", form))
    seen.append(place.run("alice", "execute", request, "--yes", "-o", form))
    seen.append(place.run("carol", "log", "show", "--bodies", "-o", form))
    seen.append(place.run("carol", "log", "export", "--format", "ocsf"))
    seen.append(place.run("alice", *asked, "drop-statements", "--sid", EVIL, *REASON, "-o", form))
    seen.append(place.run("alice", "unlock-bucket", EVIL, "--account", EVIL, "--mode", EVIL))
    seen.append(place.run("alice", "execute", EVIL))
    for done in seen:
        assert not ESCAPES.search(done.err), done.err
        assert not ESCAPES.search(done.out), done.out
        if form == "text":
            assert "\nunlocked" not in done.out + done.err


def test_homoglyphs(place: Playground) -> None:
    """A word whose letters only look alike shows them as what they are; a person is one spelling.

    Who puts a second bob into a local configuration has put nobody into the rules.
    """
    target = Target(place)
    reason = f"b{CYRILLIC_O}b asked for it"
    request = target.asked("--ticket", f"CHG-{CYRILLIC_O}1", "--reason", reason)
    shown = place.run("carol", "request", "show", request)
    assert f"b\\u{{{ord(CYRILLIC_O):x}}}b asked for it" in shown.out
    assert CYRILLIC_O not in shown.out.replace(f"CHG-{CYRILLIC_O}1", "")
    config = place.variant("double", ("    bob:\n", f"    b{CYRILLIC_O}b:\n"))
    refused = place.refused("bob", 2, "--config", config, "approve", request, "--yes")
    assert f"b\\u{{{ord(CYRILLIC_O):x}}}b" in refused.err
    named = place.refused("carol", 3, "approve", request, "--as", f"b{CYRILLIC_O}b", "--yes")
    assert f"b\\u{{{ord(CYRILLIC_O):x}}}b" in named.err


BOMB = "root_access: &a [x, x]\nscps: [*a, *a]\nroot_access_2:"
REGION = "  region: eu-west-1"
BAD_YAML: dict[str, tuple[str, str, str]] = {
    "an alias bomb": ("root_access:", BOMB, "anchors (&name) are not accepted"),
    "a merge key": ("root_access:", "root_access:\n  <<: {credentials_management: true}", "<<"),
    "a tag": ("root_access:", "root_access: !!python/object:os.system", "tags (!name)"),
    "a second document": ("root_access:", "---\nroot_access:", "a second document"),
    "nesting": ("root_access:", "x: " + "[" * 60 + "]" * 60 + "\nroot_access:", "nested deeper"),
    "a duplicate key": (REGION, f"{REGION}\n{REGION}", "this key stands here twice"),
    "a typo": (REGION, "  regoin: eu-west-1", "did you mean 'region'?"),
    "a typo that would loosen": ("approvals:\n", "aprovals:\n", "did you mean 'approvals'?"),
    "a control character": ("root_access:", "# \x08\nroot_access:", ""),
    "another encoding": ("root_access:", "# \udcff\nroot_access:", ""),
    "bulk": ("root_access:", "# " + "x" * 300_000 + "\nroot_access:", "256 KiB"),
}


@pytest.mark.parametrize("name", BAD_YAML)
def test_yaml_bombs_duplicates_and_typos(place: Playground, name: str) -> None:
    """A configuration that hides, repeats or misspells something is exit 2 before any call."""
    old, new, says = BAD_YAML[name]
    text = (place.folder / "config.yaml").read_text(encoding="utf-8")
    assert old in text
    path = place.folder / "bad.yaml"
    path.write_bytes(text.replace(old, new, 1).encode(errors="surrogateescape"))
    calls = place.control("state")["calls"]
    done = place.refused("alice", 2, "--config", str(path), "inventory", "--all")
    assert place.control("state")["calls"] == calls
    assert str(path) in done.err
    assert says in done.err


def test_octal_ids(place: Playground) -> None:
    """An account id that YAML would read as an octal number stays the text that was written."""
    text = (place.folder / "config.yaml").read_text(encoding="utf-8")
    found = re.search(r"management_account: \"?([0-9]{12})", text)
    assert found
    config = place.variant("octal", (found[0], "management_account: 012345670123 #"))
    done = place.refused("alice", 4, "--config", config, "inventory", "--all")
    assert "012345670123" in done.err
    assert str(0o12345670123) not in done.err


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The secrets of every root session that is opened, as the adapter hands them out."""
    found: set[str] = set()
    genuine = AwsRootSessions.assume_root

    def noted(*args: Any, **named: Any) -> RootSession:
        session = genuine(*args, **named)
        found.update((session.secret_access_key.reveal(), session.session_token.reveal()))
        return session

    monkeypatch.setattr(AwsRootSessions, "assume_root", noted)
    yield found
    assert len(found) >= 2


def crash(_gateway: object, session: RootSession, *_more: object) -> bytes:
    """A bug, in the middle of a session, whose message tells all it can."""
    held = {"session": session, "args": (session.secret_access_key, session.session_token)}
    raise LookupError(f"{session} {held!r} {session.session_token!s}")


def told(place: Playground, *commands: Callable[[], Done]) -> Iterator[str]:
    """All that commands said, and all that stands in the sandbox's folder afterwards."""
    for command in commands:
        done = command()
        yield done.out
        yield done.err
    for path in place.folder.rglob("*"):
        if path.is_file():
            yield path.read_text(errors="replace")


def test_secrets_in_log_output_debug_and_traceback(
    place: Playground, live: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No key or token of a root session, live or ended, stands in anything that orgroot writes.

    Not in debug lines, not where AWS fails in mid-run, and not in the traceback of a bug.
    """
    done, failed, lost, broken = (Target(place) for _ in range(4))
    requests = {target: target.granted() for target in (done, failed, lost, broken)}
    rows = place.run("alice", "inventory", "--all", "-o", "json").json["accounts"]
    account = next(row["id"] for row in rows if row["clean"] is False)

    def run(*arguments: str) -> Done:
        return place.run("alice", *DEBUG, *arguments)

    def execute(target: Target) -> Done:
        return run("execute", requests[target], "--yes", "-o", "json")

    def remove() -> Done:
        asked = run("credentials", "remove", account, *REASON, "--yes", "-o", "json")
        place.approve(asked.json["id"], "bob", "olga")
        return run("execute", asked.json["id"], "--yes")

    def fail() -> Done:
        struck(place, effect="error", operation="PutBucketPolicy")
        return execute(failed)

    def lose() -> Done:
        place.control("faults", method="DELETE")
        struck(place, effect="lost-reply", operation="PutBucketPolicy")
        return execute(lost)

    def break_down() -> Done:
        place.control("faults", method="DELETE")
        monkeypatch.setattr(AwsResourcePolicies, "bucket_policy", crash)
        ended = execute(broken)
        assert ended.code == 1, ended.err
        assert "LookupError" in ended.err
        return ended

    out = str(tmp_path / "log.jsonl")
    texts = list(
        told(
            place,
            lambda: run("inventory", "--all", "--yes"),
            lambda: execute(done),
            remove,
            fail,
            lose,
            break_down,
            lambda: run("log", "show", "--bodies", "-o", "json"),
            lambda: run("log", "export", "--format", "jsonl", "--out", out),
            lambda: run("recover", "--yes"),
        )
    )
    texts.append(Path(out).read_text(encoding="utf-8"))
    assert len(live) >= 8
    for text in texts:
        for secret in live:
            assert secret not in text
            assert secret[4:-4] not in text
        assert "<SecretAccessKey>" not in text
        assert "<SessionToken>" not in text
