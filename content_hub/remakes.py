"""Remakes (翻拍): videos that reps made after one of ours, and what was made after those.

A remake is a material of its own: it takes over what the template is about (outline, offer, tags)
and never its footage. Which rep made it stays with it; how often it was seen is not known here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.materials import Material, Materials
from content_hub.types import Kind, Types
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid
from stores.changes import Changes
from stores.records import Record, Records

_SHOWN, _DEEP = 200, 20


class Remake(Record, kw_only=True):
    """One video that was made after another."""

    __tablename__ = "remakes"

    material: Mapped[str] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(index=True)
    rep: Mapped[str]
    """Whose it is, by her id as an employee; empty for nobody's."""
    made: Mapped[datetime]


class Branch(NamedTuple):
    """A remake in the tree below a template."""

    material: Material
    template: str
    rep: str
    depth: int
    """1 for what was made after the root itself."""


class Remakes:
    """What was made after what."""

    def __init__(
        self, records: Records, changes: Changes, types: Types, materials: Materials, clock: Clock
    ) -> None:
        self._records = records
        self._changes = changes
        self._types = types
        self._materials = materials
        self._clock = clock

    def remakable(self, material: Material) -> bool:
        """Only what is filmed can be filmed again."""
        return "video" in self._types.one(material.type).channels

    def make(
        self, template: str, *, by: str, rep: str = "", title: str = "", url: str = "",
        unit: str = "",
    ) -> Material:  # fmt: skip
        """A remake to be filled in, or, with its ``url``, one that stands on a platform already.

        Handing the same link in again answers with what is there. Raises `Invalid` for what is no
        video, `Conflict` for a link that is something else of ours.
        """
        original = self._materials.one(template)
        if not self.remakable(original):
            raise Invalid("material", "only_videos_are_remade")
        source = _source(url) if url else None
        about = f"source:{source[0]}:{source[1]}" if source else f"remake:{original.id}"
        with self._records.write(about) as session:
            if source and (known := _registered(session, source)):
                kept = session.get(Remake, known.id)
                if kept is None or kept.template != original.id:
                    raise Conflict("link_is_something_else", title=known.title)
                return known
            made = self._materials.create(
                original.type, title or original.title, summary=original.summary, unit=unit,
                fields=self._taken_over(original), tags=self._materials.about(original.id),
                source=source, by=by,
            )  # fmt: skip
            session.add(Remake(material=made.id, template=original.id, rep=rep, made=self._clock()))
            self._changes.note("remade", "material", made.id, by=by, template=original.id, rep=rep)
        return made

    def _taken_over(self, original: Material) -> Mapping[str, Any]:
        """What the template is about, without its files and what belongs to them."""
        kinds = {each.name: each.kind for each in self._types.one(original.type).fields}
        return {
            name: value for name, value in original.fields.items()
            if kinds.get(name) is not Kind.MEDIA and name not in {"seconds", "may_publish"}
        }  # fmt: skip

    def template_of(self, material: str) -> str:
        """After what it was made; empty for an original."""
        with self._records.read() as session:
            kept = session.get(Remake, material)
        return kept.template if kept else ""

    def tree(self, material: str) -> list[Branch]:
        """Everything made after it, each directly below its template, the oldest first."""
        below: dict[str, list[Remake]] = {}
        level, found = [material], 0
        with self._records.read() as session:
            for _ in range(_DEEP):
                wanted = select(Remake).where(Remake.template.in_(level))
                ordered = wanted.order_by(Remake.made, Remake.material).limit(_SHOWN - found)
                rows = list(session.scalars(ordered)) if level and found < _SHOWN else []
                for row in rows:
                    below.setdefault(row.template, []).append(row)
                level, found = [row.material for row in rows], found + len(rows)
        ids = [row.material for rows in below.values() for row in rows]
        return _walked(material, below, self._materials.many(ids), 1)


def _walked(
    root: str, below: Mapping[str, list[Remake]], known: Mapping[str, Material], depth: int
) -> list[Branch]:
    told: list[Branch] = []
    for row in below.get(root, ()):
        told.append(Branch(known[row.material], root, row.rep, depth))
        told += _walked(row.material, below, known, depth + 1)
    return told


def _source(url: str) -> tuple[str, str, str]:
    """A link by the platform it leads to. Raises `Invalid` for what is none."""
    host = urlsplit(url).hostname if url.startswith(("https://", "http://")) else None
    if not host or len(url) > 200:
        raise Invalid("url", "not_a_link")
    return host[:60], url, url


def _registered(session: Session, source: tuple[str, str, str]) -> Material | None:
    same = Material.source_platform == source[0], Material.source_id == source[1]
    return session.scalar(select(Material).where(*same))
