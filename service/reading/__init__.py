"""Everything that readers and programmers read: pages, embed, streams, feeds, documentation, cache."""
