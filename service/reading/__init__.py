"""The read side: readers' pages, the embed, streams, feeds, documentation and the response cache."""
