"""Paging (翻页): a page of records by columns that no two of them share, and where the next begins.

Which records these are, whoever asks says. What comes or goes between two pages makes none of the
others skipped or told twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Select, func, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from kernel.ids import Page, page_of, page_size, read_cursor, read_moment
from stores.records import Moment, Records

Kind = TypeVar("Kind")
By = InstrumentedAttribute[Any]
"""A column of text or of moments."""


def newest_first(
    records: Records,
    wanted: Select[Kind],
    *by: By,
    first: int,
    after: str | None = None,
    count: bool = False,
) -> Page[Kind]:
    """From the highest down, ``after`` a page's end. Raises `Invalid` for a size that we do not
    answer or a cursor that is not ours; ``count`` also tells how many there are in all."""
    here = wanted.order_by(*(column.desc() for column in by))
    if after is not None:
        here = here.where(tuple_(*by) < _read(by, after))
    return _page(records, wanted, here, by, first, count)


def in_order(
    records: Records,
    wanted: Select[Kind],
    *by: By,
    first: int,
    after: str | None = None,
    count: bool = False,
) -> Page[Kind]:
    """The same from the lowest up."""
    here = wanted.order_by(*by)
    if after is not None:
        here = here.where(tuple_(*by) > _read(by, after))
    return _page(records, wanted, here, by, first, count)


def _page(
    records: Records,
    wanted: Select[Kind],
    here: Select[Kind],
    by: Sequence[By],
    first: int,
    count: bool,
) -> Page[Kind]:
    size = page_size(first)
    counted = wanted.with_only_columns(func.count(), maintain_column_froms=True)
    with records.read() as session:
        found = list(session.scalars(here.limit(size + 1)))
        total = session.scalar(counted) if count else None
    return replace(page_of(found, size, key=partial(_spelled, by)), total=total)


def _spelled(by: Sequence[By], last: object) -> list[str]:
    told = (getattr(last, column.key) for column in by)
    return [each if isinstance(each, str) else each.isoformat() for each in told]


def _read(by: Sequence[By], after: str) -> tuple[Any, ...]:
    told = read_cursor(after, *(str for _ in by))
    return tuple(
        read_moment(each) if isinstance(column.type, Moment) else each
        for column, each in zip(by, told, strict=True)
    )
