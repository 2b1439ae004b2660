"""The log loses its texts, stored responses know their comment, and deleted comments' reports are settled.

Why: deleted text must be nowhere (promise 7); events hold facts, and their texts are added when they are read.
Locks: on PostgreSQL `attempts`, `erasures` and `decisions` until the migration ends, and the rows of events that have
a text. Events are rewritten in batches, about 20,000 a second. SQLite copies `erasures` and `decisions`.
The release before lives with it because: it does not, there was none; stop every process before you migrate.
Down: the texts do not come back; their members are null, as for a comment that was deleted.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import uuid_utils.compat
from alembic import op

revision = "2026_11_29_0022"
down_revision = "2026_11_29_0021"
branch_labels = None
depends_on = None

BATCH = 1_000
TEXTS = {"comment": ("author", "html"), "report": ("note",), "ban": ("reason",)}
KINDS = ("key", "moderator", "operator")
READER = "responses"

SITES = sa.table("sites", sa.column("id"), sa.column("position"))
LOG_READERS = sa.table("log_readers", sa.column("site_id"), sa.column("name"), sa.column("position"))
EVENTS = sa.table("events", sa.column("site_id"), sa.column("position"), sa.column("type"), sa.column("data", sa.Text))
ATTEMPTS = sa.table(
    "attempts", sa.column("endpoint_id"), sa.column("position"), sa.column("response"), sa.column("comment_id")
)
ENDPOINTS = sa.table("endpoints", sa.column("id"), sa.column("site_id"))
THREADS = sa.table("threads", sa.column("id"), sa.column("site_id"))
COMMENTS = sa.table(
    "comments",
    *(sa.column(name, sa.Uuid) for name in ("id", "reader_id")),
    *(sa.column(name) for name in ("thread_id", "body", "revision")),
)
REPORTS = sa.table("reports", sa.column("comment_id", sa.Uuid), sa.column("note"), sa.column("settled_by", sa.Uuid))
DECISIONS = sa.table(
    "decisions",
    *(sa.column(name, sa.Uuid) for name in ("id", "comment_id", "reader_id")),
    *(sa.column(name) for name in ("site_id", "action", "thread_id", "after", "revision", "reports", "by_kind")),
    sa.column("decided_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Strip the log, and erase responses and notes about text that may be gone."""
    _rewrite_events(_without_texts)
    op.add_column("attempts", sa.Column("comment_id", sa.Uuid(), nullable=True))
    op.add_column("attempts", sa.Column("comment_revision", sa.Integer(), nullable=True))
    about = sa.text("comment_id IS NOT NULL")
    op.create_index("ix_attempts_comment_id", "attempts", ["comment_id"], sqlite_where=about, postgresql_where=about)
    _erase_responses()
    heads = sa.select(SITES.c.id, sa.literal(READER), SITES.c.position)
    op.execute(LOG_READERS.insert().from_select(["site_id", "name", "position"], heads))
    with op.batch_alter_table("erasures") as table:
        table.drop_column("after_sequence")
    _allow_kinds(*KINDS, "author")
    erased = sa.exists().where(COMMENTS.c.id == REPORTS.c.comment_id, COMMENTS.c.body == "")
    op.execute(REPORTS.update().where(REPORTS.c.note.is_not(None), erased).values(note=None))
    _settle_reports()


