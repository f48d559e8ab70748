"""The small world that the tests share: the reference directory, and people on every duty.

Built by the acts themselves, so that nothing exists here that the system would not allow.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.test import Client

from tansiq.parties import acts, directory, reads
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer, Person

NOW = datetime(2025, 1, 29, 2, 30, tzinfo=UTC)
MET = datetime(2025, 1, 29, 2, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
OURS, THEIRS, THIRD = "ma.marine", "es.salvamento", "de.bpol"
PASSWORD = "a long night in the Strait"  # of test accounts alone


def agencies() -> None:
    """The agencies of the reference directory."""
    acts.load_directory(raw=directory.reference())


def person(duty: Duty, party: str = OURS) -> Person:
    """Someone on a duty of an agency; the same one each time."""
    agencies()
    username = f"{duty}@{party}"
    for there in reads.people():
        if there.username == username:
            return there
    new = acts.add_person(
        username=username, name=str(duty), agency=party, password=PASSWORD, node=party.partition(".")[0]
    )
    assert isinstance(new, Person)
    acts.appoint(person=new.id, desk="Duty room", duty=duty, since=LONG_AGO, until=FAR)
    return new


def officer(duty: Duty, party: str = OURS) -> Officer:
    """The same person as acts and reads know them."""
    found = reads.officer(person=person(duty, party).id, post=None, now=NOW)
    assert found is not None
    return found


def stranger(duty: Duty, party: str = OURS, name: str = "officer", number: int = 1) -> Officer:
    """An officer that no table knows, for acts that need none."""
    return Officer(name=name, party=party, duty=duty, person=UUID(int=number))


def sign_in(duty: Duty, party: str = OURS, language: str = "en") -> Client:
    """A browser in which someone on this duty is signed in."""
    from tansiq.parties.models import Person as Row

    client = Client(headers={"accept-language": language})
    client.force_login(
        Row.objects.get(id=person(duty, party).id), "allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def later(minutes: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(minutes=minutes)
