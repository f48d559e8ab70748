"""The watch: feeds, tracks, alert rules, acts and reads."""
