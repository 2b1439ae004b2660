"""The secrets of sites.

Why: what signs readers in for the host, and what other services ask for, must be used again, so it is kept sealed.
Locks: none; the table is new.
The release before lives with it because: it does not know the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0012"
down_revision = "2026_11_24_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "site_secrets",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name IN ('host-token', 'akismet-key')", name=op.f("ck_site_secrets_name")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_secrets_site_id")),
        sa.PrimaryKeyConstraint("site_id", "name", name=op.f("pk_site_secrets")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("site_secrets")
