"""The database: engine, writer, column types, and the few statements that differ."""
