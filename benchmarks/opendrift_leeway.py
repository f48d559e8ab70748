"""The peer's side of the drift benchmark: OpenDrift's Leeway on the same case.

Run by the peer's Python, never imported.

    PEER/bin/python benchmarks/opendrift_leeway.py PARTICLES SEED CURRENT WIND [--no-coast] [--save FILE.npz]

The case is that of `benchmarks.drift`: class 27 from 38 N 6 E on 2008-08-06, 2 km, 48 h in steps of 10 minutes,
positions every hour, coast by OpenDrift's own land mask. Prints one JSON line.
"""

import argparse
import json
import time
from datetime import datetime, timedelta


def main() -> None:
    """Run the case and say how long the run itself took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("particles", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("current")
    parser.add_argument("wind")
    parser.add_argument("--no-coast", action="store_true")
    parser.add_argument("--save")
    args = parser.parse_args()

    import numpy as np
    import opendrift
    from opendrift.models.leeway import Leeway
    from opendrift.readers import reader_netCDF_CF_generic

    model = Leeway(loglevel=50, seed=args.seed)
    for file in (args.current, args.wind):
        model.add_reader(reader_netCDF_CF_generic.Reader(file))
    if args.no_coast:
        model.set_config("general:use_auto_landmask", False)
        model.set_config("environment:constant:land_binary_mask", 0)
    model.seed_elements(
        lon=6.0,
        lat=38.0,
        time=datetime(2008, 8, 6),  # noqa: DTZ001  # OpenDrift takes UTC without a zone
        number=args.particles,
        radius=2000,
        object_type=27,
    )
    began = time.perf_counter()
    model.run(duration=timedelta(hours=48), time_step=600, time_step_output=3600)
    spent = time.perf_counter() - began
    if args.save:
        np.savez(args.save, lon=model.result.lon.values[:, -1], lat=model.result.lat.values[:, -1])
    print(
        json.dumps(
            {"version": opendrift.__version__, "run_s": spent, "stranded": int(model.num_elements_deactivated())}
        )
    )


if __name__ == "__main__":
    main()
