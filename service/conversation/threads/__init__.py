"""Threads: one per article, open or closed, with the exact count."""
