"""Who signed an agreement, and whether it is in force: signatures, suspensions, and the state they give.

    draft -> signed k of n -> in force <-> suspended
                              in force, suspended -> ended | superseded

Every party signs the digest (one JWS each). Any party suspends or ends it; only who suspended lifts. Statements of one
party are numbered, so an old suspension, or an old lift, cannot be played again. The state is judged at the receiver's
time. Receipts, recalls and corrections survive the end.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tansiq.exchange import canon, jws
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.label import Agency, Digest, Millis
from tansiq.ground.errors import Untrusted


class AgreementState(StrEnum):
    """Where an agreement stands."""

    DRAFT = "draft"
    SIGNED_IN_PART = "signed-in-part"
    SIGNED = "signed"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    ENDED = "ended"
    SUPERSEDED = "superseded"


OVER = frozenset({AgreementState.ENDED, AgreementState.SUPERSEDED})
"""Nothing passes any more, and nothing can bring it back; what outlives an agreement still does."""

DAY_MS = 86_400_000


class PartyAct(StrEnum):
    """What one party says of an agreement in force."""

    SUSPEND = "suspend"
    LIFT = "lift"
    END = "end"


class PartySignature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One party's signature under an agreement."""

    agreement: Digest
    party: Agency
    at: Millis
    v: Literal[1] = 1


class Statement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One party suspends, lifts or ends. `seq` counts from 1 per party and agreement."""

    agreement: Digest
    party: Agency
    seq: Annotated[int, Meta(ge=1, le=1_000_000)]
    act: PartyAct
    at: Millis
    reason: Annotated[str, Meta(max_length=64)] = ""
    v: Literal[1] = 1


def sign_agreement(agreement: str, *, party: str, now: datetime, signer: Signer) -> str:
    """A party's signature under the agreement with this digest, as a token."""
    return jws.sign(PartySignature(agreement=agreement, party=party, at=canon.millis(now)), signer)


def read_signature(token: str, agreement: str, verifier: Verifier) -> PartySignature:
    """The party signature of a token on this agreement, by the key of the node that speaks for the party."""
    signature = jws.read(token, PartySignature, verifier)
    if signature.agreement != agreement:
        raise Untrusted("The signature is under another agreement.", "Ask the party to sign this one.")
    return signature


def state_act(statement: Statement, signer: Signer) -> str:
    """A party's statement as a token."""
    return jws.sign(statement, signer)


def read_statement(token: str, verifier: Verifier) -> Statement:
    """The statement of a token, by the key of the node that speaks for the party."""
    return jws.read(token, Statement, verifier)


def check_statement(agreement: Agreement, name: str, held: Sequence[Statement], new: Statement) -> None:
    """Return when `new` may join the `held` statements on the agreement called `name` (its digest); else Untrusted.

    It must come from a party, number one past that party's last, and change something: only who suspended lifts, and
    nothing follows an end.
    """
    mine = [statement for statement in held if statement.party == new.party]
    if new.agreement != name or new.party not in agreement.parties:
        raise Untrusted("The statement is of no party to this agreement.", "Ask a party to make it.")
    if new.seq != len(mine) + 1:
        raise Untrusted(f"Statement {new.seq} came where {len(mine) + 1} is next.", "Ask for the ones between.")
    if any(statement.act is PartyAct.END for statement in held):
        raise Untrusted("The agreement has ended.", "Sign a new one.")
    suspended = bool(mine) and mine[-1].act is PartyAct.SUSPEND
    if new.act is PartyAct.LIFT and not suspended:
        raise Untrusted("Only the party that suspended can lift.", "Ask that party.")
    if new.act is PartyAct.SUSPEND and suspended:
        raise Untrusted("The party has suspended already.", "Nothing needs to be done.")


def suspended_by(statements: Sequence[Statement]) -> tuple[str, ...]:
    """The parties whose suspension stands."""
    last = {statement.party: statement.act for statement in sorted(statements, key=lambda each: each.seq)}
    return tuple(sorted(party for party, act in last.items() if act is PartyAct.SUSPEND))


def replaced_at(name: str, old: Agreement, new: Agreement, signed: Mapping[str, object]) -> int | None:
    """From when `new` stands in place of the agreement called `name`, in milliseconds; None where it does not.

    Nobody is put out of an agreement by others: `new` has the same mechanism, every party of the old one, and all
    their signatures. The old one goes on beside it for the days that they agreed.
    """
    heir = new.supersedes == name and new.mechanism is old.mechanism and set(old.parties) <= set(new.parties)
    if not heir or not all(party in signed for party in new.parties):
        return None
    return new.since + new.overlap_days * DAY_MS


def state(
    agreement: Agreement,
    signed: Mapping[str, object],
    statements: Sequence[Statement],
    now: datetime,
    replaced: int | None = None,
) -> AgreementState:
    """Where the agreement stands now; `signed` has a key for each party whose signature was read.

    A rescue agreement does not lapse with its date: it stays open until a party ends it, or another one replaces it.
    `replaced` is the moment in milliseconds from which another stands in its place.
    """
    count = sum(party in signed for party in agreement.parties)
    at = canon.millis(now)
    lapsed = at >= agreement.until and agreement.mechanism is not Mechanism.RESCUE
    if lapsed or any(statement.act is PartyAct.END for statement in statements):
        return AgreementState.ENDED
    if count < len(agreement.parties):
        return AgreementState.SIGNED_IN_PART if count else AgreementState.DRAFT
    if replaced is not None and at >= replaced:
        return AgreementState.SUPERSEDED
    if at < agreement.since:
        return AgreementState.SIGNED
    return AgreementState.SUSPENDED if suspended_by(statements) else AgreementState.IN_FORCE


def passes(mechanism: Mechanism, state: AgreementState) -> bool:
    """Whether letters pass in this state: in force, and for rescue while suspended too, since distress never waits."""
    if mechanism is Mechanism.RESCUE:
        return state in {AgreementState.IN_FORCE, AgreementState.SUSPENDED}
    return state is AgreementState.IN_FORCE
