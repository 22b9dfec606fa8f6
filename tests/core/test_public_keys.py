"""OpenSSH public keys: every type that counts, in one spelling, sound; and no other."""

import base64
import hashlib
import math

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fakes.key_types import EcdsaSigner, RsaSigner, TokenSigner, mpint, one_of_each
from fakes.signer import FakeSigner, string
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.public_keys import (
    KEY_TYPES,
    EcdsaKey,
    Ed25519Key,
    PublicKey,
    RsaKey,
    material_of,
    parse_public_key,
)
from orgroot.errors import UsageError

ALICE = FakeSigner("alice")
KEY = parse_public_key(ALICE.public_key)
EACH = one_of_each("alice")
BLOBS = {signer.type: signer.blob for signer in EACH}
HEAD = string(b"ssh-ed25519")
POINT = KEY.blob[-32:]
EC = EcdsaSigner("alice")
EC_HEAD = string(b"ecdsa-sha2-nistp256") + string(b"nistp256")
MODULUS = RsaSigner("alice").private.public_key().public_numbers().n
TOKEN = TokenSigner("alice").blob.removesuffix(string(b"ssh:"))


def of(data: bytes, kind: str = "ssh-ed25519") -> str:
    """A public key line around a blob."""
    return f"{kind} {base64.b64encode(data).decode()}"


def rsa(exponent: bytes, modulus: bytes) -> str:
    """An RSA key of these numbers, each as spelled."""
    return of(string(b"ssh-rsa") + exponent + modulus, "ssh-rsa")


def rebuilt(key: PublicKey) -> bytes:
    """The one blob for what a key is made of, written anew."""
    material, application = material_of(key)
    head = string(key.type.encode())
    tail = string(application) if key.hardware else b""
    match material:
        case Ed25519Key(point):
            return head + string(point) + tail
        case EcdsaKey(curve, point):
            name = {256: b"nistp256", 384: b"nistp384", 521: b"nistp521"}[curve.curve.key_size]
            return head + string(name) + string(point) + tail
        case RsaKey(exponent, modulus):
            return head + mpint(exponent) + mpint(modulus)


def refused(text: str, code: str = "key") -> UsageError:
    """The text is no key."""
    with pytest.raises(UsageError) as caught:
        parse_public_key(text)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize("signer", EACH, ids=lambda signer: signer.type)
def test_every_type_is_read(signer: FakeSigner) -> None:
    """A key of each type is itself again, with or without a comment, and hardware is told apart."""
    for line in (signer.public_key, f"{signer.public_key} alice@host with words\n"):
        key = parse_public_key(line)
        assert key.text == signer.public_key
        assert rebuilt(key) == signer.blob
    assert key.hardware is signer.type.startswith("sk-")
    digest = hashlib.sha256(key.blob).digest()
    assert base64.b64decode(key.fingerprint.removeprefix("SHA256:") + "=") == digest


def test_the_types_are_those_of_the_design() -> None:
    """Ed25519, ECDSA on three curves, RSA, and both kinds of security keys: seven, and no more."""
    assert set(KEY_TYPES) == set(BLOBS)
    assert len(KEY_TYPES) == len(EACH) == 7


@pytest.mark.parametrize(
    "kind",
    [
        "ssh-dss",
        "ssh-ed448",
        "ssh-mldsa44-ed25519@openssh.com",
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        *(f"{kind.removesuffix('@openssh.com')}-cert-v01@openssh.com" for kind in KEY_TYPES),
    ],
)
def test_other_key_types_are_named_and_refused(kind: str) -> None:
    """A key that OpenSSH knows and that does not count here is refused by its name."""
    error = refused(f"{kind} AAAA comment", "key-type")
    assert kind in error.message
    assert "ssh-keygen -t ed25519-sk" in (error.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 \u00e9",
        f" {ALICE.public_key}",
        ALICE.public_key.replace(" ", "  "),
        ALICE.public_key.replace(" ", "\t"),
        ALICE.public_key + "\n" + ALICE.public_key,
        ALICE.public_key + "=",
        ALICE.public_key + " comment\x1b[2J",
        "no-pty " + ALICE.public_key,
        "ssh-unknown AAAA",
        of(HEAD),
        of(HEAD + string(POINT[:-1])),
        of(HEAD + string(POINT + b"\0")),
        of(HEAD + string(POINT) + b"\0"),
        of(HEAD + string(POINT) + string(b"")),
        of(string(b"ssh-rsa") + string(POINT)),
        of(HEAD + string((1).to_bytes(32, "little"))),
        of(HEAD + string(bytes(32))),
        of(KEY.blob[:-1]),
    ],
)
def test_a_damaged_key_is_refused(text: str) -> None:
    """A public key is exactly one line, one type, one sound point and nothing behind it."""
    refused(text)


