"""A site, or many threads at once, can be closed, and exactly that undone.

Why: `closures` lists them; `sites.status` has the closure in force, for posts; `threads.closure_id` is what one closed.
Locks: adding the columns is instant. On PostgreSQL the index, empty at first, blocks writes to `threads` while the
table is read once. SQLite does the same under its one lock.
The release before lives with it because: it neither reads nor writes the columns. It does not know that a site is
closed: reopen closed sites before you go back.
Down: the closures are lost. A closed site is open again; threads that a closure closed stay closed.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0027"
down_revision = "2026_11_30_0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, the columns and the index of the threads of a closure."""
    op.create_table(
        "closures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(7), nullable=False),
        sa.Column("section", sa.String(200), nullable=True),
        sa.Column("published_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quiet_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_closures_site_id")),
        sa.CheckConstraint("scope IN ('site', 'threads')", name=op.f("ck_closures_scope")),
    )
    op.create_index("ix_closures_site_id", "closures", ["site_id", "id"])
    op.add_column("sites", sa.Column("status", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("threads", sa.Column("closure_id", sa.Uuid(), nullable=True))
    closed = sa.text("closure_id IS NOT NULL")
    op.create_index("ix_threads_closure_id", "threads", ["closure_id"], sqlite_where=closed, postgresql_where=closed)


def downgrade() -> None:
    """Drop what the upgrade added."""
    op.drop_index("ix_threads_closure_id", "threads")
    op.drop_column("threads", "closure_id")
    op.drop_column("sites", "status")
    op.drop_table("closures")
