"""Imports from other comment systems."""
