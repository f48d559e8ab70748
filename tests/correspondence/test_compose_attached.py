"""A letter with a file attached, on its page: handed in, ruled on while it is written, sent, brought to the partner."""

from http import HTTPStatus
from uuid import UUID

import pytest
from django.test import Client

from tansiq.exchange import reads, seal
from tansiq.exchange.models import Blob, Envelope, Upload
from tansiq.exchange.sniff import CSV
from tests.correspondence.test_compose import begin, browser, direct, fill
from tests.exchange.attached import PNG
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db
__all__ = ["browser", "direct"]  # the fixtures of letters without attachments
FIRST, SECOND = UUID(int=31), UUID(int=32)
SOUND = b"OggS\x00" + bytes(60)
"""A file of a kind that the agreement does not list."""


def hand_in(browser: Client, upload: UUID, data: bytes, name: str) -> str:
    """Hand a file in as the page's script does; answers its id."""
    answer = browser.post(
        f"/exchange/uploads/{upload}?name={name}&size={len(data)}&offset=0", data,
        content_type="application/octet-stream",
    )  # fmt: skip
    assert answer.status_code == HTTPStatus.OK, answer.content
    return str(upload)


def test_files_go_with_the_letter_they_were_handed_in_for(browser: Client, direct: str, es: Neighbour) -> None:
    chosen = [hand_in(browser, FIRST, PNG, "photo.png"), hand_in(browser, SECOND, b"lat;lon\n35.9;-5.6\n", "p.csv")]
    address = begin(browser)
    browser.post(f"{address}/keep", fill(attachments=chosen, step="choose"))
    page = browser.get(address).content.decode()
    assert page.count(" checked> <bdi>") == 2, "the draft keeps what is attached"

    answer = browser.post(f"{address}/send", fill(attachments=chosen, agreement=direct))

    sent = Envelope.objects.get()
    assert answer.headers["location"] == f"/exchange/envelopes/{sent.ref}"
    envelope = seal.parse(bytes(sent.raw))
    keys = seal.unwrap(envelope, es.keys.opener)
    label = seal.open_label(envelope, keys)
    assert [each.type for each in label.attachments] == ["image/png", CSV]
    files = [b"".join(reads.store().read(blob.digest.hex())) for blob in envelope.blobs]
    assert [seal.open_attachment(envelope, keys, n, file)[-10:] for n, file in enumerate(files)] == [
        PNG[-10:], b"35.9;-5.6\n",
    ]  # fmt: skip
    assert Blob.objects.count() == 2
    assert not Upload.objects.exists()


def test_what_the_agreement_does_not_list_is_shown_while_writing_and_not_sent(browser: Client, direct: str) -> None:
    chosen = [hand_in(browser, FIRST, SOUND, "sea.ogg")]
    address = begin(browser)

    said = browser.post(
        f"{address}/keep", fill(attachments=chosen), headers={"hx-request": "true"}
    ).content.decode()  # fmt: skip
    answer = browser.post(f"{address}/send", fill(attachments=chosen, agreement=direct))

    assert "An attachment is of a type that the agreement does not list." in said
    assert answer.status_code == HTTPStatus.CONFLICT
    assert not Envelope.objects.exists()
    assert [*reads.store().folder.glob("[0-9a-f][0-9a-f]/*")] == [], "what was sealed for nothing is gone"
    assert Upload.objects.count() == 1, "what was handed in stays for another try"


def test_a_letter_that_is_sent_twice_goes_once(browser: Client, direct: str) -> None:
    chosen = [hand_in(browser, FIRST, PNG, "photo.png")]
    address, form = begin(browser), fill(attachments=chosen, agreement=direct)

    for _ in range(2):
        assert browser.post(f"{address}/send", form).status_code == HTTPStatus.FOUND

    assert Envelope.objects.count() == 1


def test_a_file_that_is_not_there_any_more_is_told(browser: Client, direct: str) -> None:
    address = begin(browser)

    answer = browser.post(f"{address}/send", fill(attachments=[str(FIRST)], agreement=direct))

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Envelope.objects.exists()
