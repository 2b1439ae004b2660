"""The log of what happened, and of what was decided."""
