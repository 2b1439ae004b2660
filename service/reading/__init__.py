"""Everything a reader sees: pages, feeds, streams, and the documentation."""
