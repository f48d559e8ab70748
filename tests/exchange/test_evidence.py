"""Proof files: taken out at a node, checked without it; every changed field is named; nothing else is needed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import acts, canon, evidence, reads, receipts, stamping
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.cards import PartnerCard, read_card
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Delivery, Envelope, Event
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Opened, Sent
from tansiq.ground.errors import Fault, Malformed, Missing
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.exchange.sealed import NOW
from tests.neighbour import Neighbour

OFFICER = world.stranger(Duty.LIAISON_OFFICER)
AUDITOR = world.stranger(Duty.AUDITOR)
ABOUT = {"topic": "smuggling", "purpose": "prevention"}


def sent(es: Neighbour) -> Sent:
    """A letter of ours that the neighbour accepted and read, in a ledger with more in it."""
    answer = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(), mechanism="direct", to=(es.agency,), by=OFFICER,
        now=NOW, **ABOUT,
    )  # fmt: skip
    assert isinstance(answer, Sent), answer
    digest = Envelope.objects.get(ref=answer.envelope).digest
    first = receipts.sign_receipt(
        receipts.Receipt(
            envelope=digest, recipient="es", n=0, prev="", state=ReceiptState.ACCEPTED, agreement=answer.agreement,
            at=canon.millis(NOW),
        ),
        es.keys.signer,
    )  # fmt: skip
    acts.settle(node="es", replies=[Reply(Delivery.objects.get(thing="envelope").id, first)], now=NOW, jitter=0.0)
    acts.receive_receipts(tokens=[es.later(digest, ReceiptState.READ, first)], node="es", now=NOW)
    acts.record(event=neighbours.EVENT, thing=answer.envelope, by="node", now=NOW)
    return answer


def taken(**of: Any) -> bytes:
    """A proof file under a head signed now."""
    acts.sign_head(now=NOW)
    return reads.proof_file(reader=AUDITOR, **of)


def cards(es: Neighbour) -> tuple[PartnerCard, ...]:
    """Both sides' cards, as who checks brings them."""
    return es.known(), read_card(es.card())


@pytest.fixture
def letter(es: Neighbour) -> bytes:
    """The proof of a letter with its receipts."""
    neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    answer = sent(es)
    acts.note_witness(node="es", token=acts.sign_head(now=NOW))
    acts.record(event=neighbours.EVENT, thing=answer.envelope, by="node", now=NOW)
    return taken(about="envelope", envelope=answer.envelope)


@pytest.mark.django_db
def test_a_letter_and_its_receipts_are_proved_by_the_file_and_the_cards(es: Neighbour, letter: bytes) -> None:
    proved = evidence.verify(letter, cards(es))

    assert proved.holds, proved.wrong
    assert [entry.name for entry in proved.entries if entry] == [
        Permission.LETTER_SEND, Permission.LETTER_ATTEST, Permission.LETTER_ATTEST,
    ]  # fmt: skip
    assert [line.split(" ")[0] for line in proved.said] == ["ma.marine", "es", "es"]
    assert "accepted" in proved.said[1]
    assert "read" in proved.said[2]
    assert proved.continues[0][0] == "es"
    assert {(signer.node, signer.confirmed) for signer in proved.signers} == {("ma", True), ("es", True)}
    assert b"nothing new" not in letter, "the letter does not stand in it"


@pytest.mark.django_db
def test_without_cards_it_says_which_words_to_compare(es: Neighbour, letter: bytes) -> None:
    proved = evidence.verify(letter)

    assert proved.holds
    assert {signer.confirmed for signer in proved.signers} == {False}
    assert es.words() in {signer.words for signer in proved.signers}


@pytest.mark.django_db
def test_a_card_that_is_brought_wins_over_the_one_in_the_file(es: Neighbour, letter: bytes) -> None:
    other = Neighbour("ma", "ma.marine", me="es")

    proved = evidence.verify(letter, [read_card(other.card())])

    assert not proved.holds
    assert proved.wrong[0].field == "head"


