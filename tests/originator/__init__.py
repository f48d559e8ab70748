"""Originator control between three nodes: release, passing on, recall, correction, retention."""
