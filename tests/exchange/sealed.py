"""Keys, labels and envelopes that the tests of the exchange share. Seeds are fixed, so a failure repeats itself."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from tansiq.exchange import seal
from tansiq.exchange.agreements import templates
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.keys import KeySet
from tansiq.exchange.label import Label, Route, Urgency, attachment_of, part_of
from tansiq.exchange.seal import Role, Sealed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENT = 1_772_366_400_000
AGREEMENT = "a" * 64
LETTER = b'{"text":"a boat with 23 persons"}'


def keys(name: str) -> KeySet:
    """The key set that grows from a name."""
    return KeySet.generate(hashlib.shake_256(name.encode()).digest(160))


MA, ES, DE, DESK, MALLORY = (keys(name) for name in ("ma", "es", "de", "desk", "mallory"))


def route(**fields: object) -> Route:
    """A route from Morocco's marine to Spain's rescue service."""
    plain = Route(
        agr=AGREEMENT,
        id=UUID("0195512c-6c00-7000-8000-0123456789ab"),
        snd="ma.marine",
        rcp=("es.salvamento",),
        urg=Urgency.DISTRESS,
        exp=SENT + 86_400_000,
    )
    return replace(plain, **fields)


def label(letter: bytes = LETTER, **fields: object) -> Label:
    """The label that goes with `route`."""
    plain = Label(
        kind="alert",
        sender="ma.marine",
        duty="node",
        recipients=("es.salvamento",),
        urgency=Urgency.DISTRESS,
        sent=SENT,
        expires=SENT + 86_400_000,
        letter=part_of(letter),
    )
    return replace(plain, **fields)


READERS = ((Role.LABEL, DESK.opener.reader), (Role.ALL, ES.opener.reader))


def sealed(letter: bytes = LETTER, *, attachments: tuple[bytes, ...] = ()) -> Sealed:
    """An envelope from Morocco to Spain, past a desk."""
    named = label(letter, attachments=tuple(map(attachment_of, attachments)))
    return seal.seal(
        route=route(), label=named, letter=letter, readers=READERS, signer=MA.signer, attachments=attachments
    )


def agreement(mechanism: Mechanism, **fields: object) -> Agreement:
    """The built-in agreement of a mechanism between three parties, for the year 2026."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    parties = ("ma.marine", "es.salvamento", "de.bpol")
    plain = templates.propose(
        mechanism, parties=parties, number="1/2026", since=start, until=start + timedelta(days=365)
    )
    return replace(plain, **fields)
