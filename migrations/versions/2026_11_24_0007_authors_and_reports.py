"""What a comment keeps of its author, of its words and of its reports.

Why: screening asks what an author, an address or a thread has had lately; a host's readers have a role and a picture;
reports are counted since a moderator last looked.
Locks: on PostgreSQL reads and writes of `comments` wait while the indexes are made, and until the whole migration has
committed, for it adds columns first: on a large installation, migrate at a quiet hour.
The release before lives with it because: the columns are null or have a default, and it keeps the indexes up to date.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0007"
down_revision = "2026_11_24_0006"
branch_labels = None
depends_on = None

KNOWN, SAID = sa.text("address_mark IS NOT NULL"), sa.text("words_mark IS NOT NULL")
REPORTED = sa.text("reports > 0")
# By name the columns, and what is in it on SQLite and on PostgreSQL.
INDEXES = {
    "ix_comments_reader": (["reader_id", "id"], None, None),
    "ix_comments_words": (["words_mark", "id"], SAID, None),
    "ix_comments_address": (["address_mark", "id"], KNOWN, None),
    "ix_comments_addressed": (["created_at"], KNOWN, KNOWN),
    "ix_comments_reported": (["id"], REPORTED, REPORTED),
}


def upgrade() -> None:
    """Add the columns and the indexes that screening and moderators read them by."""
    for column in _columns():
        op.add_column("comments", column)
    for name, (columns, in_sqlite, in_postgresql) in INDEXES.items():
        op.create_index(name, "comments", columns, sqlite_where=in_sqlite, postgresql_where=in_postgresql)


def downgrade() -> None:
    """Drop them."""
    for name in reversed(INDEXES):
        op.drop_index(name, table_name="comments")
    for column in reversed(_columns()):
        op.drop_column("comments", column.name)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("author_role", sa.String(8), nullable=False, server_default="guest"),
        sa.Column("author_avatar", sa.String(2000), nullable=True),
        sa.Column("words_mark", sa.BigInteger(), nullable=True),
        sa.Column("address_mark", sa.BigInteger(), nullable=True),
        sa.Column("reports", sa.Integer(), nullable=True, server_default="0"),
    )
