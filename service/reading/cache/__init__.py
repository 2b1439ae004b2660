"""Cached responses, valid until the log says otherwise."""
