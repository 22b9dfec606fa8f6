"""Signing with the real ssh-keygen and a real agent; a false ssh-keygen is found out."""

import os
import pty
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.key_types import TokenSigner
from fakes.signer import FakeSigner
from openssh_regress import TOKEN, needed

from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.core.sshsig import verify
from orgroot.errors import UsageError
from orgroot.local.ssh_signer import SshSigner, find_keys, public_key_of

if TYPE_CHECKING:
    from orgroot.ports import Signer

NAMESPACE = "orgroot-request-v1"
MESSAGE = b'{\n  "type": "request"\n}\n'


AT_A_TERMINAL = """
import fcntl, os, sys, termios
from pathlib import Path
from orgroot.local.ssh_signer import SshSigner, public_key_of
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signer = SshSigner(public_key_of(Path(sys.argv[1])), Path(sys.argv[1]), os.environ)
sys.stdout.write(signer.sign(sys.argv[2], b"typed"))
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own and no agent."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    """A new key pair on the disk."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "a comment", "-f", path]
    subprocess.run(command, check=True)
    return path


def public(path: Path) -> PublicKey:
    """The public key beside a private one."""
    return parse_public_key(path.with_suffix(".pub").read_text())


def false_program(folder: Path, name: str, text: str) -> None:
    """A script that stands first in PATH under a known name."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)


@pytest.fixture
def agent(environ: dict[str, str]) -> Iterator[Mapping[str, str]]:
    """The environment with an agent of its own, ended after the test."""
    with tempfile.TemporaryDirectory() as folder:  # a socket's path must be short
        socket = f"{folder}/agent"
        with subprocess.Popen(
            ["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, env=environ
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it listens once it has said where
            yield {**environ, "SSH_AUTH_SOCK": socket}
            process.terminate()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("suffix", ["", ".pub"])
def test_a_key_file_signs(tmp_path: Path, environ: dict[str, str], suffix: str, kind: str) -> None:
    """A private or public key file of every type gives a signature that verifies."""
    key = make_key(tmp_path / "key", kind=kind)
    signer: Signer = SshSigner(public(key), Path(f"{key}{suffix}"), environ)
    armored = signer.sign(NAMESPACE, MESSAGE)
    assert signer.public_key == public(key).text
    verify(armored, MESSAGE, namespace=NAMESPACE, key=public(key))


def test_a_passphrase_comes_from_the_askpass_program(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """Without a terminal ssh-keygen asks the program that the person's desktop named."""
    key = make_key(tmp_path / "key", "open sesame")
    false_program(tmp_path / "bin", "askpass", "echo 'open sesame'")
    environ |= {"SSH_ASKPASS": f"{tmp_path}/bin/askpass", "SSH_ASKPASS_REQUIRE": "force"}
    armored = SshSigner(public(key), key, environ).sign(NAMESPACE, MESSAGE)
    verify(armored, MESSAGE, namespace=NAMESPACE, key=public(key))


def test_a_passphrase_is_typed_at_the_terminal(tmp_path: Path, environ: dict[str, str]) -> None:
    """At a terminal the person is asked there, and orgroot never sees the passphrase."""
    key = make_key(tmp_path / "key", "open sesame")
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", AT_A_TERMINAL, key, NAMESPACE],
        env=environ,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        asked = b""
        while b"passphrase" not in asked:
            asked += os.read(master, 1000)
        os.write(master, b"open sesame\n")
        assert process.stdout is not None
        armored = process.stdout.read().decode()
    os.close(master)
    verify(armored, b"typed", namespace=NAMESPACE, key=public(key))


