"""An endpoint may also get its signature in Svix's headers.

Why: receivers built with Svix's libraries may expect `svix-id`, `svix-timestamp` and `svix-signature`.
Locks: on PostgreSQL `endpoints` for a moment.
The release before lives with it because: it neither reads nor writes the column, which has a default.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_29_0021"
down_revision = "2026_11_29_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; endpoints of today get no such headers."""
    op.add_column("endpoints", sa.Column("svix_headers", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("endpoints", "svix_headers")
