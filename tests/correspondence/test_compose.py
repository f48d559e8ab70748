"""A letter on its page: written, its channel chosen, sent; kept as a draft through whatever stands in the way."""

import re
from http import HTTPStatus
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tansiq.correspondence import acts, reads
from tansiq.correspondence.models import Draft
from tansiq.exchange import acts as exchange
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.models import Envelope, Event
from tansiq.exchange.reads import letter as opened
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour
from tests.world import NOW, THEIRS

pytestmark = pytest.mark.django_db

LETTER = {
    "to": [THEIRS], "topic": "drugs", "purpose": "investigation", "urgency": "urgent", "sensitivity": "2",
    "handling": "H1", "subject": "A boat from the north", "rows": "1", "text_1": "It left at two with three engines",
    "nature_1": "fact", "source_1": "B", "grade_1": "2", "mentions": "0",
}  # fmt: skip


@pytest.fixture
def direct(es: Neighbour) -> str:
    """A direct channel to the neighbour, and a statistics channel, which takes no such letter."""
    world.agencies()
    neighbours.agree(Mechanism.STATISTICS, es, now=NOW)
    return neighbours.agree(Mechanism.DIRECT, es, now=NOW)


@pytest.fixture
def browser(direct: str) -> Client:
    """A duty officer's browser."""
    return world.sign_in(Duty.DUTY_OFFICER)


def begin(browser: Client, kind: str = "information") -> str:
    """Begin a letter; answers its address."""
    return browser.get(f"/exchange/new?kind={kind}").headers["location"]


def fill(**fields: object) -> dict[str, object]:
    """A form as a person sends it."""
    return {**LETTER, "token": str(uuid4()), **fields}


def picked(page: str) -> list[str]:
    """The channels that are ticked."""
    return re.findall(r'value="([0-9a-f]{64})" checked', page)


def test_from_the_duty_room_to_sent_takes_three_steps_at_most(browser: Client, direct: str) -> None:
    steps = [browser.get("/duty")]
    assert 'href="/exchange/new"' in steps[-1].content.decode()
    steps.append(browser.get("/exchange/new", follow=True))
    address = steps[-1].request["PATH_INFO"]
    steps.append(browser.post(f"{address}/send", fill(agreement=direct)))

    assert len(steps) <= 3, "the duty room, the letter, sent"
    sent = Envelope.objects.get()
    assert steps[-1].headers["location"] == f"/exchange/envelopes/{sent.ref}"
    said = sent.said
    assert said is not None
    assert (said.topic, said.purpose, said.sensitivity, said.handling) == ("drugs", "investigation", 2, "H1")
    assert (said.source, said.information, said.persons_named) == ("B", 2, False)
    letter = opened(envelope=sent.ref).letter
    assert letter.subject == "A boat from the north"  # type: ignore[attr-defined]  # a letter of information
    assert not Draft.objects.exists(), "what was sent is no draft any more"


def test_without_a_script_the_channels_are_a_step_of_their_own(browser: Client, direct: str) -> None:
    address = begin(browser)
    kept = browser.post(f"{address}/keep", fill(step="choose"), follow=True)
    page = kept.content.decode()

    assert kept.redirect_chain == [(address, HTTPStatus.FOUND)]
    assert picked(page) == [direct], "the only one that fits is ticked"
    assert "No desk in the way" in page
    assert "Time to read: not yet measured" in page
    assert "It left at two with three engines" in page
    assert browser.post(f"{address}/send", fill(agreement=direct)).status_code == HTTPStatus.FOUND


def test_while_it_is_written_a_script_is_told_the_channels_alone(browser: Client, direct: str) -> None:
    address = begin(browser)
    said = browser.post(f"{address}/keep", fill(topic="political"), headers={"hx-request": "true"}).content.decode()

    assert "<html" not in said
    assert "The topic is barred by the agreement." in said
    assert "No channel takes this letter as it stands." in said
    assert picked(said) == []


@pytest.mark.parametrize(
    ("language", "words", "basis"),
    [
        ("ar", "الموضوع مستبعد بموجب الاتفاق.", "المادة 3"),
        ("fr", "Le sujet est exclu par l&#x27;accord.", "article 3"),
        ("es", "El tema está excluido por el acuerdo.", "artículo 3"),
    ],
)
def test_rule_and_basis_are_told_in_the_reader_s_language(language: str, words: str, basis: str, direct: str) -> None:
    browser = world.sign_in(Duty.DUTY_OFFICER, language=language)
    said = browser.post(f"{begin(browser)}/keep", fill(topic="political"), headers={"hx-request": "true"})

    page = said.content.decode()
    assert words in page
    assert basis in page


def test_where_two_channels_fit_none_is_picked(browser: Client, direct: str, es: Neighbour) -> None:
    other = neighbours.agree(Mechanism.DIRECT, es, now=NOW, until=world.later(600_000_000))
    address = begin(browser)

    page = browser.post(f"{address}/keep", fill(step="choose"), follow=True).content.decode()
    chosen = browser.post(f"{address}/keep", fill(agreement=other), follow=True).content.decode()
    unchosen = browser.post(f"{address}/send", fill())

    assert picked(page) == []
    assert picked(chosen) == [other], "what the writer picked stays picked"
    assert unchosen.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Choose the channel that it goes by." in unchosen.content.decode()
    browser.post(f"{address}/send", fill(agreement=other))
    assert Envelope.objects.get().agreement == other


