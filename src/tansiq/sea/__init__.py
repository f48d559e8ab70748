"""The shared pure vocabulary of the sea: geodesy, space-time grids, coast, zones, units."""
