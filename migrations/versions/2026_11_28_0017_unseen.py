"""The index by which authors find what only they see: also what rules alone took for spam, which they see as pending.

Why: on return an author sees a held comment again; the absence of another would tell that it was taken for spam.
Locks: PostgreSQL `comments` against writing while the index is built, a second or so for a million rows; SQLite the
database. The old index goes first, for both would be paid for by each comment that is held.
The release before lives with it because: it finds by the new index what it found by the old.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_0017"
down_revision = "2026_11_25_0016"
branch_labels = None
depends_on = None

COLUMNS = ["thread_id", "reader_id", "path"]
BEFORE, AFTER = sa.text("state = 'pending'"), sa.text("state IN ('pending', 'spam')")


def upgrade() -> None:
    """Let the index hold spam too."""
    op.drop_index("ix_comments_pending", "comments")
    op.create_index("ix_comments_unseen", "comments", COLUMNS, sqlite_where=AFTER, postgresql_where=AFTER)


def downgrade() -> None:
    """Let the index hold only what is pending."""
    op.drop_index("ix_comments_unseen", "comments")
    op.create_index("ix_comments_pending", "comments", COLUMNS, sqlite_where=BEFORE, postgresql_where=BEFORE)
