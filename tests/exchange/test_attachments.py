"""Attachments: handed in, sealed, sent, received in chunks, looked through, opened for a reason, erased."""

import errno
import os
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import acts, attaching, blobs, content, reads, seal, transport
from tansiq.exchange import label as labels
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.blobs import Store
from tansiq.exchange.ferry import Came
from tansiq.exchange.models import Blob, Delivery, Envelope, Event, LedgerEntry, Log, Upload
from tansiq.exchange.recalls import RecallReason
from tansiq.exchange.values import BlobState, DeliveryState, ExchangeReason, OpenedAttachment
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Malformed, Missing, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.exchange import attached
from tests.exchange.attached import OFFICER, PNG
from tests.exchange.doors import open_door
from tests.exchange.sealed import NOW
from tests.neighbour import Neighbour

KEY, AAD = b"k" * 32, b"a" * 32
MOST_MEMORY = 48 << 20


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, b"s" * 32)


# Streams


@given(st.binary(max_size=200_000), st.lists(st.integers(0, 200_000), max_size=6))
def test_a_stream_seals_as_a_whole_and_opens_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(places)]

    sealed = b"".join(content.seal_stream(KEY, 3, len(data), parts, AAD))

    assert sealed == content.seal_attachment(KEY, 3, data, AAD)
    assert len(sealed) == content.sealed_size(len(data))
    again = [sealed[a : a + 1_000] for a in range(0, len(sealed), 1_000)]
    assert b"".join(content.open_stream(KEY, 3, len(sealed), again, AAD)) == data


@given(st.binary(max_size=3_000), st.integers(0, 3_000))
def test_whatever_bytes_come_they_open_or_are_refused(data: bytes, size: int) -> None:
    with pytest.raises(Untrusted):
        list(content.open_stream(KEY, 0, size, [data], AAD))


@pytest.mark.parametrize("said", [0, 9, 11, 100_000])
def test_a_file_that_is_not_as_long_as_was_said_is_not_sealed(said: int) -> None:
    with pytest.raises(Malformed):
        list(content.seal_stream(KEY, 0, said, [b"x" * 10], AAD))


def zeros(size: int) -> Iterator[bytes]:
    """That many bytes, a piece at a time."""
    for start in range(0, size, 1 << 20):
        yield bytes(min(1 << 20, size - start))


def test_a_large_file_is_sealed_kept_and_opened_in_bounded_memory(store: Store) -> None:
    size = 200 << 20
    tracemalloc.start()
    try:
        digest, length = store.write(content.seal_stream(KEY, 0, size, zeros(size), AAD))
        opened = sum(map(len, content.open_stream(KEY, 0, length, store.read(digest), AAD)))
        came = 0
        for start in range(0, length, 4 << 20):
            came = store.add("0" * 64, start, store.piece(digest, start, 4 << 20), length + 1)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (opened, came) == (size, length)
    assert most < MOST_MEMORY


# Files


def test_a_file_takes_its_name_when_it_is_whole(store: Store) -> None:
    digest, size = store.write([b"abc", b"def"])

    assert (size, b"".join(store.read(digest))) == (6, b"abcdef")
    assert store.write([b"abcdef"]) == (digest, 6)
    assert [*store.folder.glob("making/*")] == []
    assert store.path(digest).stat().st_mode & 0o077 == 0


def test_what_is_received_joins_on_and_nothing_else_does(store: Store) -> None:
    digest, size = store.write([b"abcdef"])
    store.forget(digest)

    assert store.add(digest, 0, b"abc", size) == 3
    assert store.add(digest, 0, b"abc", size) == 3, "again: its answer was lost"
    assert store.add(digest, 5, b"f", size) == 3, "a gap"
    assert store.add(digest, 3, b"defg", size) == 3, "more than was named"
    assert Store(store.folder.parent, b"s" * 32).came(digest) == 3, "the process was killed"
    assert store.add(digest, 3, b"def", size) == 6
    assert b"".join(store.read(digest)) == b"abcdef"
    assert [*store.folder.glob("coming/*")] == []


