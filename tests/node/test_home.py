"""A node's home: written and read again, and each bad one named in one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.ground.errors import Malformed, Unready
from tansiq.node import home as homes
from tansiq.node.home import Feed, Home

BAD = {
    "no TOML": "code = ",
    "a key that is not known": 'code="ma"\nagency="ma.marine"\nurl="http://x"\ncolour="red"',
    "a key that is missing": 'code="ma"',
    "an exercise that no label can carry": 'code="ma"\nagency="ma.marine"\nurl="http://x"\nexercise="ليلة"',
    "a value of another type": 'code=1\nagency="ma.marine"\nurl="http://x"',
}


def test_a_home_is_written_and_read_again(tmp_path: Path) -> None:
    feed = Feed(name="shore", kind="ais", source="tcp://127.0.0.1:9000")
    new = Home(code="ma", agency="ma.marine", url="http://127.0.0.1:8000", feeds=(feed,), path=tmp_path / "ma")

    made = homes.create(new)

    assert made.feeds == (feed,)
    assert made.address == ("127.0.0.1", 8000)
    assert homes.load(tmp_path / "ma") == made
    assert (made.path / "node.toml").stat().st_mode & 0o077 == 0, "others cannot read it"
    with pytest.raises(Unready):
        homes.create(new)


def test_a_home_in_a_folder_that_was_open_to_all_is_closed_to_others(tmp_path: Path) -> None:
    """The database, with its sessions, and the passphrase's folder come to stand there."""
    (tmp_path / "keys").mkdir()
    for folder in (tmp_path, tmp_path / "keys"):
        folder.chmod(0o755)

    homes.create(Home(code="ma", agency="ma.marine", url="http://127.0.0.1:8000", path=tmp_path))

    for name in ("", "keys", "forcing", "logs"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_home_is_named_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(text)

    with pytest.raises(Malformed) as fault:
        homes.load(tmp_path)

    assert "node.toml" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_no_home_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Unready, match="tansiq node init"):
        homes.load(tmp_path)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_survives_being_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("home")

    homes.save(Home(code="ma", agency="ma.marine", url=text, path=folder))

    assert homes.load(folder).url == text
