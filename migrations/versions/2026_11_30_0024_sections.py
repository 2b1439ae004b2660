"""Threads have a section.

Why: rules, modes and queues differ by section, and lists are filtered by it.
Locks: adding a nullable column is instant. On PostgreSQL the index, empty at first, blocks writes to `threads` while
the table is read once. SQLite does the same under its one lock.
The release before lives with it because: it names its columns, and inserts no section.
Down: the sections of threads are lost; the host's next events bring them back.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0024"
down_revision = "2026_11_29_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and an index of threads that have a section."""
    op.add_column("threads", sa.Column("section", sa.String(200), nullable=True))
    has_section = sa.text("section IS NOT NULL")
    columns = ["site_id", "section", "id"]
    op.create_index("ix_threads_section", "threads", columns, sqlite_where=has_section, postgresql_where=has_section)


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_threads_section", "threads")
    op.drop_column("threads", "section")