def test_another_file_under_the_name_begins_again(store: Store) -> None:
    digest, size = store.write([b"abcdef"])
    store.forget(digest)
    with pytest.raises(Untrusted):
        store.add(digest, 0, b"abcdeX", size)

    assert store.came(digest) == 0


def full(*_: object) -> None:
    """What the disk says when it is full."""
    raise OSError(errno.ENOSPC, "No space left on device")


def test_on_a_full_disk_nothing_half_written_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, size = store.write([b"abcdef"])
    store.forget(digest)
    store.add(digest, 0, b"abc", size)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.add(digest, 3, b"def", size)
        with pytest.raises(OSError, match="No space"):
            store.write([b"xyz"])
        with pytest.raises(OSError, match="No space"):
            store.take(UUID(int=1), 0, b"xyz")

    assert store.came(digest) == 3
    assert store.typed(UUID(int=1)) == 0
    assert [*store.folder.glob("making/*")] == []


def test_the_reserve_of_the_disk_is_kept_for_letters(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "RESERVE", 1 << 62)

    with pytest.raises(OSError, match="reserve"):
        store.take(UUID(int=1), 0, b"x")


def test_what_is_handed_in_lies_sealed_and_goes_on_after_a_crash(store: Store) -> None:
    upload, data = UUID(int=7), os.urandom(3 * content.CHUNK + 5)
    store.take(upload, 0, data[: content.CHUNK])
    path = store.folder / "typed" / upload.hex
    with path.open("ab") as file:
        file.write(b"torn")
    assert store.take(upload, 2 * content.CHUNK, b"x") == store.typed(upload), "a gap changes nothing"
    assert store.take(upload, content.CHUNK, data[content.CHUNK :]) == len(data)

    assert b"".join(store.handed_in(upload)) == data
    assert data[:100] not in path.read_bytes()
    with pytest.raises(Untrusted):
        list(Store(store.folder.parent, b"t" * 32).handed_in(upload))
    store.drop(upload)
    with pytest.raises(Missing):
        list(store.handed_in(upload))


@pytest.mark.parametrize("name", ["../x", "A" * 64, "a" * 63, ""])
def test_only_a_digest_is_a_name(store: Store, name: str) -> None:
    with pytest.raises(Malformed):
        store.path(name)


# Sent


@pytest.fixture
def direct(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.DIRECT, es, now=NOW)


@pytest.mark.django_db
def test_what_is_handed_in_is_sealed_for_the_partner(es: Neighbour, direct: str) -> None:
    sent = attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))

    row = Envelope.objects.get(ref=sent.envelope)
    envelope = seal.parse(bytes(row.raw))
    keys = seal.unwrap(envelope, es.keys.opener)
    sealed = b"".join(reads.store().read(envelope.blobs[0].digest.hex()))
    assert seal.open_attachment(envelope, keys, 0, sealed) == attached.file()
    assert Blob.objects.values_list("node", "digest", "kind", "state").get() == (
        "es", envelope.blobs[0].digest.hex(), "image/png", "waiting",
    )  # fmt: skip
    assert not Upload.objects.exists()
    assert reads.verify() == ()


