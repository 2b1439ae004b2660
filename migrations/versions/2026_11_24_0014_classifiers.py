"""What a site's classifier has learned.

Why: spam is known by what moderators of the site held to be spam.
Locks: none; the tables are new.
The release before lives with it because: it does not know the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0014"
down_revision = "2026_11_24_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "classifiers",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("learned", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_classifiers_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_classifiers")),
    )
    op.create_table(
        "lessons",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("spam", sa.Boolean(), nullable=False),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_lessons_comment_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_lessons_site_id")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_lessons")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lessons_site_id", "lessons", ["site_id", "spam", "position"])


def downgrade() -> None:
    """Drop them; what was learned can be learned again from the log."""
    op.drop_table("lessons")
    op.drop_table("classifiers")
