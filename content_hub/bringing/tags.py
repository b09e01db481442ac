"""Tags that a sheet put on (导入的标签), and how they are taken off again.

A tag goes if it is on since the very moment at which the run put it there, and no other run that
stands names it: what several sheets name goes with the last of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from content_hub.bringing.records import ImportedRow, ImportRun
from content_hub.materials import Materials, Wish
from content_hub.tags import Tagging, TagTree
from stores.records import Records


def untag(
    records: Records, materials: Materials, tree: TagTree, rows: Sequence[ImportedRow], by: str
) -> None:
    """Take off what one run put on materials that were there before it, joining."""
    ids = {row.material: row for row in rows if row.number and row.put}
    if not ids:
        return
    with records.write() as session:
        here, others = worn(session, ids), _left_to_others(session, ids)
        gone = {}
        for id_, row in ids.items():
            since = {tag: at.isoformat() for tag, at in here[id_].items()}
            put = {tag for tag, at in row.put.items() if since.get(tag) == at}
            theirs = since.keys() - put
            off = [tag for tag in put - others[id_] if theirs.isdisjoint(tree.same(tag))]
            if off:
                gone[id_] = Wish((), sorted(off))
        if gone:
            materials.tag_each(gone, by=by)


def _left_to_others(session: Session, ids: dict[str, ImportedRow]) -> dict[str, set[str]]:
    """Tags that other runs name as well, by material: from now on it is they that put them."""
    found: dict[str, set[str]] = {each: set() for each in ids}
    for other in session.scalars(_others(next(iter(ids.values())).run, ids)):
        put = ids[other.material].put
        too = {tag: put[tag] for tag in other.wished if tag in put}
        found[other.material] |= too.keys()
        other.put = {**too, **other.put}
    return found


def note(
    session: Session,
    run: str,
    numbers: Mapping[str, int],
    wished: Mapping[str, Collection[str]],
    before: Mapping[str, Mapping[str, datetime]],
) -> None:
    """Keep what a run did to some materials: the number of its edit of each, and which tags it put
    on, ``before`` being what they wore."""
    after = worn(session, numbers)
    mine = select(ImportedRow).where(ImportedRow.run == run, ImportedRow.material.in_(numbers))
    known = {each.material: each for each in session.scalars(mine)}
    for id_, number in numbers.items():
        kept = known.get(id_)
        if kept is None:
            kept = ImportedRow(run=run, material=id_, number=number - 1)
            session.add(kept)
        else:
            kept.last = number if kept.untouched(number - 1) else -1
        kept.wished = [*dict.fromkeys([*kept.wished, *wished[id_]])]
        fresh = after[id_].keys() - before[id_].keys()
        kept.put = kept.put | {tag: after[id_][tag].isoformat() for tag in sorted(fresh)}


def _others(run: str, materials: Collection[str]) -> Select[Any]:
    """What other runs did to them that were not taken back."""
    standing = select(ImportRun.id).where(ImportRun.undone.is_(None), ImportRun.id != run)
    return select(ImportedRow).where(
        ImportedRow.material.in_(list(materials)), ImportedRow.run.in_(standing)
    )


def worn(session: Session, materials: Collection[str]) -> dict[str, dict[str, datetime]]:
    """What they wear, and since when."""
    found: dict[str, dict[str, datetime]] = {each: {} for each in materials}
    wanted = select(Tagging.material, Tagging.tag, Tagging.at)
    for material, tag, at in session.execute(wanted.where(Tagging.material.in_(list(materials)))):
        found[material][tag] = at
    return found
