"""A letter past a desk that has a node of its own: three processes, and everything through their pages and real HTTP.

Row X4: officials follow and steer the flow. The desk's node holds no key of the letter: nothing of it stands in what
that node writes, nor on its pages; and all three nodes know who holds the letter.
"""

from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import pytest

from tansiq.cli.exercise.browser import Browser, Page, Refusal
from tansiq.cli.exercise.processes import Served, free_ports, supervised
from tests.cli.test_running_nodes import PASSWORD, answer, asked, until, verify

pytestmark = pytest.mark.xdist_group("nodes")

AGENCIES = {"ma": "ma.marine", "es": "es.salvamento", "de": "de.bpol"}
"""Who writes, who is written to, and the desk in the way."""
DUTIES = {"ma": "service-officer", "es": "service-officer", "de": "bureau-clerk"}
SECRET = "the load is in the second container"


def make(folder: Path) -> dict[str, Served]:
    """Three nodes that trust each other, under one agreement with a desk."""
    ports = dict(zip(AGENCIES, free_ports(3), strict=True))
    nodes = {code: Served(code, folder / code, f"http://127.0.0.1:{ports[code]}/") for code in AGENCIES}
    for code, node in nodes.items():
        home, agency = ("--home", node.home), AGENCIES[code]
        answer("node", "init", *home, "--code", code, "--agency", agency, "--url", node.url[:-1])
        for name, duty in (("admin", "node-administrator"), ("officer", DUTIES[code])):
            answer(
                "people", "add", *home, "--username", name, "--agency", agency, "--duty", duty, "--password-stdin",
                stdin=PASSWORD + "\n",
            )  # fmt: skip
    for here in AGENCIES:
        for there in {*AGENCIES} - {here}:
            shown = answer("partner", "card", "--home", nodes[there].home)
            answer("partner", "add", "-", "--home", nodes[here].home, stdin=shown["card"])
            answer("partner", "confirm", there, "--words", shown["words"], "--by", "admin", "--home", nodes[here].home)
    paper = folder / "bureau.json"
    answer(
        "agreement", "new", "--template", "embassy-bureau", "--parties", *AGENCIES.values(), "--desk", AGENCIES["de"],
        "--out", paper,
    )  # fmt: skip
    for code, node in nodes.items():
        party = ("--party", AGENCIES[code], "--by", "admin")
        answer("agreement", "sign", paper, "--home", node.home, *party, "--out", paper)
    for code in ("ma", "es"):
        answer("agreement", "import", paper, "--home", nodes[code].home)
    return nodes


def sign_in(node: Served) -> Browser:
    browser = Browser(node.url)
    browser.sign_in("officer", PASSWORD)
    return browser


def write(node: Served, officer: Browser) -> UUID:
    """The officer writes to the other service, through the page; answers the letter's envelope."""
    (digest,) = asked(node.home, "select digest from exchange_agreement where mechanism = 'embassy-bureau'")[0]
    page = officer.get("/exchange/new")
    officer.submit(
        page, next(form for form in page.forms if "text_1" in form.names), to=AGENCIES["es"], topic="drugs",
        purpose="prevention", subject="Container", text_1=SECRET, agreement=digest,
    )  # fmt: skip
    return UUID(asked(node.home, "select ref from exchange_envelope where kind = 'information'")[0][0])


def open_letter(officer: Browser, letter: UUID) -> Page:
    return officer.submit(officer.get(f"/exchange/envelopes/{letter}"), "exchange.letter.open", reason="to act on it")


def arrived(node: Served) -> bool:
    return bool(asked(node.home, "select 1 from exchange_passage"))


def stands(node: Served) -> str:
    return str(asked(node.home, "select state from exchange_passage")[0][0])


def test_a_desk_on_a_node_of_its_own_steers_a_letter_that_it_cannot_open(tmp_path: Path) -> None:
    nodes = make(tmp_path)
    ma, es, de = nodes.values()
    with supervised([*nodes.values()]):
        for node in nodes.values():
            node.start()
        for node in nodes.values():
            node.wait()
        writer, reader, clerk = (sign_in(node) for node in (ma, es, de))
        letter = write(ma, writer)
        until(lambda: arrived(es) and arrived(de))

        with pytest.raises(Refusal, match="still at the desk"):
            open_letter(reader, letter)
        tray = clerk.get("/exchange/desk")
        assert tray.links(str(letter))
        seen = clerk.get(f"/exchange/desk/{letter}")
        clerk.submit(seen, "exchange.desk.ask", words="Which port?")
        until(lambda: stands(ma) == "with-sender")
        page = writer.get(f"/exchange/envelopes/{letter}")
        assert "Which port?" in page.text
        writer.submit(page, "exchange.desk.tell", words="Nador")
        until(lambda: stands(de) == "at-desk")
        clerk.submit(clerk.get(f"/exchange/desk/{letter}"), "exchange.desk.steer", to=AGENCIES["es"])
        until(lambda: [stands(node) for node in (ma, es)] == ["with-service"] * 2)

        assert SECRET in open_letter(reader, letter).text
        until(lambda: ("read",) in asked(de.home, "select state from exchange_receipt where signer = 'es'"))
        page = writer.get(f"/exchange/envelopes/{letter}")
        assert "with the service" in page.text
        at_desk = clerk.get(f"/exchange/desk/{letter}").text + clerk.get("/exchange/desk").text
        assert SECRET not in at_desk
        assert clerk.get(f"/exchange/desk/{letter}").offers("exchange.letter.open") is None
        assert clerk.get(f"/exchange/envelopes/{letter}").status == HTTPStatus.FORBIDDEN
        for node in nodes.values():
            node.stop()

    for node in nodes.values():
        status, said = verify(node.home)
        assert (status, said["flaws"]) == (0, [])
        written = [path.read_bytes() for path in node.home.rglob("*") if path.is_file()]
        assert not any(SECRET.encode() in raw for raw in written), f"{node.code} keeps the letter in clear"
