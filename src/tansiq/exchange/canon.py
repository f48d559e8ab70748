"""Canonical JSON and length-prefixed frames: one value has one sequence of bytes, and nothing else is read.

JSON follows RFC 8785 (JSON Canonicalization Scheme) over msgspec Structs: keys sorted, numbers as ECMAScript writes
them, integers within 2^53 - 1, text in Unicode NFC. Reading decodes, encodes again and compares, so duplicate keys,
spaces, escapes, unknown fields, `1.0` for `1` and trailing bytes are all refused. Two profiles of text:

- `Profile.CODES`: printable ASCII and no fractions. Labels, routes, receipts, heads and cards.
- `Profile.TEXT`: natural text of any script and finite fractions; no controls but newline and tab, and no format
  characters (Unicode category Cf: bidi overrides and isolates, joiners, tags), because two texts that look alike must
  be alike. Letters, agreements and ledger entries.

Times on the wire are whole milliseconds since 1970-01-01T00:00Z; in letters they are RFC 3339 text in UTC, with a Z.
"""

import hashlib
import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import TypeVar

import msgspec
from msgspec import Struct

from tansiq.ground.errors import Malformed

SAFE = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 7493)."""

DEPTH = 24
"""How deep a value may nest."""

T = TypeVar("T", bound=Struct)

_ENCODER = msgspec.json.Encoder(order="sorted")
_NUMBERS = [re.compile(before + rb"-?(?:[0-9]+[.eE]|[0-9]{16})") for before in (rb":", rb",", rb"\[")]
"""Fractions and integers of 16 digits, after each sign that may stand before a number. Three patterns, each beginning
with one byte, are three times as fast as one."""

_MOMENT = re.compile(rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T')
"""What may be a moment, whose zone must be looked at."""

_MOMENT_UTC = re.compile(rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"')
_FRACTION = re.compile(rb"-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)")
_GREAT = re.compile(rb"(?<![0-9.])[0-9]{16}(?![0-9]*[.eE])")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Profile(Enum):
    """Which text a value may hold."""

    CODES = "codes"
    TEXT = "text"


def encode(value: Struct, profile: Profile = Profile.CODES) -> bytes:
    """The canonical bytes of a value. Raises Malformed where it has none in this profile."""
    return _encoded(value, profile, finite=False)


def _encoded(value: Struct, profile: Profile, *, finite: bool) -> bytes:
    """The canonical bytes, by the short way where that gives the same. `finite`: no number can be NaN or infinite."""
    raw = _ENCODER.encode(value)
    if _simple(raw) and (finite or b"null" not in raw):  # null may have been NaN
        if not _numbers(raw):
            if profile is Profile.CODES or _all_utc(raw):
                return raw
        elif profile is Profile.TEXT and _all_utc(raw) and (rewritten := _rewritten(raw)) is not None:
            return rewritten
    return _ENCODER.encode(_checked(_opened(value), profile, 0))


def write(value: Struct, profile: Profile = Profile.CODES) -> bytes:
    """The canonical bytes of a value that a reader will accept: its fields keep their bounds. Else Malformed."""
    return _accepted(encode(value, profile), type(value))


def decode(raw: bytes, kind: type[T], profile: Profile = Profile.CODES, *, limit: int = 65_536) -> T:
    """The value whose canonical bytes these are; anything else raises Malformed. `limit` is the most bytes read."""
    if len(raw) > limit:
        raise Malformed(f"{kind.__name__}: {len(raw)} bytes where {limit} is the most.", "Send a smaller one.")
    try:
        value: T = _decoder(kind).decode(raw)
        again = _encoded(value, profile, finite=True)  # no JSON text says NaN, and what is out of range is refused
    except Malformed:
        raise
    except (ValueError, RecursionError, OverflowError) as error:
        raise Malformed(f"{kind.__name__}: {_short(error)}.", "Write it as its schema says.") from None
    if again != raw:
        raise Malformed(f"{kind.__name__}: not in canonical form.", "Encode it by RFC 8785 and send those bytes.")
    return value


def write_letter(letter: Struct) -> bytes:
    """The canonical bytes of a letter as people wrote it: text is brought to NFC and unseen characters are left out.

    A direction mark pasted from elsewhere must not stop a distress message; nothing that is seen is changed.
    """
    return _accepted(_ENCODER.encode(_checked(_cleaned(_opened(letter)), Profile.TEXT, 0)), type(letter))


def read_letter(raw: bytes, kind: type[T], *, limit: int = 4 << 20) -> T:
    """The letter whose canonical bytes these are, in the profile of text."""
    return decode(raw, kind, Profile.TEXT, limit=limit)


def clean(text: str) -> str:
    """Text in NFC without controls (newline and tab stay) and without format characters."""
    if text.isascii() and text.isprintable():
        return text
    seen = "".join(c for c in text if c in "\n\t" or not _unseen(c))
    return unicodedata.normalize("NFC", seen)  # last, since what stood between two letters is gone


def number(value: float) -> bytes:
    """A finite fraction as ECMAScript writes it (ECMA-262 Number::toString, required by RFC 8785 section 3.2.2.3)."""
    if not math.isfinite(value):
        raise Malformed(f"The number {value} cannot be written.", "Give a finite number.")
    if value == 0:
        return b"0"
    text = repr(value)
    if "e" not in text:  # from 0.0001 up to 10^16 Python writes as ECMAScript does, but for whole numbers
        return text.removesuffix(".0").encode()
    mantissa, _, power = text.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + part) - len(digits))
    return (sign + _placed(digits.rstrip("0"), point)).encode()


def lp(*parts: bytes) -> bytes:
    """Every part behind its length (u32, big end first): no two different lists give the same bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def frames(raw: bytes, *, least: int = 0, most: int, limit: int = 1 << 32) -> tuple[bytes, ...]:
    """The parts that `lp` joined, between `least` and `most` of them, none longer than `limit`; else Malformed."""
    parts: list[bytes] = []
    at, end = 0, len(raw)
    while at < end:
        if len(parts) == most:
            raise Malformed(f"More than {most} frames.", "Send fewer.")
        start = at + 4
        at = start + int.from_bytes(raw[at:start], "big")
        if start > end or at > end or at - start > limit:
            raise Malformed("A frame is cut short or too long.", "Send the whole message again.")
        parts.append(raw[start:at])
    if len(parts) < least:
        raise Malformed(f"{len(parts)} frames where {least} are needed.", "Send the whole message again.")
    return tuple(parts)


