"""A streaming hot standby of a server, which can be promoted to primary."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import PostgreSQL

SLOT = "of_the_standby"
ALL_STANDBYS = "ALTER SYSTEM SET synchronous_standby_names = '*'"


@contextmanager
def a_standby(primary: PostgreSQL, folder: Path) -> Iterator[PostgreSQL]:
    """A synchronous standby of ``primary`` in ``folder``: it has every transaction that the primary acknowledged.

    It listens on its own TCP port. ``promote`` makes it the primary.
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
    """Promote ``standby`` to primary; it accepts writes when this returns."""
    assert standby.psql("SELECT pg_promote(true, 30)") == "t"
