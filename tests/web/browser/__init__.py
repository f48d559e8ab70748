"""The pages as a person meets them: a real node, a real browser."""
