"""Shared by all packages: the database, the event log, sites, access, HTTP and text."""
