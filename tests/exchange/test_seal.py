"""The envelope, as stories of attack: what must hold, and what every node must survive."""

import contextlib
from collections.abc import Callable
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import canon, content, forward, seal
from tansiq.exchange import envelope as envelope_wire
from tansiq.exchange.canon import lp
from tansiq.exchange.content import ContentKeys
from tansiq.exchange.keys import KeySet
from tansiq.exchange.label import Label, attachment_of
from tansiq.exchange.seal import Approval, Envelope, Role
from tansiq.ground.errors import Malformed, Untrusted
from tests.exchange import sealed
from tests.exchange.sealed import DE, DESK, ES, LETTER, MA, MALLORY, READERS

ONE = sealed.sealed(attachments=(b"photo" * 30_000, b""))
OTHER = sealed.sealed(b"another letter")
FIELDS = ("route_raw", "label_box", "letter_box", "commitment", "wraps", "blobs", "approvals", "signer", "signature")


def parts(envelope: Envelope) -> list[bytes]:
    """The ten fields of an envelope on the wire."""
    return list(canon.frames(envelope.raw[4:], most=10))


def rebuilt(envelope: Envelope, **changed: bytes) -> Envelope:
    """The envelope with fields changed on the wire, its signature as it was."""
    fields = parts(envelope)
    for name, value in changed.items():
        fields[FIELDS.index(name)] = value
    return seal.parse(b"TSQ1" + lp(*fields))


def signed_by(envelope: Envelope, keys: KeySet) -> Envelope:
    """The envelope signed anew by someone else."""
    claimed = rebuilt(envelope, signer=keys.signer.kid)
    return rebuilt(claimed, signature=keys.signer.sign(claimed.manifest))


def opened(envelope: Envelope, reader: KeySet = ES, sender: KeySet = MA) -> tuple[Label, bytes]:
    """All that a recipient does."""
    seal.verify(envelope, sender.signer.verifier)
    keys = seal.unwrap(envelope, reader.opener)
    label, letter = seal.open_both(envelope, keys)
    assert (label, letter) == (seal.open_label(envelope, keys), seal.open_letter(envelope, keys))
    return label, letter


def test_a_recipient_reads_label_letter_and_attachments() -> None:
    label, letter = opened(ONE.envelope)
    keys = seal.unwrap(ONE.envelope, ES.opener)

    assert letter == LETTER
    assert label == sealed.label(attachments=(attachment_of(b"photo" * 30_000), attachment_of(b"")))
    assert seal.open_attachment(ONE.envelope, keys, 0, ONE.attachments[0]) == b"photo" * 30_000
    assert seal.open_attachment(ONE.envelope, keys, 1, ONE.attachments[1]) == b""
    assert seal.parse(ONE.envelope.raw) == ONE.envelope
    assert ONE.envelope.identity == canon.digest(ONE.envelope.manifest)
    assert ONE.envelope.replay_key == ("ma.marine", sealed.route().id)
    assert ONE.keys == keys


def test_a_desk_reads_the_label_alone() -> None:
    keys = seal.unwrap(ONE.envelope, DESK.opener)

    assert seal.open_label(ONE.envelope, keys).kind == "alert"
    with pytest.raises(Untrusted, match="label alone"):
        seal.open_letter(ONE.envelope, keys)
    with pytest.raises(Untrusted, match="label alone"):
        seal.open_attachment(ONE.envelope, keys, 0, ONE.attachments[0])
    with pytest.raises(Untrusted):
        forward.forward(ONE.envelope, keys, readers=READERS, release=bytes(32), signer=DESK.signer)


def test_a_carrier_sees_the_route_alone() -> None:
    for secret in (b"alert", b"boat", b"node", LETTER):
        assert secret not in ONE.envelope.raw
    assert b"ma.marine" in ONE.envelope.raw


def test_what_is_sealed_is_what_is_parsed() -> None:
    for sent in (ONE, OTHER, *BUNDLE):
        assert seal.parse(sent.envelope.raw) == sent.envelope


def test_a_key_for_one_use_is_hkdf_expand() -> None:
    for use in (b"label", b"commit", b"attachment\x00\x00\x00\x01"):
        library = HKDFExpand(hashes.SHA256(), 32, b"tansiq/1/" + use).derive(b"k" * 32)
        assert content.derive(b"k" * 32, use) == library


def test_every_envelope_has_keys_of_its_own() -> None:
    again = sealed.sealed()
    assert again.keys != sealed.sealed().keys
    assert again.envelope.identity != sealed.sealed().envelope.identity


