"""Passing an envelope on: the same content keys, wrapped for a third party, under the originator's own signature.

    wire   "TSQF" || lp(envelope, wraps, release, forwarder, sig)
    wraps  as in `seal`, with info = H("tansiq/1/forward-wrap", lp(suite, role, H(man), kid, forwarder))
    sig    Ed25519("tansiq/1/forward" || lp(H(man), H(wraps), release, forwarder))

The third party checks the originator's signature and commitment, so it reads what the originator wrote or nothing.
`release` is the identity of the originator's signed consent; whether it covers this step is the rule's to say.
"""

from collections.abc import Sequence

from msgspec import Struct

from tansiq.exchange import content, seal
from tansiq.exchange import envelope as envelopes
from tansiq.exchange.canon import digest, frames, lp
from tansiq.exchange.content import ContentKeys
from tansiq.exchange.envelope import Envelope, Role, Wrap
from tansiq.exchange.keys import SUITE_ID, Opener, Reader, Signer, Verifier
from tansiq.ground.errors import Malformed, Untrusted

MAGIC = b"TSQF"


class Forward(Struct, frozen=True, kw_only=True):
    """Someone else's envelope with wraps for third parties, signed by who passes it on under a release."""

    envelope: Envelope
    wraps: tuple[Wrap, ...]
    release: bytes
    forwarder: bytes
    signed: bytes
    signature: bytes
    raw: bytes


def forward(
    envelope: Envelope, keys: ContentKeys, *, readers: Sequence[tuple[Role, Reader]], release: bytes, signer: Signer
) -> Forward:
    """Wrap the content keys for third parties; `release` is the identity of the originator's consent (32 bytes)."""
    if keys.letter is None:
        raise Untrusted("A desk cannot pass the letter on.", "Ask a recipient.")
    content.check_commitment(keys, envelope.commitment)
    wraps = []
    for role, reader in readers:
        info = _info(role, envelope.identity, reader.kid, signer.kid)
        secret = keys.label if role is Role.LABEL else keys.label + keys.letter
        wraps.append(envelopes.write_wrap(Wrap(role, reader.kid, reader.seal(secret, info))))
    field = lp(*wraps)
    signature = signer.sign(_text(envelope, field, release, signer.kid))
    return parse(MAGIC + lp(envelope.raw, field, release, signer.kid, signature))


def parse(raw: bytes) -> Forward:
    """The forwarded envelope of these bytes, or Malformed. Check it with `verify`."""
    if raw[:4] != MAGIC:
        raise Malformed("This is no forwarded envelope.", "Send TSQF.")
    inner, field, release, forwarder, signature = frames(raw[4:], least=5, most=5, limit=envelopes.MOST_WIRE)
    if (len(release), len(forwarder), len(signature)) != (32, 32, 64):
        raise Malformed("A field of the forwarded envelope has a wrong size.", "Send TSQF.")
    envelope = envelopes.parse(inner)
    return Forward(
        envelope=envelope,
        wraps=envelopes.read_wraps(field),
        release=release,
        forwarder=forwarder,
        signed=_text(envelope, field, release, forwarder),
        signature=signature,
        raw=raw,
    )


def verify(passed: Forward, originator: Verifier, forwarder: Verifier) -> None:
    """Return when both the originator's and the forwarder's signatures hold; else raise Untrusted."""
    seal.verify(passed.envelope, originator)
    key = forwarder.by(passed.forwarder)
    if key is None:
        raise Untrusted("The envelope was passed on under another key.", "Ask the partner for its newest card.")
    key.verify(passed.signature, passed.signed)


def unwrap(passed: Forward, opener: Opener) -> ContentKeys:
    """The content keys for a third party, checked against the *originator's* commitment; else Untrusted."""
    for wrap in sorted(passed.wraps, key=lambda each: each.role is not Role.ALL):
        if key := opener.by(wrap.kid):
            info = _info(wrap.role, passed.envelope.identity, wrap.kid, passed.forwarder)
            return seal.open_wrap(wrap, key, info, passed.envelope.commitment)
    raise Untrusted("It was not passed on to this node's key.", "Ask the sender to use the newest card.")


def _text(envelope: Envelope, wraps: bytes, release: bytes, forwarder: bytes) -> bytes:
    return b"tansiq/1/forward" + lp(envelope.identity, digest(wraps), release, forwarder)


def _info(role: Role, identity: bytes, kid: bytes, forwarder: bytes) -> bytes:
    return digest(b"tansiq/1/forward-wrap", lp(SUITE_ID, role.value, identity, kid, forwarder))
