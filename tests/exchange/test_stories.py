"""The stories that every node must survive: where each is shown, and those that are told nowhere else.

The table names tests of this repository; a test that is renamed must be renamed here too. What this release does not
have is said in THREAT_MODEL.md, and has no test.
"""

import base64
import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from msgspec.structs import replace

from tansiq.exchange import acts, canon, receipts
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.rescue import OutcomeLetter
from tansiq.exchange.models import Envelope
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import ReceiptState
from tansiq.ground import clock
from tansiq.node.handover import HandOver
from tests import neighbour as neighbours
from tests import world
from tests.exchange.doors import open_door
from tests.neighbour import Neighbour
from tests.rescue import cases

ROOT = Path(__file__).parents[2]
STORIES = {
    "1 one ciphertext, two keys": (
        "exchange/test_seal.py::test_story_1_one_ciphertext_has_two_keys_and_the_commitment_knows_one",
    ),
    "2 a ciphertext signed again": ("exchange/test_seal.py::test_an_attack_is_refused",),
    "3 an envelope under another agreement": ("exchange/test_seal.py::test_an_attack_is_refused",),
    "4 label or letter exchanged": (
        "exchange/test_seal.py::test_an_attack_is_refused",
        "exchange/test_receiving.py::test_an_altered_label_that_is_signed_again_is_refused_by_name",
    ),
    "5 a desk's wrap opens no letter": ("exchange/test_seal.py::test_a_desk_reads_the_label_alone",),
    "6 an id taken by another originator": (
        "exchange/test_receiving.py::test_an_id_taken_by_another_originator_stays_free_for_its_owner",
    ),
    "7 a receipt lost, the agreement suspended, sent again": (
        "exchange/test_receiving.py::test_a_retry_gets_the_first_receipt_though_the_agreement_is_suspended_by_then",
    ),
    "8 an odd item in a bundle": (
        "exchange/test_seal.py::test_story_8_an_odd_item_in_a_bundle_fails_alone",
        "exchange/test_receiving.py::test_a_bad_item_fails_alone",
    ),
    "9 a forwarded item verifies alone": ("exchange/test_seal.py::test_story_9_an_item_of_a_bundle_verifies_alone",),
    "10 a missing attribute refuses": (
        "exchange/test_policy.py::test_an_error_in_a_decision_refuses",
        "exchange/test_policy.py::test_rules_that_would_fail_open_are_not_compiled",
    ),
    "11 one person, two duties": (
        "exchange/test_seal.py::test_story_11_one_key_does_not_approve_twice",
        "exchange/test_recovering.py::test_one_person_twice_is_refused",
    ),
    "12 distress passes: suspended, restored, key expired, naming a person": (
        "exchange/test_policy.py::test_story_12_distress_is_never_stopped",
        "exchange/test_receiving.py::test_distress_passes_while_its_agreement_is_suspended",
        "exchange/test_receiving.py::test_distress_passes_when_the_partners_card_has_run_out",
        "exchange/test_recovering.py::test_what_passed_unlogged_gets_its_leaf",
        "node/test_quarantine.py::test_story_12_distress_is_shown_and_an_identity_in_it_is_not",
    ),
    "13 an old backup revives nothing": (
        "exchange/test_recovering.py::test_an_agreement_that_ended_stays_ended",
        "exchange/test_recovering.py::test_a_newer_card_and_given_receipts_come_back",
        "originator/test_recall.py::test_a_recalled_letter_is_shut_before_anybody_answers",
    ),
    "14 two heads for two partners": (
        "exchange/test_receipts.py::test_story_14_two_heads_for_two_partners_meet",
        "exchange/test_outbox.py::test_a_split_view_is_seen_by_what_another_partner_was_shown",
    ),
    "15 a burst in protection leaves heads unchanged": (),
    "16 an old suspension played again": (
        "exchange/test_agreements.py::test_a_statement_that_does_not_follow_is_refused",
    ),
    "17 small-order key, foreign header, older card": (
        "exchange/test_keys.py::test_story_17_a_weak_signing_key_is_refused",
        "exchange/test_cards.py::test_a_forged_card_is_refused",
        "exchange/test_cards.py::test_an_older_card_is_refused",
    ),
    "18 refusals alike for what is there and what is not": (
        "exchange/test_stories.py::test_story_18_a_partner_learns_of_no_case",
        "exchange/test_receiving.py::test_an_unknown_partner_gets_the_one_answer",
        "web/test_agencies.py::test_what_is_written_to_others_is_answered_as_what_is_not_there",
    ),
    "19 a relay that withholds": (),
    "20 a compression bomb, a flood of signatures": (
        "exchange/test_stories.py::test_story_20_a_bomb_is_turned_away_packed",
        "exchange/test_stories.py::test_story_20_a_flood_of_signatures_leaves_rescue_its_place",
        "exchange/test_intake.py::test_when_it_is_full_it_asks_to_come_back_but_takes_rescue",
    ),
    "a partner's address that points inside": (
        "exchange/test_outbox.py::test_a_redirect_is_never_followed",
        "exchange/test_outbox.py::test_a_receipt_for_another_envelope_settles_nothing",
    ),
    "backups hold no key": ("exchange/test_stories.py::test_a_backup_of_the_database_holds_no_key",),
    "a gateway sees what its client's duty may see": (
        "gateways/test_taxii.py::test_what_a_client_may_not_see_leaves_no_trace",
        "gateways/test_taxii.py::test_an_agreement_that_does_not_list_clients_shows_nothing",
    ),
}
NOT_HERE = {
    "15 a burst in protection leaves heads unchanged": "the protection room",
    "19 a relay that withholds": "relays",
}
"""What this release lacks, in the words of THREAT_MODEL.md."""