NOT_TAKEN = {
    "a program": (b"\x7fELF\x02\x01", ExchangeReason.ATTACHMENT_TYPE),
    "a page": (b"<html>", ExchangeReason.ATTACHMENT_TYPE),
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", NOT_TAKEN)
def test_a_file_of_an_unknown_kind_is_not_taken(home: Path, story: str) -> None:
    data, reason = NOT_TAKEN[story]

    answer = acts.take_upload(
        upload=UUID(int=1), name="a.pdf", size=len(data), offset=0, data=data, by=OFFICER, now=NOW
    )  # fmt: skip

    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert not Upload.objects.exists()


@pytest.mark.django_db
def test_a_file_may_not_be_too_large_nor_a_persons_files_together(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(size: int, number: int) -> object:
        return acts.take_upload(
            upload=UUID(int=number), name="a.png", size=size, offset=0, data=PNG[:100], by=OFFICER, now=NOW
        )

    assert isinstance(answer(attaching.LARGEST + 1, 1), Refused)
    monkeypatch.setattr("tansiq.exchange.acts.attaching.MOST_HELD", 300)
    assert not isinstance(answer(200, 2), Refused)
    assert isinstance(answer(200, 3), Refused)


@pytest.mark.django_db
def test_a_file_that_changes_its_kind_halfway_is_not_sent(es: Neighbour, direct: str) -> None:
    text = b"a" * content.CHUNK + b"\x00"
    upload = attached.hand_in(text, NOW, name="a.txt")

    with pytest.raises(Malformed, match="not text/plain"):
        reads.seal_uploads(
            uploads=(upload,), agreement=direct, to=(es.agency,), urgency="routine", by=OFFICER, now=NOW
        )  # fmt: skip
    assert [*reads.store().folder.glob("making/*")] == []


@pytest.mark.django_db
def test_nobody_sends_what_another_handed_in(es: Neighbour, direct: str) -> None:
    upload = attached.hand_in(PNG, NOW)
    other = world.stranger(Duty.LIAISON_OFFICER, name="other", number=2)

    answer = reads.seal_uploads(
        uploads=(upload,), agreement=direct, to=(es.agency,), urgency="routine", by=other, now=NOW
    )  # fmt: skip

    assert isinstance(answer, Refused)
    assert reads.uploads(reader=other) == ()
    with pytest.raises(Missing):
        acts.take_upload(upload=upload, name="x", size=len(PNG), offset=0, data=PNG[:10], by=other, now=NOW)


# Received


@pytest.fixture
def door(serving_es: Neighbour) -> Iterator[str]:
    with open_door() as url:
        yield url


def came(
    es: Neighbour, door: str, digest: str, offset: int | None = None, data: bytes = b""
) -> tuple[int, Came | None]:
    """What our door says of an attachment; with an offset, after the neighbour brought a chunk."""
    path = f"/tsq1/blobs/{digest}" + ("" if offset is None else f"?offset={offset}")
    status, raw, _ = es.post(door, path, data, clock.now(), method="GET" if offset is None else "PUT")
    return status, msgspec.json.decode(raw, type=Came) if status == 200 else None


@pytest.mark.django_db(transaction=True)
def test_an_attachment_comes_in_chunks_and_is_opened_for_a_reason(serving_es: Neighbour, door: str) -> None:
    es = serving_es
    direct = neighbours.agree(Mechanism.DIRECT, es, now=clock.now())
    letter = attached.sealed_by(es, direct, clock.now(), attached.file())
    (box,), digest = letter.attachments, letter.envelope.blobs[0].digest.hex()

    assert came(es, door, digest)[0] == 404, "its letter did not come yet"
    assert came(es, door, digest, 0, box[:10])[0] == 404
    es.send(door, clock.now(), letter.envelope)
    assert came(es, door, digest) == (200, Came(0, BlobState.WAITING))
    half = len(box) // 2
    assert came(es, door, digest, 0, box[:half]) == (200, Came(half, BlobState.WAITING))
    ref = Envelope.objects.get(direction="in").ref
    early = acts.open_attachment(envelope=ref, place=0, reason="case 7", by=OFFICER, now=clock.now())
    assert isinstance(early, Refused)
    assert early.reason == ExchangeReason.ATTACHMENT_AWAITED
    assert came(es, door, digest, half, box[half:]) == (200, Came(len(box), BlobState.HERE))
    assert came(es, door, digest, 0, box[:half]) == (200, Came(len(box), BlobState.HERE)), "again"

    opened = acts.open_attachment(envelope=ref, place=0, reason="case 7", by=OFFICER, now=clock.now())

    assert isinstance(opened, OpenedAttachment)
    assert (opened.name, opened.kind, opened.size) == ("photo.png", "image/png", len(PNG))
    assert b"".join(opened.parts) == PNG
    names = [*Event.objects.order_by("id").values_list("name", flat=True)]
    assert names[-2:] == [Permission.ATTACHMENT_RECEIVE, Permission.ATTACHMENT_OPEN]
    assert b"case 7" in bytes(LedgerEntry.objects.order_by("-index")[0].entry or b"")
    assert reads.verify() == ()


WRONG = {
    "a program that says it is a picture": lambda: (attached.file(b"\x7fELF" + b"\x02" * 90), None),
    "another file than the label names": lambda: (
        attached.file(),
        (labels.attachment_of(attached.file(PNG[:-1] + b"x"), "image/png"),),
    ),
    "another type than the label says": lambda: (attached.file(b"%PDF-1.7", kind="application/pdf"), None),
    "no name and type": lambda: (PNG, None),
    "a folder in its name": lambda: (attached.file(name="../../x.png"), None),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("story", WRONG)
def test_what_is_not_what_its_letter_says_is_refused_and_taken_away(
    serving_es: Neighbour, door: str, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    es = serving_es
    direct = neighbours.agree(Mechanism.DIRECT, es, now=clock.now())
    data, parts = WRONG[story]()
    if parts:
        monkeypatch.setattr(seal, "_check_parts", lambda *_: None)
    letter = attached.sealed_by(es, direct, clock.now(), data, parts=parts)
    es.send(door, clock.now(), letter.envelope)
    digest = letter.envelope.blobs[0].digest.hex()

    status, answer = came(es, door, digest, 0, letter.attachments[0])

    assert (status, answer and answer.state) == (200, BlobState.REFUSED)
    assert reads.store().size(digest) is None
    assert Event.objects.order_by("-id")[0].name == Permission.ATTACHMENT_REFUSE
    assert came(es, door, digest)[1] == Came(len(letter.attachments[0]), BlobState.REFUSED)


@pytest.mark.django_db(transaction=True)
def test_strangers_and_other_partners_bring_nothing(serving_es: Neighbour, door: str) -> None:
    es, now = serving_es, clock.now()
    de, stranger = Neighbour("de", "de.bpol"), Neighbour("xx", "xx.none")
    neighbours.meet(de, now)
    direct = neighbours.agree(Mechanism.DIRECT, es, now=now)
    letter = attached.sealed_by(es, direct, now, attached.file())
    es.send(door, now, letter.envelope)
    path = f"/tsq1/blobs/{letter.envelope.blobs[0].digest.hex()}?offset=0"

    assert stranger.post(door, path, b"x", now, method="PUT")[:2] == (403, transport.STRANGER)
    assert came(de, door, letter.envelope.blobs[0].digest.hex(), 0, b"x")[0] in (403, 404)
    assert reads.store().came(letter.envelope.blobs[0].digest.hex()) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", ["", "?offset=-1", "?offset=x", "?offset=%D9%A3", "?offset=" + "9" * 30])
def test_an_offset_is_a_number(serving_es: Neighbour, door: str, query: str) -> None:
    status, _, _ = serving_es.post(door, f"/tsq1/blobs/{'a' * 64}{query}", b"x", clock.now(), method="PUT")

    assert status == 400


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_and_a_full_room_ask_to_come_again(
    serving_es: Neighbour, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    es = serving_es
    direct = neighbours.agree(Mechanism.DIRECT, es, now=clock.now())
    letter = attached.sealed_by(es, direct, clock.now(), attached.file())
    es.send(door, clock.now(), letter.envelope)
    digest, box = letter.envelope.blobs[0].digest.hex(), letter.attachments[0]
    with monkeypatch.context() as patched:
        patched.setattr(Store, "keep_free", full)
        assert came(es, door, digest, 0, box)[0] == 503

    assert came(es, door, digest, 0, box) == (200, Came(len(box), BlobState.HERE))


# Opened, and erased


@pytest.mark.django_db
def test_who_may_not_open_the_letter_opens_nothing_of_it(es: Neighbour, direct: str) -> None:
    sent = attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))

    def answer(by: object, reason: str = "case 7") -> object:
        return acts.open_attachment(envelope=sent.envelope, place=0, reason=reason, by=by, now=NOW)

    refused = answer(world.stranger(Duty.WATCH_OFFICER))
    assert isinstance(refused, Refused)
    assert refused.reason == ExchangeReason.NOT_ADDRESSED
    assert isinstance(answer(OFFICER, "  "), Refused)
    assert isinstance(answer(OFFICER), OpenedAttachment), "the sender may look again"
    with pytest.raises(Missing):
        acts.open_attachment(envelope=sent.envelope, place=1, reason="x", by=OFFICER, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_attachments_are_erased_with_their_letter(es: Neighbour) -> None:
    direct = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    sent = attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))
    digest = Blob.objects.get().digest

    assert acts.erase_attachments(envelope=sent.envelope, by="node", now=NOW) == 1

    assert reads.store().size(digest) is None
    assert Blob.objects.get().state == BlobState.ERASED
    assert isinstance(
        acts.open_attachment(envelope=sent.envelope, place=0, reason="x", by=OFFICER, now=NOW), Refused
    )  # fmt: skip
    assert acts.erase_attachments(envelope=sent.envelope, by="node", now=NOW) == 0
    assert reads.verify() == ()


@pytest.mark.django_db
def test_what_is_attached_to_an_erased_letter_is_told_to_be_gone(es: Neighbour, direct: str) -> None:
    sent = attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))
    Envelope.objects.update(erased=NOW, raw=b"", keys=b"", label=b"")

    answer = acts.open_attachment(envelope=sent.envelope, place=0, reason="x", by=OFFICER, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == RecallReason.ERASED


@pytest.mark.django_db
def test_while_the_ledger_is_behind_no_attachment_is_opened(es: Neighbour, direct: str) -> None:
    sent = attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))
    Log.objects.update(gate="An old backup was restored.")

    answer = acts.open_attachment(envelope=sent.envelope, place=0, reason="x", by=OFFICER, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == ExchangeReason.LEDGER_BEHIND


@pytest.mark.django_db
def test_a_changed_or_missing_file_is_named(es: Neighbour, direct: str) -> None:
    attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))
    digest = Blob.objects.get().digest
    path = reads.store().path(digest)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (flaw,) = reads.verify()
    assert (flaw.table, flaw.row) == ("attachment", digest)
    path.unlink()
    (flaw,) = reads.verify()
    assert flaw.what == "its file is missing"


