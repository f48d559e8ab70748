"""What a label claims is checked against the letter by whoever opens it, and the sender is told, signed."""

import pytest
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import acts, canon
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, PersonCategory, PersonMentioned, Statement
from tansiq.exchange.kinds.notices import Ask, DiffusionLetter, NoticeLetter, NoticePerson, Warrant
from tansiq.exchange.label import Claim, Label, Notice, part_of
from tansiq.exchange.mislabelling import contradictions
from tansiq.exchange.models import Envelope, Receipt
from tansiq.exchange.policy import DAY_MS
from tansiq.exchange.values import Opened
from tansiq.parties.duties import Duty
from tests import neighbour as neighbours
from tests import world
from tests.exchange.sealed import NOW, SENT
from tests.neighbour import Neighbour

RED = Label(
    kind=Kind.NOTICE,
    sender="es.salvamento",
    duty="case-officer",
    recipients=("ma.marine",),
    notice=Notice.RED,
    topic="drugs",
    purpose="extradition",
    persons_named=True,
    claims={Claim.WARRANT: 1, Claim.EXTRADITION: 1, Claim.PENALTY_MONTHS: 36, Claim.SENTENCE_MONTHS: 12},
    sent=SENT,
    expires=SENT + DAY_MS,
    review_by=SENT + 100 * DAY_MS,
    letter=part_of(b""),
)
LETTER = NoticeLetter(
    subject="Wanted",
    ask=Ask.ARREST,
    statements=(Statement("seen in port", "fact"),),  # type: ignore[arg-type]  # its code
    persons=(NoticePerson(name="X", category=PersonCategory.SUSPECT),),
    warrant=Warrant(authority="Court", number="1/2026", issued=NOW),
    penalty_months=36,
    sentence_months=12,
    extradition=True,
)
PERSON = (PersonMentioned("X", PersonCategory.SUSPECT),)

STORIES: dict[str, tuple[Label, Struct, tuple[str, ...]]] = {
    "as it says": (RED, LETTER, ()),
    "less than it might claim": (replace(RED, claims={Claim.WARRANT: 1}), LETTER, ()),
    "a longer penalty in the letter": (RED, replace(LETTER, penalty_months=60), ()),
    "no warrant": (RED, replace(LETTER, warrant=None), ("warrant",)),
    "no extradition": (RED, replace(LETTER, extradition=False), ("extradition",)),
    "a shorter penalty": (RED, replace(LETTER, penalty_months=12), ("penalty-months",)),
    "a shorter sentence": (RED, replace(LETTER, sentence_months=3), ("sentence-months",)),
    "persons kept from the label": (replace(RED, persons_named=False), LETTER, ("persons_named",)),
    "an arrest under green": (replace(RED, notice=Notice.GREEN), LETTER, ("notice",)),
    "a diffusion": (
        replace(RED, kind=Kind.DIFFUSION),
        DiffusionLetter(subject="x", ask=Ask.ARREST, statements=()),
        ("extradition", "penalty-months", "sentence-months", "warrant"),
    ),
    "information that names somebody": (
        replace(RED, kind=Kind.INFORMATION, notice=Notice.NONE, claims={}, persons_named=False),
        InformationLetter(subject="x", statements=(), persons=PERSON),
        ("persons_named",),
    ),
    "an alert": (replace(RED, kind=Kind.ALERT, persons_named=False), neighbours.alert(NOW), ()),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_letter_is_held_against_its_label(story: str) -> None:
    label, letter, wrong = STORIES[story]
    assert sorted(contradictions(label, letter)) == sorted(wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("warrant", [LETTER.warrant, None])
def test_the_sender_is_told_once_that_a_letter_was_mislabelled(es: Neighbour, warrant: Warrant | None) -> None:
    agreement = neighbours.agree(Mechanism.INTERPOL, es, now=NOW)
    fields = {
        name: getattr(RED, name) for name in ("notice", "topic", "purpose", "persons_named", "claims", "review_by")
    }
    sealed = es.seal(
        agreement, NOW, kind=Kind.NOTICE, letter=replace(LETTER, warrant=warrant), duty="case-officer", **fields
    )
    acts.receive(parcels=[acts.Parcel(sealed.raw, "es")], now=NOW)
    officer = world.stranger(Duty.CASE_OFFICER)
    for _ in range(2):
        opened = acts.open_letter(envelope=sealed.route.id, reason="to act on it", by=officer, now=NOW)
        assert isinstance(opened, Opened)
        assert opened.mislabelled == (() if warrant else ("warrant",))

    said = list(Receipt.objects.order_by("n").values_list("state", flat=True))
    assert said == ["accepted", "read"] + ([] if warrant else ["mislabelled"])
    assert Envelope.objects.get().state == said[-1]
    assert canon.millis(NOW) == SENT
