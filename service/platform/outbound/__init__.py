"""Requests that the service itself makes, to checked addresses only."""
