"""The thread of an article: registered, closed, counted, named."""
