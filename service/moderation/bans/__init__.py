"""Bans and suspensions of readers, e-mail addresses, domains and networks."""
