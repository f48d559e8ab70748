"""One value, one sequence of bytes: canonical JSON, frames, routes and labels."""

import contextlib
import json
import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon, label
from tansiq.exchange.canon import Profile
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
from tansiq.exchange.label import Claim, Label, Notice, Route
from tansiq.ground.errors import Malformed
from tests.exchange import sealed


class Sample(Struct, frozen=True, forbid_unknown_fields=True):
    """Text, an integer, a fraction and a map."""

    text: str = ""
    count: int = 0
    share: float = 0.0
    more: dict[str, int] = {}


WHOLE = canon.encode(sealed.label())

NOT_CANONICAL = {
    "a duplicate key": WHOLE.replace(b'"seq":0', b'"seq":0,"seq":0'),
    "a duplicate key with another value": WHOLE.replace(b'"seq":0', b'"seq":7,"seq":0'),
    "a fraction for an integer": WHOLE.replace(b'"seq":0', b'"seq":0.0'),
    "an exponent for an integer": WHOLE.replace(b'"seq":0', b'"seq":0e0'),
    "minus zero": WHOLE.replace(b'"seq":0', b'"seq":-0'),
    "an escape where none is needed": WHOLE.replace(b'"alert"', b'"\\u0061lert"'),
    "a space": WHOLE.replace(b'"seq":0', b'"seq": 0'),
    "trailing bytes": WHOLE + b" ",
    "a second value": WHOLE + WHOLE,
    "an unknown field": WHOLE.replace(b'"seq":0', b'"release":"all","seq":0'),
    "a field left out": WHOLE.replace(b'"seq":0,', b""),
    "keys in another order": WHOLE.replace(b'"seq":0,"source":"X"', b'"source":"X","seq":0'),
    "a claim of zero": WHOLE.replace(b'"claims":{}', b'"claims":{"warrant":0}'),
    "a claim that nobody knows": WHOLE.replace(b'"claims":{}', b'"claims":{"rank":1}'),
    "a claim twice": WHOLE.replace(b'"claims":{}', b'"claims":{"warrant":1,"warrant":1}'),
    "more than yes": WHOLE.replace(b'"claims":{}', b'"claims":{"warrant":2}'),
    "a colour on an alert": WHOLE.replace(b'"notice":""', b'"notice":"red"'),
    "a yes that is a number": WHOLE.replace(b'"operational":false', b'"operational":0'),
    "an integer beyond 2^53 - 1": WHOLE.replace(b'"seq":0', b'"seq":9007199254740992'),
    "a kind that does not exist": WHOLE.replace(b'"alert"', b'"order"'),
    "no recipient": WHOLE.replace(b'["es.salvamento"]', b"[]"),
    "an upper-case agency": WHOLE.replace(b"es.salvamento", b"ES.salvamento"),
    "text outside ASCII": WHOLE.replace(b'"exercise":""', '"exercise":"Détroit"'.encode()),
    "a direction override": WHOLE.replace(b'"exercise":""', '"exercise":"\u202eX"'.encode()),
    "a lone surrogate": WHOLE.replace(b'"exercise":""', b'"exercise":"\\ud800"'),
    "a newline": WHOLE.replace(b'"exercise":""', b'"exercise":"a\\nb"'),
    "a NUL": WHOLE.replace(b'"exercise":""', b'"exercise":"\\u0000"'),
    "a DEL": WHOLE.replace(b'"exercise":""', b'"exercise":"\x7f"'),
    "broken UTF-8": WHOLE.replace(b'"exercise":""', b'"exercise":"\xff"'),
    "nothing": b"",
    "deep nesting": b"[" * 30_000,
    "too long": WHOLE + b" " * 40_000,
}


@pytest.mark.parametrize("story", NOT_CANONICAL)
def test_a_label_has_one_encoding_and_no_other_is_read(story: str) -> None:
    assert NOT_CANONICAL[story] != WHOLE
    with pytest.raises(Malformed):
        label.read_label(NOT_CANONICAL[story])


def test_a_label_is_read_as_it_was_written() -> None:
    assert label.read_label(WHOLE) == sealed.label()
    assert json.dumps(json.loads(WHOLE), sort_keys=True, separators=(",", ":")).encode() == WHOLE