@pytest.mark.django_db
def test_what_nobody_needs_is_taken_away(es: Neighbour, direct: str) -> None:
    held = reads.store()
    attached.hand_in(PNG, NOW)
    stray, _ = held.write([b"no letter names this"])
    sent = attached.send(es, direct, NOW, attached.hand_in(PNG, NOW, number=2))
    kept = Blob.objects.get(envelope__ref=sent.envelope).digest
    for path in held.folder.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))

    acts.tidy_attachments(now=clock.now())

    assert not Upload.objects.exists()
    assert held.typed(UUID(int=1)) == 0
    assert (held.size(stray), held.size(kept) is None) == (None, False)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [DeliveryState.REFUSED, DeliveryState.EXPIRED])
def test_what_is_attached_to_a_letter_that_was_not_taken_waits_no_more(
    es: Neighbour, direct: str, state: DeliveryState
) -> None:
    attached.send(es, direct, NOW, attached.hand_in(PNG, NOW))
    acts.tidy_attachments(now=NOW)
    assert Blob.objects.get().state == BlobState.WAITING
    assert reads.due_blobs(now=NOW) == (), "its letter was not accepted yet"
    Delivery.objects.filter(thing="envelope").update(state=DeliveryState.DONE.value)
    assert len(reads.due_blobs(now=NOW)) == 1
    Delivery.objects.filter(thing="envelope").update(state=state.value)

    acts.tidy_attachments(now=NOW)

    assert Blob.objects.get().state == BlobState.REFUSED


@given(st.binary(max_size=500))
def test_a_changed_attachment_opens_to_nothing_but_a_fault(data: bytes) -> None:
    sealed = bytearray(content.seal_attachment(KEY, 0, PNG[:200], AAD))
    for place, byte in enumerate(data):
        sealed[place % len(sealed)] ^= byte
    try:
        found = b"".join(content.open_stream(KEY, 0, len(sealed), [bytes(sealed)], AAD))
    except Fault:
        return
    assert found == PNG[:200]
