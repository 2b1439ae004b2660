"""A PostgreSQL server for tests, which can be stopped, killed and restarted."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from tests.postgres_programs import Programs

START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 60
SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_numbers = count(1)


class PostgreSQL:
    """A server with its socket and data in ``folder``; it creates databases on demand.

    With ``tcp`` it also listens on 127.0.0.1, on a port that stays the same through restarts, and its URLs name that
    port. Over TCP it asks for ``password``, unless that is None. ``settings`` are lines of ``postgresql.conf``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        programs: Programs | None = None,
        durable: bool = False,
        tcp: bool = False,
        password: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.programs = programs or Programs.of()
        self.folder, self.data = folder, folder / "data"
        self.port = free_port() if tcp else 5432
        self.password = password
        self._tcp = tcp
        self._settings = {"fsync": "on" if durable else "off", **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(
        cls,
        folder: Path,
        *,
        programs: Programs | None = None,
        durable: bool = False,
        tcp: bool = False,
        password: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> "Iterator[PostgreSQL]":
        """A new server in ``folder`` until the end of the block; unless ``durable`` it does not wait for the disk."""
        server = cls(folder, programs=programs, durable=durable, tcp=tcp, password=password, settings=settings)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")

    def initialise(self) -> None:
        """Create the data folder, without databases."""
        self.programs.make_folder(self.folder)
        arguments: list[str | Path] = ["--no-sync", "--encoding=UTF8", "--username=postgres", "--auth-local=trust"]
        if self.password is None:
            self.programs.run("initdb", *arguments, "--auth-host=trust", "-D", self.data)
            return
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self.programs.run("initdb", *arguments, "--auth-host=scram-sha-256", f"--pwfile={secret}", "-D", self.data)

    def start(self) -> None:
        """Start the server and wait until it accepts connections; retries while a killed server still cleans up."""
        settings = {
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "127.0.0.1" if self._tcp else "",
            "port": str(self.port),
            **self._settings,
        }
        command = self.programs.command("postgres", "-D", self.data)
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._started(command, deadline):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def _started(self, command: list[str], deadline: float) -> bool:
        """Start the process. Returns whether it became ready; otherwise it has ended."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd="/", stdout=log, stderr=log, start_new_session=True, **self.programs.as_user()
            )
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(0.01)
        return False

    def _is_ready(self) -> bool:
        """Whether the server is ready, as ``pg_ctl`` checks it: by the process id and state in ``postmaster.pid``."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self._running().pid) and lines[7].strip() == "ready"

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server: ``fast`` ends its connections and flushes all data, ``immediate`` does not."""
        self._end(SIGNALS[mode])

    def kill(self) -> None:
        """Kill the postmaster (SIGKILL)."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(STOP_TIMEOUT_SECONDS)
        self._process = None

    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process, "The server does not run."
        return self._process

    def log(self) -> str:
        """The server's log."""
        return (self.folder / "log").read_text(errors="replace")

    def psql(self, statement: str, *, database: str = "postgres") -> str:
        """Run ``statement`` and return its rows, one per line; a failure fails the test."""
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres"]
        options += ["-h", str(self.folder), "-p", str(self.port), "-d", database, "-c", statement]
        return self.programs.run("psql", *options).strip()

    def new_database(self, *, template: str | None = None) -> str:
        """Create a database, empty or a copy of the unused one at the URL ``template``; return its URL."""
        name = f"onereply_{os.getpid()}_{next(_numbers)}"
        copied = make_url(template).database if template else "template1"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {copied}")
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of a database."""
        if not self._tcp:
            return f"postgresql://postgres@/{database}?host={self.folder}"
        user = "postgres" if self.password is None else f"postgres:{self.password}"
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def free_port() -> int:
    """A free port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