@pytest.mark.parametrize(
    "fields",
    [
        {"purpose": "Not a code"},
        {"sensitivity": 4},
        {"recipients": ()},
        {"source": "D"},
        {"exercise": "Détroit"},
        {"exercise": "a\u200bb"},
        {"claims": {"months": 1}},
        {"claims": {"é": 1}},
        {"claims": {"warrant": 0}},
        {"claims": {"warrant": 2}},
        {"claims": {"penalty-months": 1_201}},
        {"kind": "notice"},
        {"notice": "red"},
        {"notice": "silver"},
        {"desk": "not/an.agency"},
        {"joint_operation": "a" * 63},
        {"mandate": "A" * 64},
        {"review_by": -1},
        {"attachments": (label.Attachment("a" * 64, 1, "image"),)},
        {"attachments": (label.Attachment("a" * 64, 1, "image/png\n"),)},
    ],
)
def test_a_label_that_has_no_canonical_bytes_is_not_written(fields: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        label.write_label(sealed.label(**fields))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for reader in (label.read_label, label.read_route):
        with pytest.raises(Malformed, match=r"^[^\n]*$"):
            reader(raw)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=0, max_size=3))
def test_any_change_of_a_label_is_another_label_or_none(at: int, change: bytes) -> None:
    raw = WHOLE[:at] + change + WHOLE[at + 1 :]
    with contextlib.suppress(Malformed):
        assert canon.encode(label.read_label(raw)) == raw


@pytest.mark.parametrize("recipients", [("es.salvamento", "de.bpol"), ("de.bpol", "de.bpol")])
def test_recipients_of_a_route_are_sorted_and_stand_once(recipients: tuple[str, ...]) -> None:
    with pytest.raises(Malformed, match="not sorted"):
        label.write_route(sealed.route(rcp=recipients))
    with pytest.raises(Malformed, match="not sorted"):
        label.read_route(canon.encode(sealed.route(rcp=recipients)))


@pytest.mark.parametrize("field", ["sender", "recipients", "urgency", "expires"])
def test_a_label_that_contradicts_its_route_is_seen(field: str) -> None:
    other: dict[str, object] = {
        "sender": "ma.dgsn",
        "recipients": ("de.bpol",),
        "urgency": label.Urgency.ROUTINE,
        "expires": 2 * sealed.SENT,
    }
    assert label.contradiction(sealed.route(), sealed.label()) == ""
    assert label.contradiction(sealed.route(), sealed.label(**{field: other[field]})) == field


def test_a_case_has_one_pseudonym_per_agreement() -> None:
    case = UUID("0195512c-6c00-7000-8000-00000000ca5e")
    here, there = label.pseudonym("a" * 64, case), label.pseudonym("b" * 64, case)

    assert here == label.pseudonym("a" * 64, case) != there
    assert len(here) == 32
    assert case.hex not in here
    assert replace(sealed.label(), case=here) == label.read_label(canon.encode(sealed.label(case=here)))


# ECMA-262 Number::toString, from RFC 8785 appendix B.
NUMBERS = {
    "0000000000000000": "0", "8000000000000000": "0", "0000000000000001": "5e-324", "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308", "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992", "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22", "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000", "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21", "3eb0c6f7a0b5ed8c": "9.999999999999997e-7", "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332", "41b3de4355555555": "333333333.3333333",
    "becbf647612f3696": "-0.0000033333333333333333", "43143ff3c1cb0959": "1424953923781206.2",
}  # fmt: skip


@pytest.mark.parametrize("bits", NUMBERS)
def test_fractions_are_written_as_rfc_8785_says(bits: str) -> None:
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert canon.number(value).decode() == NUMBERS[bits]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_fraction_comes_back(value: float) -> None:
    assert float(canon.number(value)) == value
    sample = Sample(share=value)
    assert canon.decode(canon.encode(sample, Profile.TEXT), Sample, Profile.TEXT) == sample


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_written(value: float) -> None:
    with pytest.raises(Malformed):
        canon.number(value)


@pytest.mark.parametrize("share", [0.5, 1e300, 1e16, -1.5, 5e-324, math.nan, math.inf])
def test_labels_hold_no_fractions(share: float) -> None:
    with pytest.raises(Malformed):
        canon.encode(Sample(share=share))


