"""What a file is, by its content: named kinds, what is no kind, and whatever bytes come."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import attaching, sniff
from tansiq.ground.errors import Fault, Malformed


def zipped(*names: str) -> bytes:
    """A ZIP with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


KINDS = {
    "a PDF": (b"%PDF-1.7\n...", "a.pdf", "application/pdf"),
    "a JPEG that calls itself a PDF": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a.pdf", "image/jpeg"),
    "a PNG": (b"\x89PNG\r\n\x1a\n\x00\x00", "a.png", "image/png"),
    "a film": (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "a.mp4", "video/mp4"),
    "a voice": (b"ID3\x04\x00", "a.mp3", "audio/mpeg"),
    "a frame of MP3": (b"\xff\xfb\x90\x64", "a.mp3", "audio/mpeg"),
    "a ZIP": (zipped("a.txt"), "a.zip", "application/zip"),
    "a Word file": (
        zipped("[Content_Types].xml"),
        "a.DOCX",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "a picture that calls itself a Word file": (b"\x89PNG\r\n\x1a\n", "a.docx", "image/png"),
    "Arabic text": ("قارب على متنه 23 شخصا".encode(), "note.txt", "text/plain"),
    "a table": (b"lat;lon\n35.9;-5.6\n", "points.csv", "text/csv"),
    "a program": (b"\x7fELF\x02\x01\x01\x00", "a.pdf", sniff.UNKNOWN),
    "a Windows program": (b"MZ\x90\x00\x03\x00", "a.jpg", sniff.UNKNOWN),
    "a page": (b"<!DOCTYPE html><script>alert(1)</script>", "a.txt", sniff.UNKNOWN),
    "a drawing with a script": (b"\xef\xbb\xbf  <svg onload='x'>", "a.txt", sniff.UNKNOWN),
    "text with a bell": (b"abc\x07def", "a.txt", sniff.UNKNOWN),
    "another encoding": ("señal".encode("latin-1"), "a.txt", sniff.UNKNOWN),
}


@pytest.mark.parametrize("story", KINDS)
def test_a_kind_is_told_by_content(story: str) -> None:
    head, name, kind = KINDS[story]

    assert sniff.type_of(head, name) == kind


@given(st.binary(max_size=5_000), st.text(max_size=20))
def test_whatever_bytes_come_a_type_is_answered(head: bytes, name: str) -> None:
    kind = sniff.type_of(head, name)

    assert kind in sniff.KNOWN | {sniff.UNKNOWN}
    check = sniff.Check(kind)
    if kind == sniff.UNKNOWN:
        with pytest.raises(Malformed):
            _through(check, head)
    elif kind not in (sniff.TEXT, sniff.CSV):
        _through(check, head)


def _through(check: sniff.Check, data: bytes) -> None:
    for start in range(0, len(data), 7):
        check.feed(data[start : start + 7])
    check.finish()


def test_text_is_text_to_its_end_and_a_character_may_be_cut_between_chunks() -> None:
    text = ("م" * sniff.HEAD).encode()
    _through(sniff.Check(sniff.TEXT), text)
    for rest in (b"\x00", b"\xff", b"\xd9"):
        with pytest.raises(Malformed):
            _through(sniff.Check(sniff.TEXT), text + rest)


NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\Users\\x\\photo.jpg": "photo.jpg",
    "a\u202egpj.exe": "agpj.exe",
    "a\x00b\n.pdf": "ab.pdf",
    "...": "file",
    "": "file",
    "صورة القارب.jpg": "صورة القارب.jpg",
    "x" * 300: "x" * 200,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_no_folder_and_nothing_unseen(name: str) -> None:
    assert attaching.clean_name(name) == NAMES[name]


@given(st.text())
def test_every_clean_name_reads_back(name: str) -> None:
    clean = attaching.clean_name(name)
    head = attaching.head_of(clean, "image/png")

    assert attaching.read_head(head + b"rest") == attaching.Head(clean, "image/png", len(head))


@given(st.binary(max_size=300))
def test_whatever_stands_before_a_file_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Fault):
        attaching.read_head(data)
