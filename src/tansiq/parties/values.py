"""What is said about those who take part."""

import hashlib
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.parties.duties import HELD, OVERSEERS, Duty, Permission

NODE = UUID(int=0)
"""The person id of the node itself, for what it does without anyone at the keys."""

AGENCY_CODE = r"^[a-z]{2,8}(\.[a-z0-9-]{1,40})?$(?!\n)"
"""The pattern of an agency's code, at most 49 characters: every column that holds one has room for 64."""


class Reason(StrEnum):
    """Why a rule of this room says no."""

    NAME_TAKEN = "parties.reason.name-taken"
    PERIOD_EMPTY = "parties.reason.period-empty"
    MANDATE_OPEN = "parties.reason.mandate-open"
    NOT_OURS = "parties.reason.not-ours"
    OTHER_AGENCY = "parties.reason.other-agency"
    ALREADY_ENDED = "parties.reason.already-ended"
    OWN_ACCOUNT = "parties.reason.own-account"
    PERSON_BLOCKED = "parties.reason.person-blocked"
    NO_ENGLISH_NAME = "parties.reason.no-english-name"
    NOT_A_CLIENT = "parties.reason.not-a-client"
    ALREADY_REVOKED = "parties.reason.already-revoked"


class Basis(StrEnum):
    """The text that a rule rests on."""

    DIRECTORY = "parties.basis.directory"
    LIAISON = "parties.basis.liaison"
    ACCOUNTS = "parties.basis.accounts"


class AgencyKind(StrEnum):
    """What an agency is for."""

    MINISTRY = "ministry"
    POLICE = "police"
    GENDARMERIE = "gendarmerie"
    NAVY = "navy"
    RESCUE = "rescue"
    MISSION = "mission"
    UNITED_NATIONS = "united-nations"
    UNION = "union"
    CENTRAL_BUREAU = "central-bureau"
    PARLIAMENT = "parliament"


class Agency(Struct, frozen=True):
    """A party to meetings and agreements, named by its code in every room.

    `code` is `state.service` ("ma.marine"); what stands before the dot is the node that speaks for it.
    `names` maps a language code to the agency's name in it; `state` is ISO 3166-1 alpha-2, or "UN", "EU", "IN".
    """

    code: str
    state: str
    kind: AgencyKind
    names: dict[str, str]
    functions: tuple[str, ...] = ()

    @property
    def node(self) -> str:
        """The code of the node that speaks for the agency."""
        return node_of(self.code)

    def name(self, language: str) -> str:
        """The name in a language, or else in English."""
        return self.names.get(language) or self.names["en"]


class Desk(Struct, frozen=True):
    """A place in an agency where work arrives: a duty room, a bureau, a coordination centre."""

    id: UUID
    agency: str
    name: str


class Post(Struct, frozen=True):
    """A duty at a desk, held by one person from a day until another; a liaison post has a region and a specialism.

    `service` is the agency that the holder comes from: at a mission's desk sit officials of several services.
    """

    id: UUID
    desk: Desk
    duty: Duty
    title: str
    person: UUID
    holder: str
    since: datetime
    until: datetime | None
    region: str = ""
    specialism: str = ""
    service: str = ""

    def current(self, now: datetime) -> bool:
        """Whether the post is held at this moment."""
        return self.since <= now and (self.until is None or now < self.until)


class Person(Struct, frozen=True):
    """Someone who signs in."""

    id: UUID
    username: str
    name: str
    agency: str
    active: bool
    posts: tuple[Post, ...] = ()


class Token(Struct, frozen=True):
    """A program's means of signing in: whose it is and how long it serves."""

    id: UUID
    username: str
    since: datetime
    until: datetime
    revoked: datetime | None = None


class Officer(Struct, frozen=True):
    """A person acting for an agency in one duty: what every act and read is told about its caller.

    `service` is the agency that sent the person, where that is another one than the agency of the desk.
    """

    name: str
    party: str
    duty: Duty
    person: UUID = NODE
    desk: str = ""
    service: str = ""

    def holds(self, permission: Permission) -> bool:
        """Whether the duty carries the permission."""
        return permission in HELD.get(self.duty, frozenset())

    @property
    def oversees(self) -> bool:
        """Whether the duty looks after the node as a whole, for all the agencies that share it."""
        return self.duty in OVERSEERS

    @property
    def signature(self) -> str:
        """How the log names the officer: `agency/duty/person`."""
        return f"{self.party}/{self.duty}/{self.name}"


def token_digest(secret: str) -> str:
    """How a token's secret is kept: SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def node_of(code: str) -> str:
    """The code of the node that speaks for an agency."""
    return code.partition(".")[0]