@given(st.text(max_size=40))
def test_text_is_cleaned_before_it_is_written_and_read_strictly(text: str) -> None:
    raw = canon.write_letter(Sample(text=text))
    assert canon.read_letter(raw, Sample).text == canon.clean(text)


@given(st.text(alphabet="eEa\u0301\u0323\u200d\u200b\u202e\u0600\r\n\U000e0001ا\u0653", max_size=12))
def test_a_letter_is_never_stopped_by_what_was_pasted_into_it(text: str) -> None:
    assert canon.read_letter(canon.write_letter(Sample(text=text)), Sample).text == canon.clean(canon.clean(text))


@pytest.mark.parametrize("grades", [("D", 1), ("A", 5), ("A", 0), ("A\n", 1), ("", 1)])
def test_a_letter_that_no_reader_would_accept_is_not_written(grades: tuple[str, int]) -> None:
    letter = InformationLetter(subject="x", statements=(Statement("x", Nature.FACT, *grades),))
    with pytest.raises(Malformed):
        canon.write_letter(letter)


class Moment(Struct, frozen=True):
    """A letter of one moment."""

    at: datetime


def test_moments_in_letters_are_in_utc() -> None:
    noon = canon.write_letter(Moment(sealed.NOW))
    assert noon == b'{"at":"2026-03-01T12:00:00Z"}'
    assert canon.write_letter(Moment(sealed.NOW.astimezone(timezone(timedelta(hours=1))))) == noon
    assert canon.read_letter(noon, Moment).at == sealed.NOW
    with pytest.raises(Malformed, match="no zone"):
        canon.write_letter(Moment(sealed.NOW.replace(tzinfo=None)))
    for other in (b"12:00:00", b"13:00:00+01:00", b"12:00:00+00:00", b"12:00:00.000Z", b"24:00:00Z"):
        with pytest.raises(Malformed):
            canon.read_letter(noon.replace(b"12:00:00Z", other), Moment)


def test_what_is_no_number_is_not_written_as_none() -> None:
    for profile in Profile:
        with pytest.raises(Malformed):
            canon.encode(Sample(share=math.nan), profile)


def test_arabic_passes_in_letters_and_controls_do_not() -> None:
    arabic = "قارب على متنه 23 شخصا قبالة العرائش"
    assert canon.read_letter(canon.write_letter(Sample(text=arabic)), Sample).text == arabic
    assert canon.clean("e\u0301\u200f\u202e1") == "é1"
    for hidden in ("\u202e", "\u200d", "\u2066", "\x00", "\u0085", "\ufeff"):
        raw = canon.write_letter(Sample(text="x")).replace(b'"x"', f'"{hidden}"'.encode())
        with pytest.raises(Malformed):
            canon.read_letter(raw, Sample)
    with pytest.raises(Malformed, match="NFC"):
        canon.read_letter(canon.write_letter(Sample(text="x")).replace(b'"x"', '"e\u0301"'.encode()), Sample)


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_frames_come_back(parts: list[bytes]) -> None:
    assert canon.frames(canon.lp(*parts), most=8) == tuple(parts)


@given(st.binary(max_size=60))
def test_any_frames_are_read_back_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert canon.lp(*canon.frames(raw, most=4, limit=16)) == raw


def test_frames_are_bounded() -> None:
    with pytest.raises(Malformed):
        canon.frames(canon.lp(b"", b"", b""), most=2)
    with pytest.raises(Malformed):
        canon.frames(canon.lp(b"12345"), most=2, limit=4)
    with pytest.raises(Malformed):
        canon.frames(b"", least=1, most=2)
    with pytest.raises(Malformed):
        canon.frames(b"\xff\xff\xff\xffx", most=2)
    with pytest.raises(Malformed):
        canon.frames(b"\x00\x00\x00", most=2)


def test_times_are_whole_milliseconds() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    assert canon.millis(moment) == sealed.SENT + 123
    assert canon.moment(sealed.SENT) == sealed.NOW
    with pytest.raises(Malformed):
        canon.moment(10**18)


@given(st.builds(Route, agr=st.just("a" * 64), id=st.builds(uuid4), snd=st.just("ma"), rcp=st.just(("es",)),
                 urg=st.sampled_from(label.Urgency), exp=st.integers(0, 10**14)))  # fmt: skip
