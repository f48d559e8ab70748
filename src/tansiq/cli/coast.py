"""`tansiq coast cut`: cut a coast file, and a coast for the map, from the world's land polygons."""

import argparse
import json
from pathlib import Path
from typing import Any

from tansiq.ground.errors import Malformed
from tansiq.sea import coast, cutting
from tansiq.sea.coast import Box


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = commands.add_parser("coast", help="cut a coast file", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    cut = verbs.add_parser("cut", help="cut the land of a box; needs tansiq[coast]")
    cut.add_argument("--bbox", required=True, metavar="W,S,E,N", help="degrees; write --bbox=-19,26,9,40")
    cut.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the coast file, for `tansiq drift --coast`"
    )
    cut.add_argument("--map", type=Path, metavar="FILE", help="GeoJSON polygons for a map as well")
    cut.add_argument("--tolerance", type=float, default=80.0, metavar="METRES", help="of the map's lines")
    cut.add_argument("--source", choices=sorted(cutting.SOURCES), default="osm")
    cut.set_defaults(run=run_cut)


def run_cut(args: argparse.Namespace) -> int:
    """Cut, write, and say what was cut."""
    box = _box(args.bbox)
    source = cutting.SOURCES[args.source]
    land = cutting.polygons(cutting.world(args.source), box)
    cut = cutting.cut(land, box, args.out.stem, source)
    files = {args.out: coast.encoded(cut)}
    if args.map:
        files[args.map] = cutting.geojson(land, box, source, args.tolerance)
    for path, data in files.items():
        try:
            path.write_bytes(data)
        except OSError as error:
            raise Malformed(f"{path} cannot be written ({error.strerror}).", "Choose another place.") from error
    print(
        json.dumps(
            {"polygons": len(land), "source": source, "files": {str(path): len(data) for path, data in files.items()}}
        )
    )
    return 0


def _box(text: str) -> Box:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Malformed(f"{text!r} is no box.", "Write west,south,east,north in degrees.") from error
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Malformed(f"{text!r} is empty or leaves the earth.", "Write west,south,east,north in degrees.")
    return west, south, east, north
