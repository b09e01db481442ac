"""The history in PostgreSQL (历史): see `stores.history` for what it promises."""

from stores.postgres.history.engine import PostgresHistory

__all__ = ["PostgresHistory"]
