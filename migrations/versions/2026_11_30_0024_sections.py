"""Threads have a section and say who may post; moderators can be limited to sections.

Why: rules, modes and queues differ by section, and lists are filtered by it.
Locks: adding a nullable column is instant. On PostgreSQL the index, empty at first, blocks writes to `threads` while
the table is read once. SQLite does the same under its one lock.
The release before lives with it because: it names its columns, and inserts no section. It limits neither moderators nor
posts.
Down: moderators moderate all sections again. The sections of threads, and who may post in them, are lost;
the host's next events bring them back.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0024"
down_revision = "2026_11_29_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and an index of threads that have a section."""
    op.add_column("threads", sa.Column("section", sa.String(200), nullable=True))
    has_section = sa.text("section IS NOT NULL")
    columns = ["site_id", "section", "id"]
    op.create_index("ix_threads_section", "threads", columns, sqlite_where=has_section, postgresql_where=has_section)
    op.add_column("threads", sa.Column("who_may_post", sa.String(), nullable=True))
    op.add_column("moderators", sa.Column("sections", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("moderators", "sections")
    op.drop_column("threads", "who_may_post")
    op.drop_index("ix_threads_section", "threads")
    op.drop_column("threads", "section")
