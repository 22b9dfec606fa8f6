"""Signatures of every key type: one text, the right algorithm, a touch where there is a token."""

import subprocess
from pathlib import Path

import pytest
from fakes.key_types import PIN, TOUCHED, EcdsaSigner, RsaSigner, TokenSigner, mpint, one_of_each
from fakes.signer import FakeSigner, armor, dearmor, sshsig, string
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.public_keys import parse_public_key
from orgroot.core.sshsig import Verified, verify
from orgroot.errors import IntegrityError

NAMESPACE = "orgroot-approval-v1"
MESSAGE = b'{"type": "approval"}\n'
EACH = one_of_each("alice")
ARMORED = {signer.type: signer.sign(NAMESPACE, MESSAGE) for signer in EACH}
KEYS = {signer.type: parse_public_key(signer.public_key) for signer in EACH}
P256 = EcdsaSigner("alice")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def check(signer: FakeSigner, armored: str) -> Verified:
    """Verify what a signer is said to have signed."""
    key = parse_public_key(signer.public_key)
    return verify(armored, MESSAGE, namespace=NAMESPACE, key=key)


def refused(signer: FakeSigner, armored: str, code: str = "badsig") -> None:
    """The text is no signature of this signer."""
    with pytest.raises(IntegrityError) as caught:
        check(signer, armored)
    assert caught.value.code == code


def around(signer: FakeSigner, inner: bytes) -> str:
    """An SSHSIG of the signer with this innermost signature."""
    return sshsig(signer.blob, NAMESPACE, MESSAGE, lambda _: inner)


def inner_of(signer: FakeSigner) -> bytes:
    """A good innermost signature."""
    made: list[bytes] = []

    def keep(signed: bytes) -> bytes:
        made.append(signer.signature(signed))
        return made[-1]

    sshsig(signer.blob, NAMESPACE, MESSAGE, keep)
    return made[0]


@pytest.mark.parametrize("signer", EACH, ids=lambda signer: signer.type)
def test_every_type_verifies_and_says_what_made_it(signer: FakeSigner) -> None:
    """A good signature says its key type; only a security key is hardware; no PIN was checked."""
    hardware = signer.type.startswith("sk-")
    expected = Verified(key_type=signer.type, hardware=hardware, user_verified=False)
    assert check(signer, signer.sign(NAMESPACE, MESSAGE)) == expected


@given(
    kind=st.sampled_from(sorted(ARMORED)),
    cut=st.tuples(st.integers(0, 1200), st.integers(0, 8)),
    junk=st.binary(max_size=8),
)
def test_no_damage_makes_another_signature(kind: str, cut: tuple[int, int], junk: bytes) -> None:
    """Bytes put in, taken out or replaced: refused, unless the very same bytes come out."""
    start, length = cut
    blob = dearmor(ARMORED[kind])
    changed = blob[:start] + junk + blob[start + length :]
    if changed == blob:
        return
    with pytest.raises(IntegrityError):
        verify(armor(changed), MESSAGE, namespace=NAMESPACE, key=KEYS[kind])


@given(st.lists(st.binary(max_size=40), max_size=7), st.text(max_size=60))
def test_nothing_crashes_the_parser(parts: list[bytes], text: str) -> None:
    """Well framed nonsense and plain nonsense are bad signatures."""
    framed = armor(b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(string(part) for part in parts))
    for armored in (framed, text):
        with pytest.raises(IntegrityError):
            verify(armored, MESSAGE, namespace=NAMESPACE, key=KEYS["ssh-ed25519"])


@given(inner=st.binary(max_size=120), kind=st.sampled_from(sorted(ARMORED)))
def test_nothing_inside_crashes_the_parser(inner: bytes, kind: str) -> None:
    """Nonsense where the signature of a key should be is a bad signature."""
    signer = next(signer for signer in EACH if signer.type == kind)
    refused(signer, around(signer, inner))
    refused(signer, around(signer, string(kind.encode()) + string(inner)))


