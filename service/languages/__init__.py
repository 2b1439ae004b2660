"""The languages that this service speaks: one catalogue each."""
