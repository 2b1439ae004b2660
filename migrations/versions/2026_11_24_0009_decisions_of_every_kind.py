"""Decisions on threads, readers, rules and settings beside those on comments, by keys, moderators and operators.

Why: whatever somebody decides is kept in one log, and read by comment, article, reader, who and when.
Locks: `decisions` is copied on SQLite, and its new indexes are made; nobody judges meanwhile.
The release before lives with it because: what it writes has all that is needed, but is not found by article or reader;
it can't read decisions of new kinds. Save no settings and no rules while it still runs: it does not know the new ones.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0009"
down_revision = "2026_11_24_0008"
branch_labels = None
depends_on = None

ONLY_OF_COMMENTS = ("comment_id", "before", "after", "revision", "decided_by")
KINDS = "by_kind IN ('key', 'moderator', 'operator')"
TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "comment_id": sa.Uuid(),
    "revision": sa.Integer(),
    "decided_by": sa.String(12),
}


def upgrade() -> None:
    """Let a decision be of something else than a comment, and by somebody else than a key."""
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint(op.f("fk_decisions_decided_by"), type_="foreignkey")
        for name in ONLY_OF_COMMENTS:
            table.alter_column(name, existing_type=TYPES.get(name, sa.String(9)), nullable=True)
        table.add_column(sa.Column("thread_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("reader_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("ban_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("reports", sa.Integer(), nullable=True))
        table.add_column(sa.Column("by_kind", sa.String(9), nullable=False, server_default="key"))
        table.create_foreign_key(op.f("fk_decisions_thread_id"), "threads", ["thread_id"], ["id"])
        table.create_check_constraint(op.f("ck_decisions_by_kind"), KINDS)
    op.execute(
        "UPDATE decisions SET thread_id = (SELECT thread_id FROM comments WHERE comments.id = decisions.comment_id), "
        "reader_id = (SELECT reader_id FROM comments WHERE comments.id = decisions.comment_id)"
    )
    op.create_index("ix_decisions_thread_id", "decisions", ["thread_id", "id"])
    op.create_index("ix_decisions_reader_id", "decisions", ["reader_id", "id"])
    op.create_index("ix_decisions_decided_by", "decisions", ["decided_by", "id"])


def downgrade() -> None:
    """Keep the decisions on comments by keys, which are all that the release before can tell."""
    op.execute("DELETE FROM decisions WHERE comment_id IS NULL OR by_kind <> 'key'")
    for name in ("decided_by", "reader_id", "thread_id"):
        op.drop_index(f"ix_decisions_{name}", table_name="decisions")
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint(op.f("ck_decisions_by_kind"), type_="check")
        table.drop_constraint(op.f("fk_decisions_thread_id"), type_="foreignkey")
        for name in ("by_kind", "reports", "ban_id", "reader_id", "thread_id"):
            table.drop_column(name)
        for name in ONLY_OF_COMMENTS:
            table.alter_column(name, existing_type=TYPES.get(name, sa.String(9)), nullable=False)
        table.create_foreign_key(op.f("fk_decisions_decided_by"), "api_keys", ["decided_by"], ["id"])
