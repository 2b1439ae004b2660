"""Coded reasons, notes and waiting times of decisions; contacts, receipts and sealed words of reports.

Why: authors and reporters are told what was decided, on which ground and by whom (EU Digital Services Act, articles 16
and 17), and a site counts its decisions. The free text that a decision on a comment had as its reason becomes its note.
Locks: SQLite copies `decisions` and `reports`. PostgreSQL locks both against writing while five indexes are built, a
second or so for a million rows.
The release before lives with it because: it does not write the new columns, which may be null; what it writes as the
reason of a decision on a comment is text, which readers get as “other”.
Down: decisions by rules and appeals go, and so do contacts, receipts and sealed words. A decision on a comment has its
note as its reason again, or else its code.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0026"
down_revision = "2026_11_30_0025"
branch_labels = None
depends_on = None

KINDS = ("key", "moderator", "operator", "author")
CHECK = "ck_decisions_by_kind"
DECISIONS = sa.table(
    "decisions", *(sa.column(name) for name in ("comment_id", "reason", "note", "action", "by_kind", "decided_by"))
)
IS_SEALED, HAS_CONTACT = sa.text("sealed_words IS NOT NULL"), sa.text("contact IS NOT NULL")


def upgrade() -> None:
    """Add the columns, allow decisions by rules, and move reasons to notes."""
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint(op.f(CHECK), type_="check")
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("note", sa.String(500), nullable=True))
        table.add_column(sa.Column("waited_ms", sa.BigInteger(), nullable=True))
        table.alter_column("decided_by", existing_type=sa.String(12), type_=sa.String(32))
        table.create_check_constraint(op.f(CHECK), f"by_kind IN {(*KINDS, 'rule')!r}")
    op.create_index("ix_decisions_decided_at", "decisions", ["site_id", "decided_at"])
    on_comment = DECISIONS.c.comment_id.is_not(None)
    op.execute(DECISIONS.update().where(on_comment).values(note=DECISIONS.c.reason, reason=None))
    with op.batch_alter_table("reports") as table:
        table.add_column(sa.Column("contact", sa.String(254), nullable=True))
        table.add_column(sa.Column("receipt", sa.LargeBinary(32), nullable=True))
        table.add_column(sa.Column("sealed_words", sa.LargeBinary(), nullable=True))
    op.create_index("ix_reports_created_at", "reports", ["created_at"])
    op.create_index("ix_reports_receipt", "reports", ["receipt"], unique=True)
    op.create_index("ix_reports_sealed_words", "reports", ["id"], sqlite_where=IS_SEALED, postgresql_where=IS_SEALED)
    op.create_index(
        "ix_reports_contact", "reports", ["created_at"], sqlite_where=HAS_CONTACT, postgresql_where=HAS_CONTACT
    )


def downgrade() -> None:
    """Drop the columns, and what only they can hold."""
    for name in ("contact", "sealed_words", "receipt", "created_at"):
        op.drop_index(f"ix_reports_{name}", table_name="reports")
    with op.batch_alter_table("reports") as table:
        for name in ("sealed_words", "receipt", "contact"):
            table.drop_column(name)
    op.execute(DECISIONS.delete().where(sa.or_(DECISIONS.c.by_kind == "rule", DECISIONS.c.action == "appeal")))
    reason = sa.func.coalesce(DECISIONS.c.note, DECISIONS.c.reason)
    op.execute(DECISIONS.update().where(DECISIONS.c.comment_id.is_not(None)).values(reason=reason))
    op.drop_index("ix_decisions_decided_at", table_name="decisions")
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint(op.f(CHECK), type_="check")
    with op.batch_alter_table("decisions") as table:
        table.alter_column("decided_by", existing_type=sa.String(32), type_=sa.String(12))
        table.drop_column("waited_ms")
        table.drop_column("note")
        table.create_check_constraint(op.f(CHECK), f"by_kind IN {KINDS!r}")
