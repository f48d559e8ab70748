"""Figures that can be trusted: indicator cards, periods, claims, and the records behind each figure."""
