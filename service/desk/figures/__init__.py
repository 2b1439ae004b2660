"""The log, the transparency report and the overview."""
