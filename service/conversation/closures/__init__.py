"""Closures: closing a whole site, or many threads at once, and undoing exactly that."""
