"""Attempts no longer store the responses of receivers.

Why: a receiver may echo any text that it ever got, in the response to any event; deleted text must be nowhere.
Locks: on PostgreSQL `attempts` for a moment; the space is free after the next vacuum. SQLite copies `attempts`.
The release before lives with it because: it does not, like with 0022; stop every process before you migrate.
Down: the responses do not come back; they are null, as without a response.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_29_0023"
down_revision = "2026_11_29_0022"
branch_labels = None
depends_on = None

READER = "responses"

LOG_READERS = sa.table("log_readers", sa.column("name"))
ATTEMPTS = sa.table("attempts", sa.column("response"))


def upgrade() -> None:
    """Erase the responses, and drop their columns and their reader of the log."""
    op.execute(LOG_READERS.delete().where(LOG_READERS.c.name == READER))
    # PostgreSQL hides a dropped column but keeps its content.
    op.execute(ATTEMPTS.update().where(ATTEMPTS.c.response.is_not(None)).values(response=None))
    op.drop_index("ix_attempts_comment_id", "attempts")
    for column in ("response", "comment_id", "comment_revision"):
        op.drop_column("attempts", column)


def downgrade() -> None:
    """Add the columns again, all null; the reader of the log begins again at its start."""
    op.add_column("attempts", sa.Column("response", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("comment_id", sa.Uuid(), nullable=True))
    op.add_column("attempts", sa.Column("comment_revision", sa.Integer(), nullable=True))
    about = sa.text("comment_id IS NOT NULL")
    op.create_index("ix_attempts_comment_id", "attempts", ["comment_id"], sqlite_where=about, postgresql_where=about)
