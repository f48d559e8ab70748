"""Letters on their pages: one to write under a direct agreement, one opened and told in words; a log kept short."""

from datetime import timedelta
from uuid import UUID

from tansiq.exchange.values import Event
from tansiq.parties.duties import Permission
from tansiq.web import letters, log
from tests import world


def test_fields_and_codes_of_an_opened_letter_are_words() -> None:
    assert letters.field("track_spacing_m") == ("Spacing (m)",)
    assert letters.field("alive.female.minor") == ("alive", "female", "minor")
    assert letters.field("something.else.here") == ("something.else.here",)
    assert letters.value("found-alive", "outcome") == "Found alive"
    assert letters.value("as the crew saw it", "situation") == "as the crew saw it"
    assert letters.value(-5.64951, "lon") == "-5.6495"


def event(number: int, name: Permission, by: str) -> Event:
    return Event(number, name, UUID(int=number), by, world.NOW + timedelta(seconds=number), {})


def test_what_nodes_do_many_times_is_one_line_and_what_people_do_stands_alone() -> None:
    receipt, sent = Permission.LETTER_ATTEST, Permission.LETTER_SEND
    person = "ma.marine/duty-officer/ma-duty"
    events = [event(5, receipt, "es"), event(4, receipt, "de"), event(3, sent, person), event(2, receipt, person)]

    found = log.runs([*events, event(1, receipt, person)])

    assert [len(run) for run in found] == [2, 1, 1, 1]
    assert [each for run in found for each in run] == [*events, event(1, receipt, person)], "nothing is left out"
