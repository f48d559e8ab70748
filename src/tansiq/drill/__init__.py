"""Exercises: a simulated sea that speaks real NMEA and CF NetCDF.

`tansiq.drill.night.play` makes a night in the Strait of Gibraltar from a seed and a start time; everything else here
serves it. The folder is pure: it reads no clock, opens no file and no socket, so that the same seed is the same night.
"""
