"""Where a drifting object may be: leeway drift of many particles, and the probability raster made of them.

result = simulate(seed=Seed(...), forcing=open_forcing([...], [...]), hours=24, coast=regional(), rng=1)
raster = probability_raster(result, hour=12, cell_m=1000)
"""

from tansiq.rescue.drift.raster import ProbabilityRaster, probability_raster
from tansiq.rescue.drift.result import DriftResult
from tansiq.rescue.drift.run import simulate
from tansiq.rescue.drift.seeds import Seed, Shape

__all__ = ["DriftResult", "ProbabilityRaster", "Seed", "Shape", "probability_raster", "simulate"]
