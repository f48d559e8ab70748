"""The mandate of a liaison post, as the sending agency tells it to the host: a whole statement, with a new number each.

A post carries given cases between two agencies. The newest statement stands, so none before it can be played again.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

_Agency = Annotated[str, Meta(pattern=r"^[a-z]{2,8}(\.[a-z0-9-]{1,40})?$(?!\n)")]
_Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$(?!\n)")]
_Codes = Annotated[tuple[_Code, ...], Meta(min_length=1, max_length=32)]
_Moment = Annotated[datetime, Meta(tz=True)]


class CaseOfPost(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A case that is given to a post: what both sides call it, what it is about and where, from when until when."""

    case: UUID
    reference: Annotated[str, Meta(min_length=1, max_length=120)]
    topic: _Code
    region: _Code
    since: _Moment
    until: _Moment


class MandateLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A liaison post as it stands: its mandate, who holds it, its cases; `n` counts the statements from 1.

    What `sending`, `host`, `topics`, `regions`, `since` and `until` say never changes under one `post`. `ended` is when
    the post ended before its time.
    """

    post: UUID
    n: Annotated[int, Meta(ge=1, le=1_000_000)]
    sending: _Agency
    host: _Agency
    topics: _Codes
    regions: _Codes
    since: _Moment
    until: _Moment
    holder: Annotated[str, Meta(min_length=1, max_length=150)]
    ended: _Moment | None = None
    cases: Annotated[tuple[CaseOfPost, ...], Meta(max_length=500)] = ()
