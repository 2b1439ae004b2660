"""A streaming standby of a server: a hot one, which reads follow, and which can become the primary."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import PostgreSQL

SLOT = "of_the_standby"
ALL_STANDBYS = "ALTER SYSTEM SET synchronous_standby_names = '*'"


@contextmanager
def a_standby(primary: PostgreSQL, folder: Path) -> Iterator[PostgreSQL]:
    """A synchronous standby of ``primary`` in ``folder``: what the primary has acknowledged is there.

    It listens on a TCP port of its own. ``promote`` makes it the primary.
    """
    standby = PostgreSQL(folder, programs=primary.programs, tcp=True, password=primary.password)
    primary.programs.make_folder(folder)
    source = f"host={primary.folder} port={primary.port} user=postgres"
    options = ["-R", "-X", "stream", "-C", "-S", SLOT, "--checkpoint=fast", "--no-sync", "-d", source]
    primary.programs.run("pg_basebackup", *options, "-D", standby.data)
    standby.start()
    primary.psql(ALL_STANDBYS)
    primary.psql("SELECT pg_reload_conf()")
    try:
        yield standby
    finally:
        standby.stop("immediate")


def promote(standby: PostgreSQL) -> None:
    """Make ``standby`` a primary; it takes writes when this returns."""
    assert standby.psql("SELECT pg_promote(true, 30)") == "t"
