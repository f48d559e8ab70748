"""The world of the demo: three nodes, their partners and agreements, and the people on duty.

Everything is made by the commands that a user would type, so that the demo shows no state that they could not reach.
"""

import secrets
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tansiq.cli.exercise.commands import answer, command
from tansiq.cli.exercise.processes import Served
from tansiq.drill import weather
from tansiq.drill.night import NAME, Night
from tansiq.node import home as homes
from tansiq.node.home import Feed
from tansiq.parties.duties import Duty

AGENCIES = {"ma": "ma.marine", "es": "es.salvamento", "de": "de.bpol"}
"""The nodes of the demo and the agency each speaks for by default."""
ZONES = {"ma": "Africa/Casablanca", "es": "Europe/Madrid", "de": "Europe/Berlin"}

AGREEMENTS = (
    ("rescue", ("ma.marine", "es.salvamento")),
    ("picture", ("ma.marine", "es.salvamento")),
    ("direct", ("ma.gendarmerie", "es.guardia-civil")),
    ("statistics", ("ma.marine", "es.salvamento", "de.bpol")),
)
"""Mechanism and parties. `de` is party to the statistics alone."""


class Account(Struct, frozen=True):
    """Someone on duty in the demo."""

    node: str
    username: str
    agency: str
    duty: Duty
    desk: str
    password: str
    totp: str = ""


def accounts() -> dict[str, Account]:
    """The people of the demo by username, with passwords made for this run."""

    def person(username: str, agency: str, duty: Duty, desk: str, *, second_step: bool = False) -> Account:
        words = "-".join(("strait", secrets.token_hex(3), secrets.token_hex(3)))
        totp = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32)) if second_step else ""
        return Account(agency.partition(".")[0], username, agency, duty, desk, words, totp)

    people = (
        person("ma-duty", "ma.marine", Duty.DUTY_OFFICER, "Duty room"),
        person("ma-patrol", "ma.marine", Duty.PATROL_COMMANDER, "Patrol boat"),
        person("ma-reports", "ma.marine", Duty.REPORT_WRITER, "Reports"),
        person("ma-admin", "ma.marine", Duty.NODE_ADMINISTRATOR, "Node"),
        person("es-rescue", "es.salvamento", Duty.RESCUE_COORDINATOR, "Coordination centre", second_step=True),
        person("es-lifeboat", "es.salvamento", Duty.PATROL_COMMANDER, "Lifeboat"),
        person("es-reports", "es.salvamento", Duty.REPORT_WRITER, "Reports"),
        person("es-admin", "es.salvamento", Duty.NODE_ADMINISTRATOR, "Node"),
        person("de-reports", "de.bpol", Duty.REPORT_WRITER, "Reports"),
        person("de-auditor", "de.bpol", Duty.AUDITOR, "Audit"),
        person("de-admin", "de.bpol", Duty.NODE_ADMINISTRATOR, "Node"),
    )
    return {account.username: account for account in people}


def found(
    folder: Path,
    ports: dict[str, int],
    night: Night,
    people: dict[str, Account],
    *,
    recorded: Sequence[Path] = (),
    forcing: tuple[Sequence[Path], Sequence[Path]] = ((), ()),
) -> dict[str, Served]:
    """Make the homes, people, partners and agreements, the feeds of `ma` and the forcing of `es`."""
    nodes = {code: Served(code, folder / code, f"http://127.0.0.1:{ports[code]}/") for code in AGENCIES}
    hands = ThreadPoolExecutor(2)
    try:
        cards = dict(zip(nodes, hands.map(_init, nodes.values()), strict=True))
        list(hands.map(lambda node: _people(node, people), nodes.values()))
        list(hands.map(lambda node: _partners(node, cards), nodes.values()))
        list(hands.map(lambda agreement: _agree(nodes, folder, *agreement), AGREEMENTS))
    finally:
        hands.shutdown(cancel_futures=True)  # told to end, it does not go on founding
    _listen(nodes["ma"], ports["sea"], recorded)
    _weather(nodes["es"], night, forcing)
    return nodes


def _init(node: Served) -> str:
    """Make a home, and answer its card."""
    code, home = node.code, str(node.home)
    command(
        "node", "init", "--home", home, "--code", code, "--agency", AGENCIES[code], "--url", node.url.rstrip("/"),
        "--exercise", NAME, "--timezone", ZONES[code],
    )  # fmt: skip
    return command("partner", "card", "--home", home)


def _people(node: Served, people: dict[str, Account]) -> None:
    """Put the people of a node on duty."""
    for one in people.values():
        if one.node == node.code:
            second = ("--totp-stdin",) if one.totp else ()
            command(
                "people", "add", "--home", str(node.home), "--username", one.username, "--agency", one.agency,
                "--desk", one.desk, "--duty", str(one.duty), "--password-stdin", *second,
                stdin=f"{one.password}\n{one.totp}\n",
            )  # fmt: skip


def _partners(node: Served, cards: dict[str, str]) -> None:
    """Add the others' cards, and have the administrator confirm their words."""
    for code, card in cards.items():
        if code != node.code:
            added = answer("partner", "add", "-", "--home", str(node.home), "--json", stdin=card)
            command(
                "partner", "confirm", code, "--home", str(node.home), "--words", added["words"],
                "--by", f"{node.code}-admin",
            )  # fmt: skip


def _agree(nodes: dict[str, Served], folder: Path, mechanism: str, parties: Sequence[str]) -> None:
    """Write an agreement, have every party sign it, and give each the paper with all signatures."""
    paper = str(folder / f"{mechanism}.json")
    command("agreement", "new", "--template", mechanism, "--parties", *parties, "--out", paper)
    for party in parties:
        node = nodes[party.partition(".")[0]]
        command(
            "agreement", "sign", paper, "--home", str(node.home), "--party", party, "--by", f"{node.code}-admin",
            "--out", paper,
        )  # fmt: skip
    for party in parties[:-1]:
        command("agreement", "import", paper, "--home", str(nodes[party.partition(".")[0]].home))


def _listen(node: Served, port: int, recorded: Sequence[Path]) -> None:
    """Name the feeds of a node in its settings, as its administrator would by hand."""
    feeds = [Feed(name="coast", kind="ais", source=f"tcp://127.0.0.1:{port}")]
    feeds += [
        Feed(name=f"recorded-{number}", kind="ais", source=f"file:{path}") for number, path in enumerate(recorded)
    ]
    home = homes.load(node.home)
    homes.save(replace(home, feeds=tuple(feeds)))


def _weather(node: Served, night: Night, forcing: tuple[Sequence[Path], Sequence[Path]]) -> None:
    """Put the night's current and wind into a home, and those given besides."""
    folder = node.home / "forcing"
    (folder / "current-night.nc").write_bytes(weather.current_file(night.weather, night.start))
    (folder / "wind-night.nc").write_bytes(weather.wind_file(night.weather, night.start))
    for vector, files in zip(("current", "wind"), forcing, strict=True):
        for number, path in enumerate(files):
            shutil.copyfile(path, folder / f"{vector}-given-{number}.nc")
