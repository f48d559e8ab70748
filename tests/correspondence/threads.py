"""What tests of requests share: two whole nodes with a direct channel between them, and a question."""

from datetime import datetime
from uuid import uuid4

from tansiq.correspondence import acts, reads
from tansiq.correspondence.values import Request, RequestWhole
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.choosing import Heading
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import Nature, PersonCategory, PersonMentioned, Statement
from tansiq.exchange.label import Urgency
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests import world
from tests.sides import Sides

ASKER = world.stranger(Duty.CASE_OFFICER)
ASKED = world.stranger(Duty.CASE_OFFICER, world.THEIRS)
NOW = world.NOW
SAID = (Statement("It was seen off Alboran", Nature.FACT, "B", 2),)
WITNESS = (PersonMentioned("A. Person", PersonCategory.WITNESS),)


def direct(sides: Sides) -> str:
    """A direct channel, agreed on both sides; ours is played again after it."""
    for _ in range(2):
        agreed = neighbours.agree(Mechanism.DIRECT, sides.partner, now=world.MET, ours=sides.agency)
        sides.cross()
    return agreed


def heading(to: str, kind: Kind = Kind.REQUEST, **changes: object) -> Heading:
    """What the letter says outside."""
    usual = {
        "kind": kind, "to": (to,), "topic": "drugs", "purpose": "investigation", "sensitivity": 1,
        "urgency": Urgency.URGENT,
    }  # fmt: skip
    return Heading(**{**usual, **changes})  # type: ignore[arg-type]


def ask(agreement: str, *, by: Officer = ASKER, to: str = world.THEIRS, now: datetime = NOW) -> Request:
    """Ask the other side a question; answers the request as the asker sees it."""
    asked = acts.ask(
        draft=uuid4(), heading=heading(to), subject="A grey boat", question="Who registered it?", statements=SAID,
        persons=(), agreement=agreement, by=by, now=now,
    )  # fmt: skip
    assert isinstance(asked, Request), asked
    return asked


def answer(request: Request, agreement: str, *, whole: bool, by: Officer = ASKED, now: datetime = NOW) -> object:
    """Answer it in whole or in part."""
    return acts.answer(
        request=request.id, draft=uuid4(), heading=heading(request.asker, Kind.REPLY), whole=whole,
        subject="The grey boat", statements=SAID, persons=WITNESS, agreement=agreement, by=by, now=now,
    )  # fmt: skip


def seen(request: Request, by: Officer, now: datetime = NOW) -> RequestWhole:
    """The request as one side sees it."""
    return reads.request(request=request.id, reader=by, now=now)
