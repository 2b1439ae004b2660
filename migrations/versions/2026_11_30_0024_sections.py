"""Threads have a section and say who may post; moderators can be limited to sections, and comment as such.

Why: rules, modes and queues differ by section, and lists are filtered by it.
Locks: adding a nullable column is instant. On PostgreSQL each index, small or empty at first, blocks writes to
`threads` or `comments` while the table is read once. SQLite does the same under its one lock.
The release before lives with it because: it names its columns, and inserts no section. It limits neither moderators nor
posts.
Down: comments of moderators become those of staff, and moderators moderate all sections again. The sections of threads,
and who may post in them, are lost; the host's next events bring them back.
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
    op.add_column("threads", sa.Column("who_may_post", sa.Text(), nullable=True))
    op.add_column("moderators", sa.Column("sections", sa.Text(), nullable=True))
    _resize_role("VARCHAR(8)", "VARCHAR(16)", length=16)
    of_staff = sa.text("author_role IN ('staff', 'moderator')")
    op.create_index("ix_comments_staff", "comments", ["author_name"], sqlite_where=of_staff, postgresql_where=of_staff)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_comments_staff", "comments")
    op.execute("UPDATE comments SET author_role = 'staff' WHERE author_role = 'moderator'")
    _resize_role("VARCHAR(16)", "VARCHAR(8)", length=8)
    op.drop_column("moderators", "sections")
    op.drop_column("threads", "who_may_post")
    op.drop_index("ix_threads_section", "threads")
    op.drop_column("threads", "section")


def _resize_role(before: str, after: str, *, length: int) -> None:
    """Change the length of the column; SQLite, which ignores lengths, only changes what it says of the table.

    That is its documented procedure for changes that do not affect rows (ALTER TABLE, section 7).
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.alter_column("comments", "author_role", type_=sa.String(length))
        return
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'comments' AND sql LIKE '%' || :before || '%'"
        ),
        {"before": f"author_role {before}", "after": f"author_role {after}"},
    )
    assert changed.rowcount == 1
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))
