"""The drill: bytes that decode to what was simulated, plausible motion, CF weather, and one seed one night."""
