"""Liaison posts between two nodes: a letter passes for a case that is given to a post in date, and for no other."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import LazySettings

from tansiq.exchange import acts, mandates, reads, receipts
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.posts import MandateLetter
from tansiq.exchange.label import pseudonym
from tansiq.exchange.mandates import Post, PostReason, PostState
from tansiq.exchange.models import Event, LiaisonPost
from tansiq.exchange.policy import Reason
from tansiq.exchange.values import ExchangeReason, HoldReason, Opened, Sent
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests.neighbour import Neighbour, keys_of
from tests.sides import Sides
from tests.world import NOW, OURS, THEIRS

pytestmark = pytest.mark.django_db

ADMIN = Officer("admin", OURS, Duty.NODE_ADMINISTRATOR, UUID(int=31))
CHIEF = Officer("chief", OURS, Duty.CASE_OFFICER, UUID(int=32))
FIRST = Officer("first", OURS, Duty.LIAISON_OFFICER, UUID(int=33))
NEXT = Officer("next", OURS, Duty.LIAISON_OFFICER, UUID(int=34))
HOST = Officer("host", THEIRS, Duty.SERVICE_OFFICER, UUID(int=35))
THEIR_LIAISON = Officer("theirs", THEIRS, Duty.LIAISON_OFFICER, UUID(int=36))
CASE, OTHER = UUID(int=0xA1), UUID(int=0xB2)
DAY = timedelta(days=1)
UNTIL = NOW + 90 * DAY
SECRET = "the load is in the second container"


def posted(**fields: object) -> Post:
    """A post of ours at the partner, for drugs in the Strait, for 90 days."""
    given = {
        "sending": OURS, "host": THEIRS, "topics": ("drugs",), "regions": ("strait",), "since": NOW, "until": UNTIL,
        "officer": FIRST, "by": ADMIN, "now": NOW,
    }  # fmt: skip
    post = acts.open_post(**{**given, **fields})
    assert isinstance(post, Post), post
    return post


def assign(post: Post, case: UUID = CASE, **fields: object) -> Post:
    given = {
        "reference": "Harbour 7", "topic": "drugs", "region": "strait", "until": NOW + 30 * DAY, "by": CHIEF,
        "now": NOW,
    }  # fmt: skip
    answer = acts.assign_case(post=post.mandate.post, case=case, **{**given, **fields})
    assert isinstance(answer, Post), answer
    return answer


def write(by: Officer = FIRST, to: str = THEIRS, case: UUID | None = CASE, **fields: object) -> Sent | Refused:
    given = {"topic": "drugs", "purpose": "investigation", "now": NOW, **fields}
    return acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(SECRET), mechanism=Mechanism.LIAISON.value, to=(to,),
        case=case, by=by, **given,
    )  # fmt: skip


def reason(answer: object) -> object:
    return answer.reason if isinstance(answer, Refused) else type(answer)


def opens(envelope: UUID, by: Officer, now: object = NOW) -> object:
    """What becomes of opening a letter: to a liaison officer who does not hold its post it is not there."""
    try:
        return reason(acts.open_letter(envelope=envelope, reason="to see", by=by, now=now))
    except Missing:
        return Missing


# Between two nodes


def test_a_letter_of_an_assigned_case_passes_both_ways_by_the_mandate_that_both_hold(sides: Sides) -> None:
    post = assign(posted())
    letter = write()
    assert isinstance(letter, Sent), letter
    assert reads.envelope(envelope=letter.envelope, reader=FIRST).label.mandate == post.mandate.digest

    sides.carry()
    told = reads.liaison_post(post=post.mandate.post, reader=HOST)
    assert (told.mandate, told.holder, told.cases) == (post.mandate, "first", post.cases)
    assert opens(letter.envelope, HOST) is Opened
    answer = write(by=HOST, to=OURS, in_reply_to=letter.envelope)
    assert isinstance(answer, Sent), answer

    sides.carry()
    assert opens(answer.envelope, FIRST) is Opened
    assert reads.verify() == ()


def test_the_letter_waits_where_it_came_before_what_is_told_of_the_post(sides: Sides) -> None:
    assign(posted())
    letter = write()
    assert isinstance(letter, Sent)

    sides.cross()
    bag = sorted((each for each in sides._bag if each.thing == "envelope"), key=lambda each: -each.delivery)
    (token,) = acts.receive(parcels=[Parcel(bag[0].body, "ma")], now=NOW)
    hold = receipts.read_hold(token, keys_of("es").signer.verifier)
    assert hold.reason == HoldReason.UNKNOWN_MANDATE
    sides.unpack()

    assert opens(letter.envelope, HOST) is Opened


NOT_SENT = {
    "no case": ({"case": None}, Reason.FORBIDDEN),
    "a case that is not assigned": ({"case": OTHER}, Reason.FORBIDDEN),
    "another topic": ({"topic": "terrorism"}, Reason.FORBIDDEN),
    "another officer of the same agency": ({"by": NEXT}, PostReason.NOT_THE_HOLDER),
    "after the case": ({"now": NOW + 31 * DAY}, Reason.FORBIDDEN),
    "after the mandate": ({"now": NOW + 91 * DAY}, Reason.FORBIDDEN),
}


@pytest.mark.parametrize("story", NOT_SENT)
def test_what_is_not_delegated_is_not_sent(sides: Sides, story: str) -> None:
    assign(posted())
    fields, why = NOT_SENT[story]

    assert reason(write(**fields)) == why


NOT_READ = {
    "after the case": (NOW + 31 * DAY, PostReason.CASE_ENDED),
    "after the mandate": (NOW + 91 * DAY, PostReason.ENDED),
    "in time": (NOW + 29 * DAY, Opened),
}


@pytest.mark.parametrize("story", NOT_READ)
def test_what_was_delegated_is_read_no_longer_than_the_mandate_and_the_case(sides: Sides, story: str) -> None:
    assign(posted())
    letter = write()
    assert isinstance(letter, Sent)
    now, why = NOT_READ[story]

    assert opens(letter.envelope, FIRST, now) == why
    assert opens(letter.envelope, NEXT, now) is Missing
    assert opens(letter.envelope, CHIEF, now) is Opened, "who answers for the case at home has a right of their own"


def test_a_host_s_own_liaison_officer_does_not_read_on_another_s_delegation(sides: Sides) -> None:
    assign(posted())
    letter = write()
    assert isinstance(letter, Sent)
    sides.carry()

    assert opens(letter.envelope, THEIR_LIAISON) is Missing


def test_a_case_taken_back_stops_at_once_on_both_sides(sides: Sides) -> None:
    post = assign(posted())
    acts.withdraw_case(post=post.mandate.post, case=CASE, by=CHIEF, now=NOW)
    assert reason(write()) == Reason.FORBIDDEN

    sides.carry()
    assert reason(write(by=HOST, to=OURS)) == Reason.FORBIDDEN
    (case,) = reads.liaison_post(post=post.mandate.post, reader=HOST).cases
    assert case.until == NOW


def test_a_post_ended_early_carries_nothing_more_on_either_side(sides: Sides) -> None:
    post = assign(posted())
    acts.end_post(post=post.mandate.post, by=ADMIN, now=NOW)

    assert reason(write()) == Reason.FORBIDDEN
    sides.carry()
    assert reads.liaison_post(post=post.mandate.post, reader=HOST).state(NOW) is PostState.ENDED
    assert reason(write(by=HOST, to=OURS)) == Reason.FORBIDDEN


def test_an_older_statement_of_a_post_changes_nothing(sides: Sides) -> None:
    post = assign(posted())
    acts.withdraw_case(post=post.mandate.post, case=CASE, by=CHIEF, now=NOW)

    sides.carry(backwards=True)

    assert reads.liaison_post(post=post.mandate.post, reader=HOST).n == 3
    assert LiaisonPost.objects.get().cases.get().until == NOW


# The receiver judges too


@pytest.fixture
def hosted(es: Neighbour) -> tuple[Neighbour, str]:
    """A neighbour that sends a liaison post to us, and its agreement."""
    return es, neighbours.agree(Mechanism.LIAISON, es, now=NOW)


def told(es: Neighbour, agreement: str, **fields: object) -> str:
    """The neighbour tells us of its post; answers why our room refused it."""
    case = mandates.CaseOfPost(
        case=CASE, reference="Harbour 7", topic="drugs", region="strait", since=NOW, until=NOW + 30 * DAY
    )
    given = {
        "post": UUID(int=7), "n": 1, "sending": THEIRS, "host": OURS, "topics": ("drugs",), "regions": ("strait",),
        "since": NOW, "until": UNTIL, "holder": "inspector", "cases": (case,),
    }  # fmt: skip
    letter = MandateLetter(**{**given, **fields})
    return neighbours.tell(es, agreement, letter, NOW, duty="node", urgency="urgent", topic="", purpose="")


def judged(es: Neighbour, agreement: str, now: object = NOW, **said: object) -> receipts.Receipt:
    """What our node answers to the neighbour's letter of the case."""
    digest = LiaisonPost.objects.get(id=UUID(int=7)).digest
    fields = {
        "kind": Kind.INFORMATION, "duty": "liaison-officer", "topic": "drugs", "purpose": "investigation",
        "urgency": "routine", "region": "strait", "mandate": digest, "case": pseudonym(agreement, CASE), **said,
    }  # fmt: skip
    sealed = es.seal(agreement, now, letter=neighbours.information(SECRET), **fields)
    (token,) = acts.receive(parcels=[Parcel(sealed.raw, "es")], now=now)
    return receipts.read_receipt(token, es.known().verifier)