def test_a_relative_key_file_signs(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is named from where the person stands, not from where ssh-keygen runs."""
    key = make_key(tmp_path / "key")
    monkeypatch.chdir(tmp_path)
    signer = SshSigner(public(key), Path("key"), environ)
    verify(signer.sign(NAMESPACE, b""), b"", namespace=NAMESPACE, key=public(key))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_in_the_agent_signs(tmp_path: Path, agent: Mapping[str, str], kind: str) -> None:
    """A key that only the agent holds is found and signs, though no private file is here."""
    key = make_key(tmp_path / "elsewhere" / "key", kind=kind)
    (tmp_path / ".ssh").mkdir()
    shutil.copy(key.with_suffix(".pub"), tmp_path / ".ssh")
    subprocess.run(["ssh-add", "-q", key], env=dict(agent), check=True)
    wanted = public(key)
    shutil.rmtree(key.parent)
    (found,) = find_keys([wanted], tmp_path, agent)
    assert (found.public_key, found.key_path, found.source) == (wanted, None, "ssh-agent")
    armored = SshSigner(wanted, found.key_path, agent).sign(NAMESPACE, MESSAGE)
    verify(armored, MESSAGE, namespace=NAMESPACE, key=wanted)


def test_keys_of_the_roster_are_found(tmp_path: Path, environ: dict[str, str]) -> None:
    """Pairs of files are matched by key, each key once, in the order asked; the rest is nothing."""
    folder = tmp_path / ".ssh"
    one, two = make_key(folder / "one"), make_key(folder / "two", kind="ecdsa")
    for name in ("broken", "empty", "long", "folder"):
        (folder / name).touch()
    (folder / "broken.pub").write_bytes(b"\xff\xfe")
    (folder / "empty.pub").write_bytes(b"")
    (folder / "long.pub").write_bytes(b"x" * 100_000)
    (folder / "folder.pub").mkdir()
    (folder / "another.pub").write_text(public(two).text)
    stranger = parse_public_key(FakeSigner("stranger").public_key)
    found = find_keys([public(two), stranger, public(one), public(two)], tmp_path, environ)
    assert [item.public_key for item in found] == [public(two), public(one)]
    assert [item.key_path for item in found] == [folder / "two.pub", folder / "one.pub"]


def test_no_private_key_is_read(tmp_path: Path, environ: dict[str, str]) -> None:
    """Finding a key looks at public files only."""
    key = make_key(tmp_path / ".ssh" / "one")
    key.write_bytes(b"not a key")
    (found,) = find_keys([public(key)], tmp_path, environ)
    assert found.key_path == key.with_suffix(".pub")


def test_a_missing_key_says_what_was_looked_at(
    tmp_path: Path, environ: dict[str, str], agent: Mapping[str, str]
) -> None:
    """The error names the folder, the agent and the keys that would do."""
    wanted = parse_public_key(FakeSigner("alice").public_key)
    make_key(tmp_path / ".ssh" / "other")
    with pytest.raises(UsageError) as caught:
        find_keys([wanted], tmp_path, environ)
    assert caught.value.code == "no-key"
    for part in ("1 key pairs", str(tmp_path / ".ssh"), "no ssh-agent", wanted.fingerprint):
        assert part in caught.value.message
    with pytest.raises(UsageError, match="0 keys of ssh-agent"):
        find_keys([wanted], tmp_path, agent)
    with pytest.raises(UsageError, match="usable here: none"):
        find_keys([], tmp_path / "nowhere", environ)
    with pytest.raises(UsageError, match="ssh-add is not in PATH"):
        find_keys([wanted], tmp_path, {"SSH_AUTH_SOCK": "x", "PATH": str(tmp_path)})


def test_a_public_key_is_read_beside_the_key(tmp_path: Path) -> None:
    """Either file of a pair names the key; without a public one the way to make it is said."""
    key = make_key(tmp_path / "key")
    assert public_key_of(key) == public_key_of(key.with_suffix(".pub")) == public(key)
    key.with_suffix(".pub").unlink()
    with pytest.raises(UsageError) as caught:
        public_key_of(key)
    assert "ssh-keygen -y" in (caught.value.hint or "")


def test_what_ssh_keygen_says_is_shown(tmp_path: Path, environ: dict[str, str]) -> None:
    """When ssh-keygen refuses, its own words are in the error."""
    key = make_key(tmp_path / "key")
    wanted = public(key)
    key.unlink()
    with pytest.raises(UsageError, match=r"No such file|No private key found") as caught:
        SshSigner(wanted, key, environ).sign(NAMESPACE, MESSAGE)
    assert caught.value.code == "ssh-keygen"


def test_without_ssh_keygen_nothing_is_signed(tmp_path: Path) -> None:
    """A machine without OpenSSH is told what to install."""
    wanted = parse_public_key(FakeSigner("alice").public_key)
    with pytest.raises(UsageError, match="ssh-keygen was not found"):
        SshSigner(wanted, None, {"PATH": str(tmp_path)}).sign(NAMESPACE, MESSAGE)


def test_without_a_temporary_folder_nothing_is_signed(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a wrong TMPDIR is the user's to mend, and no bug of orgroot."""
    path = make_key(tmp_path / "keys" / "id")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="nothing can be signed here") as caught:
        SshSigner(public(path), path, environ).sign(NAMESPACE, MESSAGE)
    assert "TMPDIR" in str(caught.value.hint)


@pytest.mark.parametrize(
    "forged",
    [
        FakeSigner("mallory").sign(NAMESPACE, MESSAGE),
        FakeSigner("alice").sign(NAMESPACE, b"another statement"),
        FakeSigner("alice").sign("orgroot-approval-v1", MESSAGE),
        "-----BEGIN SSH SIGNATURE-----\n",
        "",
    ],
)
def test_a_false_ssh_keygen_is_found_out(
    tmp_path: Path, environ: dict[str, str], forged: str
) -> None:
    """A program in PATH that gives another signature, or none, is refused by name."""
    (tmp_path / "forged").write_text(forged)
    false_program(tmp_path / "bin", "ssh-keygen", f"cp '{tmp_path}/forged' statement.sig")
    wanted = parse_public_key(FakeSigner("alice").public_key)
    environ["PATH"] = f"{tmp_path / 'bin'}:{environ['PATH']}"
    with pytest.raises(UsageError, match=str(tmp_path / "bin" / "ssh-keygen")) as caught:
        SshSigner(wanted, None, environ).sign(NAMESPACE, MESSAGE)
    assert caught.value.code == "signature-refused"


