"""Comments, and the posts remembered by their idempotency keys.

Why: what readers posted, in an order that one index range reads as a tree; and posting twice is posting once.
Locks: none; the tables are new.
The release before lives with it because: there is none.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0003"
down_revision = "2026_11_24_0002"
branch_labels = None
depends_on = None

STATES = "state IN ('published', 'pending', 'rejected', 'spam', 'deleted')"
INDEXES = {
    "ix_comments_shown_oldest": (["thread_id", "path"], "shown"),
    "ix_comments_shown_newest": (["thread_id", "newest_path"], "shown"),
    "ix_comments_pending": (["thread_id", "reader_id", "path"], "state = 'pending'"),
    "ix_comments_imported": (["thread_id", "imported_from"], "imported_from IS NOT NULL"),
}


def upgrade() -> None:
    """Make the tables; the partial indexes keep what is not shown out of every reader's way."""
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.LargeBinary(84), nullable=False),
        sa.Column("newest_path", sa.LargeBinary(84), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.String(100), nullable=False),
        sa.Column("author_email", sa.String(254), nullable=True),
        sa.Column("author_url", sa.String(2000), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported_from", sa.String(100), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_comments_state")),
        sa.CheckConstraint("shown OR state <> 'published'", name=op.f("ck_comments_shown")),
        sa.CheckConstraint("depth BETWEEN 0 AND 20", name=op.f("ck_comments_depth")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_comments_thread_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("thread_id", "path", name=op.f("uq_comments_thread_id_path")),
    )
    for name, (columns, where) in INDEXES.items():
        unique = name == "ix_comments_imported"
        # SQLite uses a partial index only where a statement says the very same, and it is told “shown = 1”.
        in_sqlite = sa.text("shown = 1" if where == "shown" else where)
        op.create_index(
            name, "comments", columns, unique=unique, sqlite_where=in_sqlite, postgresql_where=sa.text(where)
        )
    op.create_table(
        "idempotency_keys",
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_idempotency_keys_thread_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_idempotency_keys_comment_id")),
        sa.PrimaryKeyConstraint("thread_id", "key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("idempotency_keys")
    op.drop_table("comments")
