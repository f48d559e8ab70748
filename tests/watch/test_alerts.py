"""Alerts by hand and from partners: who may acknowledge and close, reports by form, letters received, cases linked."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import acts as exchange
from tansiq.exchange.acts.receiving import Parcel
from tansiq.exchange.kinds.watch import AlertLetter, Because
from tansiq.exchange.models import Envelope, Event, Receipt
from tansiq.exchange.reads import letters
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Allowed, Refused
from tansiq.node.handover import HandOver
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer
from tansiq.watch import acts, reads, rules
from tansiq.watch.models import moment
from tansiq.watch.values import Alert, AlertState, Area, Code, Priority, Reason, Situation
from tests.neighbour import Neighbour
from tests.watch.sea import AT, MIDDLE, MOB, SHIP, position, sail
from tests.world import stranger

NOW = moment(AT)
OFFICER = stranger(Duty.WATCH_OFFICER)
AUDITOR = stranger(Duty.AUDITOR)
REPORTER = stranger(Duty.REPORT_WRITER)
THEIRS = "es.salvamento"


def report(by: Officer = OFFICER, **changed: object) -> Alert | Refused:
    """A report by radio: 30 persons in a rubber boat."""
    given = {
        "lat": 35.9, "lon": -5.6, "radius_m": 2000.0, "seen_at": NOW, "text": "rubber boat, engine stopped",
        "persons": 30, "by": by, "now": NOW, **changed,
    }  # fmt: skip
    return acts.raise_alert(**given)  # type: ignore[arg-type]  # the stories change any of them


def raised(**changed: object) -> Alert:
    answer = report(**changed)  # type: ignore[arg-type]  # as above
    assert isinstance(answer, Alert), answer
    return answer


REPORTS = {
    "the pole": ({"lat": 90.0, "lon": 0.0}, None),
    "no place on earth": ({"lat": 91.0}, Reason.BAD_POSITION),
    "not a number": ({"lat": float("nan")}, Reason.BAD_POSITION),
    "a circle of half the earth": ({"radius_m": 1e7}, Reason.BAD_POSITION),
    "tomorrow": ({"seen_at": NOW + timedelta(days=1)}, Reason.BAD_TIME),
    "nothing said": ({"text": "  "}, Reason.NO_TEXT),
    "unseen characters alone": ({"text": "\u200b\u202e"}, Reason.NO_TEXT),
    "too much said": ({"text": "x" * 2001}, Reason.NO_TEXT),
    "a fifth priority": ({"priority": 5}, Reason.BAD_PRIORITY),
    "an auditor": ({"by": AUDITOR}, Reason.NO_PERMISSION),
    "a patrol commander": ({"by": stranger(Duty.PATROL_COMMANDER)}, None),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("changed", "refused"), REPORTS.values(), ids=REPORTS.keys())
def test_reports(changed: dict[str, object], refused: Reason | None) -> None:
    answer = report(**changed)  # type: ignore[arg-type]  # as above

    if refused is None:
        assert isinstance(answer, Alert)
        assert answer.situation is Situation.REPORTED
    else:
        assert isinstance(answer, Refused)
        assert answer.reason is refused
        assert reads.alerts(reader=OFFICER, now=NOW) == ()


def test_a_report_of_distress_is_told_at_once(agreed: Neighbour) -> None:
    alert = raised()

    assert alert.sent_at == NOW
    assert Envelope.objects.filter(direction="out").count() == 1
    assert Event.objects.filter(name=Permission.ALERT_RAISE.value, thing=alert.id).exists()


def test_a_warning_by_form_is_not(agreed: Neighbour) -> None:
    assert raised(priority=Priority.WARNING).sent_at is None


def test_the_same_form_sent_twice_is_one_alert(agreed: Neighbour) -> None:
    assert raised().id == raised().id
    assert Envelope.objects.filter(direction="out").count() == 1


def test_arabic_with_direction_marks_is_sent(agreed: Neighbour) -> None:
    alert = raised(text="\u202bقارب مطاطي\u202c")

    assert alert.text == "قارب مطاطي"
    assert alert.sent_at is not None


class Step(NamedTuple):
    """Who does what, and what it leads to: a state, or a refusal."""

    does: str
    by: Officer = OFFICER
    state: AlertState | None = None
    refused: Reason | None = None
    reason: str = "all persons aboard the lifeboat"


THREADS = {
    "acknowledge, close": [Step("ack", state=AlertState.ACKNOWLEDGED), Step("close", state=AlertState.CLOSED)],
    "acknowledge once": [Step("ack", state=AlertState.ACKNOWLEDGED), Step("ack", refused=Reason.ALREADY_ACKNOWLEDGED)],
    "close before it is acknowledged": [Step("close", refused=Reason.NOT_ACKNOWLEDGED)],
    "close without a reason": [
        Step("ack", state=AlertState.ACKNOWLEDGED), Step("close", refused=Reason.NO_REASON, reason=" "),
    ],
    "close twice": [
        Step("ack", state=AlertState.ACKNOWLEDGED), Step("close", state=AlertState.CLOSED),
        Step("close", refused=Reason.ALREADY_CLOSED), Step("ack", refused=Reason.ALREADY_CLOSED),
    ],
    "an auditor acknowledges": [Step("ack", AUDITOR, refused=Reason.NO_PERMISSION)],
    "an auditor closes": [
        Step("ack", state=AlertState.ACKNOWLEDGED), Step("close", AUDITOR, refused=Reason.NO_PERMISSION),
    ],
    "a coordinator acknowledges": [Step("ack", stranger(Duty.RESCUE_COORDINATOR), state=AlertState.ACKNOWLEDGED)],
    "a patrol commander may raise but not acknowledge": [
        Step("ack", stranger(Duty.PATROL_COMMANDER), refused=Reason.NO_PERMISSION)
    ],
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("thread", THREADS.values(), ids=THREADS.keys())
def test_threads(thread: list[Step]) -> None:
    alert = raised()
    for step in thread:
        if step.does == "ack":
            answer = acts.acknowledge_alert(alert=alert.id, by=step.by, now=NOW)
        else:
            answer = acts.close_alert(alert=alert.id, reason=step.reason, by=step.by, now=NOW)
        if step.refused is not None:
            assert isinstance(answer, Refused)
            assert answer.reason is step.refused
        else:
            assert isinstance(answer, Alert)
            assert answer.state is step.state


@pytest.mark.django_db
def test_what_is_not_there_is_missing() -> None:
    with pytest.raises(Missing):
        acts.acknowledge_alert(alert=uuid4(), by=OFFICER, now=NOW)
    with pytest.raises(Missing):
        acts.close_alert(alert=uuid4(), reason="none", by=OFFICER, now=NOW)
    with pytest.raises(Missing):
        reads.alert(alert=uuid4(), reader=OFFICER, now=NOW)


def letter(**changed: object) -> AlertLetter:
    """A partner's alert."""
    given = {
        "alert": UUID(int=7), "situation": "mob", "priority": 1, "lat": MIDDLE[0], "lon": MIDDLE[1], "radius_m": 30.0,
        "seen_at": NOW, "raised_at": NOW, "source": "coast", "mmsi": MOB,
        "reasons": (Because("watch.because.beacon", {"mmsi": MOB}),), **changed,
    }  # fmt: skip
    return AlertLetter(**given)  # type: ignore[arg-type]  # as above


