"""The envelope TSQ1: sealed to named readers, signed by its originator, checkable by third parties.

    route  {agr,id,snd,rcp,suite,urg,exp}                     clear
    lct    AES-256-GCM(K(kl,"label"),  0, Padme(label),  aad=H(route))
    ct     AES-256-GCM(K(kc,"letter"), 0, Padme(letter), aad=lp(H(route),H(label)))
    com    K(kl,"commit") || K(kc,"commit")                   kl, kc fresh per envelope; K = HKDF-Expand
    wraps  n x (role || kid || HPKE(role L: kl | role A: kl||kc))
           info = H("tansiq/1/wrap", lp(suite, role, H(route), kid, signer))
           in a bundle HPKE(ks) || AES-256-GCM(K(ks,"shared-wrap"||info), 0, role L: kl | role A: kl||kc), ks one for
           all items, sealed with H("tansiq/1/bundle-wrap", lp(suite, role, kid, signer))
    atts   digest || size, one per attachment
    approvals  officers' signatures over (H(route), H(label), com)
    man    "tansiq/1/manifest" || lp(suite, H(route), H(lct), H(ct), com, H(wraps), H(atts), H(approvals), signer)
    sig    Ed25519(man), or for an item of a bundle Ed25519 of the Merkle root of manifests, with the item's path

    wire   "TSQ1" || lp(route, lct, ct, com, wraps, atts, approvals, signer, sig, path)

Identity = H(man); replay key = (originator, id). Any change of layout is another magic. HPKE is RFC 9180 in base mode:
who sent it is the manifest's signature, which third parties can check, and `info` keeps a wrap from being signed anew
or moved under another agreement.
"""

import os
from collections.abc import Sequence

from msgspec import Struct

from tansiq.exchange import content, ledger
from tansiq.exchange import label as labels
from tansiq.exchange.canon import digest, frames, lp
from tansiq.exchange.content import ContentKeys, keep, kept
from tansiq.exchange.envelope import (
    MAGIC,
    MAGIC_BUNDLE,
    MOST_ATTACHMENTS,
    MOST_ITEMS,
    MOST_LETTER,
    MOST_READERS,
    MOST_WIRE,
    Approval,
    Blob,
    BundlePath,
    Envelope,
    Role,
    Wrap,
    manifest_text,
    parse,
    read_approvals,
    read_path,
    write_approvals,
    write_path,
    write_wrap,
)
from tansiq.exchange.keys import SUITE_ID, Opener, Reader, Signer, Verifier
from tansiq.exchange.label import Attachment, Label, Part, Route
from tansiq.ground.errors import Malformed, Untrusted

__all__ = [
    "MAGIC_BUNDLE", "MOST_ITEMS", "MOST_LETTER", "MOST_WIRE", "Approval", "Attached", "Blob", "BundlePath",
    "ContentKeys", "Draft", "Envelope", "Role", "Sealed", "Shared", "Wrap", "approval_text", "check_approvals",
    "finish", "finish_bundle", "keep", "kept", "open_attachment", "open_both", "open_label", "open_letter",
    "open_whole", "parse", "prepare", "read_bundle", "seal", "unwrap", "verify", "write_bundle",
]  # fmt: skip


class Shared:
    """One encapsulation for each reader of a bundle, which its items share: HPKE costs more than all else of a letter.

    Each reader has a secret of its own in each role, so that none of them opens what is another's. `signer` is the kid
    of the key that will sign; give each bundle its own.
    """

    def __init__(self, signer: bytes) -> None:
        self.signer = signer
        self._made: dict[tuple[Role, bytes], tuple[bytes, bytes]] = {}

    def of(self, role: Role, reader: Reader) -> tuple[bytes, bytes]:
        """The secret shared with a reader, and its HPKE box."""
        key = role, reader.kid
        if key not in self._made:
            secret = os.urandom(content.SECRET)
            self._made[key] = secret, reader.seal(secret, _shared_info(role, reader.kid, self.signer))
        return self._made[key]


