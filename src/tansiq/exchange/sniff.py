"""What an attachment is, by its content: the magic numbers of the few kinds of file that agencies exchange.

A type is what its first bytes say, never what its name says. Text is UTF-8 without control characters all through, and
no markup that a browser would run. After the WHATWG's MIME Sniffing Standard for images, PDF and text; ISO/IEC 14496-12
for `ftyp`; APPNOTE 6.3 for ZIP, whose kinds are told by the name of their first member (ECMA-376 and OASIS ODF 1.3).

A file may be two kinds at once (a ZIP behind a picture); so what was opened is only ever handed over to be stored.
"""

import codecs
from collections.abc import Callable

from tansiq.ground.errors import Malformed

HEAD = 4_096
"""How many of the first bytes are looked at."""

TEXT, CSV, UNKNOWN = "text/plain", "text/csv", "application/octet-stream"

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_ZIPPED = frozenset({
    "application/zip", f"{_OOXML}wordprocessingml.document", f"{_OOXML}spreadsheetml.sheet",
    f"{_OOXML}presentationml.presentation",
})  # fmt: skip
_BY_NAME = {
    "docx": f"{_OOXML}wordprocessingml.document",
    "xlsx": f"{_OOXML}spreadsheetml.sheet",
    "pptx": f"{_OOXML}presentationml.presentation",
    "csv": CSV,
}

_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<?xml", b"<iframe", b"<!--")
_ALLOWED_CONTROLS = {9, 10, 12, 13}
_CONTROLS = bytes(code for code in range(32) if code not in _ALLOWED_CONTROLS) + b"\x7f"


def _begins(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def _ftyp(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


def _odf(kind: str) -> Callable[[bytes], bool]:
    said = f"mimetype{_ODF}{kind}".encode()
    return lambda head: head[:4] == b"PK\x03\x04" and head[30 : 30 + len(said)] == said


def _mpeg_audio(head: bytes) -> bool:
    """ID3v2, or a frame of MPEG 1 or 2, layer III."""
    return head[:3] == b"ID3" or (len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] >> 4 != 15)


_MAGIC: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("application/pdf", _begins(b"%PDF-")),
    ("image/jpeg", _begins(b"\xff\xd8\xff")),
    ("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    ("image/gif", _begins(b"GIF87a", b"GIF89a")),
    ("image/tiff", _begins(b"II*\x00", b"MM\x00*")),
    ("image/webp", _riff(b"WEBP")),
    ("audio/wav", _riff(b"WAVE")),
    ("video/x-msvideo", _riff(b"AVI ")),
    ("audio/ogg", _begins(b"OggS\x00")),
    ("audio/flac", _begins(b"fLaC")),
    ("video/mp4", _ftyp(b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ")),
    ("audio/mp4", _ftyp(b"M4A ", b"M4B ")),
    ("video/quicktime", _ftyp(b"qt  ")),
    ("image/heic", _ftyp(b"heic", b"heix", b"mif1")),
    ("video/webm", _begins(b"\x1aE\xdf\xa3")),
    ("application/x-netcdf", _begins(b"CDF\x01", b"CDF\x02", b"\x89HDF\r\n\x1a\n")),
    (f"{_ODF}text", _odf("text")),
    (f"{_ODF}spreadsheet", _odf("spreadsheet")),
    (f"{_ODF}presentation", _odf("presentation")),
    ("application/zip", _begins(b"PK\x03\x04")),
    ("audio/mpeg", _mpeg_audio),
)

KNOWN = frozenset({*(name for name, _ in _MAGIC), *_ZIPPED, TEXT, CSV})
"""Every type that can be told. What an agreement lists beyond these passes nothing."""


def type_of(head: bytes, name: str = "") -> str:
    """The media type of a file that begins so, or `UNKNOWN`; its name only chooses among types that look alike."""
    head = head[:HEAD]
    found = next((kind for kind, says in _MAGIC if says(head)), "")
    if not found and _is_text(head):
        found = TEXT
    wished = _BY_NAME.get(name.rpartition(".")[2].lower(), "")
    return wished if wished and fits(wished, found) else found or UNKNOWN


def fits(declared: str, found: str) -> bool:
    """Whether what was found by content is what was declared, as far as content can tell."""
    if found == "application/zip":
        return declared in _ZIPPED
    if found == TEXT:
        return declared in (TEXT, CSV)
    return bool(found) and declared == found != UNKNOWN


class Check:
    """Looks at an attachment as it streams by. Raises Malformed as soon as it is not what it is declared to be."""

    def __init__(self, declared: str) -> None:
        self.declared = declared
        self._head, self._judged = b"", False
        self._decoder = codecs.getincrementaldecoder("utf-8")() if declared in (TEXT, CSV) else None

    def feed(self, part: bytes) -> None:
        """The next bytes."""
        if not self._judged:
            self._head += part[: HEAD - len(self._head)]
            if len(self._head) >= HEAD:
                self._judge()
        if self._decoder is not None:
            try:
                self._decoder.decode(part)
            except UnicodeDecodeError:
                raise self._wrong() from None
            if part.translate(None, _CONTROLS) != part:
                raise self._wrong()

    def finish(self) -> None:
        """No more bytes."""
        if not self._judged:
            self._judge()
        if self._decoder is not None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                raise self._wrong() from None

    def _judge(self) -> None:
        self._judged = True
        if not fits(self.declared, type_of(self._head)):
            raise self._wrong()

    def _wrong(self) -> Malformed:
        return Malformed(f"The attachment is not {self.declared}.", "Send it as what it is, if the agreement lists it.")


def _is_text(head: bytes) -> bool:
    """Whether these are the first bytes of a text that nothing would run."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    if head.translate(None, _CONTROLS) != head:
        return False
    return not head.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(_MARKUP)
