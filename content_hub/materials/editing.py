"""Edits (改动): who was faster, writing many down in a handful of statements, and what scheduled
ones become once their moment has passed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from content_hub import duplicates, showcase, terms
from content_hub.materials import making, scheduled, tagging, variants, versions
from content_hub.materials.records import Material
from content_hub.tags import TagTree
from content_hub.verdicts import Review
from kernel.errors import Conflict
from kernel.wording import LANGUAGES, known, say
from stores.changes import Changes
from stores.told import micros, moment

Edited = tuple[Material, Collection[str]]
"""A material as it is from now on, and what about it was changed."""


def check_apart(
    session: Session, material: Material, expected: int, changed: Mapping[str, Any]
) -> None:
    """Two who edit at once may change different fields. Raises `Conflict` naming the same."""
    mine = {name for name in changed if name not in {"fields", "variants"}}
    mine |= {f"fields.{name}" for name in changed.get("fields") or ()}
    mine |= {name for name, _ in variants.flat(changed.get("variants"))}
    if both := sorted(mine & versions.changed_since(session, material, expected)):
        called = [_called(each.removeprefix("fields.")) for each in both]
        raise Conflict("edited_meanwhile", number=material.number, fields=called)


def _called(name: str) -> dict[str, str]:
    """A field as forms call it, in every language; one of a company's own type as it is spelled."""
    word = f"field_{name}" if known(f"field_{name}") else name
    return {language: say(word, language) for language in LANGUAGES}


def write(
    session: Session,
    changes: Changes,
    tree: TagTree,
    edited: Sequence[Edited],
    by: str,
    now: datetime,
) -> None:
    """What follows from edits, joining their transaction."""
    materials = [material for material, _ in edited]
    for material in materials:
        material.number += 1
        material.edited = now
    versions.keep(session, materials, by, now)
    duplicates.note(session, materials, making.looks_of(session, materials))
    worn = tagging.worn(session, [each.id for each in materials])
    showcase.describe(
        session, [tagging.told(each, worn.get(each.id, []), tree) for each in materials]
    )
    coming = scheduled.outstanding(session, [each.id for each in materials])
    terms.bind(
        session, {each.id: scheduled.bonds(each, coming.get(each.id, ())) for each in materials}
    )
    changes.note_all(
        "edited_material", "material",
        {each.id: {"number": each.number, "changed": sorted(changed)} for each, changed in edited},
        by=by, content=True,
    )  # fmt: skip


def settle(
    session: Session, changes: Changes, tree: TagTree, materials: Collection[str], now: datetime
) -> int:
    """Make edits of what has taken effect on some materials, joining a write that names them; of
    how many. Each is its author's, of the moment at which it took effect."""
    at, done = micros(now), 0
    for id_, edits in scheduled.outstanding(session, materials).items():
        material = session.get_one(Material, id_)
        for edit in edits:
            if edit.effective is None or edit.effective > at:
                break
            _become(session, material, edit)
            since = moment(edit.effective)
            write(session, changes, tree, [(material, edit.changed)], edit.by, since)
            done += 1
    if done:
        changes.count_up(scheduled.VERSION)
    return done


def _become(session: Session, material: Material, edit: scheduled.ScheduledEdit) -> None:
    """The row says what the edit says; what was said about the edit was said about that."""
    told = scheduled.laid(material, [edit.changed])
    for name in (*variants.TEXTS, "fields", "variants"):
        setattr(material, name, getattr(told, name))
    edit.became = told.number
    mine = (Review.material == edit.material, Review.edit == edit.id, Review.number == edit.turn)
    session.execute(update(Review).where(*mine).values(edit="", number=told.number))
