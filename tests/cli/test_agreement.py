"""`tansiq agreement check` and `diff`: what an agreement would allow, before anyone signs it."""

import json
from pathlib import Path

import msgspec
import pytest

from tansiq import cli
from tansiq.exchange.agreements import terms
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.papers import Papers
from tests.exchange import sealed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An Interpol agreement in a file."""
    return written(tmp_path / "interpol.json", sealed.agreement(Mechanism.INTERPOL))


def written(path: Path, agreement: Agreement) -> Path:
    """An agreement in a file, as it travels."""
    path.write_bytes(msgspec.json.encode(Papers(terms.write_agreement(agreement).decode())))
    return path


def changed(path: Path, old: str, new: str) -> Path:
    """The agreement with other rules."""
    agreement = sealed.agreement(Mechanism.INTERPOL)
    return written(path, msgspec.structs.replace(agreement, cedar=agreement.cedar.replace(old, new)))


def test_check_prints_the_table(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["agreement", "check", str(file)]) == 0
    said = capsys.readouterr().out

    assert "interpol  de.bpol, es.salvamento, ma.marine" in said
    assert "  notices: red, blue, green, yellow, black, purple, orange" in said
    assert "sensitivity up to 1; case may, persons may" in said
    assert "fault" not in said


def test_check_answers_in_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["agreement", "check", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)

    assert said["faults"] == []
    assert {row["kind"] for row in said["rows"]} == {"notice", "diffusion", "request", "reply"}
    assert all(row["shapes"] > 0 for row in said["rows"])


def test_check_says_which_limit_a_text_would_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = changed(tmp_path / "lax.json", ">= 24", ">= 12")
    assert cli.main(["agreement", "check", str(file)]) == 1
    assert "fault: it would let pass what its mechanism never carries: penalty" in capsys.readouterr().out


def test_diff_says_what_changes(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = changed(tmp_path / "strict.json", ">= 24", ">= 36")
    assert cli.main(["agreement", "diff", str(file), str(other)]) == 0
    said = capsys.readouterr().out

    assert "words: rules.interpol.red-penalty\n  - unless { context.label.claims.penalty_months >= 24" in said
    assert "passes no more: claims.penalty_months 24" in said
    assert "(by interpol.red-penalty)" in said
    assert "passes now" not in said
    assert cli.main(["agreement", "diff", str(file), str(other), "--json"]) == 0
    shape = json.loads(capsys.readouterr().out)["closed"][0]["shape"]
    assert shape["label.claims.penalty_months"] in range(24, 36)


def test_what_is_no_file_needs_a_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["agreement", "check", "no-such-file"]) == 2
    assert "--home" in capsys.readouterr().err