class Draft(Struct, frozen=True, kw_only=True):
    """Sealed, not yet signed: what officers approve (`approves`) and `finish` signs."""

    route_raw: bytes
    route: Route
    label_raw: bytes
    label_box: bytes
    letter_box: bytes
    commitment: bytes
    wraps: tuple[Wrap, ...]
    blobs: tuple[Blob, ...]
    sealed_attachments: tuple[bytes, ...]
    signer: bytes
    keys: ContentKeys

    @property
    def approves(self) -> bytes:
        """What an approving officer signs."""
        return approval_text(self.route_raw, self.label_raw, self.commitment)

    @property
    def identity(self) -> bytes:
        """What the envelope will be known by, where no officer approves it: the next letter of its case names it."""
        return digest(manifest_text(*_boxes(self), b"", self.signer))


class Attached(Struct, frozen=True, kw_only=True):
    """Attachments that were sealed beforehand, a chunk at a time, under `secret`, which is then the envelope's own.

    `blobs` are they as they travel, `parts` as the label names them.
    """

    secret: bytes
    blobs: tuple[Blob, ...]
    parts: tuple[Attachment, ...]

    def __repr__(self) -> str:
        """No key is ever printed."""
        return f"Attached({len(self.blobs)})"


class Sealed(Struct, frozen=True, kw_only=True):
    """What the originator keeps: the envelope, the keys that open it, and its sealed attachments."""

    envelope: Envelope
    keys: ContentKeys
    attachments: tuple[bytes, ...]


def seal(
    *,
    route: Route,
    label: Label,
    letter: bytes,
    readers: Sequence[tuple[Role, Reader]],
    signer: Signer,
    attachments: Sequence[bytes] = (),
) -> Sealed:
    """Seal a letter to its readers and sign it. Raises Malformed where label, letter and route do not fit together."""
    draft = prepare(
        route=route, label=label, letter=letter, readers=readers, signer=signer.kid, attachments=attachments
    )
    return finish(draft, signer)


def prepare(
    *,
    route: Route,
    label: Label,
    letter: bytes,
    readers: Sequence[tuple[Role, Reader]],
    signer: bytes,
    attachments: Sequence[bytes] = (),
    shared: Shared | None = None,
    attached: Attached | None = None,
) -> Draft:
    """Seal without signing, for letters that officers approve first. `signer` is the kid of the key that will sign.

    `shared` is what the items of one bundle share, and may stand in no second bundle. Attachments come in clear, to be
    sealed here, or were sealed beforehand for this very route (`attached`).
    """
    if attached:
        named = tuple(Part(each.digest, each.size) for each in attached.parts)
    else:
        named = tuple(map(labels.part_of, attachments))
    _check_parts(route, label, letter, readers, named)
    route_raw, label_raw = labels.write_route(route), labels.write_label(label)
    route_hash = digest(route_raw)
    secret = attached.secret if attached else os.urandom(64)
    label_key, letter_key = secret[:32], secret[32:]
    boxes = tuple(
        content.seal_attachment(letter_key, index, data, route_hash) for index, data in enumerate(attachments)
    )
    return Draft(
        route_raw=route_raw,
        route=route,
        label_raw=label_raw,
        label_box=content.seal_text(label_key, b"label", label_raw, route_hash),
        letter_box=content.seal_text(letter_key, b"letter", letter, lp(route_hash, digest(label_raw))),
        commitment=content.commitment(label_key, letter_key),
        wraps=tuple([_wrap(role, reader, secret, route_hash, signer, shared) for role, reader in readers]),
        blobs=attached.blobs if attached else tuple([Blob(digest(box), len(box)) for box in boxes]),
        sealed_attachments=boxes,
        signer=signer,
        keys=ContentKeys(label_key, letter_key),
    )


def finish(draft: Draft, signer: Signer, approvals: Sequence[Approval] = ()) -> Sealed:
    """Sign a draft, with its officers' approvals where the agreement asks for them."""
    written = write_approvals(approvals)
    manifest = _manifest_of(draft, written, signer)
    return _sealed(draft, written, manifest, signer.sign(manifest), b"")