def test_the_keys_are_not_printed() -> None:
    assert ONE.keys.label.hex() not in repr(ONE.keys)
    assert "label and letter" in repr(ONE)


def desk_as_recipient() -> None:
    """Story 5: a desk relabels its wrap to open the letter."""
    desk = next(wrap for wrap in ONE.envelope.wraps if wrap.role is Role.LABEL)
    recipient = next(wrap for wrap in ONE.envelope.wraps if wrap.role is Role.ALL)
    forged = replace(recipient, kid=desk.kid)
    seal.unwrap(signed_by(rebuilt(ONE.envelope, wraps=lp(envelope_wire.write_wrap(forged))), MALLORY), DESK.opener)


def desk_guesses_the_letter_key() -> None:
    keys = seal.unwrap(ONE.envelope, DESK.opener)
    seal.open_letter(ONE.envelope, ContentKeys(keys.label, bytes(32)))


def other_route() -> Envelope:
    """Story 3: the same boxes under another agreement."""
    return rebuilt(ONE.envelope, route_raw=ONE.envelope.route_raw.replace(b"a" * 64, b"b" * 64))


ATTACKS: dict[str, Callable[[], object]] = {
    "2: signed anew by another, who claims it": lambda: opened(signed_by(ONE.envelope, MALLORY), sender=MALLORY),
    "2: signature taken from another envelope": lambda: opened(
        rebuilt(ONE.envelope, signature=OTHER.envelope.signature)
    ),
    "3: moved under another agreement": lambda: opened(other_route()),
    "3: moved under another agreement and signed anew": lambda: opened(
        signed_by(other_route(), MALLORY), sender=MALLORY
    ),
    "3: moved under another agreement by the sender": lambda: opened(signed_by(other_route(), MA)),
    "4: the letter of another envelope": lambda: opened(rebuilt(ONE.envelope, letter_box=OTHER.envelope.letter_box)),
    "4: the letter of another envelope, signed by the sender": lambda: opened(
        signed_by(rebuilt(ONE.envelope, letter_box=OTHER.envelope.letter_box), MA)
    ),
    "4: the label of another envelope": lambda: opened(rebuilt(ONE.envelope, label_box=OTHER.envelope.label_box)),
    "4: the label of another envelope, signed by the sender": lambda: opened(
        signed_by(rebuilt(ONE.envelope, label_box=OTHER.envelope.label_box), MA)
    ),
    "4: the wraps of another envelope": lambda: opened(rebuilt(ONE.envelope, wraps=parts(OTHER.envelope)[4])),
    "4: wraps and commitment of another envelope, signed by the sender": lambda: opened(
        signed_by(rebuilt(ONE.envelope, wraps=parts(OTHER.envelope)[4], commitment=OTHER.envelope.commitment), MA)
    ),
    "5: a desk's wrap opening the letter": desk_as_recipient,
    "5: a desk guesses the letter's key": desk_guesses_the_letter_key,
    "another commitment": lambda: opened(signed_by(rebuilt(ONE.envelope, commitment=bytes(64)), MA)),
    "attachments taken away": lambda: opened(rebuilt(ONE.envelope, blobs=b"")),
    "attachments taken away by the sender": lambda: opened(signed_by(rebuilt(ONE.envelope, blobs=b""), MA)),
    "a stranger opens": lambda: opened(ONE.envelope, reader=MALLORY),
    "checked with another's key": lambda: opened(ONE.envelope, sender=MALLORY),
}


@pytest.mark.parametrize("story", ATTACKS)
def test_an_attack_is_refused(story: str) -> None:
    with pytest.raises(Untrusted):
        ATTACKS[story]()


