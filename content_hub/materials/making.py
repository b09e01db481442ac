"""Making materials (新建素材): some at once, with all that follows from them, in a dozen statements
however many they are. Checks nothing: what comes in here was read and is free to be written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from content_hub import duplicates, showcase, terms
from content_hub.materials import tagging, versions
from content_hub.materials.records import Material, subjects_of
from content_hub.media import MediaFile
from content_hub.tags import Tagging, TagTree
from kernel.values import dataclass
from stores.changes import Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What is to be made."""

    type: str
    title: str
    summary: str = ""
    body: str = ""
    cover: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    unit: str = ""
    tags: Collection[str] = ()
    source: tuple[str, str, str] | None = None
    """Where it was made: the platform, its id there, its address."""


def write(
    session: Session,
    changes: Changes,
    tree: TagTree,
    worn: Sequence[tuple[Material, Sequence[str]]],
    by: str,
    now: datetime,
) -> None:
    """New materials, each with its tags."""
    made = [material for material, _ in worn]
    session.add_all(made)
    session.flush()
    _rows(session, versions.MaterialVersion, versions.told(made, by, now))
    _rows(session, Tagging, (
        {"material": each.id, "tag": tag, "by": by, "at": now} for each, own in worn for tag in own
    ))  # fmt: skip
    looks = looks_of(session, made)
    _rows(session, duplicates.Fingerprint, (
        row for each in made for row in duplicates.told(each, looks.get(each.cover))
    ))  # fmt: skip
    showcase.describe(session, [tagging.told(each, own, tree) for each, own in worn])
    _rows(session, terms.Bond, (
        {
            "material": each.id, "subject": subject,
            "opens": terms.ALWAYS, "closes": terms.NEVER_ENDS,
        }
        for each in made for subject in sorted(subjects_of(each))
    ))  # fmt: skip
    changes.note_all(
        "created_material", "material", {each.id: {"type": each.type} for each in made},
        by=by, content=True,
    )  # fmt: skip


def looks_of(session: Session, materials: Collection[Material]) -> dict[str, int]:
    """How their covers look, by file."""
    covers = {each.cover for each in materials if each.cover}
    if not covers:
        return {}
    kept = select(MediaFile.id, MediaFile.look).where(MediaFile.id.in_(covers))
    return {id_: int(look, 16) for id_, look in session.execute(kept) if look}


def _rows(session: Session, kind: Any, rows: Iterator[dict[str, Any]]) -> None:
    if told := list(rows):
        session.connection().execute(insert(kind.__table__), told)