@pytest.mark.django_db
def test_a_received_letter_is_proved_with_our_own_receipt(es: Neighbour) -> None:
    direct = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    sealed = es.seal(
        direct, NOW, letter=neighbours.information(), kind=Kind.INFORMATION, duty="liaison-officer",
        urgency="routine", **ABOUT,
    )  # fmt: skip
    acts.receive(parcels=[acts.Parcel(sealed.raw, "es")], now=NOW)
    ref = Envelope.objects.get().ref
    acts.attest(envelope=ref, state=ReceiptState.READ, by=OFFICER, now=NOW)

    proved = evidence.verify(taken(about="envelope", envelope=ref), cards(es))

    assert proved.holds, proved.wrong
    assert [line.split(" ")[0] for line in proved.said] == ["es.salvamento", "ma", "ma"]
    assert evidence.verify(taken(about="receipts", envelope=ref), cards(es)).holds


@pytest.mark.django_db
def test_who_read_a_letter_and_why_is_proved(es: Neighbour) -> None:
    neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    answer = sent(es)
    for reason in ("case 7", "case 8"):
        assert isinstance(acts.open_letter(envelope=answer.envelope, reason=reason, by=OFFICER, now=NOW), Opened)

    proved = evidence.verify(taken(about="reads", envelope=answer.envelope), cards(es))

    assert proved.holds, proved.wrong
    assert [entry.detail["reason"] for entry in proved.entries if entry] == ["case 7", "case 8"]
    assert {entry.by for entry in proved.entries if entry} == {OFFICER.signature}


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [False, True])
def test_where_an_agreement_stood_is_proved(es: Neighbour, ended: bool) -> None:
    direct = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    if ended:
        acts.suspend_agreement(agreement=direct, party="ma.marine", by=neighbours.FIRST, now=NOW)

    proved = evidence.verify(taken(about="agreement", agreement=direct), cards(es))

    assert proved.holds, proved.wrong
    assert proved.state is (AgreementState.SUSPENDED if ended else AgreementState.IN_FORCE)
    assert sum("signed agreement" in line for line in proved.said) == 2


@pytest.mark.django_db
def test_an_erased_entry_is_still_proved_to_be_there(es: Neighbour, letter: bytes) -> None:
    file = evidence.read(letter)
    erased = msgspec.structs.replace(file.entries[1], salt="", entry="")
    file = msgspec.structs.replace(file, about="receipts", entries=(erased,), receipts=(), manifest=None)

    proved = evidence.verify(evidence.write(file), cards(es))

    assert proved.entries == (None,)
    assert [wrong.field for wrong in proved.wrong] == ["about"], "nothing else is wrong"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Every text and number of a file, by its name, with what sets it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in items:
        name = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}".lstrip(".")
        if isinstance(part, dict | list):
            yield from leaves(part, name)
        elif key != "v" and part not in ("", None):
            yield name, lambda new, key=key: value.__setitem__(key, new)


def found(file: Any, name: str) -> Any:
    """The text or number of that name."""
    for part in name.replace("[", ".").replace("]", "").split("."):
        file = file[int(part) if part.isdigit() else part]
    return file


COUPLED = {"salt": "entry", "index": "path", "held_by": ""}
"""A part that is named by another: a leaf is made of salt and entry; a place and its path are one way."""


def changed(value: Any) -> Any:
    """The same with one character, digit or number changed."""
    if isinstance(value, int):
        return value + 1
    middle = len(value) // 2
    return value[:middle] + ("1" if value[middle] != "1" else "2") + value[middle + 1 :]


