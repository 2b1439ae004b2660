"""The messages of a receiver, in a file that survives its process: each message once, and the state that results.

Like a host, it applies messages by the thread's sequence: the highest wins.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 10000;
CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, body BLOB NOT NULL, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS threads (article TEXT PRIMARY KEY, sequence INTEGER NOT NULL, thread TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS comments (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS complaints (complaint TEXT NOT NULL);
"""


class Ledger:
    """A file that one process writes and any process may read."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_TABLES)

    def close(self) -> None:
        self._database.close()

    def store(self, message_id: str, body: bytes) -> None:
        """Store a message and apply it, unless it is known; on return it is on disk."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            times, first = self._database.execute(_MESSAGE, (message_id, body)).fetchone()
            if facts_of(first) != facts_of(body):
                self._database.execute("INSERT INTO complaints VALUES (?)", (f"{message_id} was altered",))
            if times == 1:
                self._apply(json.loads(body))

    def _apply(self, message: dict[str, Any]) -> None:
        sequence, data = message["sequence"], message["data"]
        if "thread" in data:
            thread = data["thread"]
            self._database.execute(_THREAD, (thread["article"], sequence, json.dumps(thread)))
        if "comment" in data:
            self._database.execute(_COMMENT, (data["comment"]["id"], sequence, data["comment"]["state"]))

    def complain(self, complaint: str) -> None:
        """Store a complaint about a message."""
        self._database.execute("INSERT INTO complaints VALUES (?)", (complaint,))

    @property
    def complaints(self) -> list[str]:
        return [complaint for (complaint,) in self._database.execute("SELECT complaint FROM complaints")]

    @property
    def bodies(self) -> dict[str, bytes]:
        """The body of each message, by id."""
        return dict(self._database.execute("SELECT id, body FROM messages"))

    @property
    def received(self) -> int:
        """The number of messages received, repeats included."""
        times: int = self._database.execute("SELECT coalesce(sum(times), 0) FROM messages").fetchone()[0]
        return times

    @property
    def threads(self) -> dict[str, dict[str, Any]]:
        """Each thread at its highest sequence, by article."""
        rows = self._database.execute("SELECT article, thread FROM threads")
        return {article: json.loads(thread) for article, thread in rows}

    @property
    def states(self) -> dict[str, str]:
        """The state of each comment, by id."""
        return dict(self._database.execute("SELECT id, state FROM comments"))


def facts_of(body: bytes) -> Any:
    """Return a message without texts, which a later attempt may withhold."""
    message = json.loads(body)
    message["data"] = dict(message["data"])
    if "comment" in message["data"]:
        message["data"]["comment"] |= dict.fromkeys(("author", "html", "text_withheld", "parent"))
    return message


_MESSAGE = """
INSERT INTO messages VALUES (?, ?, 1)
ON CONFLICT (id) DO UPDATE SET times = times + 1
RETURNING times, body
"""
_THREAD = """
INSERT INTO threads VALUES (?, ?, ?)
ON CONFLICT (article) DO UPDATE SET sequence = excluded.sequence, thread = excluded.thread
WHERE excluded.sequence > sequence
"""
_COMMENT = """
INSERT INTO comments VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, state = excluded.state
WHERE excluded.sequence > sequence
"""