def finish_bundle(drafts: Sequence[Draft], signer: Signer) -> tuple[Sealed, ...]:
    """Sign many drafts of one sender at once: one signature over the Merkle root, each item carrying its path."""
    if not 1 <= len(drafts) <= MOST_ITEMS:
        raise Malformed(f"A bundle of {len(drafts)} items.", f"Bundle 1 to {MOST_ITEMS}.")
    manifests = [_manifest_of(draft, b"", signer) for draft in drafts]
    root, paths = ledger.paths([ledger.hash_leaf(manifest) for manifest in manifests])
    size = len(drafts)
    signature = signer.sign(_bundle_text(size, root, signer.kid))
    return tuple(
        _sealed(draft, b"", manifest, signature, write_path(index, size, path))
        for index, (draft, manifest, path) in enumerate(zip(drafts, manifests, paths, strict=True))
    )


def write_bundle(envelopes: Sequence[Envelope]) -> bytes:
    """Many envelopes in one body."""
    return MAGIC_BUNDLE + lp(*[envelope.raw for envelope in envelopes])


def read_bundle(raw: bytes, *, most: int = MOST_ITEMS) -> tuple[bytes, ...]:
    """The envelopes' bytes in a body, each to be parsed alone, so that a bad item fails alone."""
    if raw[:4] != MAGIC_BUNDLE:
        raise Malformed("This is no bundle.", "Send TSQB.")
    return frames(raw[4:], least=1, most=most, limit=MOST_WIRE)


def verify(envelope: Envelope, verifier: Verifier, *, roots: set[bytes] | None = None) -> None:
    """Return when the originator's signature holds; else raise Untrusted.

    `roots` remembers the bundle roots whose signature was checked, so that a bundle costs one signature; give one set
    per bundle.
    """
    key = verifier.by(envelope.signer)
    if key is None:
        raise Untrusted("The envelope is signed by another key.", "Ask the sender for its newest card.")
    verify_manifest(envelope.manifest, envelope.signature, envelope.bundle, key, roots=roots)


def verify_manifest(
    manifest: bytes, signature: bytes, place: BundlePath | None, verifier: Verifier, *, roots: set[bytes] | None = None
) -> None:
    """Return when a manifest is signed, alone or at its place in a bundle; else raise Untrusted. `roots` as above."""
    if place is None:
        verifier.verify(signature, manifest)
        return
    root = ledger.climb(ledger.hash_leaf(manifest), place.index, place.size, place.path)
    if root is None:
        raise Untrusted("The item is not in its bundle.", "Ask the sender for it alone.")
    text = _bundle_text(place.size, root, verifier.kid)
    known = text + signature
    if roots is not None and known in roots:
        return
    verifier.verify(signature, text)
    if roots is not None:
        roots.add(known)


def unwrap(envelope: Envelope, opener: Opener, *, opened: dict[bytes, bytes] | None = None) -> ContentKeys:
    """The content keys that the envelope holds for this opener (checked against the commitment); else Untrusted.

    `opened` remembers the secrets of bundles that were opened, so that a bundle costs one opening: give one dict for
    each group, and let it go with the group.
    """
    mine = [(wrap, key) for wrap in envelope.wraps if (key := opener.by(wrap.kid))]
    if not mine:
        raise Untrusted("The envelope is not sealed to this node's key.", "Ask the sender to use the newest card.")
    wrap, key = max(mine, key=lambda each: each[0].role is Role.ALL)
    info = _info(wrap.role, digest(envelope.route_raw), wrap.kid, envelope.signer)
    if not wrap.sealed:
        return open_wrap(wrap, key, info, envelope.commitment)
    shared_info = _shared_info(wrap.role, wrap.kid, envelope.signer)
    secret = opened.get(shared_info + wrap.box) if opened is not None else None
    if secret is None:
        secret = key.open(wrap.box, shared_info)
        if opened is not None:
            opened[shared_info + wrap.box] = secret
    return _checked_keys(content.open_shared(secret, wrap.sealed, info), wrap.role, envelope.commitment)


def open_label(envelope: Envelope, keys: ContentKeys) -> Label:
    """The label, checked against its route. Raises Untrusted where it does not open or contradicts the route."""
    return _label(envelope, _label_raw(envelope, keys))


