"""A proof file: what leaves a node so that anybody can check it without the node, its database or this program.

It holds entries of one log, each with the way to one signed head (RFC 9162, section 2.1.3); the heads that others hold,
each with the proof that the log still begins with it (section 2.1.4); and the signed documents that the entries name:
an envelope's manifest with its route, receipts, an agreement with its signatures and statements. Letters never stand in
it. What is needed besides is the card of the log's node, and those of whoever signed a document.

The file brings the cards as the node holds them. A card that nobody confirmed proves only that all of it fits together;
so whoever checks brings the partner's card, or compares its words by voice. `verify` answers what is proved and names
each field that does not hold; it raises only where the file cannot be read at all.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tansiq.exchange import canon, jws, ledger, receipts, seal
from tansiq.exchange import label as labels
from tansiq.exchange.agreements import standing, terms
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.canon import Profile, digest, frames
from tansiq.exchange.cards import PartnerCard, Succession, fingerprint, read_card, succeed
from tansiq.exchange.envelope import read_path, write_path
from tansiq.exchange.keys import Verifier
from tansiq.exchange.label import Count, Digest
from tansiq.exchange.ledger import Entry, EntryType
from tansiq.exchange.receipts import SignedHead
from tansiq.ground.errors import Fault, Malformed
from tansiq.parties.values import node_of

LIMIT = 8 << 20
"""The longest proof file in bytes."""

About = Literal["envelope", "receipts", "reads", "agreement"]
Token = Annotated[str, Meta(max_length=jws.LIMIT)]
Path = Annotated[tuple[Digest, ...], Meta(max_length=64)]
Text64 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]*$(?!\n)", max_length=200_000)]
"""Bytes in base64url without padding."""


class Placed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of the log with its salt and the way to the head; both texts are empty once it was erased."""

    index: Count
    leaf: Digest
    salt: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")] = ""
    entry: str = ""
    path: Path


