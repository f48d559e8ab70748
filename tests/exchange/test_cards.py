"""Partner cards, and the tokens that all signed statements travel in."""

import base64
import itertools
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as jose
from joserfc.jwk import OKPKey
from msgspec.structs import replace

from tansiq.exchange import canon, cards, jws
from tansiq.exchange.cards import PartnerCard, Succession
from tansiq.exchange.keys import KeySet, Signer
from tansiq.ground.errors import Fault, Malformed, Untrusted
from tests.exchange.sealed import ES, MA, MALLORY, NOW


def card(keys: KeySet = MA, number: int = 1, node: str = "ma", replaces: Signer | None = None) -> str:
    """A card's token."""
    return cards.make_card(
        node=node,
        agencies=(f"{node}.marine", f"{node}.gendarmerie"),
        number=number,
        url="https://tansiq.example:8443/exchange",
        keys=keys,
        issued=NOW,
        expires=NOW + timedelta(days=365),
        replaces=replaces,
    )


MINE = cards.read_card(card())


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(changed: PartnerCard, keys: KeySet = MA) -> str:
    """A card signed as it stands, whatever it says."""
    header = b'{"alg":"Ed25519","kid":"%s"}' % keys.signer.kid.hex().encode()
    text = f"{b64(header)}.{b64(canon.encode(changed))}"
    return f"{text}.{b64(keys.signer.sign(text.encode()))}"


def with_header(header: bytes, keys: KeySet = MA) -> str:
    """The card under another header, rightly signed."""
    text = f"{b64(header)}.{card().split('.')[1]}"
    return f"{text}.{b64(keys.signer.sign(text.encode()))}"


KID = MA.signer.kid.hex()


def test_a_card_shows_the_keys_of_its_node() -> None:
    assert MINE.agencies == ("ma.gendarmerie", "ma.marine")
    assert MINE.verifier.kid == MA.signer.kid
    assert MINE.log_verifier.kid == MA.log.kid
    assert MINE.reader.kid == MA.opener.kid
    assert cards.in_date(MINE, NOW)
    assert not cards.in_date(MINE, NOW - timedelta(seconds=1))
    assert not cards.in_date(MINE, NOW + timedelta(days=365))


FORGED = {
    "the log key of another": signed(replace(MINE, log_key=jws.encode_key(ES.log.verifier.raw))),
    "the opening key of another": signed(replace(MINE, open_key=jws.encode_key(ES.opener.reader.raw))),
    "another number than was proved": signed(replace(MINE, number=2)),
    "another node than was proved": signed(replace(MINE, node="es", agencies=("es.marine",))),
    "one key for letters and tree heads": signed(replace(MINE, log_key=MINE.sign_key)),
    "an agency of another node": signed(replace(MINE, agencies=("es.salvamento", "ma.marine"))),
    "agencies not sorted": signed(replace(MINE, agencies=MINE.agencies[::-1])),
    "expired before it was issued": signed(replace(MINE, expires=MINE.issued)),
    "signed by another": signed(MINE, MALLORY),
    "story 17: a key of small order": signed(replace(MINE, sign_key=b64(bytes([1]) + bytes(31)))),
    "an opening key of small order": signed(replace(MINE, open_key=b64(MA.opener.reader.raw[:1184] + bytes(32)))),
    "an address that is none": signed(replace(MINE, url="file:///etc/passwd")),
    "an address with a password": signed(replace(MINE, url="https://a@b/")),
    "no suite": signed(replace(MINE, suites=())),
    "story 17: header with jku": with_header(b'{"alg":"Ed25519","jku":"http://10.0.0.1/k","kid":"%s"}' % KID.encode()),
    "story 17: header with jwk": with_header(b'{"alg":"Ed25519","jwk":{},"kid":"%s"}' % KID.encode()),
    "header EdDSA": with_header(b'{"alg":"EdDSA","kid":"%s"}' % KID.encode()),
    "header none": with_header(b'{"alg":"none","kid":"%s"}' % KID.encode()),
    "header with alg twice": with_header(b'{"alg":"none","alg":"Ed25519","kid":"%s"}' % KID.encode()),
    "header without kid": with_header(b'{"alg":"Ed25519"}'),
    "header with a space": with_header(b'{"alg": "Ed25519","kid":"%s"}' % KID.encode()),
    "no signature": card().rpartition(".")[0] + ".",
    "padding in base64": card() + "=",
    "a fourth part": card() + ".x",
    "nothing": "",
    "not ASCII": card() + "é",
    "too long": "x" * 300_000,
}


