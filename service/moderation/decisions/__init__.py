"""Decisions on comments, the decision log, and appeals."""
