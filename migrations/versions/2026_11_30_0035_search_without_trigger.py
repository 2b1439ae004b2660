"""New entries of the search index get their words from the service, no longer from a trigger.

Why: a statement in a trigger makes SQLite write and merge the index for each row. Fifty comments took 5 to 160 ms of
the writer among 100,000; in one statement of their own they take 0.4 to 50 ms.
Locks: SQLite's schema for a moment. PostgreSQL has no trigger.
The release before lives with it because: a database file has one release at a time. If it comes back without a
downgrade, moderators do not find the comments of that time until the downgrade has rebuilt the index.
"""

from alembic import op

revision = "2026_11_30_0035"
down_revision = "2026_11_30_0033"
branch_labels = None
depends_on = None

TRIGGER = """
    CREATE TRIGGER search_entries_come AFTER INSERT ON search_entries BEGIN
        INSERT INTO search_words (rowid, document) VALUES (new.id, new.document);
    END
"""


def upgrade() -> None:
    """Drop the trigger."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER search_entries_come")


def downgrade() -> None:
    """Create the trigger, and index what was added without it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO search_words (search_words) VALUES ('rebuild')")
        op.execute(TRIGGER)
