"""The reason `personal` of reports is `personal-data`, and a thread keeps its reason through a closure by a filter.

Why: one word for one thing: a site compares the reasons of reports with those of decisions. Undoing a closure brings
back the reason that moderators gave for a later close.
Locks: SQLite copies `reports`; PostgreSQL locks it while its rows are checked. Both read the whole event log once.
The release before lives with it because: it does not, it can't store a report with its own word; stop it before you
migrate.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0030"
down_revision = "2026_11_30_0029"
branch_labels = None
depends_on = None

CHECK = "ck_reports_reason"
REPORTS = sa.table("reports", sa.column("reason", sa.String()))
EVENTS = sa.table("events", sa.column("type", sa.String()), sa.column("data", sa.Text()))


def upgrade() -> None:
    """Rename the reason, in reports and in events about them; threads in a closure of today have no earlier reason."""
    op.add_column("threads", sa.Column("reason_before", sa.String(500), nullable=True))
    _rename("personal", "personal-data", length=13)


def downgrade() -> None:
    """Rename it back, and drop the column."""
    _rename("personal-data", "personal", length=9)
    op.drop_column("threads", "reason_before")


def _rename(before: str, after: str, *, length: int) -> None:
    with op.batch_alter_table("reports") as table:
        table.drop_constraint(op.f(CHECK), type_="check")
        table.alter_column("reason", existing_type=sa.String(), type_=sa.String(13), existing_nullable=False)
    op.execute(REPORTS.update().where(REPORTS.c.reason == before).values(reason=after))
    with op.batch_alter_table("reports") as table:
        table.alter_column("reason", existing_type=sa.String(13), type_=sa.String(length), existing_nullable=False)
        table.create_check_constraint(
            op.f(CHECK), f"reason IN {('spam', 'abuse', 'off-topic', 'illegal', after, 'other')!r}"
        )
    # A quote inside a text is escaped in JSON, so only the member itself matches.
    for separator in (":", ": "):
        old, new = f'"reason"{separator}"{before}"', f'"reason"{separator}"{after}"'
        is_about = sa.and_(EVENTS.c.type == "report.filed", EVENTS.c.data.contains(old, autoescape=True))
        op.execute(EVENTS.update().where(is_about).values(data=sa.func.replace(EVENTS.c.data, old, new)))