@pytest.mark.parametrize("story", FORGED)
def test_a_forged_card_is_refused(story: str) -> None:
    with pytest.raises((Malformed, Untrusted)):
        cards.read_card(FORGED[story])


@given(st.text(max_size=60) | st.lists(st.binary(max_size=30), max_size=4).map(lambda parts: ".".join(map(b64, parts))))
def test_any_text_is_a_card_or_refused(token: str) -> None:
    with pytest.raises((Malformed, Untrusted)):
        cards.read_card(token)


def test_an_older_card_is_refused() -> None:
    older, newer = MINE, cards.read_card(card(number=2))

    assert cards.succeed(older, newer) is Succession.CONTINUES
    assert cards.succeed(older, older) is Succession.SAME
    with pytest.raises(Untrusted, match="Card 1 came where 2"):
        cards.succeed(newer, older)


def test_two_cards_of_one_number_are_refused() -> None:
    other = cards.read_card(card(MALLORY, number=1))
    with pytest.raises(Untrusted):
        cards.succeed(MINE, other)


def test_a_new_key_is_endorsed_by_the_old_one_or_confirmed_by_people() -> None:
    assert cards.succeed(MINE, cards.read_card(card(ES, number=2))) is Succession.CONFIRM
    assert cards.succeed(MINE, cards.read_card(card(ES, number=2, replaces=MA.signer))) is Succession.CONTINUES
    with pytest.raises(Untrusted):
        cards.succeed(MINE, cards.read_card(card(ES, number=2, replaces=MALLORY.signer)))
    with pytest.raises(Untrusted, match="another node"):
        cards.succeed(MINE, cards.read_card(card(ES, number=2, node="es")))


def test_fingerprint_words_stay_while_the_keys_do() -> None:
    words = cards.fingerprint(MINE)

    assert words == cards.fingerprint(cards.read_card(card(number=7)))
    assert words != cards.fingerprint(cards.read_card(card(MALLORY)))
    assert words != cards.fingerprint(cards.read_card(card(node="es")))
    assert len(words.split("-")) == 8
    assert set(words.split("-")) <= set(cards.words())


def test_the_words_are_told_apart_by_voice() -> None:
    words = cards.words()

    assert len(set(words)) == len(words) == 256
    assert len({word[:4] for word in words}) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 8 for word in words)
    assert not any(
        sum(a != b for a, b in zip(one, other, strict=True)) < 2
        for one, other in itertools.combinations(words, 2)
        if len(one) == len(other)
    )


def test_any_jose_library_reads_our_tokens() -> None:
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": b64(MA.signer.verifier.raw)})
    read = jose.deserialize_compact(card(), key, algorithms=["Ed25519"])

    assert read.headers() == {"alg": "Ed25519", "kid": KID}
    assert json.loads(read.payload)["node"] == "ma"


def test_we_read_what_a_jose_library_signs_in_our_form() -> None:
    seed = {"kty": "OKP", "crv": "Ed25519", "x": b64(MA.signer.verifier.raw), "d": b64(MA.signer.seed())}
    payload = base64.urlsafe_b64decode(card().split(".")[1] + "===")
    header = {"alg": "Ed25519", "kid": KID}
    token = jose.serialize_compact(header, payload, OKPKey.import_key(seed), algorithms=["Ed25519"])

    assert cards.read_card(token) == MINE


def test_a_token_names_itself_by_its_digest() -> None:
    assert jws.digest(card()) == jws.digest(card()) != jws.digest(card(number=2))
    with pytest.raises(Fault):
        jws.decode_key("é")
