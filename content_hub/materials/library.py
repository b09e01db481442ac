"""The library (素材库): materials as they stand at this moment, asked for by key, page or topic.

What was scheduled for a moment that has passed is laid over the rows here, whether or not it has
become an edit yet. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import ColumnElement, Select, select

from content_hub.materials import scheduled
from content_hub.materials.records import Material
from content_hub.tags import Tagging, Taxonomy
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import Page
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Records
from stores.spelling import Bare, chunks, marks

_TOGETHER = 200


class Library:
    """Every material there is."""

    def __init__(
        self, records: Records, changes: Changes, taxonomy: Taxonomy, clock: Clock
    ) -> None:
        self._records = records
        self._taxonomy = taxonomy
        self._clock = clock
        self._scheduled = scheduled.Scheduled(records, changes)

    def one(self, key: str) -> Material:
        """By id or code. Raises `NotFound`."""
        for found in self._where((Material.id == key) | (Material.code == key)):
            return found
        raise NotFound("material", key[:80])

    def many(self, keys: Collection[str]) -> dict[str, Material]:
        """The materials of some ids, in one statement; unknown ones are left out. To be looked at:
        what is changed on them is not kept."""
        if not keys:
            return {}
        told = self._records.rows(_WHOLE.format(marks(keys)), [*keys])
        return {each.id: each for each in self._as_it_stands([_read(row) for row in told])}

    def by_code(self, codes: Collection[str]) -> dict[str, Material]:
        """The materials of some codes; unknown ones are left out."""
        return {material.code: material for material in self._where(Material.code.in_(codes))}

    def of_source(self, platform: str, ids: Collection[str]) -> dict[str, Material]:
        """The references to some works of a platform, by its own ids; others are left out."""
        found = self._where(Material.source_platform == platform, Material.source_id.in_(ids))
        return {str(material.source_id): material for material in found}

    def _where(self, *wanted: ColumnElement[bool]) -> list[Material]:
        with self._records.read() as session:
            found = list(session.scalars(select(Material).where(*wanted)))
        return self._as_it_stands(found)

    def page(
        self,
        *,
        sight: Collection[str] | None = None,
        types: Collection[str] = (),
        tags: Collection[str] = (),
        untagged: bool = False,
        owner: str = "",
        text: str = "",
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Material]:
        """The library, newest first. ``sight`` are the units whose content is seen, None is all;
        ``tags`` must all be on it, or something under them; ``untagged`` have none (待贴标)."""
        wanted = self._seen(sight, types, tags, owner)
        if untagged:
            wanted = wanted.where(Material.id.not_in(select(Tagging.material)))
        for word in text.split():
            hit = Material.title.contains(word, autoescape=True)
            wanted = wanted.where(hit | Material.summary.contains(word, autoescape=True))
        page = newest_first(
            self._records, wanted, Material.id, first=first, after=after, count=count
        )
        return Page(self._as_it_stands(page.items), page.next, page.total)

    def walk(
        self, sight: Collection[str] | None = None, *, together: int = _TOGETHER
    ) -> Iterator[list[Material]]:
        """All of it, newest first, so many at a time; ``sight`` as of `page`. To be looked at:
        what is changed on them is not kept."""
        units, after = [*(sight or ())], list[str]()
        seen = "" if sight is None else f" AND unit IN ({marks(units)})"
        while True:
            wanted = _NEWEST.format(seen + (" AND id < ?" if after else ""))
            rows = self._records.rows(wanted, [*units, *after, together])
            found = self._as_it_stands([_read(row) for row in rows])
            yield found
            if len(found) < together:
                return
            after = [found[-1].id]

    def _seen(
        self,
        sight: Collection[str] | None,
        types: Collection[str],
        tags: Collection[str],
        owner: str,
    ) -> Select[Material]:
        wanted = select(Material).where(Material.archived.is_(None))
        if sight is not None:
            wanted = wanted.where(Material.unit.in_(sight))
        if types:
            wanted = wanted.where(Material.type.in_(types))
        if owner:
            wanted = wanted.where(Material.owner == owner)
        tree = self._taxonomy.now()
        for tag in tree.resolve(tags):
            worn = select(Tagging.material).where(Tagging.tag.in_(tree.under([tag])))
            wanted = wanted.where(Material.id.in_(worn))
        return wanted

    def topics(self, ids: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The tags on each of some materials, in the order they were put on."""
        worn: dict[str, list[str]] = {}
        for some in chunks(ids):
            for material, tag in self._records.rows(_WORN.format(marks(some)), some):
                worn.setdefault(material, []).append(tag)
        tree = self._taxonomy.now()
        return {each: tuple(tree.live(worn.get(each, ()))) for each in ids}

    def titles(self, ids: Collection[str]) -> dict[str, str]:
        """What some materials are called."""
        return self._told("title", ids)

    def bodies(self, ids: Collection[str]) -> dict[str, str]:
        """What some materials say."""
        return self._told("body", ids)

    def _told(self, column: str, ids: Collection[str]) -> dict[str, str]:
        if not ids:
            return {}
        told = dict(self._records.rows(_TOLD.format(column, marks(ids)), [*ids]))
        passed = self._scheduled.at(self._clock())
        for id_ in told.keys() & passed.keys():
            said = [each[column] for each in passed[id_] if column in each]
            told[id_] = said[-1] if said else told[id_]
        return told

    def about(self, material: str) -> tuple[str, ...]:
        """What one material is about."""
        return self.topics([material])[material]

    def told_at(self, material: Material, number: int) -> Material:
        """The same as a later edit of it says, one that waits for its moment."""
        coming = self._scheduled.of(material.id) if number > material.number else ()
        ahead = number - material.number
        done = len(self._scheduled.at(self._clock()).get(material.id, ()))
        return scheduled.laid(material, coming[done : done + ahead]) if coming else material

    def _as_it_stands(self, found: Sequence[Material]) -> list[Material]:
        passed = self._scheduled.at(self._clock())
        return [
            scheduled.laid(each, passed[each.id]) if each.id in passed else each for each in found
        ]


_read = Bare(Material)
_WHOLE = f"SELECT {_read.columns} FROM materials WHERE id IN ({{}})"  # noqa: S608  # our words
_NEWEST = (
    f"SELECT {_read.columns} FROM materials WHERE archived IS NULL{{}}"  # noqa: S608  # likewise
    " ORDER BY id DESC LIMIT ?"
)
_WORN = "SELECT material, tag FROM taggings WHERE material IN ({}) ORDER BY at, tag"
_TOLD = "SELECT id, {} FROM materials WHERE id IN ({})"
