"""Compile the contract before any test imports the app, so that pytest works in a fresh clone."""

from openapi.compile_contract import compile_if_stale

compile_if_stale()
