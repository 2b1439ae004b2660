"""Rules of a site, and what they found in comments.

Why: comments are judged by rules as they arrive, and a moderator sees what each rule found.
Locks: none; the tables are new.
The release before lives with it because: it neither reads nor writes them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0005"
down_revision = "2026_11_24_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rules",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_rules_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_rules")),
    )
    op.create_table(
        "findings",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(9), nullable=False),
        sa.Column("matched", sa.String(300), nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_findings_comment_id")),
        sa.PrimaryKeyConstraint("comment_id", "rule", name=op.f("pk_findings")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop both; sites and comments stay as they are."""
    op.drop_table("findings")
    op.drop_table("rules")
