"""Threads.

Why: an article has exactly one thread, found by the article's id or URL, and swept when its closing time has passed.
Locks: none; the table is new.
The release before lives with it because: there is none.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0002"
down_revision = "2026_11_24_0001"
branch_labels = None
depends_on = None

OPEN_UNTIL = sa.text("closed_at IS NULL AND closing_kind = 'at'")
OPEN_AUTO = sa.text("closed_at IS NULL AND closing_kind = 'auto' AND published_at IS NOT NULL")


def upgrade() -> None:
    """Make the table; both partial indexes hold only what a sweep must look at."""
    op.create_table(
        "threads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("article", sa.String(500), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("url", sa.String(2000), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comments_on", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(8), nullable=True),
        sa.Column("closing_kind", sa.String(8), nullable=False),
        sa.Column("closing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(500), nullable=True),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        sa.Column("places", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("shown_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(closing_kind = 'at') = (closing_at IS NOT NULL)", name=op.f("ck_threads_closing_at")),
        sa.CheckConstraint("closing_kind IN ('at', 'never', 'auto')", name=op.f("ck_threads_closing_kind")),
        sa.CheckConstraint("mode IN ('publish', 'hold')", name=op.f("ck_threads_mode")),
        sa.CheckConstraint("reply_count >= 0", name=op.f("ck_threads_reply_count")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_threads_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
        sa.UniqueConstraint("site_id", "article", name=op.f("uq_threads_site_id_article")),
    )
    op.create_index("ix_threads_url", "threads", ["site_id", "url"])
    op.create_index(
        "ix_threads_open_until", "threads", ["closing_at"], sqlite_where=OPEN_UNTIL, postgresql_where=OPEN_UNTIL
    )
    op.create_index(
        "ix_threads_open_auto",
        "threads",
        ["site_id", "published_at"],
        sqlite_where=OPEN_AUTO,
        postgresql_where=OPEN_AUTO,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("threads")
