"""NMEA framing: sentences however they are cut, marked and damaged (IEC 61162-1, tag blocks, leading times)."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.watch.feeds.nmea import GROUP_SECONDS, MAX_GROUPS, MAX_LINE, Flaw, Framer, Payload, checksum
from tests import shared
from tests.watch.sea import sentence, tag

ONE = "AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0"
FIRST = "AIVDM,2,1,3,B,53GRGJT00000HnoG;C51DD8h400000000000001?00000t0Ht0h000000000,0"
SECOND = "AIVDM,2,2,3,B,00000000000,2"
WHOLE = b"53GRGJT00000HnoG;C51DD8h400000000000001?00000t0Ht0h00000000000000000000"


def framed(*pieces: bytes) -> tuple[list[Payload], Framer]:
    framer = Framer()
    found = [payload for piece in pieces for payload in framer.feed(piece)]
    return found + framer.end(), framer


class Story(NamedTuple):
    """What arrives, and what comes of it: payloads, sentences counted, flaws."""

    given: bytes
    payloads: int = 0
    sentences: int = 1
    flaws: tuple[Flaw, ...] = ()
    at: float | None = None
    station: str = ""


STORIES = {
    "a plain sentence": Story(sentence(ONE), 1),
    "without a line end": Story(sentence(ONE).strip(), 1),
    "with a space after it": Story(sentence(ONE).strip() + b"   \n", 1),
    "own ship": Story(sentence(ONE.replace("VDM", "VDO")), 1),
    "another talker": Story(sentence("BS" + ONE[2:]), 1),
    "two parts": Story(sentence(FIRST) + sentence(SECOND), 1, 2),
    "a time before it": Story(sentence(ONE, "2016-04-10 00:00:01, "), 1, at=1460246401.0),
    "a time with zone": Story(sentence(ONE, "2016-04-10T02:00:01+02:00 "), 1, at=1460246401.0),
    "a time with fraction": Story(sentence(ONE, "2016-04-10T00:00:01.5Z;"), 1, at=1460246401.5),
    "Unix seconds before it": Story(sentence(ONE, "1460246401 "), 1, at=1460246401.0),
    "a time that is none": Story(sentence(ONE, "2016-99-10 00:00:01, "), 1),
    "a tag block": Story(sentence(ONE, tag("s:rTarifa,c:1460246401")), 1, at=1460246401.0, station="rTarifa"),
    "a tag block in milliseconds": Story(sentence(ONE, tag("c:1460246401500")), 1, at=1460246401.5),
    "a damaged tag block costs its time": Story(
        sentence(ONE, tag("s:x,c:1460246401").replace("c:1", "c:2")), 1, flaws=(Flaw.TAG_BLOCK,)
    ),
    "what the coast guard appends": Story(
        sentence(ONE).strip() + b",d-90,S2013,r003669945,1272412824\r\n", 1, at=1272412824.0, station="003669945"
    ),
    "a wrong checksum": Story(sentence(ONE)[:-4] + b"00\r\n", 0, flaws=(Flaw.CHECKSUM,)),
    "cut off": Story(sentence(ONE)[:20] + b"\r\n", 0, flaws=(Flaw.TRUNCATED,)),
    "cut off by the next": Story(sentence(ONE)[:20] + sentence(ONE), 1, 2, (Flaw.TRUNCATED,)),
    "too few fields": Story(sentence("AIVDM,1,1,,A,0"), 0, flaws=(Flaw.MALFORMED,)),
    "no part nought": Story(sentence(ONE.replace("1,1,", "1,0,")), 0, flaws=(Flaw.MALFORMED,)),
    "letters that are no armour": Story(sentence(ONE.replace("HOI", "H~I")), 0, flaws=(Flaw.MALFORMED,)),
    "six fill bits": Story(sentence(ONE[:-1] + "6"), 0, flaws=(Flaw.MALFORMED,)),
    "a later part alone": Story(sentence(SECOND), 0, flaws=(Flaw.ORPHAN_PART,)),
    "a first part alone": Story(sentence(FIRST), 0, flaws=(Flaw.INCOMPLETE,)),
    "a first part twice": Story(sentence(FIRST) * 2 + sentence(SECOND), 1, 3, (Flaw.INCOMPLETE,)),
    "parts on two channels": Story(
        sentence(FIRST) + sentence(SECOND.replace(",B,", ",A,")), 0, 2, (Flaw.ORPHAN_PART, Flaw.INCOMPLETE)
    ),
    "parts a minute and more apart": Story(
        sentence(FIRST, tag("c:1460246401")) + sentence(SECOND, tag(f"c:{1460246402 + int(GROUP_SECONDS)}")),
        0, 2, (Flaw.ORPHAN_PART, Flaw.INCOMPLETE),
    ),
    "a line without end": Story(
        sentence(ONE)[:20] + b"0" * (MAX_LINE * 3) + b"\r\n" + sentence(ONE), 1, 2, (Flaw.OVERLONG,)
    ),
    "another sentence": Story(b"$GPGSA,A,3,11,32,14,28,22,03,10,08,17,,,,2.02,1.03,1.74*00\r\n", 0, 0),
    "a comment": Story(b"# " + sentence(ONE), 0, 0),
    "nothing": Story(b"", 0, 0),
    "zeros": Story(bytes(64), 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_sentences(story: Story) -> None:
    payloads, framer = framed(story.given)

    assert len(payloads) == story.payloads
    assert framer.sentences == story.sentences
    assert sorted(framer.flaws.elements()) == sorted(story.flaws)
    if payloads:
        assert (payloads[-1].at, payloads[-1].station) == (story.at, story.station)


@given(st.data())
def test_bytes_may_be_cut_anywhere(data: st.DataObject) -> None:
    whole = b"".join(story.given for name, story in STORIES.items() if name not in ("cut off", "without a line end"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    at_once, one = framed(whole)
    in_pieces, other = framed(*pieces)

    assert [each.armoured for each in at_once] == [each.armoured for each in in_pieces]
    assert (one.sentences, one.flaws) == (other.sentences, other.flaws)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_stop_it(pieces: list[bytes]) -> None:
    framed(*pieces)


@given(st.binary(max_size=256))
def test_the_checksum_is_the_exclusive_or(body: bytes) -> None:
    value = 0
    for each in body:
        value ^= each

    assert checksum(body) == value


@given(st.integers(0, len(sentence(FIRST)) - 3), st.integers(1, 255))
def test_a_damaged_byte_never_passes_as_the_message(at: int, change: int) -> None:
    damaged = bytearray(sentence(FIRST))
    damaged[at] ^= change

    payloads, _ = framed(bytes(damaged), sentence(SECOND))

    assert all(payload.armoured == WHOLE for payload in payloads)


def test_messages_of_which_parts_are_missing_are_bounded() -> None:
    framer = Framer()
    for group in range(4 * MAX_GROUPS):
        framer.feed(sentence(FIRST, tag(f"g:1-2-{group}")))

    assert len(framer._groups) <= MAX_GROUPS
    assert framer.flaws[Flaw.INCOMPLETE] == 3 * MAX_GROUPS


def test_parts_of_two_stations_do_not_mix() -> None:
    one, two = tag("s:Tarifa"), tag("s:Ceuta")

    payloads, framer = framed(sentence(FIRST, one), sentence(FIRST, two), sentence(SECOND, two), sentence(SECOND, one))

    assert [payload.station for payload in payloads] == ["Ceuta", "Tarifa"]
    assert not framer.flaws


def test_damaged_sentences_go_to_the_dead_letters() -> None:
    dead: list[tuple[Flaw, bytes]] = []
    framer = Framer(lambda flaw, raw: dead.append((flaw, raw)))

    framer.feed(sentence(ONE)[:-4] + b"00\r\n")

    assert dead == [(Flaw.CHECKSUM, sentence(ONE)[:-4] + b"00")]


def test_a_gnss_sentence_gives_a_recording_its_clock() -> None:
    framer = Framer()

    framer.feed(b"$GPRMC,213950.00,A,5250.53669,N,00542.34920,E,0.020,,070420,,,A*7D\n")

    assert framer.clock == 1586295590.0


def test_every_sentence_of_a_recording_is_accounted_for() -> None:
    recording = shared.data("ais", "ais_vernon_20160410.log").read_bytes()

    payloads, framer = framed(recording)

    parts = recording.count(b"!AIVDM,2,2,")
    assert framer.sentences == 58_506
    assert len(payloads) + parts + framer.flaws[Flaw.CHECKSUM] == framer.sentences
    assert dict(framer.flaws) == {Flaw.CHECKSUM: 207}
