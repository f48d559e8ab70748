"""The exchange: envelopes, agreements, receipts and the log."""
