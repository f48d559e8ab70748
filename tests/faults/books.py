"""What a node's books say after a bad night: `python -m tests.faults.books HOME [waiting | root SIZE]` prints JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from tansiq.cli import django as node


def waiting() -> int:
    """How much is still under way: parcels that wait, and letters that no room has taken."""
    from tansiq.exchange.models import Delivery, Envelope

    unhanded = Envelope.objects.filter(handed=None, direction="in").count()
    return Delivery.objects.filter(state="waiting").count() + unhanded


def books(me: str) -> dict[str, Any]:
    """Every letter out and in, how each parcel ended, what is wrong, and how the partners' heads compare."""
    from tansiq.exchange import reads, receipts
    from tansiq.exchange.models import Delivery, Envelope, Event, Head, Receipt
    from tansiq.exchange.models.channels import confirmed

    partners = confirmed()
    outs = {
        row.digest: {
            "envelope": str(row.ref), "to": sorted({each.split(".")[0] for each in row.said.recipients}),
            "state": row.state, "urgency": str(row.said.urgency), "stored": row.stored.timestamp(),
        }
        for row in Envelope.objects.filter(direction="out").iterator(500)
    }  # fmt: skip
    ins = [
        {
            "digest": row.digest, "position": row.position, "from": row.sender.split(".")[0], "state": row.state,
            "stream": f"{row.sender} {row.case}" if row.case else "", "seq": row.said.seq, "reason": row.reason,
            "urgency": str(row.said.urgency), "stored": row.stored.timestamp(), "trouble": row.trouble,
        }
        for row in Envelope.objects.filter(direction="in").order_by("position").iterator(500)
    ]  # fmt: skip
    verified = 0
    for row in Receipt.objects.filter(direction="in", n=0).iterator(500):
        receipts.read_receipt(row.token, partners[row.signer].verifier)
        verified += 1
    return {
        "node": me,
        "out": outs,
        "in": ins,
        "receipts": verified,
        "undone": list(Delivery.objects.exclude(state="done").values_list("thing", "state", "trouble")[:20]),
        "flaws": [f"{flaw.table} {flaw.row}: {flaw.what}" for flaw in reads.verify()],
        "alarms": [
            event.detail for event in Event.objects.filter(name="ledger.alarm")
        ],
        "held": {
            head.log: (head.size, head.root)
            for head in Head.objects.exclude(log=me).order_by("epoch", "size")
        },
    }  # fmt: skip


def root(size: int) -> str:
    """The root of the first leaves of the node's own ledger."""
    from tansiq.exchange.models.ledger import root_at

    return root_at(size).hex()


if __name__ == "__main__":
    home = node.setup(Path(sys.argv[1]))
    match sys.argv[2:]:
        case ["waiting"]:
            what: object = waiting()
        case ["root", size]:
            what = root(int(size))
        case _:
            what = books(home.code)
    print(json.dumps(what))
