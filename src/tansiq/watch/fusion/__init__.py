"""From observations to tracks. Pure; the tables are `watch.models`."""
