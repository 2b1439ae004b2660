"""Comments keep the host's id of their author, and an endpoint may be granted texts on hold.

Why: the host's system can notify its users of replies, and have comments reviewed elsewhere.
Locks: on PostgreSQL `comments` and `endpoints` for a moment.
The release before lives with it because: it neither reads nor writes the columns; one may be null, the other has a
default. Comments it stores meanwhile have no subject.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0029"
down_revision = "2026_11_30_0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; older comments have no subject, and endpoints of today get no texts on hold."""
    op.add_column("comments", sa.Column("author_subject", sa.String(255), nullable=True))
    op.add_column("endpoints", sa.Column("held_text", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("endpoints", "held_text")
    op.drop_column("comments", "author_subject")
