"""A finding may be in shadow.

Why: a rule can run for a while without any effect, to compare it with the decisions of moderators.
Locks: on PostgreSQL `findings` for a moment.
The release before lives with it because: it neither reads nor writes the column, which has a default. It shows shadow
findings as others.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0028"
down_revision = "2026_11_30_0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no stored finding is in shadow."""
    op.add_column("findings", sa.Column("shadow", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Delete the findings in shadow, which would look like others, and drop the column."""
    op.execute("DELETE FROM findings WHERE shadow" if _is_postgresql() else "DELETE FROM findings WHERE shadow = 1")
    op.drop_column("findings", "shadow")


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
