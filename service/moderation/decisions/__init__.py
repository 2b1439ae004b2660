"""Decisions on comments, their log, and appeals."""
