"""Readers: files, TCP and UDP on loopback; reconnecting, cut sentences, full buffers, failing sinks, dead letters."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tansiq.watch import readers
from tansiq.watch.feeds.nmea import Flaw
from tansiq.watch.readers import Buffer, DeadLetters, Readers
from tansiq.watch.values import FeedHealth, FeedState, Observation
from tests.watch.sea import MOB, SHIP, message, position

ONE = message(type=1, mmsi=SHIP, lat=35.9, lon=-5.6, speed=12.0, status=0)
TWO = message(type=5, mmsi=SHIP, shipname="EX OLEA", ship_type=70)
THREE = message(type=1, mmsi=MOB, lat=35.9, lon=-5.6, speed=0.5, status=14)


class Feed(NamedTuple):
    """A feed as a home names it."""

    source: str
    name: str = "coast"
    kind: str = "ais"


class Sea:
    """A sink that remembers, and fails as often as it is told to."""

    def __init__(self, fails: int = 0) -> None:
        self.heard: list[Observation] = []
        self.batches: list[int] = []
        self.health: Sequence[FeedHealth] = ()
        self.fails = fails

    def take(self, observations: Sequence[Observation], now: datetime) -> None:
        """Take a batch."""
        if self.fails:
            self.fails -= 1
            raise OSError("no space left on device")
        self.heard.extend(observations)
        self.batches.append(len(observations))

    def report(self, health: Sequence[FeedHealth], now: datetime) -> None:
        """Keep what the feeds say of themselves."""
        self.health = health


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait a second for a batch."""
    for name, seconds in {"BATCH_SECONDS": 0.02, "FIRST_PAUSE": 0.05, "HEALTH_SECONDS": 0.02}.items():
        monkeypatch.setattr(readers, name, seconds)


@contextmanager
def reading(sea: Sea, *feeds: Feed, **options: object) -> Iterator[Readers]:
    running = Readers(feeds, sink=sea.take, report=sea.report, **options)  # type: ignore[arg-type]  # passed on
    running.begin()
    try:
        yield running
    finally:
        running.stop()
        assert not running._io.is_alive()
        assert not running._writer.is_alive()


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def receiver(*sessions: Sequence[bytes]) -> Iterator[Feed]:
    """A receiver on TCP: each connection in turn gets its pieces, then is closed; the last one stays open."""
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        for number, pieces in enumerate(sessions):
            connection, _ = listening.accept()
            with connection:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.02)
                if number == len(sessions) - 1:
                    done.wait(10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Feed(f"tcp://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        done.set()
        thread.join(10)
        listening.close()


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE + TWO + THREE.strip())
    sea = Sea()
    with reading(sea, Feed(f"file:{file}")):
        until(lambda: sea.health and sea.health[0].state == FeedState.ENDED)

    assert [each.message for each in sea.heard] == [1, 5, 1]
    assert (sea.health[0].sentences, sea.health[0].messages) == (4, 3)


def test_a_file_that_is_not_there_is_said_and_tried_again(tmp_path: Path) -> None:
    sea, file = Sea(), tmp_path / "later.nmea"
    with reading(sea, Feed(f"file:{file}")):
        until(lambda: sea.health and sea.health[0].reconnects)
        assert "No such file" in sea.health[0].problem
        file.write_bytes(ONE)
        until(lambda: sea.heard)


def test_tcp_sentences_cut_anywhere_are_whole() -> None:
    sea, stream = Sea(), ONE + TWO + THREE
    with receiver([stream[:30], stream[30:77], stream[77:180], stream[180:]]) as feed, reading(sea, feed):
        until(lambda: len(sea.heard) == 3)
        until(lambda: sea.health and sea.health[0].state == FeedState.RECEIVING)

    assert [each.message for each in sea.heard] == [1, 5, 1]


def test_tcp_comes_back_after_it_was_cut_and_mixes_nothing() -> None:
    sea = Sea()
    with receiver([ONE, THREE[:20]], [THREE[20:], TWO], [ONE]) as feed, reading(sea, feed):
        until(lambda: len(sea.heard) == 3)
        until(lambda: sea.health and sea.health[0].reconnects == 2)

    assert [each.message for each in sea.heard] == [1, 5, 1]
    assert sea.health[0].errors == {"truncated": 1}


def test_nobody_listening_is_said_and_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
    sea = Sea()
    with reading(sea, Feed(f"tcp://127.0.0.1:{port}")):
        until(lambda: sea.health and sea.health[0].reconnects >= 2)

    assert "refused" in sea.health[0].problem


def test_udp_datagrams_are_heard() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sea = Sea()
    with (
        reading(sea, Feed(f"udp://127.0.0.1:{port}")),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        until(lambda: sea.health and sea.health[0].state == FeedState.SILENT)
        sender.sendto(ONE.strip(), ("127.0.0.1", port))
        sender.sendto(b"\x00\xff" * 100, ("127.0.0.1", port))
        sender.sendto(THREE, ("127.0.0.1", port))
        until(lambda: len(sea.heard) == 2)

    assert [each.mmsi for each in sea.heard] == [SHIP, MOB]


WRONG = {
    "another kind": Feed("tcp://127.0.0.1:1", kind="radar"),
    "no port": Feed("tcp://127.0.0.1"),
    "no host": Feed("tcp://:9000"),
    "a port that is none": Feed("udp://:99999999"),
    "another scheme": Feed("http://127.0.0.1/"),
    "nothing": Feed(""),
}


@pytest.mark.parametrize("feed", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_said_and_stops_no_other_feed(feed: Feed, tmp_path: Path) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE)
    sea = Sea()
    with reading(sea, feed, Feed(f"file:{file}", name="file")):
        until(lambda: sea.heard and sea.health and sea.health[0].state == FeedState.FAILED)

    assert "not known" in sea.health[0].problem


def test_a_sink_that_fails_loses_nothing_and_keeps_the_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE + TWO + THREE)
    sea = Sea(fails=2)
    with reading(sea, Feed(f"file:{file}")):
        until(lambda: sea.heard)

    assert [each.message for each in sea.heard] == [1, 5, 1]
    assert "kept and tried again" in caplog.text


def test_what_was_read_is_written_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BATCH_SECONDS", 60.0)
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE * 20_000)
    sea = Sea()
    with reading(sea, Feed(f"file:{file}")) as running:
        until(lambda: running.readers[0].state is FeedState.ENDED)

    assert len(sea.heard) == 20_000
    assert max(sea.batches) <= readers.BATCH_MOST