def two_texts_under_two_keys(first: bytes, second: bytes) -> tuple[bytes, bytes, bytes]:
    """Two AES-256-GCM keys and one ciphertext that opens under both (Dodis et al., CRYPTO 2018): the Salamander."""
    one, two, polynomial = canon.digest(first), canon.digest(second), 0xE1 << 120

    def times(a: int, b: int) -> int:
        product = 0
        for bit in range(127, -1, -1):
            product ^= b if a >> bit & 1 else 0
            b = b >> 1 ^ (polynomial if b & 1 else 0)
        return product

    def power(a: int, exponent: int) -> int:
        result = 1 << 127
        while exponent:
            result = times(result, a) if exponent & 1 else result
            a, exponent = times(a, a), exponent >> 1
        return result

    def block(key: bytes, data: bytes) -> int:
        return int.from_bytes(Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data), "big")

    def stream(key: bytes, number: int) -> int:
        return block(key, bytes(12) + (number + 2).to_bytes(4, "big"))

    boxes = [int.from_bytes(first, "big") ^ stream(one, 0), int.from_bytes(second, "big") ^ stream(two, 1), 7, 0]
    lengths = 16 * len(boxes) * 8
    hashes = {key: block(key, bytes(16)) for key in (one, two)}
    masks = {key: block(key, bytes(12) + b"\x00\x00\x00\x01") for key in (one, two)}
    sums = {}
    for key, h in hashes.items():
        sums[key] = masks[key] ^ times(lengths, h)
        for place, value in enumerate(boxes[:3]):
            sums[key] ^= times(value, power(h, len(boxes) - place + 1))
    gap = power(hashes[one], 2) ^ power(hashes[two], 2)
    boxes[3] = times(sums[one] ^ sums[two], power(gap, 2**128 - 2))
    tag = sums[one] ^ times(boxes[3], power(hashes[one], 2))
    return one, two, b"".join(value.to_bytes(16, "big") for value in (*boxes, tag))


def test_story_1_one_ciphertext_has_two_keys_and_the_commitment_knows_one() -> None:
    one, two, box = two_texts_under_two_keys(b"YES - we agree. ", b"NO - we refuse. ")
    assert AESGCM(one).decrypt(bytes(12), box, b"")[:16] == b"YES - we agree. "
    assert AESGCM(two).decrypt(bytes(12), box, b"")[16:32] == b"NO - we refuse. "

    committed = content.commitment(ONE.keys.label, one)
    content.check_commitment(ContentKeys(ONE.keys.label, one), committed)
    with pytest.raises(Untrusted, match="committed"):
        content.check_commitment(ContentKeys(ONE.keys.label, two), committed)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(OTHER.envelope.raw) - 1), st.integers(1, 255))
def test_any_changed_byte_of_an_envelope_is_refused(at: int, change: int) -> None:
    raw = bytearray(OTHER.envelope.raw)
    raw[at] ^= change
    with pytest.raises((Malformed, Untrusted)):
        seal.verify(seal.parse(bytes(raw)), MA.signer.verifier)


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    for data in (raw, b"TSQ1" + raw, b"TSQB" + raw, b"TSQF" + raw):
        for reader in (seal.parse, seal.read_bundle, forward.parse):
            with contextlib.suppress(Malformed):
                reader(data)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_fields_are_parsed_or_refused(data: st.DataObject) -> None:
    fields = parts(ONE.envelope)
    at = data.draw(st.integers(0, 9))
    fields[at] = data.draw(st.one_of(st.binary(max_size=200), st.lists(st.binary(max_size=80), max_size=5).map(_lp)))
    try:
        envelope = seal.parse(b"TSQ1" + lp(*fields))
    except Malformed:
        return
    if envelope != ONE.envelope:
        with pytest.raises(Untrusted):
            seal.verify(envelope, MA.signer.verifier)


def _lp(parts: list[bytes]) -> bytes:
    return lp(*parts)


@given(st.integers(0, len(ONE.envelope.raw) - 1))
@settings(max_examples=40)
def test_a_cut_envelope_is_malformed(at: int) -> None:
    with pytest.raises(Malformed):
        seal.parse(ONE.envelope.raw[:at])


MISFITS: dict[str, dict[str, object]] = {
    "a label of another letter": {"label": sealed.label(b"x")},
    "a label of another sender": {"label": sealed.label(sender="ma.dgsn")},
    "an attachment that the label does not name": {"attachments": (b"x",)},
    "nobody to read it": {"readers": ()},
    "a desk and nobody else": {"readers": ((Role.LABEL, DESK.opener.reader),)},
    "one reader twice": {"readers": READERS + READERS},
    "too many readers": {"readers": ((Role.ALL, ES.opener.reader),) * 97},
}


@pytest.mark.parametrize("story", MISFITS)
def test_what_a_recipient_would_refuse_is_not_sealed(story: str) -> None:
    plain = {"route": sealed.route(), "label": sealed.label(), "letter": LETTER, "readers": READERS}
    with pytest.raises(Malformed):
        seal.seal(**{**plain, "signer": MA.signer, **MISFITS[story]})  # type: ignore[arg-type]  # one table of misfits


def test_a_letter_that_is_too_long_is_not_sealed() -> None:
    letter = bytes(seal.MOST_LETTER)
    with pytest.raises(Malformed, match="too long"):
        sealed.sealed(letter)


