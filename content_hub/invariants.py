"""What must hold in the content hub (内容不变量): asked by `juzhen check`. Mends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from content_hub import bounds
from content_hub.media import MediaFile, Rendition
from content_hub.placements import Placement
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.tags import Tagging
from content_hub.tags.tree import load
from stores.files import Files
from stores.records import Records


def shelf_flaws(records: Records) -> Iterator[str]:
    """The showcase says exactly what materials, taggings and placements say."""
    with records.read() as session:
        yield from _placement_flaws(session)
        yield from _document_flaws(session)


def _placement_flaws(session: Session) -> Iterator[str]:
    shown = {row.placement: row for row in session.scalars(select(ShelfRow).where(_itself()))}
    bounded = bounds.of_many(session)
    for placement in session.scalars(select(Placement).where(Placement.retired.is_(None))):
        row = shown.pop(placement.id, None)
        left = bounded.get(placement.material, bounds.UNBOUND)
        window = bounds.within(placement, left)
        if row is None:
            yield f"placement {placement.id} is promised and not in the showcase"
        elif (row.opens, row.closes, row.account, row.material) != (
            *window, placement.account, placement.material,
        ):  # fmt: skip
            yield f"placement {placement.id} is shown otherwise than it was promised"
    for extra in shown:
        yield f"placement {extra} is in the showcase and not promised"


def _itself() -> ColumnElement[bool]:
    return ShelfRow.tag == ""


def _document_flaws(session: Session) -> Iterator[str]:
    tree = load(session)
    worn: dict[str, set[str]] = {}
    for material, tag in session.execute(select(Tagging.material, Tagging.tag)):
        worn.setdefault(material, set()).update(tree.faces([tag]))
    found: dict[str, set[str]] = {}
    under = select(ShelfRow.placement, ShelfRow.tag).where(ShelfRow.tag != "")
    for placement, tag in session.execute(under):
        found.setdefault(placement, set()).add(tag)
    documents = {row.material: row for row in session.scalars(select(ShelfDocument))}
    for document in documents.values():
        wears = worn.get(document.material, set())
        if set(document.direct) != wears and not tree.unsettled:
            yield f"material {document.material} is described with other tags than it wears"
    for placement, material in session.execute(
        select(ShelfRow.placement, ShelfRow.material).where(ShelfRow.tag == "")
    ):
        kept = documents.get(material)
        if kept is None:
            yield f"material {material} is placed and not described"
        elif found.get(placement, set()) != {*kept.direct, *kept.above}:
            yield f"placement {placement} is found under other tags than its material's"


def file_flaws(records: Records, files: Files) -> Iterator[str]:
    """Every rendition's bytes are there, whole."""
    kept = set(files.keys())
    with records.read() as session:
        known = set(session.scalars(select(MediaFile.id)))
        for rendition in session.scalars(select(Rendition)):
            if rendition.media not in known:
                yield f"rendition {rendition.name} belongs to no media file {rendition.media}"
            if rendition.key not in kept:
                yield f"{rendition.media}/{rendition.name}: its bytes {rendition.key} are gone"
    yield from files.flaws()
