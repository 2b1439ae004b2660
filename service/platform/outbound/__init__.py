"""Outbound requests, to checked addresses only."""
