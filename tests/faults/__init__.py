"""Three nodes as real processes on a bad night: killed, cut off, delayed, repeated, out of time and out of room.

`tests.faults.play` plays a seed; `test_faults` plays a short night, and `make soak` a long one.
"""
