"""Ours beside the peers, in one run: see __main__."""
