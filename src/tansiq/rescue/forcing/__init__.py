"""What drives a drift: currents and winds from CF NetCDF files, constants or formulas, in order of preference."""

from tansiq.rescue.forcing.layers import Forcing, ForcingUsed, Layer, Vector, constant_layer
from tansiq.rescue.forcing.reader import open_forcing, open_layers

__all__ = ["Forcing", "ForcingUsed", "Layer", "Vector", "constant_layer", "open_forcing", "open_layers"]
