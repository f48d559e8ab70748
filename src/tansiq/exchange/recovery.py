"""What a node declares when it goes on from an old backup, and how its partners check that: without a store.

A backup that is restored has lost what came after it. Two persons declare the lost range; their declaration is the
first leaf of a new epoch, right behind the leaves that are left. Who holds a head of the old epoch asks for that entry
and for two proofs (RFC 9162, section 2.1.4): the new tree begins with what the entry says was left, and with the
newest head that lies before the loss. Anything else is a rewritten history.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tansiq.exchange import ledger, proof
from tansiq.exchange.keys import Verifier
from tansiq.exchange.label import Count, Digest
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.receipts import SignedHead
from tansiq.exchange.values import Detail
from tansiq.ground.errors import Untrusted

MOST = 64
"""The most recoveries that are shown at once."""

Epoch = Annotated[int, Meta(ge=1, le=1_000_000)]


class Recovery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a recovery entry says: it stands at leaf `size` and opens `epoch`.

    `was` is the epoch of the restored ledger, `size` and `root` what was left of it, `shared` how many of those leaves
    nobody's head contradicts, `held` the highest size that anyone holds: the leaves from `shared` to `held` are lost.
    `heads` says who holds what (holder epoch/size/root), `officers` who declared it, `without` whom nobody could ask.
    """

    was: Epoch
    epoch: Epoch
    size: Count
    root: Digest
    shared: Count
    held: Count
    heads: str
    officers: str
    without: str = ""

    def detail(self) -> Detail:
        """The recovery as a log entry carries it."""
        return msgspec.convert(msgspec.to_builtins(self), Detail)

    def said(self) -> Detail:
        """What a partner's log says of it."""
        return {"restored": self.size, "lost": f"{self.shared}-{self.held}", "officers": self.officers[:200]}


def check(
    *, held: SignedHead, new: SignedHead, steps: Sequence[bytes], documents: Sequence[str], log: Verifier
) -> Recovery:
    """The newest recovery between `held` and `new`, of a later epoch, once everything fits; else Malformed, Untrusted.

    `documents` are inclusion proofs of every recovery since the epoch of `held`, oldest first. `steps` is the
    consistency proof to `new` from `held`, where `held` lies before the loss, and else from what was left.
    """
    told = [_read(document, new, log) for document in documents[:MOST]]
    if not told or told[-1].epoch != new.epoch or any(each.epoch <= held.epoch for each in told):
        raise Untrusted("A new epoch has no recovery entry.", "Ask the partner what it did.")
    last = told[-1]
    begin = (held.size, held.root) if held.size <= shared(told) else (last.size, last.root)
    roots = bytes.fromhex(begin[1]), bytes.fromhex(new.root)
    if not ledger.verify_consistency(begin[0], new.size, *roots, steps):
        raise Untrusted("The new epoch does not begin with what was left.", "Ask the partner what it did.")
    return last


def shared(told: Sequence[Recovery]) -> int:
    """How many leaves none of these recoveries lost."""
    return min(each.shared for each in told)


def read(entry: ledger.Entry) -> Recovery:
    """The recovery of a log entry; else Untrusted."""
    if entry.type is not EntryType.RECOVERY:
        raise Untrusted("The entry is no recovery.", "Ask the partner for the right one.")
    try:
        return msgspec.convert(entry.detail, Recovery)
    except msgspec.ValidationError as error:
        raise Untrusted(f"The recovery cannot be read: {error}.", "Ask the partner what it did.") from error


def _read(document: str, new: SignedHead, log: Verifier) -> Recovery:
    """The recovery whose inclusion under `new` a document proves, at the very leaf that it names."""
    proved = proof.check(document.encode(), log)
    if proved.entry is None or proved.head != new:
        raise Untrusted("The recovery entry stands under another head.", "Ask the partner for the right one.")
    told = read(proved.entry)
    if proved.index != told.size or not told.shared <= told.size:
        raise Untrusted("The recovery entry is not where it says.", "Ask the partner what it did.")
    return told
