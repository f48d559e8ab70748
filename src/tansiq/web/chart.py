"""What the chart draws, as GeoJSON (RFC 7946) made from values. Pure."""

from collections.abc import Iterable
from typing import Any

from tansiq.rescue.values import Case, CaseFile, Search
from tansiq.watch.mmsi import BEACONS
from tansiq.watch.values import Alert, Track

Feature = dict[str, Any]
MOVING = 0.5
"""Metres per second from which a course means something."""
ATTRIBUTION = "© OpenStreetMap contributors"
"""What every map that shows our coast carries (`sea/data/COAST.txt`)."""
MARGIN = 0.35
"""Degrees round a place that a chart shows at first."""


def collection(features: Iterable[Feature]) -> Feature:
    """Features in one collection."""
    return {"type": "FeatureCollection", "features": list(features)}


def feature(shape: str, coordinates: Any, /, **properties: Any) -> Feature:
    """One feature with its properties."""
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": properties}


def track(seen: Track, name: str, detail: str) -> Feature:
    """A vessel as a course-up mark, a beacon as a ring; a partner's in another colour, an old one pale."""
    moving = seen.speed is not None and seen.speed >= MOVING and seen.course is not None
    mark = "beacon" if seen.station in BEACONS else "vessel" if moving else "still"
    return feature(
        "Point", [round(seen.lon, 5), round(seen.lat, 5)],
        id=str(seen.id), mark=mark, course=seen.course if moving else 0, name=name, detail=detail,
        seen=seen.seen_at.isoformat(), stale=seen.stale, partner=bool(seen.party), radius=0,
    )  # fmt: skip


def alert(seen: Alert, label: str, href: str) -> Feature | None:
    """An alert where it was last seen, with the circle of its error."""
    if seen.lat is None or seen.lon is None:
        return None
    mark = "beacon" if seen.is_distress else "alert"
    return feature(
        "Point", [seen.lon, seen.lat],
        kind="alert", mark=mark, priority=int(seen.priority), label=label, href=href, radius=seen.radius_m,
    )  # fmt: skip


def case(seen: Case, label: str, href: str = "") -> Feature:
    """The last known position of a case, with the circle of its error."""
    return feature(
        "Point", [seen.lon, seen.lat],
        kind="case", mark="datum", priority=1, label=label, href=href, radius=seen.radius_m,
    )  # fmt: skip


def ring(corners: Iterable[tuple[float, float]]) -> list[list[float]]:
    """Corners (latitude, longitude) as a closed ring of [longitude, latitude]."""
    places = [[lon, lat] for lat, lon in corners]
    return [*places, places[0]] if places and places[0] != places[-1] else places


def search_area(corners: Iterable[tuple[float, float]], label: str) -> Feature:
    """A rectangle to search."""
    return feature("Polygon", [ring(corners)], label=label)


def legs(plan: Search) -> Feature:
    """The track of a search."""
    return feature("LineString", [[lon, lat] for lat, lon in plan.waypoints], kind="legs")


def unit(plan: Search) -> Feature:
    """The unit that searches, where it starts."""
    return feature("Point", [plan.unit.lon, plan.unit.lat], kind="unit", mark="unit", label=plan.unit.name, radius=0)


def plans(file: CaseFile) -> dict[str, Feature]:
    """What a case plans: the searches made here and those asked of us, their legs, and the way the drift leads."""
    planned = {plan.id for plan in file.searches}
    asked = [(task.corners, task.unit) for task in file.tasks if task.search not in planned]
    rectangles = [(plan.corners, plan.unit.name) for plan in file.searches] + asked
    drifted = [[datum.lon, datum.lat] for datum in (file.drift.datums if file.drift else ())]
    path = [feature("LineString", [[file.case.lon, file.case.lat], *drifted], kind="path")] if drifted else []
    return {
        "areas": collection(search_area(corners, name) for corners, name in rectangles),
        "lines": collection([*map(legs, file.searches), *path]),
    }


def around(places: Iterable[tuple[float, float]], margin: float = MARGIN) -> str:
    """The box (west, south, east, north) round some places (latitude, longitude), for a chart to begin with."""
    known = list(places)
    if not known:
        return ""
    lats, lons = [lat for lat, _ in known], [lon for _, lon in known]
    box = (min(lons) - margin, min(lats) - margin, max(lons) + margin, max(lats) + margin)
    return ",".join(f"{edge:.4f}" for edge in box)
