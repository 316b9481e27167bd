"""What must survive the core: SQLite schema, group-commit writer, replay."""
