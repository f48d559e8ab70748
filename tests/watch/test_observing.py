"""Observe: batches become tracks and alerts that survive a restart; one alert per situation, told to partners."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tansiq.exchange.models import Envelope, Event
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tansiq.watch import acts, models, reads
from tansiq.watch.feeds.ais import AisFeed
from tansiq.watch.fusion import motion
from tansiq.watch.models import moment
from tansiq.watch.values import Alert, AlertState, Code, Observation, Priority, Reason, Situation, Watched
from tests import shared
from tests.neighbour import Neighbour
from tests.watch.sea import AT, MIDDLE, MOB, OTHER, SHIP, name, position, sail, text
from tests.watch.test_signs import drifts, statuses
from tests.world import stranger

NOW = moment(AT)
OFFICER = stranger(Duty.WATCH_OFFICER)

pytestmark = pytest.mark.django_db


def observe(*observations: Observation, now: datetime | None = None) -> Watched:
    """One batch, at the time of its last observation."""
    return acts.observe(observations=observations, now=now or moment(max(each.at for each in observations)))


def watch(observations: Iterable[Observation], seconds: float = 1.0) -> None:
    """A whole story, in batches as a node takes them."""
    batch: list[Observation] = []
    for observation in observations:
        if batch and observation.at - batch[0].at >= seconds:
            observe(*batch)
            batch = []
        batch.append(observation)
    observe(*batch)


def alerts(open_only: bool = True) -> tuple[Alert, ...]:
    return reads.alerts(reader=OFFICER, now=NOW, open_only=open_only)


def sent() -> int:
    return Envelope.objects.filter(direction="out").count()


def acknowledged(alert: UUID, now: datetime = NOW) -> Alert:
    answer = acts.acknowledge_alert(alert=alert, by=OFFICER, now=now)
    assert isinstance(answer, Alert), answer
    return answer


def test_tracks_are_kept_and_go_on_after_a_restart() -> None:
    watch([name("EX OLEA"), *sail(minutes=20, knots=12)])

    (track,) = reads.tracks(reader=OFFICER, now=moment(AT + 1205))
    assert (track.mmsi, track.name, track.reports) == (SHIP, "EX OLEA", 41)
    assert track.course == pytest.approx(90)
    assert track.age == pytest.approx(5)
    assert not track.stale
    truth = motion.moved(*MIDDLE, 0, 12 * 1852 / 3600 * 1200)
    assert motion.distance(track.lat, track.lon, *truth) < 20


def test_history_is_thin() -> None:
    watch(sail(minutes=10, knots=12, every=2))

    (track,) = reads.tracks(reader=OFFICER, now=NOW + timedelta(minutes=10))
    places = reads.places(track=track.id, reader=OFFICER, since=NOW)
    assert len(places) == 61
    assert all(b.at - a.at >= timedelta(seconds=10) for a, b in pairwise(places))


def test_history_is_forgotten() -> None:
    watch(sail(minutes=10, knots=12))

    acts.forget_history(before=NOW + timedelta(minutes=5))
    (track,) = reads.tracks(reader=OFFICER, now=NOW + timedelta(minutes=10))
    assert len(reads.places(track=track.id, reader=OFFICER, since=NOW)) == 11
    acts.forget_history(before=NOW + timedelta(days=1))
    assert reads.tracks(reader=OFFICER, now=NOW + timedelta(minutes=10)) == ()


def test_an_identity_heard_once_is_not_in_the_picture() -> None:
    observe(position())

    assert reads.tracks(reader=OFFICER, now=NOW) == ()
    observe(position(at=AT + 10))
    assert len(reads.tracks(reader=OFFICER, now=NOW)) == 1


def test_the_recorded_activation_is_one_alert_and_one_letter(agreed: Neighbour) -> None:
    feed = AisFeed("pair")
    found = feed.feed(shared.data("ais", "mob_pair.nmea").read_bytes(), AT)

    for _ in range(3):
        acts.observe(observations=found, now=NOW)

    (alert,) = alerts()
    assert (alert.situation, alert.priority, alert.mmsi) == (Situation.MOB, Priority.EMERGENCY, 972072078)
    assert Code.TEXT_SAYS_TEST in {reason.code for reason in alert.reasons}
    assert alert.evidence
    assert alert.sent_at == NOW
    assert sent() == 1
    assert Event.objects.filter(name=Permission.ALERT_RAISE.value).count() == 1


def test_a_text_before_its_position_is_one_alert_told_twice(agreed: Neighbour) -> None:
    observe(text("MOB ACTIVE"))
    (first,) = alerts()
    observe(position(mmsi=MOB, status=14, at=AT + 3), position(mmsi=MOB, status=14, at=AT + 5))
    (second,) = alerts()

    assert first.id == second.id
    assert (first.lat, second.lat) == (None, MIDDLE[0])
    assert sent() == 2


def test_no_partner_stops_no_alert_and_it_is_seen(home: object) -> None:
    observe(position(mmsi=MOB, status=14))

    (alert,) = alerts()
    assert (alert.sent_at, alert.sending_refused) == (None, Reason.NO_PARTNERS)


def test_what_was_not_told_is_told_when_there_is_a_partner(home: object) -> None:
    from tansiq.exchange.agreements.terms import Mechanism
    from tests import neighbour as neighbours

    observe(position(mmsi=MOB, status=14))
    partner = Neighbour()
    neighbours.meet(partner, NOW)
    neighbours.agree(Mechanism.RESCUE, partner, now=NOW)
    observe(position(mmsi=MOB, status=14, at=AT + 30))
    assert sent() == 0, "not again within the minute"
    observe(position(at=AT + 61), now=moment(AT + 61))

    (alert,) = alerts()
    assert sent() == 1
    assert alert.sent_at == moment(AT + 61)
    assert alert.sending_refused == ""


def test_a_test_raises_nothing() -> None:
    observe(position(mmsi=MOB, status=15), text("MOB TEST"))

    assert alerts(open_only=False) == ()


def test_a_beacon_that_goes_on_is_one_alert_that_follows_it() -> None:
    for minute in range(30):
        there = motion.moved(*MIDDLE, 40.0 * minute, 0)
        observe(*(position(mmsi=MOB, status=14, at=AT + 60 * minute + k, place=there) for k in range(8)))

    (alert,) = alerts()
    assert motion.distance(alert.lat or 0, alert.lon or 0, *motion.moved(*MIDDLE, 40.0 * 29, 0)) < 1
    assert alert.seen_at == moment(AT + 29 * 60 + 7)
    assert [(source.mmsi, source.reports) for source in alert.sources] == [(MOB, 240)]


def test_an_acknowledged_beacon_stays_silent() -> None:
    observe(position(mmsi=MOB, status=14))
    (alert,) = alerts()
    acknowledged(alert.id)

    observe(*(position(mmsi=MOB, status=14, at=AT + k) for k in range(1, 60)))

    (after,) = alerts()
    assert after.state is AlertState.ACKNOWLEDGED


def test_another_beacon_beside_it_joins_and_sounds_again(agreed: Neighbour) -> None:
    observe(position(mmsi=MOB, status=14))
    (alert,) = alerts()
    acknowledged(alert.id)

    observe(position(mmsi=MOB + 1, status=14, place=motion.moved(*MIDDLE, 300, 0), at=AT + 60))

    (after,) = alerts()
    assert after.id == alert.id
    assert after.state is AlertState.ACTIVE
    assert {source.mmsi for source in after.sources} == {MOB, MOB + 1}
    assert Code.NEARBY in {reason.code for reason in after.reasons}
    assert sent() == 2


def closed(alert: UUID, now: datetime) -> Alert:
    answer = acts.close_alert(alert=alert, reason="found, beacon still on", by=OFFICER, now=now)
    assert isinstance(answer, Alert), answer
    return answer


def test_a_closed_situation_that_goes_on_is_not_raised_again(agreed: Neighbour) -> None:
    observe(position(mmsi=MOB, status=14))
    (alert,) = alerts()
    acknowledged(alert.id)
    closed(alert.id, NOW)

    watch(position(mmsi=MOB, status=14, at=AT + 600 * k) for k in range(1, 20))

    assert alerts() == ()
    assert sent() == 2, "raised and closed"


def test_one_that_was_silent_for_an_hour_is_a_new_situation() -> None:
    observe(position(mmsi=MOB, status=14))
    (alert,) = alerts()
    acknowledged(alert.id)
    closed(alert.id, NOW)

    observe(position(mmsi=MOB, status=14, at=AT + 3700))

    (after,) = alerts()
    assert after.id != alert.id


def test_the_same_night_twice_is_the_same_night() -> None:
    night = [position(mmsi=MOB, status=14), *sail(minutes=10, knots=12), *statuses(0, 2, 2, mmsi=OTHER)]
    night.sort(key=lambda each: each.at)
    watch(night)
    once = [(alert.id, alert.situation) for alert in alerts()]
    watch(night)

    assert [(alert.id, alert.situation) for alert in alerts()] == once
    assert len(once) == 2


def test_a_receiver_that_tells_its_hour_again_changes_nothing() -> None:
    night = [*sail(minutes=30, knots=12), *statuses(0, 2, 2, mmsi=OTHER)]
    night += [position(mmsi=MOB, status=14, at=AT + 600 + 60 * minute + k) for minute in range(10) for k in range(8)]
    night.sort(key=lambda each: each.at)
    watch(night)
    tracks, seen = reads.tracks(reader=OFFICER, now=NOW), alerts()
    watch(night[40:])

    assert reads.tracks(reader=OFFICER, now=NOW) == tracks
    assert alerts() == seen


def test_an_exercise_keeps_its_own_clock(settings: LazySettings) -> None:
    settings.TANSIQ_EXERCISE = "Night in the Strait"
    watch([*sail(minutes=5, knots=12), position(mmsi=MOB, status=14, at=AT + 300)])
    years_on = NOW + timedelta(days=600)

    assert acts.forget_history(before=years_on) == 0
    assert {track.age for track in reads.tracks(reader=OFFICER, now=years_on)} == {0.0}
    assert [alert.age for alert in reads.alerts(reader=OFFICER, now=years_on)] == [0.0]


def test_a_boat_adrift_is_one_warning_that_ends_when_it_makes_way() -> None:
    watch(drifts())
    (alert,) = alerts()
    assert (alert.situation, alert.priority, alert.state) == (Situation.ADRIFT, Priority.WARNING, AlertState.ACTIVE)
    assert sent() == 0, "partners are told of distress alone"

    watch(sail(minutes=2, knots=8, start=AT + 6000, place=motion.moved(*MIDDLE, 0, 3000)))
    (after,) = alerts()
    assert (after.id, after.state) == (alert.id, AlertState.RECTIFIED)
    assert acknowledged(alert.id).state is AlertState.CLOSED
    assert alerts() == ()


def test_an_acknowledged_warning_closes_when_it_ends() -> None:
    watch(statuses(0, 2, 2))
    (alert,) = alerts()
    acknowledged(alert.id)
    watch(position(at=AT + 300 + 60 * k, status=0, place=motion.moved(*MIDDLE, 247.0 * (k + 5), 0)) for k in range(3))

    (after,) = alerts(open_only=False)
    assert (after.id, after.state, after.closing_reason) == (alert.id, AlertState.CLOSED, Code.CONDITION_ENDED)


def test_a_distress_never_ends_by_itself() -> None:
    observe(position(mmsi=MOB, status=14))
    watch(position(mmsi=MOB, status=15, at=AT + 60 * k) for k in range(1, 5))

    (alert,) = alerts()
    assert alert.state is AlertState.ACTIVE


def test_a_ship_that_calls_distress_makes_its_warning_an_emergency(agreed: Neighbour) -> None:
    watch(statuses(0, 2, 2))
    (before,) = alerts()
    acknowledged(before.id)
    observe(text("MAYDAY", mmsi=SHIP, at=AT + 200))

    (after,) = alerts()
    assert after.id == before.id
    assert (after.situation, after.priority, after.state) == (
        Situation.DISTRESS, Priority.EMERGENCY, AlertState.ACTIVE,
    )  # fmt: skip
    assert sent() == 1


def test_a_failing_batch_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("tansiq.exchange.acts.record", fails)
    with pytest.raises(OSError, match="no space"):
        observe(position(mmsi=MOB, status=14))

    assert not models.Track.objects.exists()
    assert not models.Alert.objects.exists()


def fleet(second: int, size: int = 1000) -> Sequence[Observation]:
    """Many vessels, each reporting in the same second."""
    return [
        position(mmsi=224_000_000 + k, at=AT + second, place=motion.moved(*MIDDLE, 100.0 * k, 5.0 * second), knots=10)
        for k in range(size)
    ]


def test_a_batch_takes_a_number_of_queries_that_grows_by_the_hundred() -> None:
    acts.observe(observations=fleet(0), now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        acts.observe(observations=fleet(11), now=NOW)

    assert len(queries) < 30
    assert models.Place.objects.count() == 2000


def test_what_is_unreadable_in_a_report_stops_no_batch() -> None:
    answer = observe(position(mmsi=0, place=None), position(mmsi=1_073_741_823, place=(90.0, 180.0)), now=NOW)

    assert not isinstance(answer, Refused)