# Bundles


def bundle(shared: seal.Shared | None = None) -> tuple[seal.Sealed, ...]:
    """Seven letters of one sender under one signature."""
    drafts = [
        seal.prepare(
            route=sealed.route(id=UUID(int=number)),
            label=sealed.label(bytes([48 + number])),
            letter=bytes([48 + number]),
            readers=READERS,
            signer=MA.signer.kid,
            shared=shared,
        )
        for number in range(7)
    ]
    return seal.finish_bundle(drafts, MA.signer)


BUNDLE = bundle()
SHARED = bundle(seal.Shared(MA.signer.kid))


def test_story_9_an_item_of_a_bundle_verifies_alone() -> None:
    for number, item in enumerate(BUNDLE):
        assert opened(seal.parse(item.envelope.raw))[1] == bytes([48 + number])
    assert len({item.envelope.signature for item in BUNDLE}) == 1


def test_a_bundle_costs_one_signature() -> None:
    roots: set[bytes] = set()
    for raw in seal.read_bundle(seal.write_bundle([item.envelope for item in BUNDLE])):
        seal.verify(seal.parse(raw), MA.signer.verifier, roots=roots)
    assert len(roots) == 1


def test_story_8_an_odd_item_in_a_bundle_fails_alone() -> None:
    odd = bytearray(BUNDLE[3].envelope.raw)
    odd[-40] ^= 1
    items = [bytes(odd) if n == 3 else item.envelope.raw for n, item in enumerate(BUNDLE)]
    roots: set[bytes] = set()
    verdicts = []
    for raw in seal.read_bundle(b"TSQB" + lp(*items)):
        try:
            seal.verify(seal.parse(raw), MA.signer.verifier, roots=roots)
            verdicts.append(True)
        except Untrusted:
            verdicts.append(False)
    assert verdicts == [True, True, True, False, True, True, True]


def test_an_item_signed_by_another_does_not_ride_on_a_known_root() -> None:
    roots: set[bytes] = set()
    seal.verify(BUNDLE[0].envelope, MA.signer.verifier, roots=roots)
    stranger = signed_by(BUNDLE[1].envelope, MALLORY)
    for verifier in (MA.signer.verifier, MALLORY.signer.verifier):
        with pytest.raises(Untrusted):
            seal.verify(stranger, verifier, roots=roots)


def test_a_place_in_a_bundle_cannot_be_changed() -> None:
    fields = parts(BUNDLE[2].envelope)
    place = fields[9]
    for changed in (
        b"",
        lp(bytes(8)),
        place.replace(b"\x00\x00\x00\x02", b"\x00\x00\x00\x03", 1),
        place + lp(bytes(32)),
    ):
        fields[9] = changed
        with pytest.raises((Malformed, Untrusted)):
            seal.verify(seal.parse(b"TSQ1" + lp(*fields)), MA.signer.verifier)


def test_an_empty_bundle_is_none() -> None:
    for raw in (b"TSQB", b"", b"TSQ1"):
        with pytest.raises(Malformed):
            seal.read_bundle(raw)
    with pytest.raises(Malformed):
        seal.finish_bundle([], MA.signer)


def wrap_of(item: seal.Sealed, role: Role) -> envelope_wire.Wrap:
    """The wrap of an item in a role."""
    return next(wrap for wrap in item.envelope.wraps if wrap.role is role)


def with_wrap(item: seal.Sealed, wrap: envelope_wire.Wrap) -> Envelope:
    """The item with one other wrap, signed anew by its own originator, so that the wrap alone is judged."""
    return signed_by(rebuilt(item.envelope, wraps=lp(envelope_wire.write_wrap(wrap))), MA)


def test_items_that_share_an_encapsulation_open_alone_and_together() -> None:
    opened_once: dict[bytes, bytes] = {}
    for number, item in enumerate(SHARED):
        envelope = seal.parse(item.envelope.raw)
        for keys in (seal.unwrap(envelope, ES.opener), seal.unwrap(envelope, ES.opener, opened=opened_once)):
            assert keys == item.keys
            assert seal.open_letter(envelope, keys) == bytes([48 + number])
        assert seal.unwrap(envelope, DESK.opener) == ContentKeys(item.keys.label, None)
    assert len(opened_once) == 1
    assert len({wrap_of(item, Role.ALL).box for item in SHARED}) == 1
    assert len({wrap_of(item, Role.ALL).sealed for item in SHARED}) == len(SHARED)


