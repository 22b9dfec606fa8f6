"""SSH keys and signatures: one text per signature, one purpose, one key, and no more."""

import base64
import subprocess
from pathlib import Path

import pytest
from fakes.signer import FakeSigner, dearmor, string
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.core.sshsig import verify
from orgroot.errors import IntegrityError, UsageError

BEGIN = "-----BEGIN SSH SIGNATURE-----\n"
END = "-----END SSH SIGNATURE-----\n"
NAMESPACE = "orgroot-request-v1"
MESSAGE = b'{"type": "request"}\n'
ALICE = FakeSigner("alice")
KEY = parse_public_key(ALICE.public_key)
ARMORED = ALICE.sign(NAMESPACE, MESSAGE)
ORDER = 2**252 + 27742317777372353535851937790883648493


def armor(blob: bytes, columns: int = 70) -> str:
    """The armored text of a signature blob."""
    text = base64.b64encode(blob).decode()
    lines = [text[i : i + columns] + "\n" for i in range(0, len(text), columns)]
    return BEGIN + "".join(lines) + END


BLOB = dearmor(ARMORED)
RAW = BLOB[-64:]


def blob(  # noqa: PLR0913 - the fields of the format, each replaced by some test
    *,
    magic: bytes = b"SSHSIG",
    version: int = 1,
    key: bytes = KEY.blob,
    namespace: bytes = NAMESPACE.encode(),
    reserved: bytes = b"",
    hash_name: bytes = b"sha512",
    algorithm: bytes = b"ssh-ed25519",
    raw: bytes = RAW,
    inside: bytes = b"",
    behind: bytes = b"",
) -> str:
    """An armored signature built field by field; by default the good one."""
    signature = string(algorithm) + string(raw) + inside
    fields = (key, namespace, reserved, hash_name, signature)
    return armor(
        magic + version.to_bytes(4, "big") + b"".join(string(field) for field in fields) + behind
    )


def refused(text: str, code: str = "badsig", *, message: bytes = MESSAGE) -> None:
    """The text is no signature of alice's over the message."""
    with pytest.raises(IntegrityError) as caught:
        verify(text, message, namespace=NAMESPACE, key=KEY)
    assert caught.value.code == code


def test_a_good_signature_verifies() -> None:
    """What a person signed for this purpose verifies under their key."""
    verify(ARMORED, MESSAGE, namespace=NAMESPACE, key=KEY)
    assert blob() == ARMORED


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
def test_ssh_keygen_and_we_agree(tmp_path: Path, hash_name: str) -> None:
    """Keys, fingerprints and signatures of the real ssh-keygen are accepted as it writes them."""
    key, statement = tmp_path / "key", tmp_path / "statement"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", key], check=True
    )
    statement.write_bytes(MESSAGE)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key]
    subprocess.run([*command, "-O", f"hashalg={hash_name}", statement], check=True)
    public = parse_public_key(key.with_suffix(".pub").read_text())
    verify(statement.with_suffix(".sig").read_text(), MESSAGE, namespace=NAMESPACE, key=public)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], check=True, capture_output=True)
    assert public.fingerprint in listed.stdout.decode().split()


@given(message=st.binary(max_size=50))
def test_another_text_is_refused(message: bytes) -> None:
    """A signature fits the one text it was made over."""
    if message != MESSAGE:
        refused(ARMORED, message=message)


def test_a_signature_for_another_purpose_is_refused() -> None:
    """The namespace is compared exactly, and an empty one is no purpose."""
    refused(ALICE.sign("orgroot-approval-v1", MESSAGE), "wrong-namespace")
    refused(ALICE.sign(NAMESPACE + "0", MESSAGE), "wrong-namespace")
    refused(ALICE.sign("", MESSAGE), "wrong-namespace")
    with pytest.raises(IntegrityError) as caught:
        verify(ALICE.sign("", MESSAGE), MESSAGE, namespace="", key=KEY)
    assert caught.value.code == "wrong-namespace"


def test_a_signature_by_another_key_is_refused() -> None:
    """The embedded key must be the expected one, whatever it signed."""
    refused(FakeSigner("mallory").sign(NAMESPACE, MESSAGE), "unknown-signer")