@pytest.mark.parametrize("signer", EACH, ids=lambda signer: signer.type)
def test_the_inside_of_a_signature_has_one_spelling(signer: FakeSigner) -> None:
    """Another algorithm's name, bytes behind, bytes missing: refused for every type."""
    inner = inner_of(signer)
    check(signer, around(signer, inner))
    refused(signer, around(signer, inner + b"\0"))
    refused(signer, around(signer, inner[:-1]))
    end = 4 + int.from_bytes(inner[:4], "big")
    others = {s.type for s in EACH} | {"rsa-sha2-256", "ssh-rsa", "ssh-dss", "", "\xff"}
    others |= {"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"}
    for other in others - {inner[4:end].decode()}:
        refused(signer, around(signer, string(other.encode("latin-1")) + inner[end:]))


# --- RSA -----------------------------------------------------------------------------------------


def test_rsa_signs_with_sha2_only() -> None:
    """`rsa-sha2-256` and `-512` verify; SHA-1 (`ssh-rsa`) does not, though it fits."""
    for algorithm in ("rsa-sha2-256", "rsa-sha2-512"):
        signer = RsaSigner("alice", algorithm=algorithm)
        assert check(signer, signer.sign(NAMESPACE, MESSAGE)).key_type == "ssh-rsa"
    weak = RsaSigner("alice", algorithm="ssh-rsa")
    refused(weak, weak.sign(NAMESPACE, MESSAGE))


def test_an_rsa_signature_has_one_length_and_one_value() -> None:
    """A leading zero, a missing one, and the same residue above the modulus are refused."""
    signer = RsaSigner("alice")
    head = string(b"rsa-sha2-512")
    raw = inner_of(signer)[len(head) + 4 :]
    modulus = signer.private.public_key().public_numbers().n
    check(signer, around(signer, head + string(raw)))
    more = int.from_bytes(raw, "big") + modulus
    for other in (b"\0" + raw, raw[1:], b"", more.to_bytes(len(raw) + 1, "big")):
        refused(signer, around(signer, head + string(other)))
    if more < 2 ** (8 * len(raw)):
        refused(signer, around(signer, head + string(more.to_bytes(len(raw), "big"))))
    refused(signer, around(signer, head + string(bytes(len(raw)))))
    refused(signer, around(signer, head + string(b"\xff" * len(raw))))


# --- ECDSA ---------------------------------------------------------------------------------------


def ecdsa(numbers: bytes) -> str:
    """Alice's P-256 signature of these numbers, as spelled."""
    return around(P256, string(P256.type.encode()) + string(numbers))


def numbers_of() -> tuple[int, int]:
    """The two numbers of a good signature of alice's."""
    inner = inner_of(P256)
    raw = inner[4 + len(P256.type) + 4 :]
    size = int.from_bytes(raw[:4], "big")
    return int.from_bytes(raw[4 : 4 + size], "big"), int.from_bytes(raw[8 + size :], "big")


def test_the_numbers_of_an_ecdsa_signature_have_one_spelling() -> None:
    """Longer spellings, numbers outside the order, zero and negative ones are refused."""
    r, s = numbers_of()
    check(P256, ecdsa(mpint(r) + mpint(s)))
    for bad_r in (
        string(b"\0" + mpint(r)[4:]),
        mpint(r + P256_ORDER),
        string(b""),
        string(b"\0"),
        string((-r).to_bytes(33, "big", signed=True)),
        mpint(P256_ORDER),
    ):
        refused(P256, ecdsa(bad_r + mpint(s)))
    for bad_s in (mpint(s + P256_ORDER), string(b""), mpint(P256_ORDER), string(b"\0" * 33)):
        refused(P256, ecdsa(mpint(r) + bad_s))
    refused(P256, ecdsa(mpint(r) + mpint(s) + b"\0"))
    refused(P256, ecdsa(mpint(r)))
    refused(P256, ecdsa(mpint(s) + mpint(r)))