def test_a_program_that_makes_no_signature_is_refused(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """Success without a signature is no signature."""
    false_program(tmp_path / "bin", "ssh-keygen", "exit 0")
    environ["PATH"] = f"{tmp_path / 'bin'}:{environ['PATH']}"
    wanted = parse_public_key(FakeSigner("alice").public_key)
    with pytest.raises(UsageError):
        SshSigner(wanted, None, environ).sign(NAMESPACE, MESSAGE)


def test_the_message_is_private_and_no_argument(tmp_path: Path, environ: dict[str, str]) -> None:
    """ssh-keygen is given the statement as a file in a folder of mode 0700 that is gone after."""
    signed = FakeSigner("alice").sign(NAMESPACE, MESSAGE)
    (tmp_path / "signed").write_text(signed)
    script = (
        f"echo \"$@\" > '{tmp_path}/arguments'\n"
        f"pwd > '{tmp_path}/folder'; ls -ld . > '{tmp_path}/mode'\n"
        f"cat statement > '{tmp_path}/seen'; cp '{tmp_path}/signed' statement.sig"
    )
    false_program(tmp_path / "bin", "ssh-keygen", script)
    environ["PATH"] = f"{tmp_path / 'bin'}:{environ['PATH']}"
    wanted = parse_public_key(FakeSigner("alice").public_key)
    assert SshSigner(wanted, None, environ).sign(NAMESPACE, MESSAGE) == signed
    assert (tmp_path / "seen").read_bytes() == MESSAGE
    assert 'request"' not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "mode").read_text().startswith("drwx------")
    assert not Path((tmp_path / "folder").read_text().strip()).exists()


def test_an_agent_that_hangs_or_fails_is_no_agent(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without an answer from the agent the files still count."""
    key = make_key(tmp_path / ".ssh" / "one")
    false_program(tmp_path / "bin", "ssh-add", "exit 2")
    environ.update(SSH_AUTH_SOCK="x", PATH=f"{tmp_path / 'bin'}:{environ['PATH']}")
    assert len(find_keys([public(key)], tmp_path, environ)) == 1
    stranger = parse_public_key(FakeSigner("stranger").public_key)
    with pytest.raises(UsageError, match="0 keys of ssh-agent"):
        find_keys([stranger], tmp_path, environ)
    (tmp_path / "bin" / "ssh-add").write_bytes(b"\x7fELF")
    with pytest.raises(UsageError, match="did not answer"):
        find_keys([stranger], tmp_path, environ)


def make_token_key(path: Path, *options: str, kind: str = "ed25519-sk") -> Path:
    """The handle of a new key inside OpenSSH's security key in software."""
    command = ["ssh-keygen", "-q", "-w", TOKEN, "-t", kind, "-N", "", "-f", path, *options]
    subprocess.run(command, check=True)
    return path


@needed
@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_a_security_key_signs(
    tmp_path: Path, environ: dict[str, str], capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    """The handle of a security key's key signs, and the person is told to touch it at once."""
    (tmp_path / ".ssh").mkdir()
    key = make_token_key(tmp_path / ".ssh" / "id", kind=kind)
    environ["SSH_SK_PROVIDER"] = str(TOKEN)
    (found,) = find_keys([public(key)], tmp_path, environ)
    armored = SshSigner(found.public_key, found.key_path, environ).sign(NAMESPACE, MESSAGE)
    assert verify(armored, MESSAGE, namespace=NAMESPACE, key=public(key)).hardware
    assert "Confirm user presence for key" in capfd.readouterr().err


@needed
def test_a_security_key_that_asks_for_no_touch_does_not_sign(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """ssh-keygen is content with it; its signature is refused here, with what to do about it."""
    key = make_token_key(tmp_path / "key", "-O", "no-touch-required")
    environ["SSH_SK_PROVIDER"] = str(TOKEN)
    with pytest.raises(UsageError, match="nobody touched the security key") as caught:
        SshSigner(public(key), key, environ).sign(NAMESPACE, MESSAGE)
    assert "no-touch-required" in (caught.value.hint or "")


def test_a_false_security_key_is_found_out(tmp_path: Path, environ: dict[str, str]) -> None:
    """Whatever ssh-keygen says, a signature without a touch is none."""
    token = TokenSigner("alice", flags=0)
    (tmp_path / "signed").write_text(token.sign(NAMESPACE, MESSAGE))
    false_program(tmp_path / "bin", "ssh-keygen", f"cp '{tmp_path}/signed' statement.sig")
    environ["PATH"] = f"{tmp_path / 'bin'}:{environ['PATH']}"
    with pytest.raises(UsageError, match="nobody touched") as caught:
        SshSigner(parse_public_key(token.public_key), None, environ).sign(NAMESPACE, MESSAGE)
    assert caught.value.code == "signature-refused"
