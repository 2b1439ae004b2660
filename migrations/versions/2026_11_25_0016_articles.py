"""What the host tells of its articles: withdrawals, other ids and URLs, and when each was told.

Why: articles move, are withdrawn, restored and deleted, and the host's news of that come twice and out of order.
Locks: PostgreSQL `threads` and `site_secrets` for an instant; SQLite changes only what it says of them.
The release before lives with it because: it shows what is withdrawn, so let hosts withdraw once it no longer runs; old
ids and URLs it does not find.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0016"
down_revision = "2026_11_25_0015"
branch_labels = None
depends_on = None

BEFORE, AFTER = "name IN ('host-token', 'akismet-key')", "name IN ('host-token', 'akismet-key', 'article-hooks')"
TABLES = ("received_webhooks", "erasures", "article_standings", "articles_told", "url_aliases", "article_aliases")


def upgrade() -> None:
    """Add the column, the tables, and one secret more."""
    op.add_column("threads", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    for table, name, length in (("article_aliases", "article", 500), ("url_aliases", "url", 2000)):
        op.create_table(
            table,
            sa.Column("site_id", sa.BigInteger(), nullable=False),
            sa.Column(name, sa.String(length), nullable=False),
            sa.Column("thread_id", sa.BigInteger(), nullable=False),
            sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f(f"fk_{table}_site_id")),
            sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f(f"fk_{table}_thread_id")),
            sa.PrimaryKeyConstraint("site_id", name, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{table}_thread_id", table, ["thread_id"])
    op.create_table(
        "articles_told",
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_articles_told_thread_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_articles_told")),
    )
    op.create_table(
        "article_standings",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("article", sa.String(500), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_article_standings_site_id")),
        sa.PrimaryKeyConstraint("site_id", "article", name=op.f("pk_article_standings")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_article_standings_received_at", "article_standings", ["received_at"])
    op.create_table(
        "erasures",
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.BigInteger(), nullable=False),
        sa.Column("below", sa.LargeBinary(84), nullable=False),
        sa.Column("after_sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_erasures_thread_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "received_webhooks",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("webhook_id", sa.String(256), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_received_webhooks_site_id")),
        sa.PrimaryKeyConstraint("site_id", "webhook_id", name=op.f("pk_received_webhooks")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_received_webhooks_received_at", "received_webhooks", ["received_at"])
    _constrain(AFTER)


def downgrade() -> None:
    """Forget all that; what is withdrawn is public again."""
    op.execute("DELETE FROM site_secrets WHERE name = 'article-hooks'")
    _constrain(BEFORE)
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("threads", "withdrawn_at")


def _constrain(names: str) -> None:
    with op.batch_alter_table("site_secrets") as table:
        table.drop_constraint(op.f("ck_site_secrets_name"), type_="check")
        table.create_check_constraint(op.f("ck_site_secrets_name"), names)
