"""One Reply: the comment thread under every article of a news site."""
