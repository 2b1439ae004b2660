"""Columns of comments, tables of the spam filter and their indexes get plain names.

Why: nothing is released yet, so a name is changed once; “mark”, “lesson” and “edition” are not words of the field.
Locks: on PostgreSQL `comments`, `classifiers`, `lessons` and `search_entries` for a moment, to rename. SQLite rebuilds
the indexes of `comments`, about a second for a million rows.
The release before lives with it because: it does not, there was none; stop every process before you migrate.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "2026_11_29_0019"
down_revision = "2026_11_29_0018"
branch_labels = None
depends_on = None

TABLES = {"lessons": "training_examples"}
CONSTRAINTS = {
    "training_examples": {
        "pk_lessons": "pk_training_examples",
        "fk_lessons_comment_id": "fk_training_examples_comment_id",
        "fk_lessons_site_id": "fk_training_examples_site_id",
    }
}
COLUMNS = {
    "comments": {"words_mark": "text_hash", "address_mark": "address_fingerprint"},
    "classifiers": {"edition": "features_version", "learned": "counts"},
    "search_entries": {"left_words": "has_stale_words"},
}
INDEXES = {
    "ix_comments_words": "ix_comments_text_hash",
    "ix_comments_address": "ix_comments_address_fingerprint",
    "ix_comments_addressed": "ix_comments_fingerprint_retention",
    "ix_comments_unseen": "ix_comments_pending_or_spam",
    "ix_lessons_site_id": "ix_training_examples_site_id",
    "ix_search_entries_left_words": "ix_search_entries_has_stale_words",
}


def upgrade() -> None:
    """Rename tables, columns, constraints and indexes."""
    for old, new in TABLES.items():
        op.rename_table(old, new)
    _rename_columns(COLUMNS)
    _rename_constraints(CONSTRAINTS)
    _rename_indexes(INDEXES)


def downgrade() -> None:
    """Rename them back."""
    _rename_indexes(_reversed(INDEXES))
    _rename_constraints({table: _reversed(names) for table, names in CONSTRAINTS.items()})
    _rename_columns({table: _reversed(names) for table, names in COLUMNS.items()})
    for old, new in TABLES.items():
        op.rename_table(new, old)


def _reversed(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def _rename_columns(columns: Mapping[str, Mapping[str, str]]) -> None:
    for table, names in columns.items():
        for old, new in names.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _rename_constraints(constraints: Mapping[str, Mapping[str, str]]) -> None:
    """Rename keys; SQLite never uses their names."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table, names in constraints.items():
        for old, new in names.items():
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")


def _rename_indexes(indexes: Mapping[str, str]) -> None:
    """Rename indexes; SQLite cannot, so there each is created again from its own definition."""
    connection = op.get_bind()
    for old, new in indexes.items():
        if connection.dialect.name == "postgresql":
            op.execute(f"ALTER INDEX {old} RENAME TO {new}")
            continue
        find = sa.text("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = :name")
        definition: str = connection.execute(find, {"name": old}).scalar_one()
        op.execute(f"DROP INDEX {old}")
        op.execute(sa.text(definition.replace(f"INDEX {old} ", f"INDEX {new} ").replace(":", "\\:")))
