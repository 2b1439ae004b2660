"""The contract as Redocly's linter sees it, which knows what readers and generators of clients stumble over."""

import pytest

from openapi.compile_contract import SOURCES
from tests.contract.tools import HERE, node_tool
from tests.installing import run

QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


@pytest.mark.slow
def test_the_linter_finds_nothing() -> None:
    run([*node_tool("redocly"), "lint", SOURCES / "openapi.yaml", f"--config={HERE / 'redocly.yaml'}"], **QUIET)
