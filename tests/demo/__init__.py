"""The demo: its parts, the whole thread on three nodes, and nodes killed at any moment."""