def received(of: AlertLetter, envelope: int = 1, sender: str = THEIRS) -> Alert | Refused:
    return acts.receive_alert(letter=of, sender=sender, envelope=UUID(int=envelope), now=NOW)


def shown() -> tuple[Alert, ...]:
    return reads.alerts(reader=OFFICER, now=NOW)


@pytest.mark.django_db
def test_a_partners_alert_is_shown_with_who_says_so() -> None:
    received(letter())

    (alert,) = shown()
    assert (alert.sender, alert.envelope, alert.situation) == (THEIRS, UUID(int=1), Situation.MOB)
    assert [source.mmsi for source in alert.sources] == [MOB]
    assert Event.objects.filter(name=Permission.ALERT_RECEIVE.value).count() == 1


@pytest.mark.django_db
def test_the_same_letter_twice_is_one_alert_and_one_event() -> None:
    received(letter())
    received(letter())

    assert len(shown()) == 1
    assert Event.objects.filter(name=Permission.ALERT_RECEIVE.value).count() == 1


@pytest.mark.django_db
def test_a_later_letter_tells_how_it_went_on() -> None:
    received(letter(lat=None, lon=None))
    received(letter(seen_at=NOW + timedelta(seconds=5)), envelope=2)

    (alert,) = shown()
    assert alert.lat == MIDDLE[0]
    received(letter(seen_at=NOW + timedelta(minutes=5), closed="false alarm"), envelope=3)
    assert shown() == ()