JUDGED = {
    "in date and covered": ({}, "accepted"),
    "after the case, by our clock": ({"now": NOW + 31 * DAY}, "refused"),
    "after the mandate, by our clock": ({"now": NOW + 91 * DAY}, "refused"),
    "another region": ({"region": "sahel"}, "refused"),
    "another topic": ({"topic": "terrorism"}, "refused"),
    "no mandate named": ({"mandate": ""}, "refused"),
}


@pytest.mark.parametrize("story", JUDGED)
def test_the_receiver_judges_the_mandate_by_its_own_time(hosted: tuple[Neighbour, str], story: str) -> None:
    assert told(*hosted) == ""
    fields, state = JUDGED[story]

    assert judged(*hosted, **fields).state == state


UNBELIEVED = {
    "another mandate under the same post": {"n": 2, "topics": ("drugs", "terrorism")},
    "a case beyond its topics": {"post": UUID(int=8), "topics": ("terrorism",)},
    "a post of another agency": {"post": UUID(int=8), "sending": "de.bpol"},
    "a host that is no party": {"post": UUID(int=8), "host": "ma.gendarmerie"},
    "a mandate that ends before it begins": {"post": UUID(int=8), "until": NOW - DAY},
}


@pytest.mark.parametrize("story", UNBELIEVED)
def test_what_a_partner_may_not_tell_of_a_post_is_not_taken(hosted: tuple[Neighbour, str], story: str) -> None:
    told(*hosted)

    assert told(*hosted, **UNBELIEVED[story]) != ""
    assert [row.value().mandate.topics for row in LiaisonPost.objects.all()] == [("drugs",)]


