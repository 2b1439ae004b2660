"""Erasing a reader: what they wrote, and what staff wrote about them."""