@pytest.mark.django_db
def test_an_older_letter_that_comes_late_changes_nothing() -> None:
    received(letter(seen_at=NOW + timedelta(minutes=5), lat=36.0))
    received(letter(), envelope=2)

    assert shown()[0].lat == 36.0


@pytest.mark.django_db
def test_only_its_originator_goes_on_with_an_alert() -> None:
    received(letter())
    ours = raised()

    for answer in (received(letter(), 2, "de.bpol"), received(letter(alert=ours.id), 3)):
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.NOT_ORIGINATOR


@pytest.mark.django_db
@pytest.mark.parametrize(("situation", "priority"), [("kraken", 1), ("mob", 0), ("mob", 99)])
def test_a_distress_in_words_that_we_do_not_know_is_shown_all_the_same(situation: str, priority: int) -> None:
    received(letter(situation=situation, priority=priority))

    assert len(shown()) == 1


@pytest.mark.django_db
def test_what_both_see_is_one_in_the_list() -> None:
    acts.observe(observations=[position(mmsi=MOB, status=14)], now=NOW)
    received(letter())

    (alert,) = shown()
    assert alert.sender == ""
    assert Code.PARTNER in {reason.code for reason in alert.reasons}
    assert len(reads.alerts(reader=OFFICER, now=NOW, open_only=False)) == 2


@pytest.mark.django_db
def test_what_a_partner_has_told_is_not_raised_again() -> None:
    received(letter())
    acts.observe(observations=[position(mmsi=MOB, status=14, at=AT + 10)], now=NOW)

    (alert,) = shown()
    assert (alert.sender, alert.sources[0].reports) == (THEIRS, 2)
    assert not Envelope.objects.filter(direction="out").exists()


def test_acknowledging_a_partners_alert_tells_it_so(es: Neighbour, rescue: str) -> None:
    acts.observe(observations=[position(mmsi=MOB, status=14)], now=NOW)
    envelope = es.seal(rescue, NOW, letter=letter())
    exchange.receive(parcels=[Parcel(envelope.raw, es.node)], now=NOW)
    (waiting,) = letters.unhanded()
    opened = letters.letter(envelope=waiting.envelope)
    assert isinstance(opened.letter, AlertLetter)
    acts.receive_alert(letter=opened.letter, sender=opened.sender, envelope=waiting.envelope, now=NOW)

    acts.acknowledge_alert(alert=shown()[0].id, by=OFFICER, now=NOW)

    said = [receipt.state for receipt in Receipt.objects.filter(direction="out").order_by("n")]
    assert said == ["accepted", "acted"], "by way of our own alert, which is the same"


