"""Rename rules, settings, findings, decisions, secrets, bans, article events and deliveries to the field's usual names.

Why: nothing is released yet, so a name is changed once, everywhere, and stored values move with it.
Locks: on PostgreSQL the tables that are renamed or have a renamed column, for a moment; rows only where a name moved.
The release before lives with it because: it does not, there was none; stop every process before you migrate.
"""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "2026_11_29_0018"
down_revision = "2026_11_28_0017"
branch_labels = None
depends_on = None

RULES = {
    "held_words": "hold_words",
    "refused_words": "reject_words",
    "most_links": "max_links",
    "longest": "max_length",
    "most_capitals": "max_capitals_percent",
    "most_repeated": "max_repeated_characters",
    "allowed_domains": "allowed_link_domains",
    "refused_domains": "reject_link_domains",
    "most_per_reader": "max_per_minute_per_reader",
    "most_per_address": "max_per_minute_per_address",
    "most_rejected": "max_rejected_percent",
    "trusted_after": "trusted_after_published",
    "fewest_seconds": "min_form_seconds",
    "akismet_unreachable": "on_akismet_failure",
    "reports_needed": "report_threshold",
    "reported": "on_report_threshold",
    "tell_authors": "explain_to_author",
}
SETTINGS = {
    "address_days": "fingerprint_retention_days",
    "delivery_days": "delivery_retention_days",
    "posts_per_reader": "post_limit_per_reader",
    "posts_per_address": "post_limit_per_address",
    "calls_per_address": "request_limit_per_address",
    "calls_per_key": "request_limit_per_key",
    "origins": "cors_origins",
    "token_jwks": "jwt_jwks_url",
    "token_issuer": "jwt_issuer",
    "token_audience": "jwt_audience",
    "deleted_articles": "on_article_deleted",
}
FINDINGS = {
    "refused-word": "reject_words",
    "refused-domain": "reject_link_domains",
    "held-word": "hold_words",
    "links": "max_links",
    "long": "max_length",
    "capitals": "max_capitals",
    "repeated": "max_repeated",
    "duplicate": "duplicates",
    "flood": "max_per_minute",
    "history": "max_rejected",
    "first-timer": "hold_first_timers",
    "fast": "min_form_seconds",
    "akismet-unreachable": "on_akismet_failure",
    "reported": "report_threshold",
    "second-look": "appeal",
}
ACTIONS = {"published": "publish", "pending": "hold", "refused": "reject"}
DUPLICATES = {"refuse": "reject"}
SECRETS = {"article-hooks": "article-webhooks"}
TABLES = {"articles_told": "article_event_times", "article_standings": "article_withdrawals"}
COLUMNS = {
    "findings": {"verdict": "action"},
    "decisions": {"verdict": "action"},
    "bans": {"told": "masked_value", "mark": "fingerprint"},
    "reports": {"reporter_mark": "reporter_fingerprint"},
    "article_event_times": {"told": "times"},
    "article_withdrawals": {"told_at": "occurred_at"},
    "workers": {"alive_until": "lease_expires_at"},
    "endpoints": {"rests_until": "backoff_until"},
    "deliveries": {"tries": "schedule_step", "done_at": "completed_at"},
    "attempts": {"tried_at": "attempted_at", "answer": "response"},
}
INDEXES = {
    "bans": ("ix_bans_mark", "ix_bans_fingerprint", ["site_id", "fingerprint"]),
    "article_withdrawals": (
        "ix_article_standings_received_at",
        "ix_article_withdrawals_received_at",
        ["received_at"],
    ),
}
ATTEMPT_ERRORS = {"no-answer": "no-response"}
TIMES = {"things": "fields", "standing": "withdrawal"}

SITES = sa.table("sites", sa.column("id"), sa.column("settings", sa.Text))
STORED_RULES = sa.table("rules", sa.column("site_id"), sa.column("rules", sa.Text))
STORED_FINDINGS = sa.table("findings", sa.column("rule"), sa.column("action"))
DECISIONS = sa.table("decisions", sa.column("id"), sa.column("action"), sa.column("reason", sa.Text))
STORED_SECRETS = sa.table("site_secrets", sa.column("name"))
ATTEMPTS = sa.table("attempts", sa.column("error"))
EVENT_TIMES = sa.table("article_event_times", sa.column("times", sa.Text))


