"""Readers, and the bans that hold for them."""
