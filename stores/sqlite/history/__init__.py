"""The history in one SQLite file (历史): see `stores.history` for what it promises."""

from stores.sqlite.history.engine import SqliteHistory

__all__ = ["SqliteHistory"]