@pytest.mark.django_db
def test_each_changed_field_is_named(es: Neighbour, letter: bytes) -> None:
    names = [name for name, _ in leaves(json.loads(letter))]
    assert len(names) > 25
    for place, name in enumerate(names):
        file = json.loads(letter)
        _, put = [*leaves(file)][place]
        value = found(file, name)
        put(changed(value))
        raw = json.dumps(file, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        last = name.rpartition(".")[2]
        try:
            proved = evidence.verify(raw, cards(es))
        except Malformed:
            continue  # no file at all: "about" is none of the four
        if COUPLED.get(last) == "":
            continue
        field = name.removesuffix(last) + COUPLED.get(last, last)
        field = field.split(".path[")[0] + ".path" if ".path[" in field else field
        named = {wrong.field for wrong in proved.wrong}
        manifest = {"manifest.path": "manifest.signature"}.get(field, field)
        assert any(manifest.startswith(each) or each.startswith(manifest) for each in named), (name, proved.wrong)


@given(st.binary(max_size=2_000))
def test_whatever_file_comes_it_is_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Fault):
        evidence.verify(raw)


@given(st.data())
@pytest.mark.django_db(transaction=False)
def test_a_file_with_any_value_in_any_place_is_never_an_error_of_ours(data: st.DataObject) -> None:
    file: dict[str, Any] = {
        "about": data.draw(st.sampled_from(["envelope", "receipts", "reads", "agreement"])),
        "agreement": data.draw(st.none() | st.just({"document": "{}", "signatures": {}, "statements": ["a.b.c"]})),
        "cards": data.draw(st.lists(st.text("ab.", max_size=9), max_size=2)),
        "earlier": [],
        "entries": [
            {
                "entry": data.draw(st.text(max_size=9)),
                "index": data.draw(st.integers(0, 2**53 - 1)),
                "leaf": "a" * 64,
                "path": ["b" * 64],
                "salt": data.draw(st.sampled_from(["", "c" * 64])),
            }
        ],
        "head": data.draw(st.text("abc.-_", max_size=30)),
        "manifest": data.draw(
            st.none() | st.just({"manifest": "dGFuc2lx", "path": "", "route": "e30", "signature": ""})
        ),
        "receipts": data.draw(st.lists(st.text("ab.~", max_size=9), max_size=2)),
        "stamps": [],
        "v": 1,
    }
    raw = json.dumps(file, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        proved = evidence.verify(raw)
    except Fault:
        return
    assert not proved.holds


@pytest.mark.django_db
def test_who_may_take_out_proofs(es: Neighbour) -> None:
    neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    answer = sent(es)
    acts.sign_head(now=NOW)
    for reader, about in (
        (world.stranger(Duty.WATCH_OFFICER), "envelope"),
        (OFFICER, "reads"),
        (world.stranger(Duty.LIAISON_OFFICER, party="ma.gendarmerie"), "envelope"),
    ):
        with pytest.raises(Missing):
            reads.proof_file(about=about, reader=reader, envelope=answer.envelope)


@pytest.mark.django_db
@pytest.mark.parametrize("about", ["envelope", "reads"])
def test_the_page_hands_it_out_and_logs_it(es: Neighbour, about: str) -> None:
    neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    answer = sent(es)
    assert isinstance(acts.open_letter(envelope=answer.envelope, reason="case 7", by=OFFICER, now=NOW), Opened)
    page = f"/exchange/envelopes/{answer.envelope}"
    browser = world.sign_in(Duty.AUDITOR)

    offered = browser.get(page).content.decode()
    file = browser.post(f"{page}/proof", {"about": about})

    assert f'value="{about}"' in offered
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert evidence.verify(file.content, cards(es)).holds
    assert Event.objects.order_by("-id")[0].name == Permission.PROOF_EXPORT


@pytest.mark.django_db
def test_the_page_of_an_agreement_hands_out_its_proof(es: Neighbour) -> None:
    direct = neighbours.agree(Mechanism.DIRECT, es, now=NOW)

    file = world.sign_in(Duty.AUDITOR).post(f"/exchange/agreements/{direct}/proof")

    assert evidence.verify(file.content, cards(es)).holds


# The command, alone

ALONE = """
import sys
class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "allauth", "cedarpy", "aiohttp", "psycopg", "sqlite3"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Barred())
from tansiq.cli import main
sys.exit(main(sys.argv[1:]))
"""


def alone(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process that has neither Django nor a database, nor any setting."""
    return subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )  # fmt: skip


@pytest.mark.django_db
def test_the_command_needs_the_file_and_the_cards_alone(es: Neighbour, letter: bytes, tmp_path: Path) -> None:
    proof, ours, theirs = tmp_path / "proof.json", tmp_path / "ma.card", tmp_path / "es.card"
    proof.write_bytes(letter)
    ours.write_text(reads.own_card()[0])
    theirs.write_text(es.card())

    whole = alone("proof", "verify", proof, "--card", ours, "--card", theirs)
    unknown = alone("proof", "verify", proof, "--json")
    proof.write_bytes(letter.replace(b"smuggling", b"x").replace(b'"index":', b'"index":1'))
    broken = alone("proof", "verify", proof)

    assert (whole.returncode, whole.stderr) == (0, ""), whole.stderr
    assert whole.stdout.endswith("It holds.\n")
    assert "es signed: envelope" in whole.stdout
    assert unknown.returncode == 0
    assert json.loads(unknown.stdout)["holds"] is True
    assert es.words() in unknown.stderr
    assert broken.returncode == 1
    assert "wrong: entries[0].path" in broken.stdout
    assert alone("proof", "verify", tmp_path / "none").returncode == 2


# Timestamps


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A timestamp authority of openssl's, in a folder."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "tsa.cnf").write_text(AUTHORITY.replace("FOLDER", str(folder)))
    (folder / "serial").write_text("01\n")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "3650",
        "-subj", "/CN=Test root", "-config", "tsa.cnf", "-extensions", "root",
    )  # fmt: skip
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test TSA",
        "-config", "tsa.cnf",
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", "tsa.pem",
        "-days", "3650", "-extfile", "tsa.cnf", "-extensions", "tsa",
    )  # fmt: skip
    return folder


AUTHORITY = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ts]
serial = FOLDER/serial
signer_cert = FOLDER/tsa.pem
signer_key = FOLDER/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


def stamped(folder: Path, request: bytes) -> bytes:
    """What the authority answers."""
    (folder / "q.tsq").write_bytes(request)
    subprocess.run(
        ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "ts", "-queryfile", "q.tsq", "-out", "r.tsr"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return (folder / "r.tsr").read_bytes()


@pytest.mark.django_db
def test_a_head_is_stamped_and_the_proof_carries_it(
    es: Neighbour, authority: Path, tmp_path: Path, letter: bytes
) -> None:
    token = acts.sign_head(now=NOW)
    assert reads.unstamped_head() == token
    response, roots = stamped(authority, stamping.ask(token)), (authority / "root.pem").read_bytes()
    at = stamping.check(response, token, roots)
    acts.keep_timestamp(head=token, authority="http://tsa", response=response, stamped=at, now=NOW)
    acts.sign_head(now=NOW)
    assert reads.unstamped_head() is None, "the stamp's own entry asks for no stamp"
    acts.record(event=neighbours.EVENT, thing=OFFICER.person, by="node", now=NOW)
    envelope = Envelope.objects.get().ref

    raw = taken(about="envelope", envelope=envelope)
    file = tmp_path / "proof.json"
    file.write_bytes(raw)
    said = alone("proof", "verify", file, "--authority", authority / "root.pem")

    assert evidence.verify(raw, cards(es)).holds
    assert "stamped by an outside authority" in said.stdout
    assert said.returncode == 0
    with pytest.raises(Fault):
        stamping.check(response, token + "x", roots)


@given(st.binary(max_size=300))
def test_whatever_an_authority_answers_is_a_timestamp_or_none(answer: bytes) -> None:
    with pytest.raises(Fault):
        stamping.check(answer, "head", b"")
