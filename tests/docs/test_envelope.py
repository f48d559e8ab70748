"""The envelope as docs/protocol/envelope.md tells it: a reader written from that page alone opens what a node seals."""

import json
import struct
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from tools import docs

from tansiq.exchange import canon, envelope, seal
from tansiq.exchange.keys import KeySet
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import Label, Route, Urgency, part_of
from tansiq.ground.ids import uuid7
from tests import world

SUITE = b"\x01"


def H(*parts: bytes) -> bytes:  # noqa: N802  # the page's own name
    return sha256(b"".join(parts)).digest()


def lp(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def frames(raw: bytes) -> list[bytes]:
    parts = []
    while raw:
        size = struct.unpack(">I", raw[:4])[0]
        parts.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return parts


def K(key: bytes, name: bytes) -> bytes:  # noqa: N802  # the page's own name
    return HKDFExpand(hashes.SHA256(), 32, b"tansiq/1/" + name).derive(key)


def unpad(text: bytes) -> bytes:
    size = struct.unpack(">I", text[:4])[0]
    whole = max(size + 4, 64)
    e = whole.bit_length() - 1
    step = 1 << (e - e.bit_length())
    assert len(text) == -(-whole // step) * step
    assert not any(text[4 + size :])
    return text[4 : 4 + size]


def read(raw: bytes, sign_public: bytes, open_seed: bytes) -> tuple[bytes, bytes, bytes]:
    """Route, label and letter, read as the page says."""
    assert raw[:4] == b"TSQ1"
    route, lct, ct, com, wraps, atts, approvals, signer, sig, path = frames(raw[4:])
    man = b"tansiq/1/manifest" + lp(SUITE, H(route), H(lct), H(ct), com, H(wraps), H(atts), H(approvals), signer)
    assert signer == H(b"tansiq/1/sig-key", sign_public)
    assert path == b""
    Ed25519PublicKey.from_public_bytes(sign_public).verify(sig, man)

    kem = MLKEM768PrivateKey.from_seed_bytes(open_seed[:64])
    curve = X25519PrivateKey.from_private_bytes(open_seed[64:])
    public = kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    kid = H(b"tansiq/1/kem-key", SUITE, public)
    role, box = next((wrap[:1], wrap[33:]) for wrap in frames(wraps) if wrap[1:33] == kid)
    info = H(b"tansiq/1/wrap", lp(SUITE, role, H(route), kid, signer))
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    keys = suite.decrypt(box, MLKEM768X25519PrivateKey(kem, curve), info=info)
    kl, kc = keys[:32], keys[32:]
    assert com == K(kl, b"commit") + K(kc, b"commit")

    label = unpad(AESGCM(K(kl, b"label")).decrypt(bytes(12), lct, H(route)))
    letter = unpad(AESGCM(K(kc, b"letter")).decrypt(bytes(12), ct, lp(H(route), H(label))))
    return route, label, letter


def test_a_reader_written_from_the_page_opens_an_envelope() -> None:
    ours, theirs = KeySet.generate(), KeySet.generate()
    sent, expires = canon.millis(world.NOW), canon.millis(world.later(60))
    letter = b'{"text":"thirty persons"}'
    label = Label(
        kind=Kind.ALERT, sender=world.OURS, duty="node", recipients=(world.THEIRS,), urgency=Urgency.DISTRESS,
        sent=sent, expires=expires, letter=part_of(letter),
    )  # fmt: skip
    route = Route(
        agr="a" * 64, id=uuid7(world.NOW), snd=world.OURS, rcp=(world.THEIRS,), urg=Urgency.DISTRESS, exp=expires
    )
    sealed = seal.seal(
        route=route, label=label, letter=letter, readers=[(seal.Role.ALL, theirs.opener.reader)], signer=ours.signer
    )

    clear, shown, opened = read(sealed.envelope.raw, ours.signer.verifier.raw, theirs.opener.seed())

    assert json.loads(clear)["snd"] == world.OURS
    assert json.loads(shown)["letter"] == {"digest": sha256(letter).hexdigest(), "size": len(letter)}
    assert opened == letter


def test_the_page_says_the_limits_that_hold() -> None:
    page = " ".join((docs.ROOT / "docs/protocol/envelope.md").read_text(encoding="utf-8").split())
    limits = (
        f"{envelope.MOST_LETTER >> 20} MiB for a sealed letter",
        f"{envelope.MOST_LABEL:,} bytes for a sealed label",
        f"{envelope.MOST_READERS} readers",
        f"{envelope.MOST_ATTACHMENTS} attachments",
        f"{envelope.MOST_APPROVALS} approvals",
        f"{envelope.MOST_ITEMS:,} envelopes in a bundle",
    )

    assert [limit for limit in limits if limit not in page] == []