def digest(*parts: bytes) -> bytes:
    """SHA-256 of the parts, one after the other (32 bytes)."""
    return hashlib.sha256(parts[0] if len(parts) == 1 else b"".join(parts)).digest()


def millis(moment: datetime) -> int:
    """A moment as whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """The moment that many milliseconds after 1970, in UTC."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise Malformed(f"{milliseconds} ms is no date.", "Give milliseconds since 1970.") from None


@cache
def _decoder(kind: type[T]) -> "msgspec.json.Decoder[T]":
    return msgspec.json.Decoder(kind)


def _accepted(raw: bytes, kind: type[Struct]) -> bytes:
    """The bytes, once they have been read as a recipient will read them."""
    try:
        _decoder(kind).decode(raw)
    except ValueError as error:
        raise Malformed(f"{kind.__name__}: {_short(error)}.", "Write it as its schema says.") from None
    return raw


def _simple(raw: bytes) -> bool:
    """Whether the text in encoded bytes is printable ASCII without escapes; else only maybe."""
    return raw.isascii() and b"\\" not in raw and b"\x7f" not in raw


def _numbers(raw: bytes) -> bool:
    """Whether there may be fractions or great integers in encoded bytes; text may look like them."""
    after_colon, after_comma, after_bracket = _NUMBERS
    return bool(after_colon.search(raw) or after_comma.search(raw) or after_bracket.search(raw))


def _all_utc(raw: bytes) -> bool:
    """Whether all that looks like a moment in encoded bytes is one in UTC."""
    return len(_MOMENT.findall(raw)) == len(_MOMENT_UTC.findall(raw))


def _rewritten(raw: bytes) -> bytes | None:
    """Simple encoded bytes with their fractions as ECMAScript writes them; None where an integer may be too great."""
    parts = raw.split(b'"')  # no quote is escaped: every second part is text
    for place in range(0, len(parts), 2):
        part = parts[place]
        if len(part) > 2:
            if _GREAT.search(part):
                return None
            parts[place] = _FRACTION.sub(_fraction, part)
    return b'"'.join(parts)


def _fraction(found: re.Match[bytes]) -> bytes:
    return number(float(found[0]))


def _opened(value: Struct) -> object:
    """The value as plain parts, moments as they are."""
    return msgspec.to_builtins(value, builtin_types=(datetime,))


def _placed(digits: str, point: int) -> str:
    """Digits with the decimal point after `point` of them, by the five cases of Number::toString."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return (digits if count == 1 else f"{digits[0]}.{digits[1:]}") + power


def _checked(value: object, profile: Profile, depth: int) -> object:
    """A plain value with its fractions written out, or Malformed at the first part that has no canonical form."""
    if isinstance(value, str):
        _check_text(value, profile)
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -SAFE <= value <= SAFE:
            raise Malformed(f"The integer {value} is beyond 2^53 - 1.", "Write it as text.")
        return value
    if isinstance(value, float):
        if profile is Profile.CODES:
            raise Malformed(f"The fraction {value} stands where only integers may.", "Give an integer.")
        return msgspec.Raw(number(value))
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Malformed(f"The moment {value} has no zone.", "Give it in UTC.")
        return value.astimezone(UTC)
    if depth == DEPTH:
        raise Malformed("Nested too deep.", f"Nest {DEPTH} deep at most.")
    if isinstance(value, dict):
        for key in value:
            _check_text(key, Profile.CODES)
        return {key: _checked(part, profile, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(part, profile, depth + 1) for part in value]
    raise Malformed(f"A {type(value).__name__} has no canonical form.", "Use text, integers, lists and structs.")


def _check_text(text: object, profile: Profile) -> None:
    if not isinstance(text, str):
        raise Malformed("A key is not text.", "Use text for keys.")
    if text.isascii() and text.isprintable():
        return
    if profile is Profile.CODES:
        raise Malformed(f"{text[:40]!a} holds more than printable ASCII.", "Use a code here, not text.")
    if not unicodedata.is_normalized("NFC", text):
        raise Malformed(f"{text[:40]!a} is not in Unicode NFC.", "Normalise the text.")
    for character in text:
        if character not in "\n\t" and _unseen(character):
            raise Malformed(f"The text holds the unseen character U+{ord(character):04X}.", "Leave it out.")


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part) for part in value]
    return value


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0][:160].rstrip(".")
