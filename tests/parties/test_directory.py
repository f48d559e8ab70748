"""A directory file: the reference one is whole, and a bad one is named and changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.ground.errors import Malformed
from tansiq.parties import acts, directory, models, reads

NAMED_BY_THE_MISSION = {
    "ma.interior", "ma.dgsn", "ma.gendarmerie", "ma.marine", "es.interior", "es.bureau-rabat", "es.guardia-civil",
    "es.policia", "es.cgi", "es.cgef", "es.cgpj", "es.dci", "es.salvamento", "de.bpol", "interpol.general",
    "eu.delegation-morocco", "iom.morocco", "unhcr.morocco", "unodc.morocco", "ma.parliament",
}  # fmt: skip

BAD = {
    "no JSON": b"[",
    "not a list": b"{}",
    "an unknown field": b'[{"code":"ma.x","state":"MA","kind":"navy","names":{"en":"X"},"score":1}]',
    "an unknown kind": b'[{"code":"ma.x","state":"MA","kind":"circus","names":{"en":"X"}}]',
    "a code in capitals": b'[{"code":"MA.X","state":"MA","kind":"navy","names":{"en":"X"}}]',
    "a state in full": b'[{"code":"ma.x","state":"Morocco","kind":"navy","names":{"en":"X"}}]',
    "no English name": b'[{"code":"ma.x","state":"MA","kind":"navy","names":{"ar":"X"}}]',
    "the same code twice": b'[{"code":"ma.x","state":"MA","kind":"navy","names":{"en":"X"}},'
    b'{"code":"ma.x","state":"MA","kind":"navy","names":{"en":"Y"}}]',
    "too large": b" " * (directory.LARGEST + 1),
    "no UTF-8": b'[{"code":"\xff"}]',
}


def test_the_reference_directory_has_every_service_of_the_mission_in_four_languages() -> None:
    entries = directory.read(directory.reference())

    assert {entry.code for entry in entries} >= NAMED_BY_THE_MISSION
    for entry in entries:
        assert set(entry.names) == {"ar", "fr", "es", "en"}, entry.code
        assert all(entry.names.values()), entry.code


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_a_bad_directory_is_refused_in_one_line(raw: bytes) -> None:
    with pytest.raises(Malformed) as fault:
        directory.read(raw)

    assert "\n" not in str(fault.value)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        directory.read(raw)
    except Malformed:
        return


@pytest.mark.django_db
def test_loading_twice_keeps_what_an_administrator_changed() -> None:
    acts.load_directory(raw=directory.reference())
    acts.edit_agency(agency="ma.marine", names={"en": "Royal Navy, rescue"}, functions=("rescue",))

    acts.load_directory(raw=directory.reference())

    assert reads.agency(code="ma.marine").name("en") == "Royal Navy, rescue"
    assert reads.agency(code="ma.marine").name("xx") == "Royal Navy, rescue"
    assert models.Desk.objects.filter(agency="ma.marine").count() == 1
