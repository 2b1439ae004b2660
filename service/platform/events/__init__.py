"""The log: every change is an event, written in the transaction of the change."""
