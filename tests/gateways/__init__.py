"""What other systems see of a node, and what they may not."""