def test_each_reader_has_a_secret_of_its_own_in_each_role() -> None:
    shared = seal.Shared(MA.signer.kid)
    readers = [(role, keys.opener.reader) for role in Role for keys in (ES, DE)]
    assert len({shared.of(role, reader) for role, reader in readers}) == len(readers)
    assert shared.of(Role.ALL, ES.opener.reader) == shared.of(Role.ALL, ES.opener.reader)


SHARED_ATTACKS: dict[str, Callable[[], Envelope]] = {
    "the keys of another item": lambda: with_wrap(SHARED[0], wrap_of(SHARED[1], Role.ALL)),
    "the keys of another bundle": lambda: with_wrap(
        SHARED[0],
        replace(wrap_of(SHARED[0], Role.ALL), box=wrap_of(bundle(seal.Shared(MA.signer.kid))[0], Role.ALL).box),
    ),
    "5: a desk's keys in a recipient's role": lambda: with_wrap(
        SHARED[0], replace(wrap_of(SHARED[0], Role.ALL), box=wrap_of(SHARED[0], Role.LABEL).box)
    ),
    "a changed seal": lambda: with_wrap(
        SHARED[0], replace(wrap_of(SHARED[0], Role.ALL), sealed=bytes(len(wrap_of(SHARED[0], Role.ALL).sealed)))
    ),
    "2: signed anew by another, who claims it": lambda: signed_by(SHARED[0].envelope, MALLORY),
    "3: the same boxes under another agreement": lambda: signed_by(
        rebuilt(SHARED[0].envelope, route_raw=SHARED[0].envelope.route_raw.replace(b"a" * 64, b"b" * 64)), MA
    ),
}


@pytest.mark.parametrize("attack", SHARED_ATTACKS)
@pytest.mark.parametrize("known", [False, True], ids=["alone", "after the bundle was opened"])
def test_a_wrap_of_a_bundle_opens_nothing_else(attack: str, known: bool) -> None:
    opened_once: dict[bytes, bytes] = {}
    if known:
        seal.unwrap(SHARED[0].envelope, ES.opener, opened=opened_once)
    with pytest.raises(Untrusted):
        seal.unwrap(SHARED_ATTACKS[attack](), ES.opener, opened=opened_once)


def test_a_bundle_is_shared_under_the_key_that_signs() -> None:
    with pytest.raises(Malformed, match="another signing key"):
        bundle(seal.Shared(ES.signer.kid))


def test_a_wrap_of_a_bundle_cannot_be_passed_on_as_it_is() -> None:
    passed = forward.forward(
        ONE.envelope, ONE.keys, readers=[(Role.ALL, DE.opener.reader)], release=bytes(32), signer=ES.signer
    )
    taken = replace(passed, wraps=(replace(wrap_of(SHARED[0], Role.ALL), kid=DE.opener.kid),))
    with pytest.raises(Untrusted, match="stands alone"):
        forward.unwrap(taken, DE.opener)


# Forwarding


def test_a_forwarded_letter_is_checked_against_its_originator() -> None:
    keys = seal.unwrap(BUNDLE[4].envelope, ES.opener)
    readers = [(Role.ALL, DE.opener.reader), (Role.LABEL, DESK.opener.reader)]
    raw = forward.forward(BUNDLE[4].envelope, keys, readers=readers, release=b"r" * 32, signer=ES.signer).raw
    passed = forward.parse(raw)

    forward.verify(passed, MA.signer.verifier, ES.signer.verifier)
    assert seal.open_letter(passed.envelope, forward.unwrap(passed, DE.opener)) == b"4"
    assert forward.unwrap(passed, DESK.opener).letter is None
    with pytest.raises(Untrusted):
        forward.unwrap(passed, MALLORY.opener)
    with pytest.raises(Untrusted):
        forward.verify(passed, MALLORY.signer.verifier, ES.signer.verifier)
    with pytest.raises(Untrusted):
        forward.verify(passed, MA.signer.verifier, MALLORY.signer.verifier)
    for change in (b"r" * 32, ES.signer.kid):
        with pytest.raises(Untrusted):
            forward.verify(forward.parse(raw.replace(change, b"s" * 32)), MA.signer.verifier, ES.signer.verifier)


def test_a_forwarder_cannot_pass_on_other_keys() -> None:
    with pytest.raises(Untrusted, match="committed"):
        forward.forward(ONE.envelope, OTHER.keys, readers=READERS, release=bytes(32), signer=ES.signer)


# Approvals


