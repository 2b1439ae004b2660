"""Readers' pages and the embed."""
