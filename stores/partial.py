"""Partial indexes (部分索引): over some of a table's rows, said alike to either database.

SQLAlchemy's ``postgresql_where`` would load that dialect, which a start on one machine does
without.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex


def partial_index(name: str, *columns: str, where: str) -> Index:
    """``where`` is SQL that both databases understand."""
    return Index(name, *columns, info={"where": where})


@compiles(CreateIndex)
def _created(create: CreateIndex, compiler: Any, **more: Any) -> str:
    said: str = compiler.visit_create_index(create, **more)
    where = create.element.info.get("where")
    return f"{said} WHERE {where}" if where else said
