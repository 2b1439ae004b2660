"""Rules of a site, and what they found in comments.

Why: comments are judged by rules as they arrive, and a moderator sees what each rule found.
Locks: PostgreSQL locks `sites` for an instant; the new column has a constant default, so no row is written.
The release before lives with it because: it neither reads nor writes the column and the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0005"
down_revision = "2026_11_24_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("sites", sa.Column("rules", sa.Text(), server_default="{}", nullable=False))
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
    op.drop_column("sites", "rules")