# Opening and assigning


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"until": NOW}, PostReason.PERIOD_EMPTY),
        ({"topics": ("cooking",)}, PostReason.TOPIC),
        ({"officer": CHIEF}, PostReason.NO_LIAISON_OFFICER),
        ({"host": "de.bpol"}, PostReason.NO_AGREEMENT),
        ({"host": "ma.gendarmerie"}, PostReason.NO_AGREEMENT),
    ],
)
def test_a_post_that_cannot_be_opened(sides: Sides, fields: dict[str, object], why: PostReason) -> None:
    given = {
        "sending": OURS, "host": THEIRS, "topics": ("drugs",), "regions": ("strait",), "since": NOW, "until": UNTIL,
        "officer": FIRST, "by": ADMIN, "now": NOW,
    }  # fmt: skip

    assert reason(acts.open_post(**{**given, **fields})) is why
    assert not LiaisonPost.objects.exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"topic": "terrorism"}, PostReason.TOPIC),
        ({"region": "sahel"}, PostReason.REGION),
        ({"until": UNTIL + DAY}, PostReason.BEYOND_MANDATE),
        ({"until": NOW}, PostReason.PERIOD_EMPTY),
        ({"case": CASE}, PostReason.ASSIGNED_ALREADY),
        ({"now": UNTIL, "until": UNTIL + DAY}, PostReason.ENDED),
    ],
)
def test_a_case_that_cannot_be_given(sides: Sides, fields: dict[str, object], why: PostReason) -> None:
    post = assign(posted())
    given = {
        "case": OTHER, "reference": "x", "topic": "drugs", "region": "strait", "until": NOW + DAY, "by": CHIEF,
        "now": NOW,
    }  # fmt: skip

    assert reason(acts.assign_case(post=post.mandate.post, **{**given, **fields})) is why


