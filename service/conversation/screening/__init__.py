"""Automatic checks of a draft: pure functions from a draft and its context to findings."""
