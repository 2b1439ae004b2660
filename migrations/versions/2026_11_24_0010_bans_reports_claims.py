"""Bans, reports and claims.

Why: some may not post, readers complain of comments, and no two moderators are handed the same one.
Locks: none; the tables are new.
The release before lives with it because: it does not know the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0010"
down_revision = "2026_11_24_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "bans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.String(260), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('reader', 'email', 'domain', 'address')", name=op.f("ck_bans_kind")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_bans_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bans")),
    )
    op.create_index("ix_bans_site_id", "bans", ["site_id", "id"])
    op.create_index("ix_bans_mark", "bans", ["site_id", "mark"])
    op.create_table(
        "reports",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("reporter_mark", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(9), nullable=False),
        sa.Column("note", sa.String(500), nullable=True),
        sa.Column("by_address", sa.Boolean(), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('spam', 'abuse', 'off-topic', 'illegal', 'personal', 'other')", name=op.f("ck_reports_reason")
        ),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_reports_comment_id")),
        sa.PrimaryKeyConstraint("comment_id", "reporter_mark", name=op.f("pk_reports")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_reports_by_address",
        "reports",
        ["created_at"],
        sqlite_where=sa.text("by_address = 1"),
        postgresql_where=sa.text("by_address"),
    )
    op.create_table(
        "claims",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_by", sa.String(12), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_claims_comment_id")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_claims_claimed_by"), "claims", ["claimed_by"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("claims")
    op.drop_table("reports")
    op.drop_table("bans")
