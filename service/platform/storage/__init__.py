"""The database: engine, writer, column types, and the statements that differ between SQLite and PostgreSQL."""
