"""A thread may hold the comments of first-timers only.

Why: who has been published once need not wait again.
Locks: PostgreSQL looks through `threads` once; SQLite changes only what it says of the table (its documentation of
ALTER TABLE, section 7, the procedure for constraints), for a copy of a table that others refer to would not commit.
The release before lives with it because: it takes such a thread for one whose comments are published, so turn it on
only once that release no longer runs.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0011"
down_revision = "2026_11_24_0010"
branch_labels = None
depends_on = None

BEFORE, AFTER = "mode IN ('publish', 'hold')", "mode IN ('publish', 'hold-first-timers', 'hold')"


def upgrade() -> None:
    """Take one mode more."""
    _constrain("VARCHAR(8)", "VARCHAR(20)", BEFORE, AFTER, length=20)


def downgrade() -> None:
    """Hold all comments where those of first-timers were held."""
    op.execute("UPDATE threads SET mode = 'hold' WHERE mode = 'hold-first-timers'")
    _constrain("VARCHAR(20)", "VARCHAR(8)", AFTER, BEFORE, length=8)


def _constrain(type_before: str, type_after: str, before: str, after: str, *, length: int) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_threads_mode"), "threads", type_="check")
        op.alter_column("threads", "mode", type_=sa.String(length))
        op.create_check_constraint(op.f("ck_threads_mode"), "threads", after)
        return
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(replace(sql, :mode_before, :mode_after), :before, :after) "
            "WHERE type = 'table' AND name = 'threads' AND sql LIKE '%' || :before || '%'"
        ),
        {"mode_before": f"mode {type_before}", "mode_after": f"mode {type_after}", "before": before, "after": after},
    )
    assert changed.rowcount == 1
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))
