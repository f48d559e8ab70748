"""From bytes to a shared picture: feeds give observations, fusion gives tracks, rules give alerts."""
