"""Signing with a person's SSH key through `ssh-keygen -Y sign`: private keys are never read here.

ssh-keygen is not trusted: whatever stands under that name in PATH, its signature is verified by
`core.sshsig` before anyone else sees it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.core.sshsig import verify
from orgroot.errors import IntegrityError, UsageError

_LONGEST_PUBLIC_KEY = 64 * 1024
_LONGEST_SIGNATURE = 64 * 1024
_AGENT = "ssh-agent"
_AGENT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key on this machine that the caller asked for.

    Attributes:
        public_key: the key.
        key_path: the `.pub` file; None where only the agent holds it.
        source: where it was found, for a person.
    """

    public_key: PublicKey
    key_path: Path | None
    source: str


def find_keys(
    roster_keys: Sequence[PublicKey], home: Path, environ: Mapping[str, str]
) -> tuple[FoundKey, ...]:
    """The given keys that this machine can sign with: in `~/.ssh` or in ssh-agent.

    A public file counts where its private half (or a security key's handle) lies beside it. Each
    key once, in the order of `roster_keys`; a file comes before the agent, since ssh-keygen asks
    the agent first for it anyway.

    Raises:
        UsageError: none of them is here; the message names what was looked at.
    """
    folder = home / ".ssh"
    files = sorted(p for p in folder.glob("*.pub") if p.is_file() and p.with_suffix("").is_file())
    found: dict[PublicKey, FoundKey] = {}
    for path in files:
        for key in _keys_in(_read_small(path)):
            found.setdefault(key, FoundKey(public_key=key, key_path=path, source=str(path)))
    listed, agent = _agent_keys(environ)
    for key in _keys_in(listed):
        found.setdefault(key, FoundKey(public_key=key, key_path=None, source=_AGENT))
    matching = tuple(found[key] for key in dict.fromkeys(roster_keys) if key in found)
    if not matching:
        wanted = ", ".join(key.fingerprint for key in roster_keys) or "none"
        raise UsageError(
            f"no key to sign with was found: looked at {len(files)} key pairs in {folder} and at "
            f"{agent}; usable here: {wanted}",
            hint="name the key with --key FILE, or add it to the agent with ssh-add",
            code="no-key",
        )
    return matching


def public_key_of(path: Path) -> PublicKey:
    """The public key of a key file that a person named: its own text, or that of FILE.pub.

    Raises:
        UsageError: there is no public key, or one that this version cannot use.
    """
    public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    text = _read_small(public)
    if not text:
        raise UsageError(
            f"{public} cannot be read",
            hint=f"make it with `ssh-keygen -y -f {path} > {public}`",
            code="no-key",
        )
    return parse_public_key(text)


class SshSigner:
    """`Signer` with one key: a file (public or private), or the agent where no file is named."""

    def __init__(
        self, public_key: PublicKey, key_path: Path | None, environ: Mapping[str, str]
    ) -> None:
        self._key = public_key
        self._path = None if key_path is None else key_path.absolute()
        self._environ = dict(environ)

    @property
    def public_key(self) -> str:
        """The OpenSSH public key, `type base64`."""
        return self._key.text

    def sign(self, namespace: str, message: bytes) -> str:
        """An armored SSHSIG, verified.

        The message lies in a private folder while ssh-keygen runs and is never an argument. A
        passphrase or PIN is asked for by ssh-keygen itself, on the terminal or by SSH_ASKPASS.

        Raises:
            UsageError: ssh-keygen is missing, refused, or gave a signature that is not this one.
        """
        program = _program("ssh-keygen", self._environ)
        try:
            armored = self._signed(program, namespace, message)
        except OSError as error:
            raise UsageError(
                f"nothing can be signed here: {error.strerror or error}",
                hint="check the space in the temporary folder (TMPDIR)",
                code="temporary-folder",
            ) from error
        try:
            verify(armored, message, namespace=namespace, key=self._key)
        except IntegrityError as error:
            raise self._refused(program, error) from error
        return armored

    def _signed(self, program: str, namespace: str, message: bytes) -> str:
        # mkdtemp: mode 0700; what cannot be taken away afterwards holds no secret.
        with tempfile.TemporaryDirectory(prefix="orgroot-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            statement = folder / "statement"
            statement.write_bytes(message)
            path = self._path
            if path is None:
                path = folder / "key.pub"
                path.write_text(f"{self._key.text}\n", encoding="ascii")
            self._run(
                [program, "-q", "-Y", "sign", "-n", namespace, "-f", str(path), "statement"], folder
            )
            return _read_small(folder / "statement.sig", _LONGEST_SIGNATURE)

    def _refused(self, program: str, error: IntegrityError) -> UsageError:
        hint = "check which ssh-keygen stands first in PATH, and which key --key names"
        if error.code == "flags":
            hint = "make a key that asks for a touch: without -O no-touch-required"
        return UsageError(
            f"{program} gave a signature that is not one of {self._key.fingerprint} over this "
            f"statement: {error}",
            hint=hint,
            code="signature-refused",
        )

    def _run(self, command: Sequence[str], folder: Path) -> None:
        # Its prompts ("Confirm user presence") must be seen while it waits.
        seen = self._key.hardware or _is_terminal(sys.stderr)
        done = subprocess.run(  # noqa: S603 - no shell; the program is looked up once, above
            command,
            cwd=folder,
            env=self._environ,
            stdin=None if _is_terminal(sys.stdin) else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if seen else subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or b"").decode(errors="replace").strip()
            raise UsageError(
                f"ssh-keygen did not sign with {self._path or self._key.fingerprint}"
                + (f": {said}" if said else ""),
                hint="try `ssh-add`, or name another key with --key FILE",
                code="ssh-keygen",
            )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _program(name: str, environ: Mapping[str, str]) -> str:
    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    if found is None:
        raise UsageError(
            f"{name} was not found in PATH", hint="install OpenSSH 8.2 or later", code="ssh-keygen"
        )
    return str(Path(found).absolute())


def _agent_keys(environ: Mapping[str, str]) -> tuple[str, str]:
    """What the agent lists, and how a person would call what was asked."""
    if "SSH_AUTH_SOCK" not in environ:
        return "", "no ssh-agent (SSH_AUTH_SOCK is not set)"
    program = shutil.which("ssh-add", path=environ.get("PATH", os.defpath))
    if program is None:
        return "", "no ssh-agent (ssh-add is not in PATH)"
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [program, "-L"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_AGENT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", f"{_AGENT}, which did not answer"
    text = done.stdout.decode(errors="replace") if done.returncode == 0 else ""
    return text, f"the {len(text.splitlines())} keys of {_AGENT}"


def _keys_in(text: str) -> Iterable[PublicKey]:
    """The keys of this text that this version can verify; the others are no keys to sign with."""
    for line in text.splitlines():
        try:
            yield parse_public_key(line)
        except UsageError:
            continue


def _read_small(path: Path, limit: int = _LONGEST_PUBLIC_KEY) -> str:
    """The text of a small file; empty where it is absent, unreadable or too long to be one."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError:
        return ""
    return "" if len(raw) > limit else raw.decode(errors="replace")
