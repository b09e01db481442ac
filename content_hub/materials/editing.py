"""Edits (改动): who was faster, and writing many down in a handful of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content_hub import duplicates, showcase, terms
from content_hub.materials import making, tagging, variants, versions
from content_hub.materials.records import Material, subjects_of
from content_hub.tags import TagTree
from kernel.errors import Conflict
from stores.changes import Changes

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
        raise Conflict("edited_meanwhile", number=material.number, fields="、".join(both))


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
    terms.bind(session, {each.id: subjects_of(each) for each in materials})
    changes.note_all(
        "edited_material", "material",
        {each.id: {"number": each.number, "changed": sorted(changed)} for each, changed in edited},
        by=by, content=True,
    )  # fmt: skip
