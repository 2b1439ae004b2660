"""Debian's PgBouncer in front of a server, in transaction mode, as in many installations.

Its pool is so small that clients share server connections, and it refuses unknown startup parameters.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

from tests.installing import debian_program
from tests.postgres import PostgreSQL, free_port

START_TIMEOUT_SECONDS = 10
CONFIGURATION = """\
[databases]
{database} = host={host} port={server_port} dbname={database} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
reserve_pool_size = 0
max_client_conn = 200
server_reset_query_always = 0
pidfile = {folder}/pid
"""


@contextmanager
def pgbouncer(server: PostgreSQL, database: str, folder: Path, *, pool_size: int = 4) -> Iterator[str]:
    """The URL of ``database`` through a PgBouncer with ``pool_size`` server connections, until the end of the block."""
    program = debian_program("/usr/sbin/pgbouncer", ["pgbouncer"])
    server.programs.make_folder(folder)
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(
            database=database, host=server.folder, server_port=server.port, port=port, pool_size=pool_size,
            folder=folder,
        )
    )  # fmt: skip
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, str(configuration)], cwd="/", stdout=log, stderr=log, **server.programs.as_user()
        )
    try:
        _wait_until_listening(process, port, folder / "log")
        yield f"postgresql://postgres@127.0.0.1:{port}/{database}"
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_SECONDS)


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text(errors="replace"))
