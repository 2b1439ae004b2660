"""Threads, comments, readers, and the screening rules."""