def upgrade() -> None:
    """Rename everything."""
    for old, new in TABLES.items():
        op.rename_table(old, new)
        _rename_constraints(new, old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for table, (old, new, columns_of_index) in INDEXES.items():
        op.drop_index(old, table)
        op.create_index(new, table, columns_of_index)
    _rename(RULES, SETTINGS, FINDINGS, ACTIONS, DUPLICATES)
    _rename_secrets(SECRETS)
    _rename_times(TIMES)
    _rename_attempt_errors(ATTEMPT_ERRORS)


def downgrade() -> None:
    """Rename everything back."""
    _rename_attempt_errors(_reversed(ATTEMPT_ERRORS))
    _rename_times(_reversed(TIMES))
    _rename_secrets(_reversed(SECRETS))
    _rename(*(_reversed(names) for names in (RULES, SETTINGS, FINDINGS, ACTIONS, DUPLICATES)))
    for table, (old, new, columns_of_index) in INDEXES.items():
        op.drop_index(new, table)
        op.create_index(old, table, columns_of_index)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    for old, new in TABLES.items():
        op.rename_table(new, old)
        _rename_constraints(old, new, old)


def _reversed(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def _rename(
    rules: Mapping[str, str],
    settings: Mapping[str, str],
    findings: Mapping[str, str],
    actions: Mapping[str, str],
    duplicates: Mapping[str, str],
) -> None:
    connection = op.get_bind()
    for site_id, stored in connection.execute(sa.select(SITES.c.id, SITES.c.settings)).all():
        connection.execute(SITES.update().where(SITES.c.id == site_id).values(settings=_keys(stored, settings)))
    for site_id, stored in connection.execute(sa.select(STORED_RULES.c.site_id, STORED_RULES.c.rules)).all():
        renamed = _keys(stored, rules, duplicates=duplicates)
        connection.execute(STORED_RULES.update().where(STORED_RULES.c.site_id == site_id).values(rules=renamed))
    for column, names in ((STORED_FINDINGS.c.rule, findings), (STORED_FINDINGS.c.action, actions)):
        renamed_values = sa.case(names, value=column, else_=column)
        connection.execute(STORED_FINDINGS.update().where(column.in_(names)).values({column.name: renamed_values}))
    members = {"rules": rules, "settings": settings}
    # A decision on rules or settings names the members that were changed.
    changes = sa.select(DECISIONS.c.id, DECISIONS.c.action, DECISIONS.c.reason).where(
        DECISIONS.c.action.in_(members), DECISIONS.c.reason.is_not(None)
    )
    for decision_id, action, reason in connection.execute(changes).all():
        words = ", ".join(members[action].get(word, word) for word in reason.split(", "))
        connection.execute(DECISIONS.update().where(DECISIONS.c.id == decision_id).values(reason=words))


def _rename_constraints(table: str, old: str, new: str) -> None:
    """Rename the keys of a renamed ``table``; SQLite never uses their names."""
    if op.get_context().dialect.name == "postgresql":
        column = "thread_id" if "article_event_times" in (old, new) else "site_id"
        for key, end in (("pk", ""), ("fk", f"_{column}")):
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {key}_{old}{end} TO {key}_{new}{end}")


def _rename_secrets(names: Mapping[str, str]) -> None:
    """Rename the secrets, whose names a check lists."""
    check = op.f("ck_site_secrets_name")
    with op.batch_alter_table("site_secrets") as table:
        table.drop_constraint(check, type_="check")
    for old, new in names.items():
        op.execute(STORED_SECRETS.update().where(STORED_SECRETS.c.name == old).values(name=new))
    allowed = ("host-token", "akismet-key", *names.values())
    with op.batch_alter_table("site_secrets") as table:
        table.create_check_constraint(check, f"name IN {allowed!r}")


def _rename_times(names: Mapping[str, str]) -> None:
    """Rename the keys of the stored times, a JSON object whose values are only times."""
    times = EVENT_TIMES.c.times
    for old, new in names.items():
        op.execute(EVENT_TIMES.update().values(times=sa.func.replace(times, f'"{old}":', f'"{new}":')))


def _rename_attempt_errors(names: Mapping[str, str]) -> None:
    for old, new in names.items():
        op.execute(ATTEMPTS.update().where(ATTEMPTS.c.error == old).values(error=new))


def _keys(stored: str, names: Mapping[str, str], *, duplicates: Mapping[str, str] | None = None) -> str:
    members = {names.get(name, name): value for name, value in json.loads(stored).items()}
    if duplicates and members.get("duplicates") in duplicates:
        members["duplicates"] = duplicates[members["duplicates"]]
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))
