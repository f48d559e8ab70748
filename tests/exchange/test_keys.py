"""Keys: what is refused before it is trusted, and what comes back from a key file."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import keys
from tansiq.exchange.keys import KeySet, Opener, Reader, Signer, Verifier
from tansiq.ground.errors import Malformed, Untrusted
from tests.exchange import sealed

P = 2**255 - 19
Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022

WEAK = {
    "the neutral point": 1,
    "order 2": P - 1,
    "order 4": 0,
    "order 4, other sign": 1 << 255,
    "order 8": Y8,
    "order 8, other sign": Y8 | 1 << 255,
    "order 8, negative": P - Y8,
    "order 8, negative, other sign": P - Y8 | 1 << 255,
    "the neutral point with a sign": 1 | 1 << 255,
    "the neutral point, not canonical": P + 1,
    "zero, not canonical": P,
    "not canonical": 2**255 - 1,
    "no point of the curve": 2,
}


@pytest.mark.parametrize("story", WEAK)
def test_story_17_a_weak_signing_key_is_refused(story: str) -> None:
    with pytest.raises(Untrusted):
        Verifier(WEAK[story].to_bytes(32, "little"))


def test_the_point_of_order_eight_is_one() -> None:
    d = -121665 * pow(121666, -1, P) % P
    assert (d * pow(Y8, 4, P) + 2 * Y8 * Y8 - 1) % P == 0  # doubling it gives y = 0, a point of order 4


def test_a_weak_key_would_verify_everything() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    weak = bytes([1]) + bytes(31)
    for text in (b"yes", b"no"):
        Ed25519PublicKey.from_public_bytes(weak).verify(weak + bytes(32), text)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_key_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Untrusted):
        assert Verifier(raw).raw == raw


@given(st.binary(min_size=32, max_size=32))
def test_every_real_key_is_accepted(seed: bytes) -> None:
    signer = Signer(seed)
    signer.verifier.verify(signer.sign(b"text"), b"text")
    assert signer.seed() == seed


def test_a_signature_holds_over_its_text_and_key_alone() -> None:
    signature = sealed.MA.signer.sign(b"text")
    for verifier, data, signed in (
        (sealed.MA.signer.verifier, b"other", signature),
        (sealed.ES.signer.verifier, b"text", signature),
        (sealed.MA.signer.verifier, b"text", signature[:-1]),
        (sealed.MA.signer.verifier, b"text", b""),
    ):
        with pytest.raises(Untrusted):
            verifier.verify(signed, data)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(1215),
        b"\xff" * 1216,
        sealed.MA.opener.reader.raw[:1184] + bytes(32),
        sealed.MA.opener.reader.raw[:1184] + bytes([1]) + bytes(31),
    ],
    ids=["nothing", "short", "out of range", "X25519 of small order", "X25519 of order one"],
)
def test_an_opening_key_that_cannot_be_sealed_to_is_refused(raw: bytes) -> None:
    with pytest.raises(Untrusted):
        Reader(raw)


def test_a_wrap_opens_with_its_key_and_info_alone() -> None:
    box = sealed.MA.opener.reader.seal(b"secret", b"info")

    assert sealed.MA.opener.open(box, b"info") == b"secret"
    for opener, sealed_box, info in (
        (sealed.ES.opener, box, b"info"),
        (sealed.MA.opener, box, b"other"),
        (sealed.MA.opener, box[:-1], b"info"),
        (sealed.MA.opener, b"", b"info"),
        (sealed.MA.opener, bytes(len(box)), b"info"),
    ):
        with pytest.raises(Untrusted):
            opener.open(sealed_box, info)


def test_a_key_set_comes_back_from_its_file() -> None:
    again = KeySet.load(sealed.MA.dump())

    assert again.dump() == sealed.MA.dump()
    assert again.opener.open(sealed.MA.opener.reader.seal(b"secret", b""), b"") == b"secret"
    assert (again.signer.kid, again.log.kid, again.opener.kid) == (
        sealed.MA.signer.kid,
        sealed.MA.log.kid,
        sealed.MA.opener.kid,
    )
    assert KeySet.generate().signer.kid != KeySet.generate().signer.kid


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        sealed.MA.dump()[:-2],
        sealed.MA.dump().replace(b'"v":1', b'"v":2'),
        sealed.MA.dump().replace(b'"sign":"', b'"sign":"AAAA'),
        sealed.MA.dump().replace(b'"open":"', b'"open":"AAAA'),
    ],
)
def test_a_key_file_of_another_kind_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        KeySet.load(raw)


def test_letters_and_tree_heads_have_two_keys() -> None:
    with pytest.raises(Malformed, match="Make two"):
        KeySet(signer=sealed.MA.signer, log=sealed.MA.signer, opener=sealed.MA.opener)
    with pytest.raises(ValueError, match="160"):
        KeySet.generate(b"short")
    with pytest.raises(Malformed):
        Opener(bytes(95))
    assert len(keys.storage_key()) == 32
