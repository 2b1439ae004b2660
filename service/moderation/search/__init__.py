"""Full-text search for moderators."""
