"""Ed25519 verification accepts what the holder of a key signed, and no other bytes."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.ed25519 import fits, is_sound

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes_raw()

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    """The sum of two points of edwards25519 (RFC 8032, section 5.1.4, in affine form)."""
    product = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P
    return x, y


def times(scalar: int, point: Point) -> Point:
    """A multiple of a point."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decompress(y: int) -> Point | None:
    """The point with this y and an even x, if there is one."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    square = u * pow(v, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (min(x, P - x), y) if x * x % P == square else None


def small_order_points() -> set[Point]:
    """All points whose order divides 8: multiples by the prime order of arbitrary points."""
    found: set[Point] = set()
    for y in range(2, 60):
        point = decompress(y)
        if point is not None:
            torsion = times(ORDER, point)
            found |= {times(n, torsion) for n in range(8)}
    return found


def test_the_first_vector_of_the_standard_verifies() -> None:
    """RFC 8032 section 7.1, test 1: the empty message."""
    assert PUBLIC.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert fits(PUBLIC, signature, b"")
    assert not fits(PUBLIC, signature, b"\0")


@given(message=st.binary(max_size=100), bit=st.integers(0, 511))
def test_a_flipped_bit_never_fits(message: bytes, bit: int) -> None:
    """A signature with any single bit changed is refused."""
    signature = KEY.sign(message)
    changed = (int.from_bytes(signature, "little") ^ (1 << bit)).to_bytes(64, "little")
    assert fits(PUBLIC, signature, message)
    assert not fits(PUBLIC, changed, message)


@pytest.mark.parametrize("multiple", range(1, 16))
def test_a_malleable_scalar_is_refused(multiple: int) -> None:
    """S plus a multiple of the group order would be a second signature for the same text."""
    signature = KEY.sign(b"text")
    scalar = int.from_bytes(signature[32:], "little") + multiple * ORDER
    assert not fits(PUBLIC, signature[:32] + scalar.to_bytes(32, "little"), b"text")


def test_no_key_of_small_order_is_sound() -> None:
    """Every one of the eight points, in either sign and in both spellings of y, is refused."""
    points = small_order_points()
    assert len(points) == 8
    for _, y in points:
        for spelling in (y, y + P):
            if spelling < 2**255:
                for sign in (0, 1):
                    assert not is_sound((spelling | sign << 255).to_bytes(32, "little"))


def test_a_key_for_which_anyone_could_sign_fits_nothing() -> None:
    """With the neutral point as key, R = S·B fits every message; we refuse the key first."""
    neutral = (1).to_bytes(32, "little")
    signature = neutral + bytes(32)
    assert not fits(neutral, signature, b"anything")


@pytest.mark.parametrize("y", range(P, 2**255))
def test_a_second_spelling_of_a_key_is_not_sound(y: int) -> None:
    """A y at or above the field prime has another spelling below it."""
    assert not is_sound(y.to_bytes(32, "little"))


@pytest.mark.parametrize(
    ("key", "signature"),
    [(PUBLIC[:-1], 64), (PUBLIC + b"\0", 64), (b"", 64), (PUBLIC, 63), (PUBLIC, 65), (PUBLIC, 0)],
)
def test_other_lengths_fit_nothing(key: bytes, signature: int) -> None:
    """A key has 32 bytes and a signature 64."""
    assert not fits(key, KEY.sign(b"").ljust(65, b"\0")[:signature], b"")


def test_bytes_that_are_no_point_fit_nothing() -> None:
    """A y without an x is no key, and saying so raises nothing."""
    assert decompress(2) is None
    assert not fits((2).to_bytes(32, "little"), KEY.sign(b""), b"")