def test_there_are_the_twenty_stories_and_three_beside_them() -> None:
    numbers = [name.partition(" ")[0] for name in STORIES]

    assert [number for number in numbers if number.isdigit()] == [str(number) for number in range(1, 21)]
    assert len(STORIES) == 23


@pytest.mark.parametrize("story", STORIES)
def test_each_story_is_shown_or_said_to_be_none_of_this_release(story: str) -> None:
    limits = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8").partition("## Not in this release")[2]
    assert bool(STORIES[story]) != (story in NOT_HERE)
    assert story not in NOT_HERE or NOT_HERE[story] in limits
    for named in STORIES[story]:
        path, _, test = named.partition("::")
        assert f"def {test}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), named


@pytest.mark.django_db
def test_story_18_a_partner_learns_of_no_case(es: Neighbour) -> None:
    world.agencies()
    agreement = neighbours.agree(Mechanism.RESCUE, es, now=world.NOW)
    ours = cases.case()
    said = [_told_of(es, agreement, case) for case in (ours.id, UUID(int=5))]

    answers = [replace(each, envelope="0" * 64, leaf=0, head="") for each in said]

    assert answers[0] == answers[1]
    assert answers[0].state is ReceiptState.ACCEPTED
    assert {row.trouble for row in Envelope.objects.filter(direction="in")} == {
        "rescue.reason.not-coordinator",
        "rescue.reason.unknown-case",
    }, "our own people see the difference"


def _told_of(es: Neighbour, agreement: str, case: UUID) -> receipts.Receipt:
    """What a partner is answered that tells how a case of ours ended."""
    letter = OutcomeLetter(
        case=case, outcome="false-alert", at=world.NOW, lat=None, lon=None, rescued_by="", persons={}, text=""
    )
    sealed = es.seal(agreement, world.NOW, letter=letter, kind=Kind.OUTCOME)
    (token,) = acts.receive(parcels=[acts.Parcel(sealed.raw, "es")], now=world.NOW)
    HandOver().round()
    waiting = [each for each in neighbours.opened(es) if each.label.in_reply_to == sealed.identity.hex()]
    assert waiting == []
    return receipts.read_receipt(token, es.known().verifier)


@pytest.fixture
def agreed(serving_es: Neighbour) -> tuple[Neighbour, str, datetime]:
    """A neighbour that listens, the rescue agreement with it, and the moment."""
    now = clock.now()
    return serving_es, neighbours.agree(Mechanism.RESCUE, serving_es, now=now), now


@pytest.mark.django_db(transaction=True)
def test_story_20_a_bomb_is_turned_away_packed(agreed: tuple[Neighbour, str, datetime]) -> None:
    es, rescue, now = agreed
    bomb = gzip.compress(bytes(200 << 20), 9)
    with open_door() as door:
        said = [
            es.post(door, path, body, now, content_encoding=packed)[0]
            for path in ("/tsq1/envelopes", "/tsq1/agreements")
            for packed, body in (("gzip", bomb), ("identity", bomb), ("br", bomb), ("identity", canon.lp(bomb)))
        ]
        (token,) = es.send(door, now, es.seal(rescue, now))

    assert len(bomb) < 1 << 20
    assert {*said[:3], *said[4:7]} == {415, 400}
    assert receipts.read_receipt(token, es.known().verifier).state is ReceiptState.ACCEPTED
    assert Envelope.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_story_20_a_flood_of_signatures_leaves_rescue_its_place(agreed: tuple[Neighbour, str, datetime]) -> None:
    es, rescue, now = agreed
    mallory = neighbours.keys_of("mallory")
    forged = [es.seal("f" * 64, now, signer=mallory).raw for _ in range(8)]
    with open_door(rate=0.001, burst=20.0) as door:
        flood = [es.post(door, "/tsq1/envelopes", canon.lp(*forged), now)[0] for _ in range(6)]
        receipts_ = [es.post(door, "/tsq1/receipts", canon.lp(*[b"a.b.c"] * 8), now)[0] for _ in range(6)]
        stranger = Neighbour("de", "de.bpol")
        strange = {stranger.post(door, "/tsq1/envelopes", canon.lp(*forged), now)[0] for _ in range(20)}
        tokens = [*es.send(door, now, *(es.seal(rescue, now) for _ in range(5)))]

    assert flood == receipts_ == [200, 200, 429, 429, 429, 429]
    assert strange == {403}
    assert [receipts.read_receipt(each, es.known().verifier).state for each in tokens] == [ReceiptState.ACCEPTED] * 5
    assert Envelope.objects.count() == 5


@pytest.mark.django_db
def test_a_backup_of_the_database_holds_no_key(es: Neighbour) -> None:
    agreement = neighbours.agree(Mechanism.RESCUE, es, now=world.NOW)
    acts.receive(parcels=[acts.Parcel(es.seal(agreement, world.NOW).raw, "es")], now=world.NOW)
    me = own()
    kept = b"\0".join(_columns())
    secrets = [me.storage, *(me.keys.dump()[at : at + 32] for at in range(0, len(me.keys.dump()) - 31, 32))]

    assert Envelope.objects.exists()
    for secret in secrets:
        for written in (secret, secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret)[:42]):
            assert written not in kept


def _columns() -> Iterator[bytes]:
    """Every value of every table, as a backup has it."""
    for table in apps.get_models():
        for row in table._default_manager.values_list():
            yield from (bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode() for each in row)
