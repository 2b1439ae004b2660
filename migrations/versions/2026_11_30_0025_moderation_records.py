"""Bans become one kind of measure on a reader, moderators see earlier versions of comments, and feature some.

Why: a ban, a hold, trust and a note have the same target, end and reason, so one table serves them.
Locks: on PostgreSQL `comments` for a moment; posts wait while its partial index is built, one pass over the table.
The release before lives with it because: it does not, it looks up `bans` for each post; stop it before you migrate.
Down: holds, trust, notes and versions are lost, and which comments were featured; bans stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0025"
down_revision = "2026_11_30_0024"
branch_labels = None
depends_on = None

ACTIONS = ("ban", "hold", "trust", "note")
COLUMNS = (
    *("id", "site_id", "kind", "fingerprint", "masked_value"),
    *("reader_id", "reason", "until", "created_at", "ended_at"),
)


def upgrade() -> None:
    """Move the bans to the table of measures, create that of versions, and add the column of featured comments."""
    _create("measures", sa.Column("action", sa.String(5), nullable=False))
    names = ", ".join(COLUMNS)
    op.execute(f"INSERT INTO measures ({names}, action) SELECT {names}, 'ban' FROM bans")  # noqa: S608 - constants
    op.drop_table("bans")
    op.create_index("ix_measures_reader_id", "measures", ["reader_id"])
    op.create_table(
        "comment_versions",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_comment_versions_comment_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_comment_versions_site_id")),
        sa.PrimaryKeyConstraint("comment_id", "revision", name=op.f("pk_comment_versions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_comment_versions_site_id", "comment_versions", ["site_id", "replaced_at"])
    op.add_column("comments", sa.Column("featured", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_comments_featured",
        "comments",
        ["thread_id", "path"],
        sqlite_where=sa.text("featured = 1"),
        postgresql_where=sa.text("featured"),
    )


def downgrade() -> None:
    """Move the bans back, and drop the rest."""
    op.drop_index("ix_comments_featured", "comments")
    op.drop_column("comments", "featured")
    op.drop_table("comment_versions")
    _create("bans")
    names = ", ".join(COLUMNS)
    op.execute(f"INSERT INTO bans ({names}) SELECT {names} FROM measures WHERE action = 'ban'")  # noqa: S608 - constants
    op.drop_table("measures")


def _create(table: str, *more: sa.Column[str]) -> None:
    checks = [sa.CheckConstraint(f"action IN {ACTIONS!r}", name=op.f(f"ck_{table}_action"))] if more else []
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        *more,
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("masked_value", sa.String(260), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('reader', 'email', 'domain', 'address')", name=op.f(f"ck_{table}_kind")),
        *checks,
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f(f"fk_{table}_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_site_id", table, ["site_id", "id"])
    op.create_index(f"ix_{table}_fingerprint", table, ["site_id", "fingerprint"])
