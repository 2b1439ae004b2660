"""Some may not post, for good or for a while."""
