"""The words of comments, for moderators who search them, and how far each reader of the log has come.

Why: a moderator looks for a name or a phrase; the index is filled from the log, so posting does not pay for it.
Locks: none; the tables are new.
The release before lives with it because: it does not know the tables, and what it does is in the log.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "2026_11_24_0013"
down_revision = "2026_11_24_0012"
branch_labels = None
depends_on = None

LEFT_WORDS, LEFT_WORDS_IN_SQLITE = sa.text("left_words"), sa.text("left_words = 1")
# The documents are words with spaces between them, so the simplest tokenizer takes them as they are. The table holds
# nothing but the index (external content: SQLite's documentation of FTS5, section 4.4.3, from which the triggers are).
FULL_TEXT = (
    """
    CREATE VIRTUAL TABLE search_words
    USING fts5(document, content = 'search_entries', content_rowid = 'id', tokenize = 'ascii', columnsize = 0)
    """,
    """
    CREATE TRIGGER search_entries_come AFTER INSERT ON search_entries BEGIN
        INSERT INTO search_words (rowid, document) VALUES (new.id, new.document);
    END
    """,
    """
    CREATE TRIGGER search_entries_go AFTER DELETE ON search_entries BEGIN
        INSERT INTO search_words (search_words, rowid, document) VALUES ('delete', old.id, old.document);
    END
    """,
    """
    CREATE TRIGGER search_entries_change AFTER UPDATE OF document ON search_entries BEGIN
        INSERT INTO search_words (search_words, rowid, document) VALUES ('delete', old.id, old.document);
        INSERT INTO search_words (rowid, document) VALUES (new.id, new.document);
    END
    """,
)


def upgrade() -> None:
    """Make the tables, empty: the first search or sweep reads the log from its beginning."""
    op.create_table(
        "log_readers",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_log_readers_site_id")),
        sa.PrimaryKeyConstraint("site_id", "name", name=op.f("pk_log_readers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("document", TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("left_words", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_search_entries_comment_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_search_entries_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
        sa.UniqueConstraint("comment_id", name=op.f("uq_search_entries_comment_id")),
    )
    op.create_index(
        "ix_search_entries_left_words",
        "search_entries",
        ["id"],
        sqlite_where=LEFT_WORDS_IN_SQLITE,
        postgresql_where=LEFT_WORDS,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_search_entries_document",
            "search_entries",
            ["document"],
            postgresql_using="gin",
        )
    else:
        for statement in FULL_TEXT:
            op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    op.drop_table("search_entries")
    op.drop_table("log_readers")
