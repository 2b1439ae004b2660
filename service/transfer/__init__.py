"""Threads come in from other systems: a file a format, and the deed that stores what they yield."""
