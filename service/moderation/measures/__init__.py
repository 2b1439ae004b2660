"""Measures on readers: ban, hold, trust and note; and readers' histories."""
