"""Approvals signed by ssh-keygen alone: as files, and as one line pasted through a chat."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.playground import Done, Playground

SHELLS = [name for name in ("sh", "bash", "dash", "zsh", "busybox") if shutil.which(name)]
APPROVAL = "orgroot-approval-v1"


@pytest.fixture
def request_id(place: Playground) -> str:
    """A waiting request of alice, for a bucket that nobody has looked at."""
    bucket = f"drill-{uuid.uuid4().hex[:12]}"
    asked = ("unlock-bucket", bucket, "--account", place.account("network"), "--mode", "delete")
    return place.pending("alice", *asked, "--reason", "a drill")


def private_key(place: Playground, person: str) -> Path:
    """Where the sandbox keeps a person's key."""
    return place.folder / "keys" / person


def keygen(key: Path, file: Path, namespace: str = APPROVAL) -> Path:
    """Sign as the printed command says."""
    command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(key), str(file)]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return file.with_name(f"{file.name}.sig")


def approver(place: Playground, home: Path, **more: str) -> dict[str, str]:
    """The environment of somebody who has no orgroot, no configuration and no AWS."""
    bare = {name: place.environment(None)[name] for name in ("PATH",)}
    return {**bare, "HOME": str(home), **more}


def shell(name: str, line: str, typed: str, env: Mapping[str, str]) -> Done:
    """Somebody pastes a line into their shell and answers its question."""
    command = [name, "sh", "-c", line] if name == "busybox" else [name, "-c", line]
    ran = subprocess.run(
        command,
        input=f"{typed}\n",
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return Done(code=ran.returncode, out=ran.stdout, err=ran.stderr)


def prepare(place: Playground, request: str, *options: str) -> str:
    """What alice prepares for bob; AWS is not called and the log stays as it is."""
    calls = place.control("state")["calls"]
    done = place.refused("alice", 0, "approval", "prepare", request, "--as", "bob", *options)
    assert place.control("state")["calls"] == calls
    return done.out


def refused(place: Playground, code: int, *arguments: str, stdin: bytes = b"") -> Done:
    """An attachment that ends with this code, in one sentence, and leaves the log as it is."""
    with place.untouched():
        done = place.run("carol", "approval", "attach", *arguments, stdin=stdin)
    assert done.code == code, done.err
    assert done.out == ""
    assert done.err.startswith("orgroot: ")
    assert "Traceback" not in done.err
    return done


def test_files_are_signed_by_ssh_keygen_and_attached(
    place: Playground, request_id: str, tmp_path: Path
) -> None:
    """The printed text, the printed command, the printed attachment: bob has approved."""
    done = place.run("alice", "approval", "prepare", request_id, "--as", "bob", "--comment", "é")
    command = re.search(r"ssh-keygen -Y sign -n orgroot-approval-v1 -f KEY a\.json", done.err)
    assert command
    assert json.loads(done.out)["comment"] == "é"
    (tmp_path / "a.json").write_text(done.out, encoding="ascii")
    typed = command[0].replace("KEY", str(private_key(place, "bob")))
    subprocess.run(typed.split(), cwd=tmp_path, check=True, capture_output=True)
    signed = str(tmp_path / "a.json")
    view = place.ok("carol", "approval", "attach", signed, f"{signed}.sig")
    assert view["schema"] == "orgroot.request/v1"
    assert [(row["person"], row["decision"]) for row in view["approvals"]] == [("bob", "approve")]
    assert place.ok("carol", "log", "verify")["findings"] == []
    again = refused(place, 3, signed)
    assert "already stands in the log" in again.err


@pytest.mark.parametrize("name", SHELLS)
def test_a_pasted_line_shows_signs_and_prints(
    place: Playground, request_id: str, tmp_path: Path, name: str
) -> None:
    """In every shell: the whole statement is shown, the key found in ~/.ssh, the block attached."""
    line = prepare(place, request_id, "--paste")
    assert line.count("\n") == 1
    (tmp_path / ".ssh").mkdir()
    for suffix in ("", ".pub"):
        source = private_key(place, "bob").with_name(f"bob{suffix}")
        shutil.copy(source, tmp_path / ".ssh" / f"id_work{suffix}")
    done = shell(name, line, request_id[-4:], approver(place, tmp_path))
    assert done.code == 0, done.err
    assert f'"request_id": "{request_id}"' in done.err
    quoted = "".join(f"> {part}\r\n" for part in ("```", *done.out.splitlines(), "```"))
    attached = place.run("carol", "approval", "attach", "-", stdin=quoted.encode())
    assert attached.code == 0, attached.err
    assert re.search(r"approve: +bob \(security\)", attached.out)


def test_a_pasted_line_denies_too(place: Playground, request_id: str, tmp_path: Path) -> None:
    """With --deny the block is a denial, and final."""
    line = prepare(place, request_id, "--paste", "--deny", "--comment", "use the pipeline")
    key = str(private_key(place, "bob"))
    done = shell("sh", line, request_id[-4:], approver(place, tmp_path, KEY=key))
    assert "orgroot-denial-v1" in done.err
    attached = place.run("carol", "approval", "attach", "-", stdin=done.out.encode())
    assert "DENIED" in attached.out


def test_a_key_that_only_the_agent_holds_signs(
    place: Playground, request_id: str, tmp_path: Path
) -> None:
    """No file in ~/.ssh: ssh-agent is asked."""
    line = prepare(place, request_id, "--paste")
    script = f'ssh-add -q "{private_key(place, "bob")}" 2>/dev/null && {line}'
    (tmp_path / "script").write_text(script, encoding="ascii")
    # ssh-agent ends with the command that it was started for.
    line = f"ssh-agent sh {tmp_path}/script"
    done = shell("sh", line, request_id[-4:], approver(place, tmp_path))
    assert done.code == 0, done.err
    assert place.run("carol", "approval", "attach", "-", stdin=done.out.encode()).code == 0


@pytest.mark.parametrize("typed", ["", "y", "yes", "XXXX"])
def test_a_pasted_line_signs_nothing_unasked(
    place: Playground, request_id: str, tmp_path: Path, typed: str
) -> None:
    """Unless the id's last characters are typed, nothing is signed or printed, nothing is left."""
    line = prepare(place, request_id, "--paste")
    (tmp_path / "tmp").mkdir()
    env = approver(
        place, tmp_path, KEY=str(private_key(place, "bob")), TMPDIR=str(tmp_path / "tmp")
    )
    done = shell("sh", line, typed, env)
    assert (done.code, done.out) == (2, "")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_key_that_does_not_sign_prints_nothing(
    place: Playground, request_id: str, tmp_path: Path
) -> None:
    """Without the key there is no block that looks like one, and nothing is left behind."""
    line = prepare(place, request_id, "--paste")
    (tmp_path / "tmp").mkdir()
    env = approver(place, tmp_path, TMPDIR=str(tmp_path / "tmp"))
    done = shell("sh", line, request_id[-4:], env)
    assert done.code != 0
    assert done.out == ""
    assert list((tmp_path / "tmp").iterdir()) == []


def test_another_key_s_signature_is_refused(
    place: Playground, request_id: str, tmp_path: Path
) -> None:
    """Carol signs what was prepared for bob: exit 4."""
    file = tmp_path / "a.json"
    file.write_text(prepare(place, request_id), encoding="ascii")
    keygen(private_key(place, "carol"), file)
    assert "names another key" in refused(place, 4, str(file)).err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"decision": "approve"', '"decision": "deny"'),
        ('"org": "o-', '"org": "o-x'),
        ('"log": "', '"log": "0'),
        ('"task": "unlock-bucket"', '"task": "inspect-bucket-policy"'),
        ('"request_id": "orq_', '"request_id": "orq_a'),
        ('"seq": ', '"seq": 1'),
        ('"comment": ""', '"comment":""'),
    ],
)
def test_an_edited_statement_is_refused(
    place: Playground, request_id: str, tmp_path: Path, old: str, new: str
) -> None:
    """Edited after signing, or edited and then signed by bob himself: exit 4."""
    file = tmp_path / "a.json"
    file.write_text(prepare(place, request_id), encoding="ascii")
    signature = keygen(private_key(place, "bob"), file)
    text = file.read_text(encoding="ascii")
    assert old in text
    file.write_text(text.replace(old, new), encoding="ascii")
    assert "bad signature" in refused(place, 4, str(file), str(signature)).err
    signature.unlink()
    keygen(private_key(place, "bob"), file)
    refused(place, 4, str(file))


