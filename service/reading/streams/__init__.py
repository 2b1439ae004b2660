"""Live streams of a thread by server-sent events."""
