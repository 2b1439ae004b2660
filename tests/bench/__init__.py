"""Measurements; `make bench` runs them. They assert nothing, because machines differ; compare the ratios."""