def test_two_officers_approve_what_is_sent() -> None:
    first, second = sealed.keys("officer one").signer, sealed.keys("officer two").signer
    draft = seal.prepare(
        route=sealed.route(), label=sealed.label(), letter=LETTER, readers=READERS, signer=MA.signer.kid
    )
    approvals = [
        Approval("ma.marine/duty-officer/one", first.kid, first.sign(draft.approves)),
        Approval("ma.marine/case-officer/two", second.kid, second.sign(draft.approves)),
    ]
    envelope = seal.finish(draft, MA.signer, approvals).envelope
    keys = seal.unwrap(envelope, ES.opener)
    known = {first.kid: first.verifier, second.kid: second.verifier}

    assert seal.check_approvals(envelope, keys, known) == tuple(approval.officer for approval in approvals)
    with pytest.raises(Untrusted, match="unknown"):
        seal.check_approvals(envelope, keys, {first.kid: first.verifier})
    elsewhere = seal.finish(draft, MA.signer, [replace(approvals[0], signature=first.sign(b"x")), approvals[1]])
    with pytest.raises(Untrusted):
        seal.check_approvals(elsewhere.envelope, keys, known)


def test_story_11_one_key_does_not_approve_twice() -> None:
    officer = sealed.keys("officer one").signer
    draft = seal.prepare(
        route=sealed.route(), label=sealed.label(), letter=LETTER, readers=READERS, signer=MA.signer.kid
    )
    duties = ("duty-officer", "case-officer")
    approvals = [Approval(f"ma.marine/{duty}/one", officer.kid, officer.sign(draft.approves)) for duty in duties]
    with pytest.raises(Malformed, match="approves twice"):
        seal.finish(draft, MA.signer, approvals)


def test_a_draft_is_signed_by_the_key_it_was_prepared_for() -> None:
    draft = seal.prepare(
        route=sealed.route(), label=sealed.label(), letter=LETTER, readers=READERS, signer=MA.signer.kid
    )
    with pytest.raises(Malformed, match="another signing key"):
        seal.finish(draft, MALLORY.signer)


# Attachments, padding, keys at rest


@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob[:-1],
        lambda blob: blob[: 65_536 + 16],
        lambda blob: blob[65_536 + 16 :] + blob[: 65_536 + 16],
        lambda blob: blob + bytes(16),
        lambda blob: bytes([blob[0] ^ 1]) + blob[1:],
        lambda blob: b"",
    ],
)
def test_a_changed_attachment_does_not_open(change: Callable[[bytes], bytes]) -> None:
    changed, route_hash = change(ONE.attachments[0]), canon.digest(ONE.envelope.route_raw)
    assert ONE.keys.letter
    with pytest.raises(Untrusted):
        content.open_attachment(ONE.keys.letter, 0, changed, route_hash)
    with pytest.raises(Untrusted):
        seal.open_attachment(ONE.envelope, ONE.keys, 0, changed)
    with pytest.raises(Untrusted):
        seal.open_attachment(ONE.envelope, ONE.keys, 1, ONE.attachments[0])


@given(st.binary(max_size=5_000))
def test_padding_comes_off(data: bytes) -> None:
    padded = content.pad(data)
    assert content.unpad(padded) == data
    assert len(padded) == content.padded_size(len(data)) >= 64


@given(st.integers(60, 1 << 24))
def test_padding_adds_an_eighth_at_most(size: int) -> None:
    assert size + 4 <= content.padded_size(size) <= (size + 4) * 1.125


def test_padding_hides_the_length() -> None:
    assert len({content.padded_size(size) for size in range(300, 20_000)}) < 120


@pytest.mark.parametrize("padded", [b"", b"\x00\x00\x00\x05abc", bytes(63), bytes(65), bytes(64) + b"\x01", bytes(80)])
def test_other_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(Untrusted):
        content.unpad(padded)


def test_content_keys_are_kept_under_the_storage_key() -> None:
    storage, identity = b"s" * 32, ONE.envelope.identity
    box, desk = content.keep(ONE.keys, storage, identity), content.keep(ContentKeys(b"k" * 32, None), storage, identity)

    assert (len(box), len(desk)) == (80, 48)
    assert content.kept(box, storage, identity) == ONE.keys
    assert content.kept(desk, storage, identity) == ContentKeys(b"k" * 32, None)
    for bad in (
        (box, b"t" * 32, identity),
        (box, storage, bytes(32)),
        (box[:-1], storage, identity),
        (b"", storage, b""),
    ):
        with pytest.raises(Untrusted):
            content.kept(*bad)
