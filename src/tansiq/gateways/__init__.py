"""Other systems' protocols: TAXII 2.1 over letters of information, CAP 1.2 and CISE 1.5.3 for alerts.

A gateway acts for a client: a program of one's own agency that signs in by a token and is in the duty of an external
client. What it may see is decided per letter, by the same rules as for a person. Nothing is open to strangers.
"""
