"""The node: its home, settings, and the hand-over of letters."""
