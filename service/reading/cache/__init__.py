"""Cached responses, invalidated by the event log."""
