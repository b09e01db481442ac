"""Deflated (压缩的列): long lists and objects that are kept by the million and read one at a time.

A list with its reasons is 20 KB of JSON, nine tenths of it the same words again and again. Where it
lies in a file it is deflated, so that a commit writes two pages instead of seven; PostgreSQL
deflates what is long by itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON, Dialect
from sqlalchemy.types import TypeDecorator

from stores.bulk import as_json
from stores.spelling import unpacked

_SHORT = 500
"""Characters that are kept as they are."""
_QUICK = 1
"""The quickest level: a ninth is left in 0.1 ms, the best leaves a twelfth."""


class Deflated(TypeDecorator[Any]):
    """JSON, some rows of which may be plain text: short ones, and those of earlier versions."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _deflated if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return unpacked if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _deflated(value: Any) -> str | bytes:
    told = as_json(value)
    return told if len(told) < _SHORT else zlib.compress(told.encode(), _QUICK)
