"""Who takes part: the directory, people, posts and duties."""
