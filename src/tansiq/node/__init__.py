"""One running node: its home, settings, addresses and the threads it keeps."""
