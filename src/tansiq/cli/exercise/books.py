"""What one node's books say after a drill, read through the rooms' own reads in a process beside the node."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tansiq.cli import django as node
from tansiq.ground import clock
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer

EVER = timedelta(days=36_500)
MANY = 100_000
FIGURED = timedelta(days=1)
"""How long before the end of the night the period of the figures begins; it ends now."""


def books(folder: Path, end: datetime) -> dict[str, Any]:
    """Everything of one node that the summary of a demo rests on. `end` is the end of the night."""
    home = node.setup(folder)
    auditor, coordinator = (
        Officer(name="drill", party=home.agency, duty=duty) for duty in (Duty.AUDITOR, Duty.RESCUE_COORDINATOR)
    )
    return {
        "tracks": _tracks(coordinator, end),
        "alerts": _alerts(coordinator, end),
        "cases": _cases(coordinator),
        "envelopes": _envelopes(auditor, home.code),
        "agreements": _agreements(auditor),
        "figures": _figures(auditor, end - FIGURED, clock.now()),
        "claims": _claims(auditor),
        "heads": _heads(auditor),
        "log": _log(coordinator),
    }


def _tracks(reader: Officer, end: datetime) -> dict[str, Any]:
    """How many own tracks, and a digest over who was last seen when and where: the same night, the same digest."""
    from tansiq.watch import reads

    found = reads.tracks(reader=reader, now=end, fresh=EVER, limit=MANY)
    own = sorted((track for track in found if not track.party), key=lambda track: track.mmsi or 0)
    lines = [f"{track.mmsi} {track.seen_at:%Y%m%dT%H%M%S} {track.lat:.5f} {track.lon:.5f}" for track in own]
    return {"count": len(own), "digest": _digest(lines)}


def _alerts(reader: Officer, end: datetime) -> list[dict[str, Any]]:
    from tansiq.watch import reads

    found = reads.alerts(reader=reader, now=end, open_only=False, limit=1000)
    return [
        {
            "id": str(alert.id),
            "situation": str(alert.situation),
            "priority": int(alert.priority),
            "mmsi": alert.mmsi,
            "sender": alert.sender,
            "acknowledged": alert.acknowledged_at is not None,
            "case": str(alert.case) if alert.case else None,
        }
        for alert in sorted(found, key=lambda alert: alert.id)
    ]


def _cases(reader: Officer) -> list[dict[str, Any]]:
    from tansiq.rescue import reads

    lines = reads.cases(reader=reader, limit=1000)
    return [_case(reads.case(case=line.case.id, reader=reader)) for line in lines]


def _case(file: Any) -> dict[str, Any]:
    drift, outcome = file.drift, file.outcome
    return {
        "id": str(file.case.id),
        "reference": file.case.reference,
        "phase": str(file.case.phase),
        "coordinator": file.case.coordinator,
        "exercise": file.case.exercise,
        "alert": str(file.case.alert) if file.case.alert else None,
        "drifts": [
            {"digest": run.digest, "hours": run.hours, "particles": run.particles, "stranded": run.stranded}
            for run in file.drifts
        ],
        "drift_digest": drift.digest if drift else None,
        "searches": [
            {"unit": search.unit.name, "pos": search.pos, "pod": search.pod, "coverage": search.coverage}
            for search in file.searches
        ],
        "pos": max((search.pos for search in file.searches), default=None),
        "tasks": [
            {
                "agency": task.agency,
                "origin": task.origin,
                "state": str(task.state),
                "pos": task.pos,
                "answers": [str(answer.answer) for answer in task.answers],
            }
            for task in sorted(file.tasks, key=lambda task: task.agency)
        ],
        "sitreps": sorted(sitrep.serial for sitrep in file.sitreps),
        "outcomes": sorted(each.revision for each in file.outcomes),
        "outcome": None if outcome is None else {"kind": str(outcome.kind), "persons": outcome.persons},
    }


def _envelopes(reader: Officer, here: str) -> dict[str, Any]:
    """How letters fare: one parcel to each other node and its signed receipt; `out` and `inward` by node and letter."""
    from tansiq.exchange import reads
    from tansiq.exchange.values import DeliveryState, Direction
    from tansiq.parties.values import node_of

    lines = reads.envelopes(reader=reader, after=0, limit=MANY)
    found = [reads.envelope(envelope=line.id, reader=reader) for line in lines]
    out: list[list[str]] = []
    delivered = receipts = 0
    for each in found:
        if each.line.direction is Direction.OUT:
            nodes = sorted({node_of(party) for party in each.line.to} - {here})
            out += [[node, str(each.line.id)] for node in nodes]
            delivered += sum(one.state is DeliveryState.DONE for one in each.deliveries if one.node in nodes)
            accepted = {node_of(one.signer) for one in each.receipts if one.n == 0 and one.state == "accepted"}
            receipts += len(accepted.intersection(nodes))
    inward = [[node_of(line.sender), str(line.id)] for line in lines if line.direction is Direction.IN]
    return {
        "sent": len(out),
        "delivered": delivered,
        "receipts_verified": receipts,
        "received": len(inward),
        "by_mechanism": dict(Counter(f"{line.direction} {line.mechanism}" for line in lines)),
        "waiting": len(reads.unhanded()),
        "troubled": [f"{each.line.kind} {each.trouble}" for each in found if each.trouble or each.line.quarantined],
        "without_exercise": sum(not line.exercise for line in lines),
        "out": out,
        "inward": inward,
        "order": _order(lines),
    }


def _order(lines: Iterable[Any]) -> dict[str, list[str]]:
    """The ids of the envelopes of each case (by its pseudonym), as they were sent or came in."""
    order: dict[UUID, list[str]] = {}
    for line in lines:
        if line.case is not None:
            order.setdefault(line.case, []).append(f"{line.direction} {line.sender} {line.id}")
    return {str(case): ids for case, ids in order.items()}


def _agreements(reader: Officer) -> list[dict[str, Any]]:
    from tansiq.exchange import reads

    found = reads.agreements(reader=reader)
    return [
        {
            "mechanism": str(each.mechanism),
            "parties": list(each.parties),
            "state": str(each.state),
            "digest": each.digest,
        }
        for each in found
    ]


def _figures(reader: Officer, start: datetime, end: datetime) -> dict[str, Any]:
    from tansiq.reporting import reads

    found = reads.figures(start=start, end=end, reader=reader)
    return {str(each.indicator): {"value": each.value, "records": each.records} for each in found}


def _claims(reader: Officer) -> list[dict[str, Any]]:
    """What partners have claimed here."""
    from tansiq.reporting import reads

    theirs = [each for each in reads.claims(reader=reader, limit=1000) if not each.ours]
    said = [{"body": each.body, "indicator": str(each.indicator), "value": each.value} for each in theirs]
    return sorted(said, key=lambda each: (str(each["body"]), str(each["indicator"])))


def _heads(reader: Officer) -> dict[str, list[Any]]:
    """The newest head that is held here of each partner's ledger: epoch, size and root."""
    from tansiq.exchange import reads

    return {head.log: [head.epoch, head.size, head.root] for head in reads.ledger_state(reader=reader).held}


def continues(folder: Path, held: dict[str, list[Any]]) -> dict[str, bool]:
    """Whether this node's ledger proves to continue the heads that others (by code) hold of it (RFC 9162, 2.1.4)."""
    home = node.setup(folder)
    from tansiq.exchange import ledger, reads

    newest, token = reads.held_head(log=home.code)
    if newest is None:
        return dict.fromkeys(held, False)
    found = {}
    for code, (epoch, size, root) in held.items():
        shown = reads.head_answer(token=token, node=code, epoch=epoch, size=size)
        roots = bytes.fromhex(root), bytes.fromhex(newest.root)
        found[code] = epoch == newest.epoch and ledger.verify_consistency(size, newest.size, *roots, shown.proof)
    return found


def _log(reader: Officer) -> list[list[str]]:
    """The rescue room's log in its order: event and thing."""
    from tansiq.exchange.reads.log import log

    found = log(reader=reader, limit=MANY)
    return [[event.name, str(event.thing)] for event in reversed(found) if event.name.startswith("rescue.")]


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
