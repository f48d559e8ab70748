"""Geodesy, grids and the coast."""
