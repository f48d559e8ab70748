"""STIX 2.1 (OASIS Standard, 10 June 2021): letters of information as objects, and objects as drafts of letters."""
