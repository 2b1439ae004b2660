"""Run migrations on the connection of ``onereply migrate``, in its transaction."""

from functools import partial

from alembic import context
from sqlalchemy import text

from service.tables import METADATA, is_modelled, is_on

connection = context.config.attributes["connection"]

if connection.dialect.name == "postgresql":
    # A migration that waits long for a table's lock fails, because all other queries would wait behind it.
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
