"""What its agreement keeps no longer is erased by the node; who needs it longer says why; the ledger stays sound."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import acts, canon, reads, retention
from tansiq.exchange.acts.erasing import scrub
from tansiq.exchange.label import Marks
from tansiq.exchange.models import Envelope, LedgerEntry
from tansiq.exchange.recalls import RecallReason, RetentionBasis
from tansiq.ground.verdict import Refused
from tansiq.node.erasing import Eraser
from tests.trio import Trio, officer
from tests.world import NOW

SECRET = "Thirty persons, north of Larache."
YEARS = timedelta(days=1095)


@pytest.fixture
def letter(trio: Trio) -> UUID:
    """A letter of ma that es holds; es is played."""
    sent = trio.write(SECRET).envelope
    trio.post()
    trio.play("es")
    return sent


def row(letter: UUID) -> Envelope:
    return Envelope.objects.get(ref=letter)


@pytest.mark.django_db
def test_a_letter_is_erased_when_its_agreement_keeps_it_no_longer(trio: Trio, letter: UUID) -> None:
    dates = reads.path(envelope=letter, reader=officer("es")).dates
    assert dates.erase == row(letter).stored + YEARS
    assert acts.erase_expired(now=dates.erase - timedelta(seconds=1)) == 0

    assert acts.erase_expired(now=dates.erase) > 0

    gone = row(letter)
    assert (bytes(gone.raw), bytes(gone.keys), bytes(gone.label), gone.state) == (b"", b"", b"", "erased")
    assert LedgerEntry.objects.filter(entry__isnull=True).count() == 0
    assert reads.verify() == ()
    assert acts.erase_expired(now=dates.erase) == 0
    trio.now = dates.erase
    refused = acts.open_letter(envelope=letter, reason="to see", by=officer("es"), now=trio.now)
    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.ERASED


@pytest.mark.django_db
def test_the_label_can_name_an_earlier_day(trio: Trio) -> None:
    day = trio.now + timedelta(days=3)
    sent = trio.write(SECRET, marks=Marks(erase_by=canon.millis(day))).envelope
    trio.post()
    for node in ("es", "ma"):
        trio.play(node)
        assert acts.erase_expired(now=day - timedelta(hours=1)) == 0
        assert acts.erase_expired(now=day) == 1
        assert row(sent).erased is not None
        assert reads.verify() == ()


@pytest.mark.django_db
def test_who_needs_it_longer_says_on_what_basis_and_until_when(trio: Trio, letter: UUID) -> None:
    late = row(letter).stored + YEARS
    by = officer("es")

    kept = acts.retain_letter(envelope=letter, basis=RetentionBasis.PROCEEDINGS, days=1200, by=by, now=trio.now)

    assert isinstance(kept, retention.Dates), kept
    assert kept.basis == "proceedings"
    acts.erase_expired(now=late)
    assert row(letter).erased is None
    acts.erase_expired(now=kept.erase)
    assert row(letter).erased is not None


@pytest.mark.django_db
def test_nobody_retains_for_less_than_it_is_kept_anyway(trio: Trio, letter: UUID) -> None:
    refused = acts.retain_letter(envelope=letter, basis=RetentionBasis.LAW, days=5, by=officer("es"), now=trio.now)

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.NO_BASIS


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="looks into the files of SQLite")
def test_nothing_of_an_erased_letter_is_left_in_the_database_s_files(trio: Trio, letter: UUID) -> None:
    sealed, keys = bytes(row(letter).raw), bytes(row(letter).keys)
    name = Path(connection.settings_dict["NAME"])
    files = [Path(f"{name}{suffix}") for suffix in ("", "-wal")]
    assert any(keys in each.read_bytes() for each in files if each.exists())

    acts.erase_expired(now=trio.now + YEARS + timedelta(days=1))
    scrub()

    left = b"".join(each.read_bytes() for each in files if each.exists())
    assert keys not in left
    assert sealed[200:400] not in left
    with closing(sqlite3.connect(name)) as plain:
        assert plain.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.mark.django_db(transaction=True)
def test_the_node_does_it_by_itself(trio: Trio, letter: UUID) -> None:
    Envelope.objects.update(stored=trio.now - YEARS - timedelta(days=1))

    Eraser().round()

    assert row(letter).erased is not None


@given(days=st.integers(0, 4000), ahead=st.integers(-4000, 4000), passed=st.integers(0, 9000))
def test_the_dates_are_in_order(days: int, ahead: int, passed: int) -> None:
    """A review is never after the erasure; retention only ever moves it back."""
    until, now = NOW + timedelta(days=ahead), NOW + timedelta(days=passed)
    said = {"stored": NOW, "days": days, "said": None, "by": "x", "now": now}
    plain = retention.dates(**said, until=None, basis="")
    kept = retention.dates(**said, until=until, basis="law")

    assert plain.erase == NOW + timedelta(days=days)
    assert kept.erase == max(plain.erase, until)
    assert bool(kept.basis) == (until > plain.erase)
    assert plain.review <= plain.erase
    assert kept.review <= kept.erase