def test_to_another_agency_of_the_node_a_post_is_not_there(sides: Sides) -> None:
    post = posted()
    stranger = Officer("x", "ma.gendarmerie", Duty.CASE_OFFICER, UUID(int=40))

    with pytest.raises(Missing):
        reads.liaison_post(post=post.mandate.post, reader=stranger)
    with pytest.raises(Missing):
        acts.withdraw_case(post=post.mandate.post, case=CASE, by=stranger, now=NOW)
    assert reads.liaison_posts(reader=stranger) == ()


# The next officer


def test_a_post_passes_to_the_next_officer_when_both_have_said_so_and_its_letters_with_it(sides: Sides) -> None:
    post = assign(posted()).mandate.post
    sides.carry()
    letter = write(by=HOST, to=OURS)
    assert isinstance(letter, Sent), letter
    sides.carry()

    offered = acts.hand_over(post=post, to=(NEXT,), by=FIRST, now=NOW)
    assert isinstance(offered, Post)
    assert (opens(letter.envelope, FIRST), opens(letter.envelope, NEXT)) == (Opened, Missing)

    taken = acts.take_over(post=post, by=NEXT, now=NOW)
    assert isinstance(taken, Post)
    assert (opens(letter.envelope, FIRST), opens(letter.envelope, NEXT)) == (Missing, Opened)
    assert reason(write(by=FIRST)) == PostReason.NOT_THE_HOLDER
    with pytest.raises(Missing):
        reads.envelope(envelope=letter.envelope, reader=FIRST)
    assert letter.envelope not in {line.id for line in reads.envelopes(reader=FIRST)}
    assert letter.envelope in {line.id for line in reads.envelopes(reader=NEXT)}
    assert isinstance(write(by=NEXT), Sent)
    event = Event.objects.get(name=Permission.LIAISON_TAKE_OVER.value)
    assert (event.by, event.value().detail["items"]) == (NEXT.signature, 1)

    sides.carry()
    assert reads.liaison_post(post=post, reader=HOST).holder == "next"


NOT_HANDED = {
    "by another than its holder": ({"by": NEXT, "to": (FIRST,)}, PostReason.NOT_THE_HOLDER),
    "to the holder": ({"to": (FIRST,)}, PostReason.SAME_OFFICER),
    "to somebody who is no liaison officer": ({"to": (CHIEF,)}, PostReason.NO_LIAISON_OFFICER),
    "to a liaison officer of another agency": ({"to": (THEIR_LIAISON,)}, PostReason.NO_LIAISON_OFFICER),
    "to nobody": ({"to": ()}, PostReason.NO_LIAISON_OFFICER),
    "after its end": ({"now": UNTIL}, PostReason.ENDED),
}


@pytest.mark.parametrize("story", NOT_HANDED)
def test_a_post_is_not_handed_over(sides: Sides, story: str) -> None:
    post = posted().mandate.post
    fields, why = NOT_HANDED[story]

    assert reason(acts.hand_over(**{"post": post, "to": (NEXT,), "by": FIRST, "now": NOW, **fields})) is why


def test_nobody_takes_over_what_was_not_offered_to_them(sides: Sides) -> None:
    post = posted().mandate.post
    third = Officer("third", OURS, Duty.LIAISON_OFFICER, UUID(int=37))

    assert reason(acts.take_over(post=post, by=NEXT, now=NOW)) is PostReason.NOT_HANDED_TO_YOU
    acts.hand_over(post=post, to=(NEXT,), by=FIRST, now=NOW)
    assert reason(acts.take_over(post=post, by=third, now=NOW)) is PostReason.NOT_HANDED_TO_YOU
    assert LiaisonPost.objects.get().person == FIRST.person


def test_what_passes_by_the_liaison_channel_alone_is_bound_to_a_post(sides: Sides, settings: LazySettings) -> None:
    assert reason(write(by=CHIEF, case=OTHER)) == Reason.FORBIDDEN
    assert reason(write(by=CHIEF, to="de.bpol")) == ExchangeReason.NO_AGREEMENT