def open_letter(envelope: Envelope, keys: ContentKeys) -> bytes:
    """The letter's bytes, checked against the label's digest. A desk's keys raise Untrusted."""
    return open_both(envelope, keys)[1]


def open_both(envelope: Envelope, keys: ContentKeys) -> tuple[Label, bytes]:
    """Label and letter at once, which costs less than one after the other."""
    content.check_commitment(keys, envelope.commitment)
    label, _, letter = open_whole(envelope, keys)
    return label, letter


def open_whole(envelope: Envelope, keys: ContentKeys) -> tuple[Label, bytes, bytes]:
    """Label, the label's own bytes, and letter, by keys that `unwrap` just gave: it checked the commitment."""
    if keys.letter is None:
        raise Untrusted("These keys open the label alone.", "The letter is for its recipients.")
    label_raw = content.open_text(keys.label, b"label", envelope.label_box, digest(envelope.route_raw))
    label = _label(envelope, label_raw)
    aad = lp(digest(envelope.route_raw), digest(label_raw))
    letter = content.open_text(keys.letter, b"letter", envelope.letter_box, aad)
    _check_part(label.letter, letter)
    return label, label_raw, letter


def open_attachment(envelope: Envelope, keys: ContentKeys, index: int, sealed: bytes) -> bytes:
    """Attachment `index` from its sealed bytes; a missing, cut, moved or changed chunk raises Untrusted."""
    if keys.letter is None:
        raise Untrusted("These keys open the label alone.", "The attachment is for its recipients.")
    if not 0 <= index < len(envelope.blobs) or envelope.blobs[index] != Blob(digest(sealed), len(sealed)):
        raise Untrusted("This is not the attachment that was signed.", "Fetch it again.")
    data = content.open_attachment(keys.letter, index, sealed, digest(envelope.route_raw))
    _check_part(open_label(envelope, keys).attachments[index], data)
    return data


def check_approvals(envelope: Envelope, keys: ContentKeys, officers: dict[bytes, Verifier]) -> tuple[str, ...]:
    """The officers whose approvals hold, by the kids in `officers`; one that does not hold raises Untrusted.

    Two persons are two kids that the caller knows to belong to two natural persons; duties do not count.
    """
    if not envelope.approvals:
        return ()
    text = approval_text(envelope.route_raw, _label_raw(envelope, keys), envelope.commitment)
    for approval in envelope.approvals:
        if approval.kid not in officers:
            raise Untrusted("An approval is by an officer unknown here.", "Ask the sender for the officer's key.")
        officers[approval.kid].verify(approval.signature, text)
    return tuple(approval.officer for approval in envelope.approvals)


def approval_text(route_raw: bytes, label_raw: bytes, commitment: bytes) -> bytes:
    """What an officer signs to approve: domain, H(route), H(label), com."""
    return b"tansiq/1/approval" + lp(digest(route_raw), digest(label_raw), commitment)


def open_wrap(wrap: Wrap, opener: Opener, info: bytes, committed: bytes) -> ContentKeys:
    """The content keys in a wrap of its own, checked against role and the originator's commitment; else Untrusted."""
    if wrap.sealed:
        raise Untrusted("A wrap of a bundle stands alone.", "Ask the sender to seal it again.")
    return _checked_keys(opener.open(wrap.box, info), wrap.role, committed)


def _checked_keys(secret: bytes, role: Role, committed: bytes) -> ContentKeys:
    keys = content.keys_of(secret)
    if (keys.letter is None) != (role is Role.LABEL):
        raise Untrusted("A wrap holds keys of another role.", "Ask the sender to seal it again.")
    content.check_commitment(keys, committed)
    return keys


def _wrap(role: Role, reader: Reader, secret: bytes, route_hash: bytes, signer: bytes, shared: Shared | None) -> Wrap:
    keys = secret[: content.SECRET] if role is Role.LABEL else secret
    info = _info(role, route_hash, reader.kid, signer)
    if shared is None:
        return Wrap(role, reader.kid, reader.seal(keys, info))
    if shared.signer != signer:
        raise Malformed("The bundle is for another signing key.", "Prepare it again.")
    under, box = shared.of(role, reader)
    return Wrap(role, reader.kid, box, content.seal_shared(under, keys, info))