@pytest.mark.django_db
def test_an_exercise_joins_nothing_that_is_real(settings: LazySettings) -> None:
    for seconds, mark in enumerate(("", "STRAIT 26", "", "STRAIT 26")):
        settings.TANSIQ_EXERCISE = mark
        acts.observe(observations=[position(mmsi=MOB, status=14, at=AT + 10 * seconds)], now=NOW)
        raised()

    marks = [(alert.situation, alert.exercise) for alert in shown()]
    each = [(situation, mark) for situation in (Situation.MOB, Situation.REPORTED) for mark in ("", "STRAIT 26")]
    assert sorted(marks) == sorted(each)
    for mark in ("", "STRAIT 26"):
        counted = reads.alert_records(start=NOW, end=NOW + timedelta(1), exercise=mark, reader=REPORTER)
        assert [alert.exercise for alert in counted] == [mark, mark]


@pytest.mark.parametrize("mark", ["", "STRAIT 26"])
def test_a_real_distress_stays_real_in_an_exercise(
    mark: str, es: Neighbour, rescue: str, settings: LazySettings
) -> None:
    settings.TANSIQ_EXERCISE = "STRAIT 26"
    acts.observe(observations=[position(mmsi=MOB, status=14)], now=NOW)
    sealed = es.seal(rescue, NOW, letter=letter(), exercise=mark)
    exchange.receive(parcels=[Parcel(sealed.raw, es.node)], now=NOW)
    HandOver().round()

    (theirs,) = [alert for alert in reads.alerts(reader=OFFICER, now=NOW, open_only=False) if alert.sender]
    assert theirs.exercise == mark
    assert (theirs.same_as is None) == (mark == ""), "a real one is no other telling of one in the exercise"


@pytest.mark.django_db
def test_a_case_is_linked_once() -> None:
    alert, case = raised(), uuid4()

    linked = acts.link_case(thing=case, detail={"alert": str(alert.id)}, now=NOW)
    assert isinstance(linked, Alert)
    assert linked.case == case
    again = acts.link_case(thing=uuid4(), detail={"alert": str(alert.id)}, now=NOW)
    assert isinstance(again, Refused)
    assert again.reason is Reason.OTHER_CASE
    assert acts.link_case(thing=case, detail={}, now=NOW) is None
    assert acts.link_case(thing=case, detail={"alert": str(uuid4())}, now=NOW) is None


STRAIT = Area(35.5, -6.5, 36.5, -5.0)


def test_a_picture_goes_out_and_comes_in(agreed: Neighbour) -> None:
    for each in sail(minutes=2, knots=12):
        acts.observe(observations=[each], now=moment(each.at))
    later = moment(AT + 120)

    answer = acts.share_picture(area=STRAIT, name="The Strait", by=OFFICER, now=later)
    assert not isinstance(answer, Refused), answer
    empty = acts.share_picture(area=Area(0, 0, 1, 1), name="Guinea", by=OFFICER, now=later)
    assert isinstance(empty, Refused)
    assert empty.reason is Reason.NO_TRACKS
    barred = acts.share_picture(area=STRAIT, name="The Strait", by=AUDITOR, now=later)
    assert isinstance(barred, Refused)


@pytest.mark.django_db
def test_a_partners_tracks_are_shown_unless_we_hear_them_ourselves() -> None:
    from tansiq.exchange.kinds.watch import PictureLetter, TrackLine

    def line(number: int, mmsi: int | None, seen: datetime = NOW, lat: float = 36.0) -> TrackLine:
        return TrackLine(
            track=UUID(int=number), lat=lat, lon=-5.5, radius_m=20, speed=5.0, course=90.0, seen_at=seen,
            source=THEIRS, mmsi=mmsi,
        )  # fmt: skip

    for each in sail(minutes=1, knots=12, start=AT - 60):
        acts.observe(observations=[each], now=NOW)
    picture = PictureLetter(at=NOW, area="Strait", tracks=(line(1, SHIP), line(2, 224_999_777), line(3, None)))
    assert acts.receive_picture(letter=picture, sender=THEIRS, envelope=UUID(int=1), now=NOW) == 3
    older = PictureLetter(at=NOW, area="Strait", tracks=(line(2, 224_999_777, NOW - timedelta(minutes=5), 30.0),))
    assert acts.receive_picture(letter=older, sender=THEIRS, envelope=UUID(int=2), now=NOW) == 0

    tracks = reads.tracks(reader=OFFICER, now=NOW, bounds=STRAIT)
    assert [(track.mmsi, track.party) for track in tracks] == [(SHIP, ""), (224_999_777, THEIRS), (None, THEIRS)]
    assert all(track.lat > 35 for track in tracks)


