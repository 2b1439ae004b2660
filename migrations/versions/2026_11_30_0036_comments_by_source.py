"""The index of imported comments begins with the old id, so that a comment is found by it on the whole site.

Why: a host knows the old ids of its comments, but not always the article of each.
Locks: on PostgreSQL reads and writes of `comments` wait while the index is built, a second or so for a million imported
comments. The old index goes first: a lock that lets others read, raised at the end, could deadlock with posts.
The release before lives with it because: it finds by the new index what it found by the old.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0036"
down_revision = "2026_11_30_0035"
branch_labels = None
depends_on = None

IMPORTED = sa.text("imported_from IS NOT NULL")


def upgrade() -> None:
    """Put the old id first."""
    _create_index(["imported_from", "thread_id"])


def downgrade() -> None:
    """Put the thread first."""
    _create_index(["thread_id", "imported_from"])


def _create_index(columns: list[str]) -> None:
    op.drop_index("ix_comments_imported", "comments")
    op.create_index(
        "ix_comments_imported", "comments", columns, unique=True, sqlite_where=IMPORTED, postgresql_where=IMPORTED
    )
