"""What every test stands on: a node's settings, its home with keys, and a neighbour that speaks the real protocol.

`TANSIQ_DATABASE` may name a PostgreSQL server; without it the tests run on SQLite, in a file, because the node's doors
work in threads of their own.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from hypothesis import settings as hypothesis

from tests import neighbour as neighbours
from tests.neighbour import Neighbour
from tests.sides import Sides, make_home
from tests.trio import KEYS, Trio
from tests.world import MET

hypothesis.register_profile("tansiq", deadline=None)  # a busy machine is no fault of the code
hypothesis.load_profile("tansiq")

if "sqlite3" in settings.DATABASES["default"]["ENGINE"]:
    _folder = tempfile.TemporaryDirectory(prefix="tansiq-test-")
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(Path(_folder.name) / "test.sqlite3")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of keys for all tests: to unlock one takes a tenth of a second, on purpose."""
    return neighbours.make_home(tmp_path_factory.mktemp("keys")) / "keys"


@pytest.fixture(scope="session")
def their_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of the neighbour, for tests in which it is a whole node."""
    return make_home(tmp_path_factory.mktemp("their-keys")) / "keys"


@pytest.fixture
def home(tmp_path: Path, keys: Path, settings: LazySettings) -> Path:
    """The home of our node, ma."""
    (tmp_path / "keys").symlink_to(keys)
    settings.TANSIQ_HOME, settings.TANSIQ_NODE, settings.TANSIQ_AGENCY = tmp_path, "ma", "ma.marine"
    settings.TANSIQ_EXERCISE = ""
    return tmp_path


@pytest.fixture
def es(home: Path, db: None) -> Neighbour:
    """A neighbour that our node trusts; nothing is agreed yet."""
    neighbour = Neighbour()
    neighbours.meet(neighbour, MET)
    return neighbour


@pytest.fixture
def serving_es(home: Path, transactional_db: None) -> Iterator[Neighbour]:
    """A neighbour that our node trusts, and that listens."""
    neighbour = Neighbour()
    with neighbour.serving():
        neighbours.meet(neighbour, MET)
        yield neighbour


@pytest.fixture
def sides(home: Path, their_keys: Path, settings: LazySettings, db: None) -> Sides:
    """Our node and the neighbour's, both whole, which have agreed on rescue and statistics; ours is played first."""
    theirs = home / "es"
    theirs.mkdir()
    (theirs / "keys").symlink_to(their_keys)
    return Sides(settings, home, theirs)


@pytest.fixture(scope="session")
def third_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of a third node."""
    folder = tmp_path_factory.mktemp("third-keys")
    return neighbours.make_home(folder, "de", neighbours.keys_of(KEYS["de"])) / "keys"


@pytest.fixture
def trio(home: Path, their_keys: Path, third_keys: Path, settings: LazySettings, db: None) -> Trio:
    """Three whole nodes, ma, es and de, each agreed with each on direct exchange; ma is played first."""
    homes = {"ma": home}
    for code, keys in (("es", their_keys), ("de", third_keys)):
        homes[code] = home / code
        homes[code].mkdir()
        (homes[code] / "keys").symlink_to(keys)
    return Trio(settings, homes)