def _info(role: Role, route_hash: bytes, kid: bytes, signer: bytes) -> bytes:
    return digest(b"tansiq/1/wrap", lp(SUITE_ID, role.value, route_hash, kid, signer))


def _shared_info(role: Role, kid: bytes, signer: bytes) -> bytes:
    return digest(b"tansiq/1/bundle-wrap", lp(SUITE_ID, role.value, kid, signer))


def _manifest_of(draft: Draft, approvals: bytes, signer: Signer) -> bytes:
    if draft.signer != signer.kid:
        raise Malformed("The draft was prepared for another signing key.", "Prepare it again.")
    return manifest_text(*_boxes(draft), approvals, draft.signer)


def _boxes(draft: Draft) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes]:
    wraps = lp(*[write_wrap(wrap) for wrap in draft.wraps])
    blobs = lp(*[blob.digest + blob.size.to_bytes(8, "big") for blob in draft.blobs])
    return draft.route_raw, draft.label_box, draft.letter_box, draft.commitment, wraps, blobs


def _sealed(draft: Draft, approvals: bytes, manifest: bytes, signature: bytes, path: bytes) -> Sealed:
    """The envelope that `parse` would read from these bytes, without reading them."""
    envelope = Envelope(
        route_raw=draft.route_raw,
        route=draft.route,
        label_box=draft.label_box,
        letter_box=draft.letter_box,
        commitment=draft.commitment,
        wraps=draft.wraps,
        blobs=draft.blobs,
        approvals=read_approvals(approvals),
        signer=draft.signer,
        signature=signature,
        bundle=read_path(path) if path else None,
        manifest=manifest,
        identity=digest(manifest),
        raw=MAGIC + lp(*_boxes(draft), approvals, draft.signer, signature, path),
    )
    return Sealed(envelope=envelope, keys=draft.keys, attachments=draft.sealed_attachments)


def _bundle_text(size: int, root: bytes, signer: bytes) -> bytes:
    return b"tansiq/1/bundle" + lp(SUITE_ID, size.to_bytes(4, "big"), root, signer)


def _label_raw(envelope: Envelope, keys: ContentKeys) -> bytes:
    content.check_commitment(keys, envelope.commitment)
    return content.open_text(keys.label, b"label", envelope.label_box, digest(envelope.route_raw))


def _label(envelope: Envelope, raw: bytes) -> Label:
    label = labels.read_label(raw)
    field = labels.contradiction(envelope.route, label)
    sizes = [content.sealed_size(part.size) for part in label.attachments]
    if field or sizes != [blob.size for blob in envelope.blobs]:
        raise Untrusted(
            f"The label contradicts its envelope: {field or 'attachments'}.", "Ask the sender to seal it again."
        )
    return label


def _check_part(part: Part | Attachment, data: bytes) -> None:
    if labels.part_of(data) != Part(part.digest, part.size):
        raise Untrusted("What was opened is not what the label names.", "Keep the envelope; raise an alarm.")


def _check_parts(
    route: Route,
    label: Label,
    letter: bytes,
    readers: Sequence[tuple[Role, Reader]],
    attachments: tuple[Part, ...],
) -> None:
    """Refuse to seal what a recipient would refuse to open."""
    field = labels.contradiction(route, label)
    if field:
        raise Malformed(f"Label and route differ in {field}.", "Make them agree.")
    named = [Part(each.digest, each.size) for each in label.attachments]
    if label.letter != labels.part_of(letter) or named != [*attachments]:
        raise Malformed("The label names another letter or other attachments.", "Write the label from them.")
    if not any(role is Role.ALL for role, _ in readers) or len(readers) > MOST_READERS:
        raise Malformed(f"{len(readers)} readers.", f"Name 1 to {MOST_READERS}, one of them to read the letter.")
    if len({(role, reader.kid) for role, reader in readers}) != len(readers):
        raise Malformed("A reader stands twice.", "Name each once.")
    if content.padded_size(len(letter)) + content.TAG > MOST_LETTER or len(attachments) > MOST_ATTACHMENTS:
        raise Malformed("The letter is too long, or has too many attachments.", "Send several.")
