"""Indexes for moderators: the queue, and the decisions on one comment.

Why: a page of the queue, and what was decided of a comment, are ranges of an index, however many comments there are.
Locks: writes to `comments` and `decisions` wait while the indexes are made; what is published is not in the first.
The release before lives with it because: it keeps both up to date without knowing of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0006"
down_revision = "2026_11_24_0005"
branch_labels = None
depends_on = None

NOT_PUBLISHED = sa.text("state <> 'published'")


def upgrade() -> None:
    """Make the indexes."""
    op.create_index(
        "ix_comments_queue", "comments", ["state", "id"], sqlite_where=NOT_PUBLISHED, postgresql_where=NOT_PUBLISHED
    )
    op.create_index("ix_decisions_comment_id", "decisions", ["comment_id", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_decisions_comment_id", table_name="decisions")
    op.drop_index("ix_comments_queue", table_name="comments")
