"""Identifiers: UUID version 7 (RFC 9562 section 5.7), so that ids sort by the time they were made."""

import os
from datetime import datetime
from uuid import UUID


def uuid7(now: datetime, random: bytes | None = None) -> UUID:
    """A new id made at `now`. `random` (10 bytes) serves tests and drills that must repeat themselves."""
    tail = random if random is not None else os.urandom(10)
    if len(tail) != 10:
        raise ValueError("uuid7 takes 10 random bytes")
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = milliseconds << 80 | int.from_bytes(tail, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