def test_another_spelling_of_the_base64_is_refused() -> None:
    """Bits that base64 leaves over (RFC 4648, section 3.5) are zero: a key has one text."""
    head, last = EC.public_key[:-2], EC.public_key[-2]
    assert EC.public_key.endswith("=")
    other = f"{head}{chr(ord(last) + 1)}="
    assert base64.b64decode(other.partition(" ")[2]) == EC.blob
    assert "usual spelling" in refused(other).message


def hybrid(point: bytes) -> bytes:
    """The third spelling of a point (X9.62, section 4.3.6)."""
    return bytes([6 + point[-1] % 2]) + point[1:]


@pytest.mark.parametrize(
    "blob",
    [
        EC_HEAD + string(EC.point + b"\0"),
        EC_HEAD + string(EC.point[:-1]),
        EC_HEAD + string(EC.point) + b"\0",
        EC_HEAD + string(b""),
        EC_HEAD + string(b"\0"),
        EC_HEAD
        + string(EC.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)),
        EC_HEAD + string(hybrid(EC.point)),
        EC_HEAD + string(b"\x04" + bytes(64)),
        EC_HEAD + string(EC.point[:-1] + bytes([EC.point[-1] ^ 1])),
        EC_HEAD + string(EcdsaSigner("alice", "nistp384").point),
        string(b"ecdsa-sha2-nistp256") + string(b"nistp384") + string(EC.point),
        string(b"ecdsa-sha2-nistp384") + string(b"nistp256") + string(EC.point),
    ],
)
def test_an_ecdsa_key_is_an_uncompressed_point_of_its_own_curve(blob: bytes) -> None:
    """Compressed, hybrid, off the curve, of another curve, too short, too long: no key."""
    refused(of(blob, "ecdsa-sha2-nistp256"))


GOOD_E = mpint(65537)


