"""`tansiq alert cap|cise ALERT`: an alert as a public warning (CAP 1.2), or as an incident for CISE 1.5.3.

Who does it must hold a duty that may give alerts to other systems, and the log keeps who gave what in which format.
Neither format gets an alert's free text, nor anything about persons.
"""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tansiq.cli import django as node
from tansiq.cli.saying import officer, write
from tansiq.gateways import cap, cise
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.parties.duties import Permission


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("alert", help="give alerts to other systems")
    verbs = noun.add_subparsers(dest="verb", required=True)
    warn = verbs.add_parser("cap", help="a public warning in the Common Alerting Protocol 1.2")
    warn.add_argument("--area", default="", help="the area in words; its position where not said")
    warn.add_argument("--instruction", default="", help="what the public is to do")
    warn.add_argument(
        "--language", default="", help="the language of area and instruction; all of the node's otherwise"
    )
    warn.add_argument("--hours", type=float, default=12.0, help="how long the warning holds")
    warn.add_argument("--test", action="store_true", help="a test of the way, for nobody to act upon")
    warn.set_defaults(run=give_cap)
    tell = verbs.add_parser("cise", help="an incident in the CISE data model 1.5.3")
    tell.set_defaults(run=give_cise)
    for verb in (warn, tell):
        verb.add_argument("alert", type=UUID, help="the alert's id, as its address shows it")
        verb.add_argument("--home", type=Path, required=True, help="the home of the node")
        verb.add_argument("--by", required=True, metavar="USERNAME", help="who gives it")
        verb.add_argument("--out", type=Path, help="where to write it; standard output where not said")


def give_cap(options: argparse.Namespace) -> int:
    """Write a public warning."""
    alert, home, by = _alert(options)
    if alert.closed_at is not None:
        raise Malformed("This alert is closed.", "Warn of what is going on.")
    now = clock.now()
    status = cap.Status.EXERCISE if alert.exercise else cap.Status.TEST if options.test else cap.Status.ACTUAL
    languages = (options.language,) if options.language else home.languages
    raw = cap.write(
        cap.PublicWarning(
            alert=alert.id,
            sender=by.party,
            sent=now,
            expires=now + timedelta(hours=options.hours),
            status=status,
            priority=int(alert.priority),
            said={language: _said(options, alert, language) for language in languages},
            lat=alert.lat,
            lon=alert.lon,
            radius_m=alert.radius_m,
        )
    )
    return _give(options, raw, by, {"format": "CAP 1.2", "status": status.value})


def give_cise(options: argparse.Namespace) -> int:
    """Write an incident."""
    alert, _, by = _alert(options)
    raw = cise.write(
        cise.Incident(
            id=alert.id,
            agency=by.party,
            seen_at=alert.seen_at,
            priority=int(alert.priority),
            lat=alert.lat,
            lon=alert.lon,
            mmsi=tuple(sorted({each.mmsi for each in alert.sources})),
            exercise=bool(alert.exercise),
        )
    )
    return _give(options, raw, by, {"format": "CISE 1.5.3"})


def _said(options: argparse.Namespace, alert: Any, language: str) -> cap.Said:
    from django.utils.translation import override

    from tansiq.web.words import word

    with override(language):
        event = str(word(alert.situation))
    area = options.area or (f"{alert.lat:.4f}, {alert.lon:.4f}" if alert.lat is not None else "")
    return cap.Said(event, area, options.instruction)


def _alert(options: argparse.Namespace) -> tuple[Any, Any, Any]:
    home = node.setup(options.home)
    from tansiq.watch import reads

    by = officer(home, options.by, Permission.ALERT_EXPORT)
    return reads.alert(alert=options.alert, reader=by, now=clock.now()), home, by


def _give(options: argparse.Namespace, raw: bytes, by: Any, detail: dict[str, str | int | float]) -> int:
    from tansiq.exchange import acts

    acts.record(event=Permission.ALERT_EXPORT, thing=options.alert, by=by, now=clock.now(), detail=detail)
    write(options.out, raw)
    return 0
