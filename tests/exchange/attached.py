"""Letters with attachments, for tests: handed in and sent by us, or sealed by a neighbour."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from tansiq.exchange import acts, attaching, canon, reads, seal
from tansiq.exchange import label as labels
from tansiq.exchange.attaching import Ready
from tansiq.exchange.content import CHUNK
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import Label, Route
from tansiq.exchange.values import Sent, Upload
from tansiq.ground.ids import uuid7
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour

OFFICER = world.stranger(Duty.LIAISON_OFFICER)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 700
"""Three chunks that begin as a picture does."""

ABOUT = {"topic": "smuggling", "purpose": "prevention", "urgency": "routine"}


def hand_in(
    data: bytes,
    now: datetime,
    *,
    name: str = "photo.png",
    by: Officer = OFFICER,
    number: int = 1,
    step: int = 2 * CHUNK,
) -> UUID:
    """Hand a file in, part by part."""
    upload = UUID(int=number)
    for offset in range(0, len(data), step):
        part = data[offset : offset + step]
        came = acts.take_upload(
            upload=upload, name=name, size=len(data), offset=offset, data=part, by=by, now=now
        )  # fmt: skip
        assert isinstance(came, Upload), came
        assert came.came == offset + len(part)
    return upload


def send(es: Neighbour, agreement: str, now: datetime, *uploads: UUID, by: Officer = OFFICER) -> Sent:
    """Seal what was handed in, and send it with a letter of information."""
    ready = reads.seal_uploads(uploads=uploads, agreement=agreement, to=(es.agency,), urgency="routine", by=by, now=now)
    assert isinstance(ready, Ready), ready
    sent = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(), mechanism="direct", to=(es.agency,), by=by, now=now,
        ready=ready, **ABOUT,
    )  # fmt: skip
    assert isinstance(sent, Sent), sent
    acts.drop_uploads(uploads=uploads, by=by)
    return sent


def sealed_by(
    es: Neighbour, agreement: str, now: datetime, *files: bytes, parts: tuple[Any, ...] | None = None, **said: Any
) -> seal.Sealed:
    """A letter of the neighbour's to us, with these attachments, heads included."""
    body = canon.write_letter(neighbours.information())
    label = Label(
        kind=Kind.INFORMATION, sender=es.agency, duty="liaison-officer", recipients=("ma.marine",),
        sent=canon.millis(now), expires=canon.millis(now + timedelta(days=1)), letter=labels.part_of(body),
        attachments=parts or tuple(labels.attachment_of(each, "image/png") for each in files), **ABOUT,
    )  # fmt: skip
    label = replace(label, **said)
    route = Route(
        agr=agreement, id=uuid7(now), snd=label.sender, rcp=label.recipients, urg=label.urgency, exp=label.expires
    )  # fmt: skip
    return seal.seal(
        route=route, label=label, letter=body, readers=[(seal.Role.ALL, es.known().reader)], signer=es.keys.signer,
        attachments=files,
    )  # fmt: skip


def file(data: bytes = PNG, name: str = "photo.png", kind: str = "image/png") -> bytes:
    """A file with the head that an attachment has."""
    return attaching.head_of(name, kind) + data
