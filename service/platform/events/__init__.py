"""The event log: every change is an event, written in the same transaction."""
