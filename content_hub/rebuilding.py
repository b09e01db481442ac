"""Writing the showcase anew (重建橱窗) from what it is worked out of. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from content_hub import bounds, duplicates, showcase, terms
from content_hub.materials import Material, scheduled, versions
from content_hub.materials.making import looks_of
from content_hub.materials.tagging import told
from content_hub.materials.versions import MaterialVersion
from content_hub.placements import Placement
from content_hub.showcase import Promise, ShelfDocument, ShelfRow
from content_hub.tags import Tagging
from content_hub.tags.tree import load
from stores.changes import Changes
from stores.records import Records

_SLICE = 20
"""Materials a transaction, so that nobody waits for the lock longer than 100 ms."""


def rebuild_shelf(
    records: Records, changes: Changes, tell: Callable[[int], object] = lambda _: None
) -> int:
    """Slice by slice, while everybody goes on asking and editing; answers how many materials."""
    done, after = 0, ""
    while ids := _next(records, after):
        names = [f"{kind}:{id_}" for id_ in ids for kind in ("material", "placement")]
        with records.write("tags", *names) as session:
            _write(session, ids)
            changes.count_up("content")
        done, after = done + len(ids), ids[-1]
        tell(done)
    with records.write() as session:
        for table in (ShelfRow, ShelfDocument):
            gone = table.material.not_in(select(Material.id))
            session.execute(delete(table).where(gone))
        showcase.rows_moved(session)
    return done


def settle(records: Records, changes: Changes) -> int:
    """Keep of materials that were made before versions were what is kept of every other: the edit
    that counts, what they depend on and how they read; says of how many. Harmless to repeat."""
    done = 0
    while ids := _unsettled(records):
        names = [f"{kind}:{id_}" for id_ in ids for kind in ("material", "placement")]
        with records.write("tags", *names) as session:
            _write(session, ids)
            old = session.scalars(select(Material).where(Material.id.in_(ids))).all()
            for each in old:
                versions.keep(session, [each], each.owner, each.edited)
            duplicates.note(session, old, looks_of(session, old))
            changes.count_up("content")
        done += len(ids)
    return done


def _unsettled(records: Records) -> Sequence[str]:
    kept = exists().where(
        MaterialVersion.material == Material.id, MaterialVersion.number == Material.number
    )
    with records.read() as session:
        return session.scalars(select(Material.id).where(~kept).limit(_SLICE)).all()


def _next(records: Records, after: str) -> Sequence[str]:
    wanted = select(Material.id).where(Material.id > after).order_by(Material.id)
    with records.read() as session:
        return session.scalars(wanted.limit(_SLICE)).all()


def _write(session: Session, ids: Sequence[str]) -> None:
    tree = load(session)
    session.execute(delete(ShelfRow).where(ShelfRow.material.in_(ids)))
    showcase.rows_moved(session)
    worn: dict[str, list[str]] = {}
    tagged = select(Tagging).where(Tagging.material.in_(ids)).order_by(Tagging.at, Tagging.tag)
    for tagging in session.scalars(tagged):
        worn.setdefault(tagging.material, []).append(tagging.tag)
    types, described, coming = {}, [], scheduled.outstanding(session, ids)
    for material in session.scalars(select(Material).where(Material.id.in_(ids))):
        described.append(told(material, worn.get(material.id, []), tree))
        bonds = scheduled.bonds(material, coming.get(material.id, ()))
        terms.bind(session, {material.id: bonds})
        types[material.id] = material.type
    showcase.describe(session, described)
    promised = select(Placement).where(Placement.material.in_(ids), Placement.retired.is_(None))
    left = bounds.of_many(session, ids)
    promises = []
    for each in session.scalars(promised):
        window = bounds.within(each, left.get(each.material, bounds.UNBOUND))
        promises.append(
            Promise(
                each.id, each.account, each.material, *window, each.unit, each.slot,
                types[each.material],
            )
        )  # fmt: skip
    showcase.promise(session, *promises)
