"""Nothing goes on without its originator's signed yes: asked, answered, used once, and checked by the third party."""

from datetime import timedelta
from uuid import UUID

import pytest

from tansiq.exchange import acts
from tansiq.exchange.kinds.originator import ReleaseAnswer
from tansiq.exchange.models import Envelope, Passing, Release
from tansiq.exchange.onward import OnwardReason, ReleaseLine, ReleaseState
from tansiq.exchange.values import ExchangeReason, Opened, Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tests.trio import AGENCIES, Trio, officer

pytestmark = pytest.mark.django_db


def forward(trio: Trio, letter: UUID, **fields: object) -> Sent | Refused:
    """The node es passes a letter on to de."""
    plain = {"onward_by": trio.agreement("es", "de"), "to": (AGENCIES["de"],), "purpose": "prevention"}
    return acts.forward_letter(envelope=letter, **{**plain, **fields}, by=officer("es"), now=trio.now)


def ask(trio: Trio, letter: UUID, **fields: object) -> ReleaseLine | Refused:
    """The node es asks ma whether it may."""
    plain = {"onward_by": trio.agreement("es", "de"), "to": (AGENCIES["de"],), "purpose": "prevention", "reason": "x"}
    return acts.ask_release(envelope=letter, **{**plain, **fields}, by=officer("es"), now=trio.now)


def answer(trio: Trio, given: ReleaseAnswer, **fields: object) -> ReleaseLine | Refused:
    """The node ma answers the newest request."""
    release = Release.objects.order_by("-position")[0].position
    plain = {"days": 3, "reason": "known to both"}
    return acts.answer_release(release=release, answer=given, **{**plain, **fields}, by=officer("ma"), now=trio.now)


def released(trio: Trio, letter: UUID, **fields: object) -> None:
    """A request was made and granted."""
    trio.play("es")
    assert isinstance(ask(trio, letter), ReleaseLine)
    trio.post()
    trio.play("ma")
    assert isinstance(answer(trio, ReleaseAnswer.GRANTED, **fields), ReleaseLine)
    trio.post()
    trio.play("es")


@pytest.fixture
def letter(trio: Trio) -> UUID:
    """A letter of ma that es received; es is played."""
    sent = trio.write("Thirty persons, north of Larache.")
    trio.post()
    trio.play("es")
    return sent.envelope


def test_a_letter_reaches_the_third_party_as_its_originator_wrote_it(trio: Trio, letter: UUID) -> None:
    digest = Envelope.objects.get(ref=letter).digest
    released(trio, letter)

    sent = forward(trio, letter)

    assert isinstance(sent, Sent), sent
    trio.post()
    trio.play("de")
    row = Envelope.objects.get(kind="forward")
    assert (row.state, row.reason, row.trouble, row.rule) == ("accepted", "", "", "direct.may")
    opened = acts.open_letter(envelope=row.ref, reason="to act", by=officer("de"), now=trio.now)
    assert isinstance(opened, Opened), opened
    assert (opened.kind, opened.sender) == ("information", AGENCIES["ma"])
    assert opened.letter.statements[0].text == "Thirty persons, north of Larache."
    step = Passing.objects.get()
    assert (step.digest, step.originator, step.forwarder) == (digest, AGENCIES["ma"], AGENCIES["es"])


def test_the_originator_sees_that_it_was_passed_on_and_to_whom(trio: Trio, letter: UUID) -> None:
    released(trio, letter)
    forward(trio, letter)
    trio.post()

    trio.play("ma")

    step = Passing.objects.get()
    assert (step.how, step.forwarder, step.recipients) == ("passed-on", AGENCIES["es"], [AGENCIES["de"]])
    assert Release.objects.get().state == ReleaseState.USED


def test_without_a_release_nothing_is_passed_on(trio: Trio, letter: UUID) -> None:
    refused = forward(trio, letter)

    assert isinstance(refused, Refused)
    assert (refused.reason, refused.instead.act) == (OnwardReason.NO_RELEASE, "exchange.release.ask")
    assert not Envelope.objects.filter(kind="forward").exists()


ANSWERS = {
    "denied": (ReleaseAnswer.DENIED, {}, {}, OnwardReason.NO_RELEASE),
    "to another purpose": (ReleaseAnswer.GRANTED, {}, {"purpose": "prosecution"}, OnwardReason.RELEASE_OTHER),
    "under another agreement": (ReleaseAnswer.GRANTED, {}, {"onward_by": ("ma", "es")}, OnwardReason.RELEASE_OTHER),
}


@pytest.mark.parametrize("story", ANSWERS)
def test_an_answer_that_is_no_yes_to_this(trio: Trio, letter: UUID, story: str) -> None:
    given, fields, wanted, reason = ANSWERS[story]
    released_or_not = {"days": 3, **fields}
    ask(trio, letter)
    trio.post()
    trio.play("ma")
    assert isinstance(answer(trio, given, **released_or_not), ReleaseLine)
    trio.post()
    trio.play("es")
    if "onward_by" in wanted:
        wanted = {"onward_by": trio.agreement(*wanted["onward_by"]), "to": (AGENCIES["ma"],)}

    refused = forward(trio, letter, **wanted)

    assert isinstance(refused, Refused)
    assert refused.reason == reason


