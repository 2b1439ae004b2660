"""Readers and the measures on them."""
