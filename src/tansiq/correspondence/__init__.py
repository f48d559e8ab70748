"""What officers write to each other: drafts, letters by a channel of their choice, requests, approvals."""
