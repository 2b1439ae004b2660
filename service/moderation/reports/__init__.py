"""Readers' reports on comments."""
