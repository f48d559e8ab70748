"""Whatever a partner's letter says within its schema, its room takes it in or refuses it, and the pages stay open.

Every kind that a room receives is driven with the shortest, longest and largest that its schema allows, as it stands on
the wire, from a partner with the longest code there can be. Nothing here may differ between SQLite and PostgreSQL.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from msgspec import Struct, inspect
from msgspec.structs import replace

from tansiq import flows
from tansiq.exchange import acts as exchange
from tansiq.exchange import canon
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import SCHEMAS, Kind
from tansiq.exchange.kinds.reporting import ClaimLetter
from tansiq.exchange.kinds.requests import ReplyLetter, ReplyStep, RequestLetter, RequestStep
from tansiq.exchange.kinds.rescue import OutcomeLetter, SitrepLetter, TaskAnswerLetter, TaskLetter
from tansiq.exchange.kinds.watch import PictureLetter, TrackLine
from tansiq.exchange.label import Urgency
from tansiq.ground.errors import Fault, Malformed
from tansiq.parties.duties import Duty
from tansiq.rescue import models, values
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db

NODE = "abcdefgh"
AGENCY = f"{NODE}.{'z' * 40}"
"""The longest code that an agency can have."""

OUTSIDE = UUID(int=2)
"""The envelope that a room is told of: a real one, for rooms that ask what its label says."""

CASE, TASK, ALERT = UUID(int=5 << 80), UUID(int=6 << 80), UUID(int=7 << 80)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
LONGEST = 20_000
"""Characters: more than any column with a length has room for."""

PAGES = {
    Kind.ALERT: ("/duty", f"/alerts/{ALERT}", f"/cases/new?alert={ALERT}"),
    Kind.PICTURE: ("/duty/tracks", "/duty/picture.json"),
    Kind.SITREP: ("/cases", f"/cases/{CASE}", "/duty"),
    Kind.TASK: ("/cases", f"/cases/{CASE}"),
    Kind.ANSWER: ("/cases", f"/cases/{CASE}"),
    Kind.OUTCOME: ("/cases", f"/cases/{CASE}", "/figures"),
    Kind.CLAIM: ("/figures",),
    Kind.REQUEST: ("/exchange/requests",),
    Kind.REPLY: ("/exchange/requests",),
}
"""Where a letter of each kind shows, where its room took it in."""


def usual() -> dict[Kind, Struct]:
    """A letter of each kind that its room takes in, to be made strange in some fields."""
    now, later = world.NOW, world.later(60)
    sitrep = SitrepLetter(
        case=CASE, serial=2, priority="distress", phase="distress", at=now, sender=AGENCY, receiver=world.OURS,
        lat=36.0, lon=-4.0, casualty="raft", position="36 N 4 W", situation="searching", persons=3, assistance="boat",
        coordinator=AGENCY,
    )  # fmt: skip
    line = TrackLine(
        track=UUID(int=1), lat=36.0, lon=-4.0, radius_m=10.0, speed=1.0, course=1.0, seen_at=now, source="a"
    )
    return {
        Kind.ALERT: replace(neighbours.alert(now), alert=ALERT),
        Kind.PICTURE: PictureLetter(at=now, area="Strait", tracks=(line,)),
        Kind.SITREP: sitrep,
        Kind.TASK: TaskLetter(
            task=UUID(int=9), case=CASE, agency=world.OURS, unit="Orion", corners=((35.0, -5.0),) * 4,
            track_spacing_m=1.0, speed=1.0, sweep_width_m=1.0, start=now, end=later, coverage=1.0, pod=0.5, pos=0.5,
        ),
        Kind.ANSWER: TaskAnswerLetter(task=TASK, case=CASE, answer="accepted", at=later),
        Kind.OUTCOME: OutcomeLetter(
            case=CASE, outcome="found-alive", at=now, lat=36.0, lon=-4.0, rescued_by="Orion",
            persons={"alive.female.adult": 3},
        ),
        Kind.REQUEST: RequestLetter(request=UUID(int=4), step=RequestStep.ASK, at=now, question="Who was it?"),
        Kind.REPLY: ReplyLetter(request=UUID(int=4), step=ReplyStep.WHOLE, at=now),
        Kind.CLAIM: ClaimLetter(
            claim=UUID(int=3), indicator="persons-rescued", unit="person", qualifier="exact", start=world.LONG_AGO,
            end=world.LONG_AGO + timedelta(days=30), value=3, breakdown={"alive": 3}, records="0" * 64, body=AGENCY,
        ),
    }  # fmt: skip


CHARACTERS = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), include_characters="\n\t")
TEXTS = st.one_of(
    st.sampled_from(["", " ", "x" * LONGEST, "قارب" * 2_000, "a," * 9_000, "%s{}<b>&amp;'\"\\", "\n\t"]),
    st.text(CHARACTERS, max_size=200).map(canon.clean),
)
NUMBERS = st.one_of(
    st.sampled_from([0.0, 5e-324, -5e-324, 1e-300, 1.7976931348623157e308, -1.7976931348623157e308, 90.0, -180.0, 0.1]),
    st.floats(allow_nan=False, allow_infinity=False),
)
EDGES = [each + more for each in (0, 2**15, 2**31, 2**53 - 2, 10**6) for more in (-1, 0, 1)]
MOMENTS = st.one_of(
    st.sampled_from([FIRST, LAST, world.NOW]),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
)


def strange(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """The extremes of a field's type, within what its schema says."""
    match kind:
        case inspect.StrType(pattern=str() as pattern):
            fits = _fits(pattern)
            known = [st.just(each) for each in (AGENCY, "ma") if fits(each)]
            return st.one_of(*known, st.from_regex(pattern, alphabet=st.characters(max_codepoint=126)).filter(fits))
        case inspect.StrType(max_length=most):
            return TEXTS.map(lambda text: text[:most])
        case inspect.IntType(ge=least, le=most):
            low, high = least if least is not None else -canon.SAFE, most if most is not None else canon.SAFE
            return st.one_of(st.sampled_from(EDGES), st.integers(low, high)).filter(lambda n: low <= n <= high)
        case inspect.FloatType():
            return NUMBERS
        case inspect.BytesType():
            return st.binary(max_size=300)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateTimeType():
            return MOMENTS
        case inspect.UUIDType():
            return st.sampled_from([UUID(int=0), UUID(int=2**128 - 1), CASE, TASK, ALERT])
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType(cls=codes):
            return st.sampled_from([*codes])
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.UnionType(types=types):
            return st.one_of(*map(strange, types))
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(strange, items))
        case inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
            return st.lists(strange(item), min_size=least or 0, max_size=min(most or 30, 30)).map(tuple)
        case inspect.DictType(value_type=item):
            keys = st.sampled_from(["", "x", "k" * LONGEST, "alive.female.adult", "alive", "mmsi", "speed"])
            return st.dictionaries(keys, strange(item), max_size=6)
        case inspect.StructType(cls=struct):
            return st.builds(struct, **{field.name: strange(field.type) for field in kind.fields})
    raise AssertionError(f"a new type of field: say above what is strange for {kind}")  # no kind goes untried unseen