def test_the_other_half_of_ecdsa_is_no_bit_flip() -> None:
    """(r, n - s) verifies as in every ECDSA: a second text, so the fold counts statements once."""
    r, s = numbers_of()
    check(P256, ecdsa(mpint(r) + mpint(P256_ORDER - s)))


# --- security keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_security_key_must_have_been_touched(kind: str) -> None:
    """Without user presence a good signature does not count, PIN or not."""
    for flags in (0, PIN, 0x08, 0xFE):
        signer = TokenSigner("alice", kind, flags=flags)  # type: ignore[arg-type]
        refused(signer, signer.sign(NAMESPACE, MESSAGE), "flags")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_checked_pin_is_reported(kind: str) -> None:
    """The PIN flag says that the token had verified its user."""
    signer = TokenSigner("alice", kind, flags=TOUCHED | PIN)  # type: ignore[arg-type]
    verified = check(signer, signer.sign(NAMESPACE, MESSAGE))
    assert verified.user_verified
    assert verified.hardware


def test_a_key_that_may_be_copied_is_no_hardware() -> None:
    """A passkey that says it can be copied to other devices signs, and is not called hardware."""
    signer = TokenSigner("alice", flags=TOUCHED | PIN | 0x08)
    assert not check(signer, signer.sign(NAMESPACE, MESSAGE)).hardware


@pytest.mark.parametrize("flag", [0x40, 0x80])
def test_flags_that_announce_more_data_are_refused(flag: int) -> None:
    """Attested data and extensions have no place in an SSH signature: nor have their flags."""
    signer = TokenSigner("alice", flags=TOUCHED | flag)
    refused(signer, signer.sign(NAMESPACE, MESSAGE), "flags")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_what_the_token_says_is_signed(kind: str) -> None:
    """Flags and counter cannot be changed after signing, nor taken from another signature."""
    signer = TokenSigner("alice", kind)  # type: ignore[arg-type]
    inner = inner_of(signer)
    for event in (b"\x05\x12\x34\x56\x78", b"\x01\x12\x34\x56\x79", b"\x00\x12\x34\x56\x78"):
        refused(signer, around(signer, inner[:-5] + event))
    check(signer, around(signer, inner))


def test_a_token_signs_for_its_application() -> None:
    """A signature for another application does not fit this key."""
    here, there = TokenSigner("alice"), TokenSigner("alice", application=b"ssh:other")
    inner = inner_of(there)
    check(there, around(there, inner))
    refused(here, around(here, inner))


def test_a_plain_signature_is_none_of_the_token() -> None:
    """The bare Ed25519 signature of the same key does not stand for one with a touch."""
    signer = TokenSigner("alice")
    raw = signer._ed25519.sign(b"x")
    refused(signer, around(signer, string(b"ssh-ed25519") + string(raw)))
    refused(signer, around(signer, string(signer.type.encode()) + string(raw)))


# --- the real thing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "bits"),
    [("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "3072")],
)
def test_ssh_keygen_and_we_agree(tmp_path: Path, kind: str, bits: str) -> None:
    """Keys, fingerprints and signatures of the real ssh-keygen are accepted as it writes them."""
    key, statement = tmp_path / "key", tmp_path / "statement"
    command = ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", key]
    subprocess.run(command, check=True)
    statement.write_bytes(MESSAGE)
    public = parse_public_key(key.with_suffix(".pub").read_text())
    for hash_name in ("sha256", "sha512"):
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key]
        subprocess.run([*command, "-O", f"hashalg={hash_name}", statement], check=True)
        armored = statement.with_suffix(".sig")
        made = verify(armored.read_text(), MESSAGE, namespace=NAMESPACE, key=public)
        assert made == Verified(key_type=public.type, hardware=False, user_verified=False)
        armored.unlink()
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], check=True, capture_output=True)
    assert public.fingerprint in listed.stdout.decode().split()
