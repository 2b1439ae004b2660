"""Comments keep the host's id of their author, an endpoint may get texts on hold, and threads are sorted by activity.

Why: the host's system can notify its users of replies, have comments reviewed elsewhere, and list the
most discussed articles.
Locks: on PostgreSQL `comments` and `endpoints`, while the new table is filled from the log.
The release before lives with it because: it neither reads nor writes the columns; one may be null, the other has a
default. Comments it stores meanwhile have no subject. Its posts are in the log, which the new table follows.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0029"
down_revision = "2026_11_30_0028"
branch_labels = None
depends_on = None

# Afterwards the table follows the log; to read an event again does no harm.
FILL = """
INSERT INTO thread_activity (thread_id, site_id, reply_count, active_at)
SELECT threads.id, threads.site_id, threads.reply_count, COALESCE(
  (SELECT MAX(events.occurred_at) FROM events
   WHERE events.thread_id = threads.id AND events.type = 'comment.published'),
  CASE WHEN threads.published_at < threads.created_at THEN threads.published_at ELSE threads.created_at END
) FROM threads
"""


def upgrade() -> None:
    """Add the columns and the table; older comments have no subject, and endpoints of today get no texts on hold."""
    op.add_column("comments", sa.Column("author_subject", sa.String(255), nullable=True))
    op.add_column("endpoints", sa.Column("held_text", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "thread_activity",
        sa.Column("thread_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_thread_activity_thread_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_thread_activity_site_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_thread_activity")),
    )
    by_replies = ["site_id", "reply_count", "thread_id", "active_at"]
    op.create_index("ix_thread_activity_replies", "thread_activity", by_replies)
    op.create_index("ix_thread_activity_active_at", "thread_activity", ["site_id", "active_at", "thread_id"])
    op.execute(FILL)


def downgrade() -> None:
    """Drop the table and the columns."""
    op.drop_table("thread_activity")
    op.drop_column("endpoints", "held_text")
    op.drop_column("comments", "author_subject")
