"""The showcase (橱窗): the shelf as it is asked for, written in the transaction of every edit.

One row per placement and tag it can be found under (``""`` for all), and one document per
material, so that a page of the shelf is one indexed statement. Never says what is on the shelf
*now*: that is a comparison with the clock at every read, so nothing has to run on time. Everything
in here can be rebuilt from materials, taggings and placements.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, Index, delete, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from stores.records import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOUND_BY = ("account", "tag", "opens", "placement", "closes", "unit", "type", "slot")
"""All that is asked of a row, so that a total is counted in the index alone."""
_ALL = text("tag = ''")


class ShelfRow(Record, kw_only=True):
    """A placement, as found under one tag. Moments are microseconds since 1970."""

    __tablename__ = "shelf_rows"
    __table_args__ = (
        Index("ix_shelf_rows_find", *_FOUND_BY),
        Index("ix_shelf_rows_material", "material", "tag", "account", "opens", "closes"),
        Index("ix_shelf_rows_opens", "opens", sqlite_where=_ALL, postgresql_where=_ALL),
        Index("ix_shelf_rows_closes", "closes", sqlite_where=_ALL, postgresql_where=_ALL),
    )

    placement: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    """Empty in the row that stands for the placement itself."""
    direct: Mapped[bool] = mapped_column(Boolean)
    """On the material itself, and not only above one of its tags."""
    account: Mapped[str]
    material: Mapped[str]
    opens: Mapped[int] = mapped_column(BigInteger)
    closes: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str]
    slot: Mapped[str]
    type: Mapped[str]


class ShelfDocument(Record, kw_only=True):
    """Everything a shelf answer says about one material, as one JSON text."""

    __tablename__ = "shelf_documents"

    material: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str]
    direct: Mapped[list[str]]
    above: Mapped[list[str]]


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def describe(
    session: Session, document: dict[str, Any], direct: Sequence[str], above: Collection[str]
) -> None:
    """Write down what answers say about a material, and find its placements under its tags."""
    session.merge(
        ShelfDocument(
            material=document["id"],
            document=orjson.dumps({**document, "tags": list(direct)}).decode(),
            direct=list(direct),
            above=sorted(set(above) - set(direct)),
        )
    )
    session.flush()
    promised = select(ShelfRow).where(ShelfRow.material == document["id"], ShelfRow.tag == "")
    placements = list(session.scalars(promised))
    if placements:
        under_tags = delete(ShelfRow).where(ShelfRow.material == document["id"], ShelfRow.tag != "")
        session.execute(under_tags)
        for placement in placements:
            placement.type = document["type"]
            _find_under(session, placement, direct, above)


def retag(session: Session, material: str, direct: Sequence[str], above: Collection[str]) -> None:
    """The same material under other tags."""
    kept = session.get(ShelfDocument, material)
    if kept is not None:
        describe(session, orjson.loads(kept.document), direct, above)


def promise(
    session: Session,
    *,
    placement: str,
    account: str,
    material: str,
    opens: int,
    closes: int,
    unit: str,
    slot: str,
    type_: str,
) -> None:
    """A placement, from now on to be found under its material's tags. Moments in microseconds:
    as promised, clipped by the material's own bounds."""
    row = ShelfRow(
        placement=placement, tag="", direct=True, account=account, material=material,
        opens=opens, closes=closes, unit=unit, slot=slot, type=type_,
    )  # fmt: skip
    session.add(row)
    session.flush()
    kept = session.get_one(ShelfDocument, material)
    _find_under(session, row, kept.direct, [*kept.direct, *kept.above])


def move(session: Session, placement: str, opens: int, closes: int) -> None:
    """The same placement at another time."""
    moved = update(ShelfRow).where(ShelfRow.placement == placement)
    session.execute(moved.values(opens=opens, closes=closes))


def promised(session: Session, material: str, now: datetime) -> bool:
    """Is it on some shelf, or will it be?"""
    found = select(ShelfRow.placement).where(
        ShelfRow.material == material, ShelfRow.tag == "", ShelfRow.closes > micros(now)
    )
    return session.scalar(found.limit(1)) is not None


def withdraw(session: Session, placements: Collection[str]) -> None:
    """Placements that are found no more."""
    session.execute(delete(ShelfRow).where(ShelfRow.placement.in_(placements)))


def _find_under(
    session: Session, row: ShelfRow, direct: Sequence[str], above: Collection[str]
) -> None:
    tags = {*direct, *above}
    if tags:
        fields = {
            name: getattr(row, name)
            for name in (
                "placement", "account", "material", "opens", "closes", "unit", "slot", "type",
            )
        }  # fmt: skip
        own = set(direct)
        session.execute(
            insert(ShelfRow), [{**fields, "tag": tag, "direct": tag in own} for tag in tags]
        )