def test_a_full_buffer_makes_a_file_wait(tmp_path: Path) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE * 10_000)
    sea = Sea()
    with reading(sea, Feed(f"file:{file}"), buffer=100):
        until(lambda: len(sea.heard) == 10_000, 30)


def test_a_full_buffer_refuses_and_an_empty_one_takes_all() -> None:
    buffer, some = Buffer(10), [position()] * 8

    assert buffer.offer(some)
    assert not buffer.offer(some)
    assert len(buffer.take()) == 8
    assert buffer.offer(some * 9)
    assert len(buffer) == 72


def test_dead_letters_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE[:-4] + b"00\r\n" + ONE)
    sea = Sea()
    with reading(sea, Feed(f"file:{file}"), logs=tmp_path / "logs"):
        until(lambda: sea.heard)

    kept = (tmp_path / "logs" / "dead-coast.nmea").read_bytes()
    assert kept == b"checksum " + ONE[:-4] + b"00\n"


def test_dead_letters_are_bounded(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead.nmea", most=10_000)
    for _ in range(100):
        letters.write(Flaw.MALFORMED, b"x" * 1000)
    letters.close()

    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 20_000


def test_dead_letters_that_cannot_be_written_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    letters = DeadLetters(tmp_path / "file" / "dead.nmea")
    letters.write(Flaw.MALFORMED, b"x")
    letters.flush()
    letters.close()

    assert letters.lost == 1


def test_an_exercise_keeps_its_own_clock(tmp_path: Path) -> None:
    ahead = b"2099-01-01T00:00:00Z " + ONE
    file = tmp_path / "night.nmea"
    file.write_bytes(ahead)
    for exercise in (True, False):
        feed = Feed(f"file:{file}")
        reader = readers.Reader(feed, Buffer(), None, exercise)
        (found,) = reader.ais.feed(ahead, 1_738_117_800.0)
        assert (found.at > 1_738_117_800.0) is exercise
