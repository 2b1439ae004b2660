"""Readers and their measures."""