def test_routes_come_back(route: Route) -> None:
    assert label.read_route(label.write_route(route)) == route


AGENCIES = st.from_regex(r"[a-z]{2,8}\.[a-z0-9-]{1,40}", fullmatch=True)
CODES = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,63}", fullmatch=True)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
MILLIS = st.integers(0, 10**14)
PARTS = st.builds(label.Part, DIGESTS, st.integers(0, canon.SAFE))
ATTACHED = st.builds(
    label.Attachment,
    DIGESTS,
    st.integers(0, canon.SAFE),
    st.from_regex(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,62}", fullmatch=True),
)
CLAIMS = st.dictionaries(st.sampled_from(Claim), st.integers(1, 1_200)).map(
    lambda found: {name: value if name in label.IN_MONTHS else 1 for name, value in found.items()}
)
LABELS = st.builds(
    Label,
    kind=st.sampled_from(Kind),
    sender=AGENCIES,
    duty=CODES,
    desk=st.just("") | AGENCIES,
    recipients=st.lists(AGENCIES, min_size=1, max_size=4).map(tuple),
    group=st.just("") | CODES,
    purpose=st.just("") | CODES,
    topic=st.just("") | CODES,
    region=st.just("") | CODES,
    operational=st.booleans(),
    notice=st.sampled_from(Notice),
    sensitivity=st.integers(0, 3),
    handling=st.sampled_from(label.Handling),
    source=st.sampled_from("ABCX"),
    information=st.integers(1, 4),
    urgency=st.sampled_from(label.Urgency),
    case=st.just("") | st.binary(min_size=16, max_size=16).map(bytes.hex),
    joint_operation=st.just("") | DIGESTS,
    mandate=st.just("") | DIGESTS,
    in_reply_to=st.just("") | DIGESTS,
    supersedes=st.just("") | DIGESTS,
    sent=MILLIS,
    expires=MILLIS,
    review_by=MILLIS,
    erase_by=MILLIS,
    seq=st.integers(0, canon.SAFE),
    prev=st.just("") | DIGESTS,
    after=st.lists(DIGESTS, max_size=4).map(tuple),
    claims=CLAIMS,
    letter=PARTS,
    attachments=st.lists(ATTACHED, max_size=4).map(tuple),
    persons_named=st.booleans(),
    exercise=st.just("") | st.from_regex(r"[ -~]{1,120}", fullmatch=True),
)


@given(LABELS)
def test_every_label_comes_back_or_is_never_written(said: Label) -> None:
    coloured = said.kind in label.COLOURED
    if coloured != (said.notice is not Notice.NONE):
        with pytest.raises(Malformed, match="colour"):
            label.write_label(said)
        said = replace(said, notice=Notice.RED if coloured else Notice.NONE)
    raw = label.write_label(said)

    assert label.read_label(raw) == said
    assert json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode() == raw


@given(LABELS, st.data())
def test_a_field_of_a_label_that_is_left_out_or_said_otherwise_is_another_label_or_none(
    said: Label, data: st.DataObject
) -> None:
    plain = json.loads(canon.encode(said))
    name = data.draw(st.sampled_from(sorted(plain)))
    other = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers()))
    for changed in (
        {key: value for key, value in plain.items() if key != name},
        {**plain, name: other},
        {**plain, f"{name}x": other},
    ):
        raw = json.dumps(changed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        with contextlib.suppress(Malformed):
            assert canon.encode(label.read_label(raw)) == raw


def test_marks_are_put_on_a_label() -> None:
    marks = label.Marks(region="ma-01", operational=True, claims={Claim.WARRANT: 1}, review_by=7)
    marked = marks.on(sealed.label())

    assert (marked.region, marked.operational, marked.claims, marked.review_by) == ("ma-01", True, {"warrant": 1}, 7)
    assert label.PLAIN.on(sealed.label()) == sealed.label()
    assert set(label.Marks.__struct_fields__) <= set(Label.__struct_fields__)


def test_part_of_names_bytes_by_digest_and_size() -> None:
    assert label.part_of(b"") == label.Part("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)
    assert label.attachment_of(b"") == label.Attachment(label.part_of(b"").digest, 0, "application/octet-stream")
    assert Label.__struct_config__.forbid_unknown_fields
