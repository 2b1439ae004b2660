"""Moderators' accounts and their sessions.

Why: people log in with a name and a password, and what they decide is told by their name.
Locks: none; the tables are new.
The release before lives with it because: it does not know the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0008"
down_revision = "2026_11_24_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "moderators",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("folded_name", sa.String(300), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('moderator', 'admin')", name=op.f("ck_moderators_role")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_moderators_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderators")),
    )
    there = sa.text("removed_at IS NULL")
    op.create_index(
        "ix_moderators_name",
        "moderators",
        ["site_id", "folded_name"],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("moderator_id", sa.String(12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["moderator_id"], ["moderators.id"], name=op.f("fk_sessions_moderator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_moderator_id"), "sessions", ["moderator_id"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("sessions")
    op.drop_table("moderators")