def test_a_swapped_key_is_refused() -> None:
    """Alice's key around mallory's signature does not verify."""
    theirs = dearmor(FakeSigner("mallory").sign(NAMESPACE, MESSAGE))
    refused(blob(raw=theirs[-64:]))


@pytest.mark.parametrize(
    "text",
    [
        blob(magic=b"SSHSIH"),
        blob(version=0),
        blob(version=2),
        blob(reserved=b"x"),
        blob(hash_name=b"sha1"),
        blob(hash_name=b""),
        blob(hash_name=b"sha256"),
        blob(algorithm=b"ssh-rsa"),
        blob(algorithm=b"sk-ssh-ed25519@openssh.com"),
        blob(raw=RAW[:-1]),
        blob(raw=RAW + b"\0"),
        blob(raw=b""),
        blob(inside=b"\0"),
        blob(inside=string(b"flags")),
        blob(behind=b"\0"),
        armor(BLOB[:-1]),
        armor(BLOB[:8]),
        armor(b"SSHSIG"),
        armor(b""),
    ],
)
def test_every_field_has_one_value(text: str) -> None:
    """Another magic, version, reserved field, hash, algorithm or length is refused."""
    refused(text)


def test_a_malleable_signature_is_refused() -> None:
    """The same signature with its scalar written above the group order does not verify."""
    scalar = int.from_bytes(RAW[32:], "little") + ORDER
    refused(blob(raw=RAW[:32] + scalar.to_bytes(32, "little")))


@given(at=st.integers(0, len(BLOB) - 1), flip=st.integers(1, 255))
def test_any_flipped_byte_is_refused(at: int, flip: int) -> None:
    """No byte of a signature is free."""
    changed = bytearray(BLOB)
    changed[at] ^= flip
    with pytest.raises(IntegrityError):
        verify(armor(bytes(changed)), MESSAGE, namespace=NAMESPACE, key=KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        BEGIN + END,
        ARMORED.rstrip("\n"),
        ARMORED + "\n",
        ARMORED + ARMORED,
        ARMORED + "trailing",
        "\n" + ARMORED,
        " " + ARMORED,
        "\ufeff" + ARMORED,
        ARMORED.replace("\n", "\r\n"),
        ARMORED.replace("BEGIN", "begin"),
        ARMORED.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        ARMORED.removeprefix(BEGIN),
        ARMORED.removesuffix(END),
        armor(BLOB, columns=76),
        armor(BLOB, columns=10_000),
        ARMORED.replace(END, "\n" + END),
        ARMORED.replace("\nU1NI", "\n U1NI"),
        ARMORED.replace("\nU1NI", "\nU1N*"),
        ARMORED.replace("\nU1NI", "\nU1N\u0130"),
        ARMORED.replace("=\n", "\n"),
        ARMORED.replace("=\n", "==\n"),
    ],
)
def test_armor_has_one_spelling(text: str) -> None:
    """Only the text that ssh-keygen writes is a signature: no other layout of the same bytes."""
    assert text != ARMORED
    refused(text)


def test_unused_bits_of_the_armor_are_zero() -> None:
    """The last character of base64 has bits that mean nothing; they cannot make a second text."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = ARMORED.removesuffix(END).rstrip("\n")
    body = body.rstrip("=")
    assert len(BLOB) % 3
    other = body[:-1] + alphabet[alphabet.index(body[-1]) + 1]
    text = other + ARMORED.removesuffix(END)[len(body) :] + END
    assert dearmor(text) == BLOB
    refused(text)


def test_a_key_is_checked_again_where_it_decides() -> None:
    """A key value that was never parsed cannot verify a signature that anyone could make."""
    neutral = (1).to_bytes(32, "little")
    for kind, data in (
        ("ssh-ed25519", string(b"ssh-ed25519") + string(neutral)),
        ("ssh-rsa", KEY.blob),
    ):
        key = PublicKey(type=kind, blob=data)
        with pytest.raises(UsageError):
            verify(blob(key=data, raw=neutral + bytes(32)), b"", namespace=NAMESPACE, key=key)
