"""What passes between agencies: agreements, labels, letters, sealed envelopes, receipts, and the ledger that proves it.

The other rooms enter by `acts` (send, record, open) and `reads`; partners enter by `intake` alone.
"""
