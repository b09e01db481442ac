"""Putting tags on materials (贴标), in a handful of statements however many materials there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from content_hub import showcase
from content_hub.materials.records import Material, document_of
from content_hub.showcase import ShelfRow
from content_hub.tags import Tagging, TagTree
from kernel.errors import Conflict, Invalid
from stores.changes import Changes
from stores.told import micros

TAGS = 64


class Wish(NamedTuple):
    """What is to be put on and taken off; what is in both is put on."""

    add: Sequence[str]
    remove: Sequence[str] = ()


class _Turn(NamedTuple):
    material: Material
    before: Sequence[str]
    after: Sequence[str]

    @property
    def added(self) -> list[str]:
        return [tag for tag in self.after if tag not in self.before]

    @property
    def removed(self) -> list[str]:
        return [tag for tag in self.before if tag not in self.after]


def worn(session: Session, ids: Collection[str]) -> dict[str, list[str]]:
    """What materials wear, in the order it was put on, merged or not."""
    wanted = select(Tagging.material, Tagging.tag).where(Tagging.material.in_(ids))
    found: dict[str, list[str]] = {}
    for material, tag in session.execute(wanted.order_by(Tagging.at, Tagging.tag)):
        found.setdefault(material, []).append(tag)
    return found


def told(material: Material, tags: Sequence[str], tree: TagTree) -> showcase.Told:
    """What answers say of a material that wears these."""
    return showcase.Told(document_of(material), tags, tree.faces(tags), tree.above(tags))


def put(
    session: Session,
    changes: Changes,
    tree: TagTree,
    wishes: Sequence[tuple[Material, Wish]],
    by: str,
    now: datetime,
) -> None:
    """All or nothing. Raises `Invalid` for too many on one, `Conflict` for the last tag of what is
    on a shelf or will be."""
    before = worn(session, [material.id for material, _ in wishes])
    turns = [
        _Turn(material, own, after)
        for material, wish in wishes
        if (after := _after(tree, own := before.get(material.id, []), wish)) != own
    ]
    _check(session, turns, now)
    session.flush()
    connection, table = session.connection(), _TAGGINGS
    if gone := [{"m": t.material.id, "t": tag} for t in turns for tag in t.removed]:
        one = delete(table).where(table.c.material == bindparam("m"), table.c.tag == bindparam("t"))
        connection.execute(one, gone)
    if fresh := [
        {"material": t.material.id, "tag": tag, "by": by, "at": now}
        for t in turns for tag in t.added
    ]:  # fmt: skip
        connection.execute(insert(table), fresh)
    showcase.describe(session, [told(each.material, each.after, tree) for each in turns])
    changes.note_all(
        "tagged_material", "material",
        {t.material.id: {"added": t.added, "removed": t.removed} for t in turns},
        by=by, content=True,
    )  # fmt: skip


_TAGGINGS: Any = Tagging.__table__


def _after(tree: TagTree, before: Sequence[str], wish: Wish) -> list[str]:
    going = {each for tag in wish.remove if tag not in wish.add for each in tree.same(tag)}
    kept = [tag for tag in before if tag not in going]
    have = set(tree.live(kept))
    return [*kept, *(tag for tag in dict.fromkeys(wish.add) if tag not in have)]


def _check(session: Session, turns: Sequence[_Turn], now: datetime) -> None:
    for turn in turns:
        if len(turn.after) > TAGS and turn.added:
            raise Invalid("add", "too_many_tags", limit=TAGS)
    if bare := {turn.material.id: turn.material for turn in turns if not turn.after}:
        shown = select(ShelfRow.material).where(
            ShelfRow.material.in_(bare), ShelfRow.tag == "",
            ShelfRow.closes > micros(now),
        )  # fmt: skip
        first = session.scalar(shown.limit(1))
        if first is not None:
            raise Conflict("needs_a_tag_on_the_shelf", title=bare[first].title)
