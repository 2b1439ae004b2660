"""Measurements; `make bench` runs them. They assert nothing: machines differ, ratios tell."""