@pytest.mark.django_db
@pytest.mark.parametrize("duty", Duty)
def test_who_sees_what(duty: Duty) -> None:
    reader = stranger(duty)
    alert = raised()
    for each in sail(minutes=1, knots=12):
        acts.observe(observations=[each], now=NOW)

    sees = reader.holds(Permission.ALERT_VIEW)
    assert bool(reads.alerts(reader=reader, now=NOW)) == sees
    assert bool(reads.alerts(reader=reader, now=NOW, open_only=False)) == sees
    assert bool(reads.tally(reader=reader, now=NOW).open) == sees
    assert bool(reads.tracks(reader=reader, now=NOW)) == reader.holds(Permission.PICTURE_VIEW)
    if not sees:
        with pytest.raises(Missing):
            reads.alert(alert=alert.id, reader=reader, now=NOW)


@pytest.mark.django_db
def test_pages_of_alerts_lose_none() -> None:
    for number in range(7):
        raised(text=f"report {number}")
    pages, last = [], None
    while page := reads.alerts(reader=OFFICER, now=NOW, open_only=False, limit=3, before=last):
        pages.append(page)
        last = page[-1].id

    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({alert.id for page in pages for alert in page}) == 7


@pytest.mark.django_db
def test_lists_take_a_fixed_number_of_queries(django_assert_num_queries: object) -> None:
    for number in range(9):
        raised(text=f"report {number}", mmsi=SHIP + number)
    with django_assert_num_queries(2):  # type: ignore[operator]  # pytest-django's fixture is a function
        assert len(reads.alerts(reader=OFFICER, now=NOW)) == 9
    with django_assert_num_queries(2):  # type: ignore[operator]  # as above
        reads.tracks(reader=OFFICER, now=NOW)
    with django_assert_num_queries(3):  # type: ignore[operator]  # as above
        reads.tally(reader=OFFICER, now=NOW)


def alert_with(acknowledged: datetime | None, closed: datetime | None) -> Alert:
    return Alert(
        id=UUID(int=1), situation=Situation.MOB, priority=Priority.EMERGENCY, state=AlertState.ACTIVE, lat=None,
        lon=None, radius_m=0, seen_at=NOW, raised_at=NOW, age=0, source="", reasons=(), acknowledged_at=acknowledged,
        closed_at=closed,
    )  # fmt: skip


@given(st.sampled_from(Duty), st.none() | st.just(NOW), st.none() | st.just(NOW), st.text(max_size=20))
def test_what_a_refused_closing_offers_instead_is_allowed(
    duty: Duty, acknowledged: datetime | None, closed: datetime | None, reason: str
) -> None:
    alert, by = alert_with(acknowledged, closed), stranger(duty)
    verdict = rules.may_close(alert, reason, by)

    if isinstance(verdict, Refused) and verdict.instead is not None:
        assert verdict.instead.act is Permission.ALERT_ACKNOWLEDGE
        assert rules.may_acknowledge(alert, by) == Allowed()
    assert (verdict == Allowed()) == (
        by.holds(Permission.ALERT_CLOSE) and acknowledged is not None and closed is None and bool(reason.strip())
    )


@pytest.mark.django_db
def test_the_end_of_a_case_closes_its_alerts_once(agreed: Neighbour) -> None:
    alert, case = raised(), uuid4()
    acts.link_case(thing=case, detail={"alert": str(alert.id)}, now=NOW)

    closed = acts.end_with_case(thing=case, detail={}, now=NOW)
    again = acts.end_with_case(thing=case, detail={}, now=NOW)

    assert [(one.id, one.closing_reason) for one in closed] == [(alert.id, str(Code.CASE_ENDED))]
    assert again == ()
