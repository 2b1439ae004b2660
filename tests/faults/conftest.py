"""Folders and servers for tests that break them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.postgres import PostgreSQL


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Suppress the log, because these tests cause failures."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other system users can read, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="onereply-faults-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[PostgreSQL]:
    """A server for one test, which stops or kills it."""
    with PostgreSQL.running(folder / "server", tcp=True) as server:
        yield server
