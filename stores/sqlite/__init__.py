"""The embedded engines (内嵌引擎): journal, history and search, each in SQLite files of its own."""
