"""The database: engine, writer, types, and the few statements that differ."""