def _fits(pattern: str) -> Callable[[str], bool]:
    """Whether the reader of letters takes a text for this pattern."""
    found = re.compile(pattern)
    return lambda text: bool(found.search(text)) and text.isascii() and text.isprintable()


def letters(kind: Kind) -> st.SearchStrategy[Struct]:
    """The usual letter of a kind with one to four fields at an extreme; all of them, where no usual one is known."""
    schema = SCHEMAS[kind]
    described = inspect.type_info(schema)
    assert isinstance(described, inspect.StructType)
    fields = {field.name: strange(field.type) for field in described.fields}
    letter = usual().get(kind)
    if letter is None:
        return st.builds(schema, **fields)

    def changed(names: set[str]) -> st.SearchStrategy[Struct]:
        return st.fixed_dictionaries({name: fields[name] for name in sorted(names)}).map(
            lambda new: replace(letter, **new)
        )

    return st.sets(st.sampled_from(sorted(fields)), min_size=1, max_size=4).flatmap(changed)


@pytest.fixture
def browser(home: Path) -> Client:
    """Someone who looks at the pages of a node that has a case of the partner's, and asked the partner to search."""
    world.agencies()
    far = Neighbour(NODE, AGENCY)
    neighbours.meet(far, world.MET)
    neighbours.agree(Mechanism.RESCUE, far, now=world.MET)
    opened = replace(usual()[Kind.SITREP], serial=1)
    flows.ON_RECEIVE[Kind.SITREP](letter=opened, sender=AGENCY, envelope=UUID(int=1), now=world.NOW)
    asked = values.Task(
        id=TASK, case=CASE, search=None, origin=world.OURS, agency=AGENCY, unit="Orion", state=values.TaskState.SENT,
        corners=((35.0, -5.0),) * 4, track_spacing_m=1.0, speed=1.0, sweep_width_m=1.0, start=world.NOW,
        end=world.later(60), coverage=1.0, pod=0.5, pos=0.5, instructions="", sent_at=world.NOW, envelope=None,
    )  # fmt: skip
    models.Task.objects.create(
        id=TASK,
        case_id=CASE,
        agency=AGENCY,
        state=asked.state.value,
        sent_at=world.NOW,
        document=models.Task.said(asked),
    )
    direct = neighbours.agree(Mechanism.DIRECT, far, now=world.MET)
    plain = far.seal(
        direct, world.MET, id=OUTSIDE, letter=neighbours.information(), kind=Kind.INFORMATION, duty="duty-officer",
        topic="drugs", purpose="prevention", urgency=Urgency.ROUTINE,
    )  # fmt: skip
    exchange.receive(parcels=[exchange.Parcel(plain.raw, NODE)], now=world.MET)
    return world.sign_in(Duty.RESCUE_COORDINATOR)


def read_again(letter: Struct) -> Struct | None:
    """The letter as it comes off the wire; None for one that has no canonical form, and is refused at the door."""
    try:
        return canon.read_letter(canon.write_letter(letter), type(letter))
    except Malformed:
        return None


@pytest.mark.parametrize("kind", sorted(flows.ON_RECEIVE))
def test_any_letter_is_taken_in_or_refused_and_the_pages_stay_open(kind: Kind, browser: Client) -> None:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(letters(kind))
    def holds(letter: Struct) -> None:
        with transaction.atomic():
            said = read_again(letter)
            if said is None:
                reject()
            for envelope in (OUTSIDE, OUTSIDE):
                with suppress(Fault), transaction.atomic():  # the hand-over leaves such a letter, and says why at once
                    flows.ON_RECEIVE[kind](letter=said, sender=AGENCY, envelope=envelope, now=world.NOW)
            for page in PAGES.get(kind, ("/duty",)):
                answer = browser.get(page)
                assert answer.status_code in (200, 404), page
            transaction.set_rollback(True)

    holds()
