"""The transparency report: decisions, reports and appeals of a period, counted."""
