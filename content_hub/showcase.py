"""The showcase (橱窗): the shelf as it is asked for, written in the transaction of every edit.

One row per placement and tag it can be found under (``""`` for all), and one document per
material, so that a page of the shelf is one indexed statement. Never says what is on the shelf
*now*: that is a comparison with the clock at every read, so nothing has to run on time. Everything
in here can be rebuilt from materials, taggings and placements.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Index,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from stores import bulk
from stores.changes import count_up
from stores.partial import partial_index
from stores.records import Record
from stores.records import insert as insert_or_update
from stores.told import micros

ROWS = "shelf_rows"
"""The version that rows have in a file, where writers queue: most edits leave all of them where
they are. On a server two writers would take this and "content" in either order, and wait for each
other."""
_FOUND_BY = ("account", "tag", "opens", "placement", "closes", "unit", "type", "slot")
"""All that is asked of a row, so that a total is counted in the index alone."""
_ALL = "tag = ''"


class ShelfRow(Record, kw_only=True):
    """A placement, as found under one tag. Moments are microseconds since 1970."""

    __tablename__ = "shelf_rows"
    __table_args__ = (
        Index("ix_shelf_rows_find", *_FOUND_BY),
        Index("ix_shelf_rows_material", "material", "tag", "account", "opens", "closes"),
        partial_index("ix_shelf_rows_opens", "opens", where=_ALL),
        partial_index("ix_shelf_rows_closes", "closes", where=_ALL),
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


class Told(NamedTuple):
    """What answers say of one material, and what it is found under."""

    document: dict[str, Any]
    tags: Sequence[str]
    """As somebody put them on, be they merged into others since or not."""
    direct: Sequence[str]
    """The same, and what they were merged into."""
    above: Collection[str]


def describe(session: Session, told: Sequence[Told]) -> None:
    """Write down what answers say about materials, and find their placements under their tags."""
    session.flush()
    rows: list[dict[str, Any]] = [
        {
            "material": each.document["id"],
            "document": orjson.dumps({**each.document, "tags": list(each.tags)}).decode(),
            "direct": list(each.direct),
            "above": sorted(set(each.above) - set(each.direct)),
        }
        for each in told
    ]
    if rows:
        upsert = insert_or_update(session, ShelfDocument)
        changed = {name: upsert.excluded[name] for name in ("document", "direct", "above")}
        session.connection().execute(
            upsert.on_conflict_do_update(index_elements=["material"], set_=changed), rows
        )
        _hang(session, {row["material"]: (row["direct"], row["above"]) for row in rows})


def rehang(session: Session, under: Mapping[str, tuple[Sequence[str], Collection[str]]]) -> None:
    """The same materials with the same tags, which lie elsewhere now: what they are directly
    under, and what is above that."""
    session.flush()
    rows: list[dict[str, Any]] = [
        {"m": material, "d": list(direct), "a": sorted(set(above) - set(direct))}
        for material, (direct, above) in under.items()
    ]
    if rows:
        documents: Any = ShelfDocument.__table__
        moved = update(documents).where(documents.c.material == bindparam("m"))
        session.connection().execute(
            moved.values(direct=bindparam("d"), above=bindparam("a")), rows
        )
        _hang(session, {row["m"]: (row["d"], row["a"]) for row in rows})


def documents(session: Session, materials: Collection[str]) -> dict[str, dict[str, Any]]:
    """What is written down of some materials."""
    wanted = select(ShelfDocument.material, ShelfDocument.document)
    found = session.execute(wanted.where(ShelfDocument.material.in_(materials)))
    return {row.material: orjson.loads(row.document) for row in found}


def _hang(session: Session, under: Mapping[str, tuple[Sequence[str], Collection[str]]]) -> None:
    """Bring the rows of every placement of these materials to the tags they are found under:
    only what differs is written."""
    table: Any = ShelfRow.__table__
    connection = session.connection()
    mine = table.c.material.in_(list(under))
    promised = connection.execute(select(table).where(mine, table.c.tag == "")).mappings().all()
    if not promised:
        return
    there: dict[str, dict[str, bool]] = {row["placement"]: {} for row in promised}
    found = select(table.c.placement, table.c.tag, table.c.direct).where(mine, table.c.tag != "")
    for placement, tag, direct in connection.execute(found):
        there[placement][tag] = direct
    gone: list[dict[str, str]] = []
    fresh: list[dict[str, Any]] = []
    for row in promised:
        direct, above = under[row["material"]]
        wanted = dict.fromkeys(above, False) | dict.fromkeys(direct, True)
        kept = there[row["placement"]]
        gone += [
            {"p": row["placement"], "t": tag} for tag in kept if wanted.get(tag) is not kept[tag]
        ]
        fresh += [
            {**row, "tag": tag, "direct": own} for tag, own in wanted.items()
            if kept.get(tag) is not own
        ]  # fmt: skip
    if gone:
        one = delete(table).where(
            table.c.placement == bindparam("p"), table.c.tag == bindparam("t")
        )
        connection.execute(one, gone)
    if fresh:
        connection.execute(insert(table), fresh)
    if gone or fresh:
        rows_moved(session)


def rows_moved(session: Session) -> None:
    """Whatever was counted of the rows has to be counted again."""
    if session.get_bind().dialect.name == "sqlite":
        count_up(session, ROWS)


class Promise(NamedTuple):
    """A placement as it is found. Moments in microseconds: as promised, clipped by the material's
    own bounds."""

    placement: str
    account: str
    material: str
    opens: int
    closes: int
    unit: str
    slot: str
    type: str


def promise(session: Session, *promises: Promise) -> None:
    """Placements, from now on to be found under their materials' tags."""
    session.flush()
    if not promises:
        return
    rows = [{**each._asdict(), "tag": "", "direct": True} for each in promises]
    bulk.put_by(session.connection(), ShelfRow, rows)
    rows_moved(session)
    kept = select(ShelfDocument.material, ShelfDocument.direct, ShelfDocument.above)
    found = session.execute(kept.where(ShelfDocument.material.in_({p.material for p in promises})))
    _hang(session, {row.material: (row.direct, row.above) for row in found})


def move(session: Session, placement: str, opens: int, closes: int) -> None:
    """The same placement at another time."""
    move_all(session, {placement: (opens, closes)})


def move_all(session: Session, windows: Mapping[str, tuple[int, int]]) -> None:
    """The same placements at other times."""
    session.flush()
    table: Any = ShelfRow.__table__
    moved = update(table).where(table.c.placement == bindparam("which"))
    moved = moved.values(opens=bindparam("o"), closes=bindparam("c"))
    rows = [{"which": key, "o": at[0], "c": at[1]} for key, at in windows.items()]
    if rows:
        session.connection().execute(
            moved.values(opens=bindparam("o"), closes=bindparam("c")), rows
        )
        rows_moved(session)


def promised(session: Session, materials: Collection[str], now: datetime) -> set[str]:
    """Those that are on some shelf, or will be."""
    found = select(ShelfRow.material).where(
        ShelfRow.material.in_(materials), ShelfRow.tag == "", ShelfRow.closes > micros(now)
    )
    return set(session.scalars(found.distinct()))


def withdraw(session: Session, placements: Collection[str]) -> None:
    """Placements that are found no more."""
    session.execute(delete(ShelfRow).where(ShelfRow.placement.in_(placements)))
    rows_moved(session)