def test_a_refused_attempt_is_logged_kept_and_told_what_would_fit(browser: Client, direct: str, es: Neighbour) -> None:
    statistics = Mechanism.STATISTICS
    shut = next(row.agreement for row in _channels() if row.mechanism == statistics)
    address = begin(browser)

    refused = browser.post(f"{address}/send", fill(agreement=shut))
    page = refused.content.decode()

    assert refused.status_code == HTTPStatus.CONFLICT
    assert "Allowed instead:" in page
    assert f'name="instead" value="{direct}"' in page
    tried = Event.objects.get(name=Permission.LETTER_SEND.value)
    assert "refused" in tried.value().detail
    again = browser.get(address).content.decode()
    assert "It left at two with three engines" in again, "the draft is still there"
    done = browser.post(f"{address}/send", fill(agreement=shut, instead=direct))
    assert done.status_code == HTTPStatus.FOUND
    assert Envelope.objects.get().agreement == direct


def _channels() -> tuple[object, ...]:
    from tansiq.exchange.reads import writable

    return writable(reader=world.officer(Duty.DUTY_OFFICER), now=NOW)


def test_what_was_typed_outlives_errors_and_signing_out(browser: Client, direct: str) -> None:
    address = begin(browser)
    wrong = browser.post(f"{address}/send", fill(subject="", case="not a case"))
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    browser.post("/sign-out")

    page = world.sign_in(Duty.DUTY_OFFICER).get(address).content.decode()

    assert "It left at two with three engines" in page
    assert 'value="not a case"' in page
    listed = world.sign_in(Duty.DUTY_OFFICER).get("/exchange/new", follow=True).content.decode()
    assert f'href="{address}"' in listed, "a new letter's page leads to it"


def test_a_form_grows_by_a_statement_and_a_person(browser: Client, direct: str) -> None:
    address = begin(browser)
    browser.post(f"{address}/keep", fill(step="statement"))
    grown = fill(rows="2", text_2="It will come again", nature_2="assessment", source_2="X", grade_2="4")
    page = browser.post(f"{address}/keep", {**grown, "step": "person"}, follow=True).content.decode()

    assert 'name="text_2"' in page
    assert "It will come again" in page
    assert 'name="name_1"' in page
    named = {**grown, "mentions": "1", "name_1": "A. Person", "category_1": "witness", "agreement": direct}
    unsaid = browser.post(f"{address}/send", {**named, "category_1": ""})
    assert unsaid.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    browser.post(f"{address}/send", {**named, "token": str(uuid4())})
    sent = Envelope.objects.get()
    letter = opened(envelope=sent.ref).letter
    assert [each.nature for each in letter.statements] == ["fact", "assessment"]  # type: ignore[attr-defined]
    assert [(each.name, each.category) for each in letter.persons] == [("A. Person", "witness")]  # type: ignore[attr-defined]
    assert sent.said is not None
    assert (sent.said.source, sent.said.information, sent.said.persons_named) == ("X", 4, True)


def test_a_letter_sent_twice_is_one_and_leaves_no_draft(browser: Client, direct: str) -> None:
    address, form = begin(browser), fill(agreement=direct)

    answers = [browser.post(f"{address}/send", form) for _ in range(2)]

    assert [each.status_code for each in answers] == [HTTPStatus.FOUND] * 2
    assert Envelope.objects.count() == 1
    assert not Draft.objects.exists()


def test_a_draft_is_its_writer_s_alone_and_sealed_at_rest(browser: Client, direct: str) -> None:
    address = begin(browser)
    browser.post(f"{address}/keep", fill())
    draft = UUID(address.rpartition("/")[2])
    mine, other = world.officer(Duty.DUTY_OFFICER), world.officer(Duty.SERVICE_OFFICER)

    assert b"engines" not in bytes(Draft.objects.get().box)
    kept = reads.draft(draft=draft, reader=mine)
    assert kept is not None
    assert kept.fields["subject"] == ["A boat from the north"]
    assert "token" not in kept.fields
    assert reads.draft(draft=draft, reader=other) is None
    assert reads.drafts(reader=other) == ()
    with pytest.raises(Missing):
        acts.keep_draft(draft=draft, kind="information", fields={}, by=other, now=NOW)
    with pytest.raises(Missing):
        acts.drop_draft(draft=draft, by=other, now=NOW)
    browser.post(f"{address}/drop")
    assert not Draft.objects.exists()


def test_a_draft_has_an_end(browser: Client, direct: str) -> None:
    officer = world.officer(Duty.DUTY_OFFICER)
    acts.keep_draft(draft=uuid4(), kind="information", fields={}, by=officer, now=NOW)
    acts.keep_draft(draft=uuid4(), kind="information", fields={}, by=officer, now=world.later(60 * 24 * 31))

    assert len(reads.drafts(reader=officer)) == 1
    refused = acts.keep_draft(draft=uuid4(), kind="information", fields={"a": ["x" * 400_000]}, by=officer, now=NOW)
    assert isinstance(refused, Refused)


def test_a_kind_that_nobody_writes_has_no_page(browser: Client) -> None:
    assert browser.get(f"/exchange/new/picture/{uuid4()}").status_code == HTTPStatus.NOT_FOUND


def test_opening_a_letter_tells_its_sender_that_it_was_read_once(es: Neighbour, direct: str) -> None:
    sealed = es.seal(direct, NOW, letter=neighbours.information(), kind=neighbours.Kind.INFORMATION,
                     duty="service-officer", topic="drugs", purpose="investigation")  # fmt: skip
    exchange.receive(parcels=[exchange.Parcel(sealed.raw, "es")], now=NOW)
    officer = world.officer(Duty.DUTY_OFFICER)

    for _ in range(2):
        exchange.open_letter(envelope=sealed.route.id, reason="to answer", by=officer, now=NOW)

    row = Envelope.objects.get()
    assert row.state == "read"
    assert [each.state for each in row.receipts.order_by("n")] == ["accepted", "read"]
