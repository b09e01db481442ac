"""Engines of the journal, the history and the search in a PostgreSQL database (数据库引擎)."""
