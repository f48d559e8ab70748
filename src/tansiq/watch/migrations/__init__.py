"""The tables of the watch, step by step."""
