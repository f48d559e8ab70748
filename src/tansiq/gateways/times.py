"""Timestamps as STIX and TAXII write them (RFC 3339 in UTC), counted in microseconds since 1970. Pure."""

import re
from datetime import UTC, datetime, timedelta

from tansiq.ground.errors import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z", re.ASCII)


def micros(text: str) -> int:
    """A timestamp as microseconds since 1970."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        whole, _, part = text[:-1].partition(".")
        moment = datetime.fromisoformat(f"{whole}+00:00")
        return (moment - _EPOCH) // timedelta(microseconds=1) + int(f"{part:0<6}"[:6])
    except ValueError:
        raise Malformed(f"{text[:40]!a} is no time.", "Write it like 2025-01-29T02:30:00.000000Z.") from None


def micros_of(moment: datetime) -> int:
    """A moment as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def time(micros: int) -> str:
    """Microseconds since 1970 as a timestamp."""
    return f"{_EPOCH + timedelta(microseconds=micros):%Y-%m-%dT%H:%M:%S.%f}Z"
