"""Readers' HTML."""
