"""The rescue room: drift, search, cases."""
