"""What nobody should get away with: letters that break the pages, and words in another agency's name."""

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from django.conf import LazySettings

from tansiq.exchange import acts as exchange
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds.rescue import TaskLetter
from tansiq.exchange.kinds.watch import AlertLetter, Because, PictureLetter, TrackLine
from tansiq.exchange.models import Receipt
from tansiq.ground.verdict import Refused
from tansiq.parties import acts as parties
from tansiq.parties import reads
from tansiq.parties.duties import Duty
from tansiq.parties.values import Person
from tansiq.rescue import acts as rescue_acts
from tansiq.rescue.values import Reason
from tansiq.watch import acts
from tansiq.watch.values import Alert
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour

ALERT = UUID(int=77)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
LETTER = AlertLetter(
    alert=ALERT,
    situation="mob",
    priority=1,
    lat=35.9,
    lon=-5.5,
    radius_m=100.0,
    seen_at=world.NOW,
    raised_at=world.NOW,
    source="ais",
    text="<script>alert(1)</script>",
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said",
    [
        {"seen_at": LAST, "raised_at": LAST},
        {"seen_at": FIRST, "raised_at": FIRST},
        {"lat": 1e300, "lon": -1e300},
        {"radius_m": 1e308},
        {"radius_m": -1.0, "persons": -5, "mmsi": -1},
        {"reasons": (Because("watch.reason.x" * 20, {"speed": "fast"}), Because("watch.code.report", {}))},
        {"situation": "x" * 5000, "source": "y" * 5000, "text": "z" * 100_000},
    ],
    ids=lambda said: "-".join(said),
)
def test_an_alert_of_any_numbers_leaves_the_pages_open(
    said: dict[str, object], home: Path, settings: LazySettings
) -> None:
    settings.TANSIQ_TIMEZONE = "Africa/Casablanca"
    world.agencies()
    letter = msgspec.structs.replace(LETTER, **said)

    acts.receive_alert(letter=letter, sender=world.THEIRS, envelope=UUID(int=78), now=world.NOW)

    for duty in (Duty.WATCH_OFFICER, Duty.RESCUE_COORDINATOR):
        browser = world.sign_in(duty)
        for address in ("/duty", "/duty/strip", "/duty/alerts", "/duty/picture.json", "/duty/log", f"/alerts/{ALERT}"):
            answer = browser.get(address)
            assert answer.status_code == HTTPStatus.OK, address
            assert b"<script>alert" not in answer.content, address
        assert world.sign_in(Duty.RESCUE_COORDINATOR).get(f"/cases/new?alert={ALERT}").status_code == HTTPStatus.OK


@pytest.mark.django_db
def test_a_picture_of_any_numbers_leaves_the_pages_open(home: Path, settings: LazySettings) -> None:
    settings.TANSIQ_TIMEZONE = "Africa/Casablanca"
    world.agencies()
    places = [(1e300, -1e300, LAST), (35.9, -5.5, LAST), (-91.0, 181.0, LAST)]
    lines = tuple(
        TrackLine(
            track=UUID(int=number), lat=lat, lon=lon, radius_m=-1e308, speed=1e308, course=-1e308, seen_at=at,
            source="x", name="<img src=x onerror=alert(1)>",
        )
        for number, (lat, lon, at) in enumerate(places, 1)
    )  # fmt: skip
    letter = PictureLetter(at=LAST, area="everywhere", tracks=lines)

    acts.receive_picture(letter=letter, sender=world.THEIRS, envelope=UUID(int=79), now=world.NOW)

    browser = world.sign_in(Duty.WATCH_OFFICER)
    for address in ("/duty", "/duty/tracks", "/duty/picture.json", "/duty/log"):
        answer = browser.get(address)
        assert answer.status_code == HTTPStatus.OK, address
        assert b"<img src=x" not in answer.content or address.endswith(".json"), address


@pytest.mark.django_db
def test_nobody_attests_a_letter_to_another_agency_of_the_node(es: Neighbour) -> None:
    rescue = neighbours.agree(Mechanism.RESCUE, es, now=world.NOW)
    sealed = es.seal(rescue, world.NOW)
    exchange.receive(parcels=[exchange.Parcel(sealed.raw, "es")], now=world.NOW)
    address = f"/exchange/envelopes/{sealed.route.id}/attest"

    other = world.sign_in(Duty.DUTY_OFFICER, "ma.gendarmerie").post(address, {"token": str(uuid4())})
    assert other.status_code == HTTPStatus.NOT_FOUND
    assert not Receipt.objects.filter(n__gt=0).exists(), "nothing was signed in the name of who was written to"

    own = world.sign_in(Duty.DUTY_OFFICER, world.OURS).post(address, {"token": str(uuid4())})
    assert own.status_code == HTTPStatus.FOUND
    assert Receipt.objects.get(n=1).state == "acted"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["track_spacing_m", "speed", "sweep_width_m", "coverage", "pod", "pos"])
def test_a_task_of_numbers_that_cannot_be_leaves_the_pages_open(name: str, home: Path) -> None:
    world.agencies()
    said = {"track_spacing_m": 1.0, "speed": 1.0, "sweep_width_m": 1.0, "coverage": 1.0, "pod": 0.5, "pos": 0.5}
    letter = TaskLetter(
        task=UUID(int=9), case=UUID(int=5), agency=world.OURS, unit="Orion", corners=((35.0, -5.0),) * 4,
        start=world.NOW, end=LAST, **{**said, name: 1e308},
    )  # fmt: skip

    answer = rescue_acts.receive_task(letter=letter, sender=world.THEIRS, envelope=UUID(int=6), now=world.NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == Reason.BAD_LETTER
    assert world.sign_in(Duty.RESCUE_COORDINATOR).get("/cases").status_code == HTTPStatus.OK


NUL_STORIES = {
    "in the address": ("/directory/ma%00marine", {}),
    "in a question": ("/exchange?agreement=%00", {}),
    "in a search of figures": ("/figures?start=%00", {}),
    "in a cookie": ("/duty", {"HTTP_COOKIE": 'tansiq-ma="abcdefgh\\000"'}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", NUL_STORIES)
def test_no_request_brings_a_character_that_no_text_keeps(story: str, home: Path) -> None:
    address, said = NUL_STORIES[story]
    browser = world.sign_in(Duty.NODE_ADMINISTRATOR)
    if "HTTP_COOKIE" in said:
        browser.cookies.clear()

    answer = browser.get(address, **said)

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert answer.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_the_longest_name_signs_whatever_it_does(home: Path) -> None:
    world.agencies()
    person = parties.add_person(
        username="n" * 150, name="x" * 120, agency="ma.gendarmerie", password=world.PASSWORD, node="ma"
    )
    assert isinstance(person, Person)
    parties.appoint(person=person.id, desk="d" * 120, duty=Duty.RESCUE_COORDINATOR, since=world.LONG_AGO)
    by = reads.officer(person=person.id, post=None, now=world.NOW)
    assert by is not None

    alert = acts.raise_alert(
        lat=35.9, lon=-5.5, radius_m=100.0, seen_at=world.NOW, text="x" * 2000, persons=100_000, by=by, now=world.NOW
    )
    assert isinstance(alert, Alert)
    done = acts.acknowledge_alert(alert=alert.id, by=by, now=world.NOW)

    assert isinstance(done, Alert)
    assert done.acknowledged_by == by.signature
    assert isinstance(acts.close_alert(alert=alert.id, reason="x" * 2000, by=by, now=world.NOW), Alert)