class Earlier(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A head of the same log that a partner holds, and the proof that the log goes on from it."""

    held_by: str
    head: Token
    path: Path


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an envelope's originator signed: the manifest, its route in clear, signature and place in a bundle."""

    manifest: Text64
    route: Text64
    signature: Text64
    path: Text64 = ""


class Paper(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agreement: its document, its parties' signatures, and what they said of it since."""

    document: str
    signatures: dict[str, Token]
    statements: tuple[Token, ...] = ()


class Stamp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A timestamp of RFC 3161 over a head's token."""

    head: Token
    path: Path = ()
    response: Text64


class Evidence(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file. `cards` are those of the log's node and of every signer, as the node holds them."""

    about: About
    head: Token
    entries: Annotated[tuple[Placed, ...], Meta(min_length=1, max_length=1_000)]
    earlier: Annotated[tuple[Earlier, ...], Meta(max_length=64)] = ()
    manifest: Manifest | None = None
    receipts: Annotated[tuple[Token, ...], Meta(max_length=1_000)] = ()
    agreement: Paper | None = None
    cards: Annotated[tuple[Token, ...], Meta(max_length=64)] = ()
    stamps: Annotated[tuple[Stamp, ...], Meta(max_length=16)] = ()
    v: Literal[1] = 1


class Wrong(Struct, frozen=True):
    """A field that does not hold, and why."""

    field: str
    what: str


class Signer(Struct, frozen=True):
    """Whose signature was checked, by the words of the card; `confirmed` where the card was brought by who checks."""

    node: str
    words: str
    confirmed: bool


class Proved(Struct, frozen=True, kw_only=True):
    """What a proof file shows. Nothing of it is to be relied on where `wrong` is not empty."""

    about: str
    head: SignedHead | None
    entries: tuple[Entry | None, ...]
    continues: tuple[tuple[str, int], ...]
    said: tuple[str, ...]
    state: AgreementState | None
    stamps: tuple[Stamp, ...]
    signers: tuple[Signer, ...]
    wrong: tuple[Wrong, ...]

    @property
    def holds(self) -> bool:
        """Whether all of it holds."""
        return not self.wrong


def write(evidence: Evidence) -> bytes:
    """The file's bytes."""
    return canon.encode(evidence, Profile.TEXT)


def read(raw: bytes) -> Evidence:
    """The file of these bytes, or Malformed."""
    if len(raw) > LIMIT:
        raise Malformed(f"The file is longer than {LIMIT} bytes.", "Name a proof file.")
    return canon.decode(raw.strip(), Evidence, Profile.TEXT, limit=LIMIT)


def manifest_of(envelope: seal.Envelope) -> Manifest:
    """What an envelope's originator signed, as a proof file carries it."""
    place = envelope.bundle
    path = b"" if place is None else write_path(place.index, place.size, place.path)
    return Manifest(
        manifest=_b64(envelope.manifest),
        route=_b64(envelope.route_raw),
        signature=_b64(envelope.signature),
        path=_b64(path),
    )


def sender_of(manifest: Manifest) -> str:
    """The node of an envelope's sender, as its route says."""
    return node_of(labels.read_route(_raw(manifest.route)).snd)


def response_of(stamp: Stamp) -> bytes:
    """What the timestamp authority answered."""
    return _raw(stamp.response)


def verify(raw: bytes, brought: Iterable[PartnerCard] = ()) -> Proved:
    """What a proof file shows, checked by the cards that were brought, else by its own. Raises Malformed."""
    return _Check(read(raw), {card.node: card for card in brought}).done()


class _Check:
    """One walk through a file: what holds is kept, what does not is named."""

    def __init__(self, file: Evidence, brought: Mapping[str, PartnerCard]) -> None:
        self.file, self.brought = file, brought
        self.wrong: list[Wrong] = []
        self.said: list[str] = []
        self.cards: dict[str, PartnerCard] = {}
        self.given: dict[str, list[PartnerCard]] = {}
        self.used: dict[str, PartnerCard] = {}
        self.entries: list[Entry | None] = []
        self.state: AgreementState | None = None

    def done(self) -> Proved:
        """All of it."""
        self._cards()
        head = self._head()
        continues = [*self._earlier(head)] if head else []
        if head:
            self.entries = [self._entry(place, each, head) for place, each in enumerate(self.file.entries)]
            self._manifest()
            self._receipts()
            self._agreement(head)
            self._about()
            self._stamps(head)
        return Proved(
            about=self.file.about,
            head=head,
            entries=tuple(self.entries),
            continues=tuple(continues),
            said=tuple(self.said),
            state=self.state,
            stamps=self.file.stamps,
            signers=tuple(
                Signer(node, fingerprint(card), node in self.brought) for node, card in sorted(self.used.items())
            ),
            wrong=tuple(self.wrong),
        )

    def _no(self, field: str, what: str) -> None:
        self.wrong.append(Wrong(field, what))

    def _cards(self) -> None:
        for place, token in enumerate(self.file.cards):
            try:
                card = read_card(token)
            except Fault as fault:
                self._no(f"cards[{place}]", fault.what)
                continue
            self.given.setdefault(card.node, []).append(card)
        for node, given in self.given.items():
            self.cards[node] = max(given, key=lambda card: card.number)
        self.cards.update(self.brought)

    def _older(self, card: PartnerCard) -> list[Verifier]:
        """The signing keys that a card's own followed: the chain of cards must hold from each to the next."""
        older, newer = list[Verifier](), card
        for each in sorted(self.given.get(card.node, ()), key=lambda each: -each.number):
            if each.number >= newer.number:
                continue
            try:
                follows = succeed(each, newer) is Succession.CONTINUES
            except Fault:
                break
            if not follows:
                break
            older.append(each.verifier)
            newer = each
        return older

    def _card(self, node: str, field: str) -> PartnerCard | None:
        card = self.cards.get(node)
        if card is None:
            self._no(field, f"The card of {node} is missing: bring it with --card.")
            return None
        self.used[node] = card
        return card

    def _key(self, node: str, field: str, *, log: bool = False) -> Verifier | None:
        card = self._card(node, field)
        if card is None:
            return None
        return card.log_verifier if log else card.verifier.followed(self._older(card))

    def _head(self) -> SignedHead | None:
        try:
            head = jws.unverified(self.file.head, SignedHead)
            key = self._key(head.log, "head", log=True)
            return receipts.read_head(self.file.head, key) if key else None
        except Fault as fault:
            self._no("head", fault.what)
            return None

    def _earlier(self, head: SignedHead) -> Iterator[tuple[str, int]]:
        for place, each in enumerate(self.file.earlier):
            field = f"earlier[{place}]"
            try:
                old = receipts.read_head(each.head, self.cards[head.log].log_verifier)
            except Fault as fault:
                self._no(f"{field}.head", fault.what)
                continue
            if (old.log, old.epoch) != (head.log, head.epoch):
                self._no(f"{field}.head", "It is a head of another log or epoch.")
            elif not ledger.verify_consistency(
                old.size, head.size, bytes.fromhex(old.root), bytes.fromhex(head.root), _steps(each.path)
            ):
                self._no(
                    f"{field}.path", f"The log does not begin with the {old.size} entries of {each.held_by}'s head."
                )
            else:
                yield each.held_by, old.size

    def _entry(self, place: int, each: Placed, head: SignedHead) -> Entry | None:
        """An entry that is in the log; else None, and which part of it is wrong."""
        field, root, path = f"entries[{place}]", bytes.fromhex(head.root), _steps(each.path)

        def leads(leaf: bytes) -> bool:
            return ledger.verify_inclusion(leaf, each.index, head.size, path, root)

        if not each.salt and not each.entry:
            if not leads(bytes.fromhex(each.leaf)):
                self._no(f"{field}.path", "The leaf is not in the log under this head.")
            return None
        grown = ledger.leaf_hash(bytes.fromhex(each.salt), each.entry.encode())
        if grown.hex() != each.leaf:
            named = "leaf" if leads(grown) else "entry"
            self._no(f"{field}.{named}", "The leaf is not that of the entry with its salt.")
            return None
        if not leads(grown):
            self._no(f"{field}.path", "The entry is not in the log under this head, at this place.")
            return None
        try:
            return ledger.read_entry(each.entry.encode())
        except Fault as fault:
            self._no(f"{field}.entry", fault.what)
            return None

    def _named(self, *types: EntryType, **detail: object) -> Entry | None:
        """The first entry of one of these types that says so."""
        for entry in self.entries:
            if entry and entry.type in types and all(entry.detail.get(key) == value for key, value in detail.items()):
                return entry
        return None

    def _manifest(self) -> None:
        """The envelope that the log speaks of is the one that its originator signed, on this route."""
        each = self.file.manifest
        if each is None:
            return
        try:
            text, route_raw = _raw(each.manifest), _raw(each.route)
            hashed, signer = _named_in(text)
        except Fault as fault:
            self._no("manifest.manifest", fault.what)
            return
        identity = digest(text).hex()
        if self._named(EntryType.SENT, EntryType.RECEIVED, envelope=identity) is None:
            self._no("manifest.manifest", "No entry here speaks of this envelope.")
            return
        if digest(route_raw) != hashed:
            self._no("manifest.route", "It is not the route that was signed.")
            return
        try:
            route = labels.read_route(route_raw)
        except Fault as fault:
            self._no("manifest.route", fault.what)
            return
        known = self._key(node_of(route.snd), "manifest.route")
        key = known and known.by(signer)
        if key is None:
            if known:
                self._no("manifest.signature", "It is signed by another key than the card's.")
            return
        try:
            path = _raw(each.path)
            seal.verify_manifest(text, _raw(each.signature), read_path(path) if path else None, key)
        except Fault as fault:
            self._no("manifest.signature", fault.what)
            return
        to = ", ".join(route.rcp)
        self.said.append(f"{route.snd} signed envelope {route.id} to {to} under agreement {route.agr[:12]}")

    def _receipts(self) -> None:
        for place, token in enumerate(self.file.receipts):
            field = f"receipts[{place}]"
            try:
                shown = receipts.unverified(token)
                key = self._key(shown.recipient, field)
                if key is None:
                    continue
                receipt = receipts.read_receipt(token, key)
            except Fault as fault:
                self._no(field, fault.what)
                continue
            if not self._logged(receipt, token):
                self._no(field, "No entry here speaks of this receipt.")
                continue
            at = canon.moment(receipt.at).isoformat()
            self.said.append(f"{receipt.recipient} signed: envelope {receipt.envelope[:12]} {receipt.state} at {at}")

    def _logged(self, receipt: receipts.Receipt, token: str) -> bool:
        """Whether an entry speaks of a receipt: a partner's by its digest, one of the log's own node by its place."""
        if self._named(EntryType.RECEIPT, envelope=receipt.envelope, n=receipt.n, receipt=jws.digest(token)):
            return True
        if receipt.n == 0:
            entry = self._named(EntryType.RECEIVED, envelope=receipt.envelope)
            return entry is not None and (entry.detail.get("reason") or "") == receipt.reason
        return self._named(EntryType.RECEIPT, envelope=receipt.envelope, n=receipt.n, prev=receipt.prev) is not None

    def _agreement(self, head: SignedHead) -> None:
        paper = self.file.agreement
        if paper is None:
            return
        try:
            agreement = terms.read_agreement(paper.document.encode())
        except Fault as fault:
            self._no("agreement.document", fault.what)
            return
        name = terms.digest(agreement)
        if self._named(EntryType.AGREEMENT, agreement=name) is None:
            self._no("agreement.document", "No entry here speaks of this agreement.")
            return
        signed = {party: token for party, token in paper.signatures.items() if self._party(party, token, name)}
        held: list[standing.Statement] = []
        for place, token in enumerate(paper.statements):
            field = f"agreement.statements[{place}]"
            try:
                key = self._key(node_of(jws.unverified(token, standing.Statement).party), field)
                if key is None:
                    continue
                new = standing.read_statement(token, key)
                standing.check_statement(agreement, name, held, new)
            except Fault as fault:
                self._no(field, fault.what)
                continue
            held.append(new)
            self.said.append(f"{new.party} signed: {new.act} agreement {name[:12]}")
        self.state = standing.state(agreement, signed, held, canon.moment(head.at))

    def _party(self, party: str, token: str, name: str) -> bool:
        field = f"agreement.signatures.{party}"
        try:
            key = self._key(node_of(party), field)
            if key is None:
                return False
            signature = standing.read_signature(token, name, key)
        except Fault as fault:
            self._no(field, fault.what)
            return False
        if signature.party != party:
            self._no(field, "It is the signature of another party.")
            return False
        self.said.append(f"{party} signed agreement {name[:12]}")
        return True

    def _about(self) -> None:
        """The file holds what it says it is about."""
        has = {
            "envelope": self.file.manifest is not None,
            "receipts": bool(self.file.receipts),
            "reads": all(entry is None or entry.type is EntryType.READ for entry in self.entries),
            "agreement": self.file.agreement is not None,
        }
        if not has[self.file.about]:
            self._no("about", "The file holds something else.")

    def _stamps(self, head: SignedHead) -> None:
        """The heads that a timestamp authority saw are of this log, and it goes on from them."""
        for place, each in enumerate(self.file.stamps):
            field = f"stamps[{place}]"
            try:
                old = receipts.read_head(each.head, self.cards[head.log].log_verifier)
            except Fault as fault:
                self._no(f"{field}.head", fault.what)
                continue
            roots = bytes.fromhex(old.root), bytes.fromhex(head.root)
            if (old.log, old.epoch) != (head.log, head.epoch):
                self._no(f"{field}.head", "It is a head of another log or epoch.")
            elif old != head and not ledger.verify_consistency(old.size, head.size, *roots, _steps(each.path)):
                self._no(f"{field}.path", "The log does not begin with the entries that were stamped.")


def _steps(path: Iterable[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in path]


def _named_in(manifest: bytes) -> tuple[bytes, bytes]:
    """H(route) and the signer's key id in a manifest; else Malformed."""
    title = b"tansiq/1/manifest"
    if not manifest.startswith(title):
        raise Malformed("This is no manifest.", "Ask the node for a new proof.")
    fields = frames(manifest[len(title) :], least=9, most=9)
    return fields[1], fields[8]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("This is not base64url.", "Ask the node for a new proof.") from None
