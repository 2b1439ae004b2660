"""Runs migrations on the connection that ``onereply migrate`` hands over, inside its one transaction."""

from functools import partial

from alembic import context
from sqlalchemy import text

from service.tables import METADATA, is_modelled, is_on

connection = context.config.attributes["connection"]

if connection.dialect.name == "postgresql":
    # A migration that would wait for a busy table gives up instead of making everybody wait behind it.
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SET LOCAL statement_timeout = '15min'"))

context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    include_name=is_modelled,
    include_object=partial(is_on, connection.dialect.name),
)
with context.begin_transaction():
    context.run_migrations()
