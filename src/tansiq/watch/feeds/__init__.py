"""One adapter for each kind of source: bytes in, observations out. Pure; `watch.readers` does the input and output."""
