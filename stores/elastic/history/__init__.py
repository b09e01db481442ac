"""The history on a cluster (历史): see `stores.history` for what it promises."""

from stores.elastic.history.engine import ElasticHistory

__all__ = ["ElasticHistory"]
