"""The publications that this installation serves, and their settings."""