def downgrade() -> None:
    """Give events their members for texts again, all null."""
    by_author = DECISIONS.c.by_kind == "author"
    op.execute(DECISIONS.update().where(by_author).values(by_kind="operator"))
    _allow_kinds(*KINDS)
    with op.batch_alter_table("erasures") as table:
        table.add_column(sa.Column("after_sequence", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("erasures") as table:
        table.alter_column("after_sequence", server_default=None)
    op.execute(LOG_READERS.delete().where(LOG_READERS.c.name == READER))
    op.drop_index("ix_attempts_comment_id", "attempts")
    op.drop_column("attempts", "comment_revision")
    op.drop_column("attempts", "comment_id")
    _rewrite_events(_with_null_texts)


def _rewrite_events(change: Callable[[dict[str, Any]], None]) -> None:
    """Apply ``change`` to the data of every event that has or had a text."""
    connection = op.get_bind()
    write = (
        EVENTS.update()
        .where(EVENTS.c.site_id == sa.bindparam("of_site"), EVENTS.c.position == sa.bindparam("at"))
        .values(data=sa.bindparam("changed"))
    )
    for rows in _batches(connection):
        changed = []
        for site_id, position, stored in rows:
            data = json.loads(stored)
            change(data)
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            if text != stored:
                changed.append({"of_site": site_id, "at": position, "changed": text})
        if changed:
            connection.execute(write, changed)


def _batches(connection: sa.Connection) -> Iterator[list[Any]]:
    columns = sa.select(EVENTS.c.site_id, EVENTS.c.position, EVENTS.c.data)
    with_text = sa.or_(*(EVENTS.c.type.like(f"{noun}.%") for noun in ("comment", "report", "reader")))
    for site_id in connection.execute(sa.select(SITES.c.id)).scalars().all():
        after = 0
        while True:
            later = columns.where(EVENTS.c.site_id == site_id, EVENTS.c.position > after, with_text)
            rows = [*connection.execute(later.order_by(EVENTS.c.position).limit(BATCH))]
            if not rows:
                break
            yield rows
            after = rows[-1].position


def _without_texts(data: dict[str, Any]) -> None:
    for noun, members in TEXTS.items():
        for member in members if noun in data else ():
            data[noun].pop(member, None)


def _with_null_texts(data: dict[str, Any]) -> None:
    for noun, members in TEXTS.items():
        for member in members if noun in data else ():
            data[noun].setdefault(member, None)


def _erase_responses() -> None:
    """Erase what receivers responded to events about comments."""
    event = sa.select(EVENTS.c.position).join(ENDPOINTS, ENDPOINTS.c.site_id == EVENTS.c.site_id)
    about_comment = sa.or_(EVENTS.c.type.like("comment.%"), EVENTS.c.type.like("report.%"))
    of_attempt = (ENDPOINTS.c.id == ATTEMPTS.c.endpoint_id, EVENTS.c.position == ATTEMPTS.c.position)
    echoed = event.where(*of_attempt, about_comment).correlate(ATTEMPTS).exists()
    op.execute(ATTEMPTS.update().where(ATTEMPTS.c.response.is_not(None), echoed).values(response=None))


def _allow_kinds(*kinds: str) -> None:
    check = op.f("ck_decisions_by_kind")
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint(check, type_="check")
    with op.batch_alter_table("decisions") as table:
        table.create_check_constraint(check, f"by_kind IN {kinds!r}")


def _settle_reports() -> None:
    """Settle the open reports on comments that their authors deleted, as a deletion does from now on."""
    connection = op.get_bind()
    about = (COMMENTS.c.id, COMMENTS.c.thread_id, COMMENTS.c.reader_id, COMMENTS.c.revision, THREADS.c.site_id)
    is_open = sa.and_(REPORTS.c.comment_id == COMMENTS.c.id, REPORTS.c.settled_by.is_(None))
    deleted = (
        sa.select(*about, sa.func.count().label("reports"))
        .join(REPORTS, is_open)
        .join(THREADS, THREADS.c.id == COMMENTS.c.thread_id)
        .where(COMMENTS.c.body == "")
        .group_by(*about)
    )
    for row in connection.execute(deleted).all():
        decision: dict[str, Any] = {
            "id": uuid_utils.compat.uuid7(),
            "site_id": row.site_id,
            "action": "delete",
            "comment_id": row.id,
            "thread_id": row.thread_id,
            "reader_id": row.reader_id,
            "after": "deleted",
            "revision": row.revision - 1,
            "reports": row.reports,
            "by_kind": "author",
            "decided_at": datetime.now(UTC),
        }
        connection.execute(DECISIONS.insert().values(decision))
        settled = REPORTS.update().where(REPORTS.c.comment_id == row.id, REPORTS.c.settled_by.is_(None))
        connection.execute(settled.values(settled_by=decision["id"]))
