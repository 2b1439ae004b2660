"""Live streams of a thread over server-sent events."""
