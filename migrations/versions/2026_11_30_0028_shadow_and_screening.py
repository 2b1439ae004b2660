"""A finding may be in shadow or come from a screening webhook, whose calls are signed with a secret.

Why: a rule can run for a while without any effect, to compare it with the decisions of moderators. A screening webhook
has several findings on a comment, with messages and scores.
Locks: on PostgreSQL `findings` and `site_secrets` for a moment. SQLite rebuilds `site_secrets`, which has few rows.
The release before lives with it because: it neither reads nor writes the columns, and it asks for no other secret. It
shows shadow findings as others, and can't read findings of the screening webhook: use the rule once it no longer runs.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_0028"
down_revision = "2026_11_30_0027"
branch_labels = None
depends_on = None

BEFORE = "name IN ('host-token', 'akismet-key', 'article-webhooks')"
AFTER = "name IN ('host-token', 'akismet-key', 'article-webhooks', 'screening-webhook')"


def upgrade() -> None:
    """Add the columns, and one more secret; no stored finding is in shadow."""
    op.add_column("findings", sa.Column("shadow", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("findings", sa.Column("details", sa.Text(), nullable=True))
    _constrain(AFTER)


def downgrade() -> None:
    """Delete the secret and what the release before can't read or would misread: such findings."""
    op.execute("DELETE FROM site_secrets WHERE name = 'screening-webhook'")
    _constrain(BEFORE)
    findings = sa.table("findings", sa.column("shadow", sa.Boolean()), sa.column("rule", sa.String()))
    of_webhook = findings.c.rule.in_(["screening_webhook", "on_screening_webhook_failure"])
    op.execute(findings.delete().where(sa.or_(findings.c.shadow, of_webhook)))
    op.drop_column("findings", "details")
    op.drop_column("findings", "shadow")


def _constrain(names: str) -> None:
    with op.batch_alter_table("site_secrets") as table:
        table.drop_constraint(op.f("ck_site_secrets_name"), type_="check")
        table.create_check_constraint(op.f("ck_site_secrets_name"), names)
