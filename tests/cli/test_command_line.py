"""Every noun answers for help, and bad arguments get one clear line and exit status 2."""

import pytest

from tansiq import cli

BAD = {
    "no such noun": ["swim"],
    "nothing at all": [],
    "a home that is none": ["ledger", "verify", "--home", "/nowhere/at/all"],
    "a file that is none": ["ingest", "ais", "/nowhere/at/all", "--json"],
    "a number that is none": ["drift", "--object", "27", "--lon", "six", "--lat", "38", "--time", "2008-08-06T00:00Z"],
    "a place off the earth": ["drift", "--object", "27", "--lon", "6", "--lat", "98", "--time", "2008-08-06T00:00Z"],
    "a duty that is none": [
        "people",
        "add",
        "--home",
        ".",
        "--username",
        "x",
        "--agency",
        "ma.marine",
        "--duty",
        "king",
    ],
    "a distress without forcing": ["demo", "--once", "--distress", "38.1,6.35,2008-08-06T09:51Z"],
    "a distress that is no place": ["demo", "--once", "--distress", "98.1,6.35,2008-08-06T09:51Z"],
    "a distress that is no time": ["demo", "--once", "--distress", "38.1,6.35,night"],
    "a current that is no NetCDF": ["demo", "--once", "--current", __file__, "--wind", __file__],
    "a current without a wind": ["demo", "--once", "--current", __file__],
    "a template that is none": ["agreement", "new", "--home", ".", "--template", "secret"],
}


def status(arguments: list[str]) -> int:
    """The exit status of a command, however it ends."""
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize("noun", [noun for noun in cli.NOUNS if noun != "manage"])
def test_every_noun_says_what_it_does(noun: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status([noun, "--help"]) == 0
    assert noun in capsys.readouterr().out


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_arguments_get_one_clear_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(arguments) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
