"""Who takes part: agencies, their desks, the posts at a desk, the people who hold them, and the duties these carry."""
