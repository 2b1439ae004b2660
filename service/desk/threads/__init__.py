"""Threads in context, stops and opening hours."""
