"""Moderators sign in with a second factor, or through a provider; sessions end when they are idle.

Why: the desk lists a moderator's sessions, asks for a code beside the password, and lets an OpenID provider or the
host's system vouch for moderators.
Locks: on PostgreSQL `moderators`, `sessions` and `site_secrets` for a moment. SQLite rebuilds the last two.
The release before lives with it because: it neither reads nor writes the columns, which may be null or have a default,
and asks for no other secret. It asks for no second factor, so turn second factors on once it no longer runs.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0033"
down_revision = "2026_11_30_0030"
branch_labels = None
depends_on = None

BEFORE = "name IN ('host-token', 'akismet-key', 'article-webhooks', 'screening-webhook')"
AFTER = "name IN ('host-token', 'akismet-key', 'article-webhooks', 'screening-webhook', 'oidc-client')"
EXTERNAL = sa.text("issuer IS NOT NULL")


def upgrade() -> None:
    """Add the columns and tables; sessions of today count as used when they began."""
    op.add_column("moderators", sa.Column("issuer", sa.String(500), nullable=True))
    op.add_column("moderators", sa.Column("subject", sa.String(255), nullable=True))
    op.create_index(
        "ix_moderators_subject",
        "moderators",
        ["site_id", "issuer", "subject"],
        unique=True,
        sqlite_where=EXTERNAL,
        postgresql_where=EXTERNAL,
    )
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("method", sa.String(16), nullable=False, server_default="password"))
        table.add_column(sa.Column("user_agent", sa.String(300), nullable=True))
        table.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
        table.create_check_constraint(op.f("ck_sessions_method"), "method IN ('password', 'oidc', 'token')")
    _constrain(AFTER)
    _create_second_factors()
    _create_sign_ins()


def _create_second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("moderator_id", sa.String(12), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["moderator_id"], ["moderators.id"], name=op.f("fk_second_factors_moderator_id")),
        sa.PrimaryKeyConstraint("moderator_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("moderator_id", sa.String(12), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["moderator_id"], ["moderators.id"], name=op.f("fk_recovery_codes_moderator_id")),
        sa.PrimaryKeyConstraint("moderator_id", "hash", name=op.f("pk_recovery_codes")),
    )


def _create_sign_ins() -> None:
    op.create_table(
        "pending_sign_ins",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_pending_sign_ins_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_sign_ins")),
    )
    op.create_index(op.f("ix_pending_sign_ins_expires_at"), "pending_sign_ins", ["expires_at"])
    op.create_table(
        "used_desk_tokens",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_used_desk_tokens_site_id")),
        sa.PrimaryKeyConstraint("site_id", "hash", name=op.f("pk_used_desk_tokens")),
    )
    op.create_index(op.f("ix_used_desk_tokens_expires_at"), "used_desk_tokens", ["expires_at"])


def downgrade() -> None:
    """Drop the tables and columns, and delete the secret that the release before does not know."""
    for table in ("used_desk_tokens", "pending_sign_ins", "recovery_codes", "second_factors"):
        op.drop_table(table)
    op.execute("DELETE FROM site_secrets WHERE name = 'oidc-client'")
    _constrain(BEFORE)
    with op.batch_alter_table("sessions") as table_of_sessions:
        table_of_sessions.drop_constraint(op.f("ck_sessions_method"), type_="check")
        for column in ("last_used_at", "user_agent", "method"):
            table_of_sessions.drop_column(column)
    op.drop_index("ix_moderators_subject", "moderators")
    op.drop_column("moderators", "subject")
    op.drop_column("moderators", "issuer")


def _constrain(names: str) -> None:
    with op.batch_alter_table("site_secrets") as table:
        table.drop_constraint(op.f("ck_site_secrets_name"), type_="check")
        table.create_check_constraint(op.f("ck_site_secrets_name"), names)
