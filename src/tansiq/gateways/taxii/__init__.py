"""TAXII 2.1 (OASIS Standard, 10 June 2021): collections of STIX objects over HTTPS."""
