"""Readers and their bans."""
