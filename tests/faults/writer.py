"""An officer who writes letters at a node, served or not: `python -m tests.faults.writer HOME COUNT PAUSE SEED [TO]`.

With TO, an agency, so many routine letters go to it alone, and a tenth as many of distress after them.

Prints one line of JSON for each letter that was committed: envelope, recipients, case, urgency.
"""

import json
import random
import sys
import time
from pathlib import Path
from uuid import UUID

from tansiq.cli import django as node

PAIRS = {"ma": "ma.marine", "es": "es.salvamento", "de": "de.bpol"}
CASES = 12


def main(folder: str, count: str, pause: str, seed: str, to: str = "") -> int:
    """Write so many letters to the other two nodes, urgent and not, in some cases; `pause` is in seconds."""
    home = node.setup(Path(folder))
    from django.db import DatabaseError

    from tansiq.exchange import acts
    from tansiq.exchange.kinds import Kind
    from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
    from tansiq.exchange.kinds.watch import AlertLetter
    from tansiq.exchange.values import Sent
    from tansiq.ground import clock
    from tansiq.parties.duties import Duty
    from tansiq.parties.values import Officer

    chance = random.Random(f"{seed} {home.code}")
    officer = Officer(name="faults", party=home.agency, duty=Duty.RESCUE_COORDINATOR)
    others = [to] if to else [agency for code, agency in sorted(PAIRS.items()) if code != home.code]

    def distress(number: int) -> dict[str, object]:
        now = clock.now()
        letter = AlertLetter(
            alert=UUID(int=chance.getrandbits(128)), situation="mob", priority=1, lat=35.9, lon=-5.6, radius_m=500.0,
            seen_at=now, raised_at=now, source="ais", text=f"number {number}",
        )  # fmt: skip
        to = tuple(others) if chance.random() < 0.3 else (chance.choice(others),)
        return {"kind": Kind.ALERT, "letter": letter, "mechanism": "rescue", "to": to, "urgency": "distress"}

    def information(number: int) -> dict[str, object]:
        letter = InformationLetter(
            subject=f"number {number}", statements=(Statement(nature=Nature.FACT, text="x" * 400),)
        )
        urgency = "routine" if to else chance.choice(("urgent", "priority", "routine", "routine"))
        case = UUID(int=chance.randrange(1, CASES)) if chance.random() < 0.5 and not to else None
        return {
            "kind": Kind.INFORMATION, "letter": letter, "mechanism": "direct", "to": (chance.choice(others),),
            "urgency": urgency, "topic": "smuggling", "purpose": "prevention", "case": case,
        }  # fmt: skip

    many = int(count)
    for number in range(many + many // 10 if to else many):
        said = distress(number) if (number >= many if to else chance.random() < 0.1) else information(number)
        while True:
            try:
                sent = acts.send(by=officer, now=clock.now(), **said)
                break
            except DatabaseError:  # the node holds the lock: the letter was not written, so it is written again
                time.sleep(0.1)
        if not isinstance(sent, Sent):
            print(json.dumps({"refused": str(sent.reason)}), flush=True)
            return 1
        line = {
            "envelope": str(sent.envelope),
            "to": said["to"],
            "urgency": said["urgency"],
            "case": bool(said.get("case")),
        }
        print(json.dumps(line), flush=True)
        time.sleep(float(pause))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:6]))