def test_a_signature_for_another_purpose_is_refused(
    place: Playground, request_id: str, tmp_path: Path
) -> None:
    """Bob signed it as a file, not as an approval: exit 4."""
    file = tmp_path / "a.json"
    file.write_text(prepare(place, request_id), encoding="ascii")
    keygen(private_key(place, "bob"), file, "file")
    assert "was made for" in refused(place, 4, str(file)).err


def test_flipped_and_cut_signatures_are_refused(
    place: Playground, request_id: str, tmp_path: Path
) -> None:
    """A sample of flipped bits and cuts of the signature file, each exit 4."""
    file = tmp_path / "a.json"
    file.write_text(prepare(place, request_id), encoding="ascii")
    signature = keygen(private_key(place, "bob"), file)
    whole = signature.read_bytes()
    for bit in range(3, len(whole) * 8, 151):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        signature.write_bytes(flipped)
        refused(place, 4, str(file))
    for length in range(0, len(whole), 61):
        signature.write_bytes(whole[:length])
        refused(place, 4, str(file))


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        (b"", 2),
        (b" \r\n\n", 2),
        (b"hello", 4),
        (b"\xff\xfe\x00", 4),
        (b"\x00" * 1024, 4),
        (b"A" * 600_000, 4),
        ("-----BEGIN ORGROOT STATEMENT-----\né\n".encode(), 4),
    ],
)
def test_whatever_else_is_pasted_is_refused(place: Playground, pasted: bytes, code: int) -> None:
    """Nothing, or anything that is no block."""
    refused(place, code, "-", stdin=pasted)


def test_files_that_are_none_are_refused(place: Playground, tmp_path: Path) -> None:
    """Absent, a folder, too long, not text, two ways at once: named, without a traceback."""
    there = tmp_path / "there"
    there.write_bytes(b"\xff")
    there.with_name("there.sig").write_bytes(b"\xff")
    refused(place, 2, str(tmp_path / "absent"))
    refused(place, 2, str(tmp_path))
    refused(place, 2, str(there), str(tmp_path / "absent"))
    refused(place, 2, "-", str(there))
    refused(place, 4, str(there))
    there.write_bytes(b"x" * 200_000)
    refused(place, 4, str(there))


def test_prepare_wants_a_name_on_the_command_line(place: Playground, request_id: str) -> None:
    """ORGROOT_AS says who sits here, not who will sign; an unknown person or key is refused."""
    done = place.refused("bob", 2, "approval", "prepare", request_id)
    assert "--as" in done.err
    assert (
        "mallory"
        in place.refused("bob", 3, "approval", "prepare", request_id, "--as", "mallory").err
    )
    asked = ("approval", "prepare", request_id, "--as", "bob", "--fingerprint", "SHA256:x")
    assert "not a key of bob" in place.refused("alice", 2, *asked).err