@pytest.mark.parametrize(
    ("exponent", "modulus", "why"),
    [
        (mpint(1), mpint(MODULUS), "exponent"),
        (mpint(3), mpint(MODULUS), "exponent"),
        (mpint(65536), mpint(MODULUS), "exponent"),
        (mpint(65538), mpint(MODULUS), "exponent"),
        (mpint(2**64 + 1), mpint(MODULUS), "exponent"),
        (string(b""), mpint(MODULUS), "positive"),
        (string(b"\xff\xff"), mpint(MODULUS), "positive"),
        (string(b"\0\x01\0\x01"), mpint(MODULUS), "shortest"),
        (GOOD_E, string(b"\0" + mpint(MODULUS)[4:]), "shortest"),
        (GOOD_E, string(mpint(MODULUS)[5:]), "positive"),
        (GOOD_E, mpint(MODULUS >> 1 | 1), "3071 bits"),
        (GOOD_E, mpint(2**2047 + 1), "2048 bits"),
        (GOOD_E, mpint(2**8192 + 1), "8193 bits"),
        (GOOD_E, mpint(MODULUS - 1), "small factor"),
        (GOOD_E, mpint(3 * 5 * (2**3100 // 15) + 15), "small factor"),
        (GOOD_E, mpint(751 * (2**3100 // 751 | 1)), "small factor"),
        (GOOD_E, mpint(MODULUS) + b"\0", "follow"),
        (GOOD_E, b"", "short"),
    ],
)
def test_a_weak_rsa_key_is_refused(exponent: bytes, modulus: bytes, why: str) -> None:
    """Below 3072 or above 8192 bits, an even or small exponent, a small factor: no key."""
    assert why in refused(rsa(exponent, modulus)).message


def test_rsa_keys_of_every_usual_size_are_read() -> None:
    """3072, 4096 and 8192 bits are accepted, and the largest exponent that OpenSSL verifies."""
    for bits in (3072, 4096, 8192):
        modulus = next(
            n for n in range(2**bits - 1, 0, -2) if math.gcd(n, math.factorial(751)) == 1
        )
        assert parse_public_key(rsa(GOOD_E, mpint(modulus))).type == "ssh-rsa"
        parse_public_key(rsa(mpint(2**64 - 1), mpint(modulus)))


@pytest.mark.parametrize(
    "application",
    [b"", b"ssh", b"https://example.com", b"SSH:", b" ssh:", b"ssh:a b", b"ssh:\n", b"ssh:\xe9"],
)
def test_a_security_key_of_another_application_is_refused(application: bytes) -> None:
    """A token's key that was made for a web site, or with an unreadable name, does not count."""
    for kind in ("ed25519", "ecdsa"):
        signer = TokenSigner("alice", kind, application=application)
        assert "not made for SSH" in refused(signer.public_key).message
    refused(TokenSigner("alice", application=b"ssh:" + b"x" * 252).public_key)


def test_a_security_key_may_name_its_use() -> None:
    """`ssh:` and anything printable behind it is an application of SSH."""
    for application in (b"ssh:", b"ssh:orgroot", b"ssh:" + b"x" * 251):
        parse_public_key(TokenSigner("alice", application=application).public_key)


@pytest.mark.parametrize(
    "blob", [TOKEN, TOKEN + string(b"ssh:") + b"\0", TOKEN + string(b"ssh:")[:-1], TOKEN[:-1]]
)
def test_a_damaged_security_key_is_refused(blob: bytes) -> None:
    """The application belongs to the key, and nothing follows it."""
    refused(of(blob, "sk-ssh-ed25519@openssh.com"))


def test_a_security_key_is_not_a_plain_key_of_the_same_point() -> None:
    """The type stands in the blob too: a token's key without its application is no key."""
    refused(of(TokenSigner("alice").blob))
    refused(of(ALICE.blob, "sk-ssh-ed25519@openssh.com"))
    refused(of(EC.blob, "sk-ecdsa-sha2-nistp256@openssh.com"))


@given(
    kind=st.sampled_from(KEY_TYPES),
    cut=st.tuples(st.integers(0, 600), st.integers(0, 8)),
    junk=st.binary(max_size=8),
)
def test_whatever_is_accepted_has_one_spelling(
    kind: str, cut: tuple[int, int], junk: bytes
) -> None:
    """A damaged blob is refused, or it is another sound key in its only spelling; never a crash."""
    start, length = cut
    blob = BLOBS[kind][:start] + junk + BLOBS[kind][start + length :]
    try:
        key = parse_public_key(of(blob, kind))
    except UsageError:
        return
    assert key.blob == blob == rebuilt(key)


@given(
    text=st.text(max_size=80)
    | st.builds(lambda k, t: f"{k} {t}", st.sampled_from(KEY_TYPES), st.text())
)
def test_no_text_crashes_the_parser(text: str) -> None:
    """Any text is a key or a UsageError."""
    try:
        key = parse_public_key(text)
    except UsageError:
        return
    assert text.rstrip("\r\n").startswith(key.text)


def test_a_key_of_no_known_type_is_not_sound() -> None:
    """A key value that was never parsed is judged by the same rules."""
    for kind, data in (("ssh-dss", string(b"ssh-dss") + string(POINT)), ("ssh-rsa", KEY.blob)):
        with pytest.raises(UsageError):
            material_of(PublicKey(type=kind, blob=data))