def test_no_answer_in_time_means_no(trio: Trio, letter: UUID) -> None:
    asked = ask(trio, letter)
    assert isinstance(asked, ReleaseLine)
    trio.post()
    trio.now = asked.answer_by

    assert Release.objects.get().standing(trio.now) is ReleaseState.LAPSED
    refused = forward(trio, letter)
    assert isinstance(refused, Refused)
    trio.play("ma")
    late = answer(trio, ReleaseAnswer.GRANTED)
    assert isinstance(late, Refused)
    assert late.reason == OnwardReason.RELEASE_LAPSED


def test_a_yes_ends_when_it_says(trio: Trio, letter: UUID) -> None:
    released(trio, letter, days=1)
    trio.now += timedelta(days=1)

    refused = forward(trio, letter)

    assert isinstance(refused, Refused)
    assert refused.reason == OnwardReason.RELEASE_LAPSED


@pytest.mark.parametrize(("once", "passes"), [(True, False), (False, True)], ids=["once", "as often as needed"])
def test_one_yes_is_used_once_where_it_says_once(trio: Trio, letter: UUID, once: bool, passes: bool) -> None:
    released(trio, letter, once=once)
    assert isinstance(forward(trio, letter), Sent)

    again = forward(trio, letter)

    assert isinstance(again, Sent) is passes
    if isinstance(again, Refused):
        assert again.reason == OnwardReason.RELEASE_USED


def test_the_third_party_refuses_a_second_use_of_one_yes(trio: Trio, letter: UUID) -> None:
    released(trio, letter)
    forward(trio, letter)
    Release.objects.update(state=ReleaseState.GRANTED.value)  # a forwarder that forgets what it did
    forward(trio, letter)

    trio.post()

    trio.play("de")
    states = {row.state: row.reason for row in Envelope.objects.filter(kind="forward")}
    assert states == {"accepted": "", "refused": OnwardReason.RELEASE_USED}
    assert Passing.objects.count() == 1


def test_the_third_party_refuses_what_goes_on_without_a_yes(trio: Trio, letter: UUID, monkeypatch) -> None:
    from tansiq.exchange import onward
    from tansiq.ground.verdict import Allowed

    with monkeypatch.context() as patched:
        patched.setattr(onward, "may_forward", lambda *_, **__: Allowed())  # a forwarder without a conscience
        assert isinstance(forward(trio, letter), Sent)
    trio.post()

    trio.play("de")
    row = Envelope.objects.get(kind="forward")
    assert (row.state, row.reason, row.rule) == ("refused", OnwardReason.NO_RELEASE, "house.originator")
    trio.play("es")
    assert Envelope.objects.get(kind="forward").state == "refused"


WHO = {
    "a duty that the agreement does not list": ("ma", Duty.AUDITOR),
    "another agency": ("de", Duty.DUTY_OFFICER),
}


@pytest.mark.parametrize("story", WHO)
def test_only_who_wrote_it_answers(trio: Trio, letter: UUID, story: str) -> None:
    ask(trio, letter)
    trio.post()
    trio.play("ma")
    release = Release.objects.get().position

    refused = acts.answer_release(
        release=release, answer=ReleaseAnswer.GRANTED, days=1, by=officer(*WHO[story]), now=trio.now
    )

    assert isinstance(refused, Refused)
    assert refused.reason == ExchangeReason.NOT_ADDRESSED


def test_a_request_for_what_one_does_not_hold_is_denied_like_one_for_what_is_not(trio: Trio, letter: UUID) -> None:
    """Story 18: refusals are alike for what exists and for what does not."""
    released(trio, letter)
    row = Release.objects.get()
    trio.play("de")
    with trio.at("ma"):
        other = trio.write("for es alone")
        digest = Envelope.objects.get(ref=other.envelope).digest
    from tansiq.exchange.acts.control import tell, way
    from tansiq.exchange.kinds import Kind
    from tansiq.exchange.kinds.originator import ReleaseRequestLetter
    from tansiq.exchange.models.channels import channels, confirmed
    from tansiq.exchange.models.own import own

    for number, wanted in enumerate((digest, "0" * 64)):
        found = channels(trio.now)
        channel = way(found, "", ours=AGENCIES["de"], theirs=AGENCIES["ma"])
        letter_ = ReleaseRequestLetter(
            release=UUID(int=number), envelope=wanted, onward=row.onward, mechanism="direct",
            recipients=(AGENCIES["es"],), purpose="prevention", nonce="0" * 32, until=row.answer_by,
        )  # fmt: skip
        tell(
            own(), channel, confirmed(), kind=Kind.RELEASE_REQUEST, letter=letter_, to=AGENCIES["ma"],
            by=officer("de"), sender=AGENCIES["de"], now=trio.now,
        )  # fmt: skip
    trio.post()

    trio.play("ma")
    assert Release.objects.count() == 1
    told = Envelope.objects.filter(kind="release", direction="out").order_by("position")
    assert [row.said.recipients for row in told] == [(AGENCIES["es"],), (AGENCIES["de"],), (AGENCIES["de"],)]
