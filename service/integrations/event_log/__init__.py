"""The event log over HTTP, and its events with their texts."""
