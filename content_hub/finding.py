"""Finding materials (检索): the only writer of the search index, and the question put to it.

Follows the changes, so the index is a fold that can be emptied at any time. If the index does not
answer, the database does: fewer hits, in plain order, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from content_hub import richtext, sounds
from content_hub.materials import Material, Materials, texts_of
from content_hub.placements import Placement
from content_hub.tags import Tagging, TagTree, Taxonomy
from kernel.crash import crash_point, declare
from kernel.errors import Overloaded
from stores.changes import Change, Changes
from stores.records import Records
from stores.search import Document, Filter, Hits, SearchIndex

_PUT = declare("finding.put", "documents and the mark are in the index")
_SLICE = 500
_UNDER_WAY = timedelta(days=1)


class Found(NamedTuple):
    """One page of an answer, best first."""

    items: Sequence[Material]
    total: int
    next: str | None
    degraded: bool
    """The index did not answer: these come from the database, and more may exist."""


class Facets(NamedTuple):
    """How many of what is found are of each type, and wear each tag or something under it."""

    types: Mapping[str, int]
    """As if no type was asked for, so that another can be chosen."""
    tags: Mapping[str, int]


class Finding:
    """Materials by words and by what they are."""

    def __init__(
        self,
        index: SearchIndex,
        records: Records,
        materials: Materials,
        changes: Changes,
        taxonomy: Taxonomy,
    ) -> None:
        self._index = index
        self._records = records
        self._materials = materials
        self._changes = changes
        self._taxonomy = taxonomy

    def follow(self, limit: int = 1_000) -> int:
        """Bring the index up to some more changes, and say how many. Harmless to repeat."""
        seen = self._index.seen()
        with self._records.read():
            stretch = self._changes.after(seen, limit)
            version = self._changes.version()
            ids = sorted(self._touched(stretch.changes))
            slices = [ids[n : n + _SLICE] for n in range(0, len(ids), _SLICE)] or [[]]
            documents = [self._documents(each) for each in slices]
        for each in documents[:-1]:
            self._index.put(version, each)
        if stretch.changes:
            self._index.put(version, documents[-1], mark=stretch.mark)
            crash_point(_PUT)
        return len(stretch.changes)

    def rebuild(self, tell: Callable[[int], None] = lambda _: None) -> int:
        """Write the index anew from the beginning, and say how many changes were followed.

        The index answers meanwhile; what the follower writes there is written again, because the
        new one's mark says how far it has come.
        """
        done = 0
        with self._index.beside() as fresh:
            beside = Finding(fresh, self._records, self._materials, self._changes, self._taxonomy)
            while followed := beside.follow(_SLICE):
                done += followed
                tell(done)
            mark = fresh.seen()
        self._put_again(mark)
        return done

    def sweep(self, now: datetime) -> int:
        """Drop what rebuilds that were killed left beside the index; of how many.

        What was begun within a day may be a rebuild that is under way.
        """
        return self._index.sweep(now - _UNDER_WAY)

    def _put_again(self, mark: str) -> None:
        """What changed since the mark, without moving any: whoever followed while the new index
        took its place may have written to the old one, and gone on in the new one behind that."""
        while True:
            with self._records.read():
                stretch = self._changes.after(mark, _SLICE)
                version = self._changes.version()
                documents = self._documents(sorted(self._touched(stretch.changes)))
            if not stretch.changes:
                return
            self._index.put(version, documents)
            mark = stretch.mark

    def search(
        self,
        text: str,
        *,
        sight: Collection[str] | None = None,
        types: Collection[str] = (),
        tags: Collection[str] = (),
        account: str = "",
        first: int = 20,
        after: str | None = None,
    ) -> Found:
        """Materials with all the words, whose tags (or what lies under them) are all there.

        ``account`` leaves what is placed there now or later; who shows it asks the shelf.
        """
        where = self._where(sight, types, tags, account)
        try:
            hits = self._heard(text, where, first, after)
        except Overloaded:
            return self._plainly(text, sight, types, tags, first)
        live = self._materials.many(hits.ids)
        items = [live[id_] for id_ in hits.ids if id_ in live]
        seen = [each for each in items if sight is None or each.unit in sight]
        return Found(seen, hits.total, hits.next, degraded=False)

    def facets(
        self,
        text: str,
        *,
        sight: Collection[str] | None = None,
        types: Collection[str] = (),
        tags: Collection[str] = (),
    ) -> Facets:
        """What `search` finds, counted by type and by tag. Raises `Overloaded` as the index does:
        the database is not asked to count in its place."""
        narrow = self._where(sight, types, tags)
        wide = self._where(sight, (), tags)
        asked = self._as_heard(text, narrow)
        families = ["tag:"] if types else ["tag:", "type:"]
        counted = self._index.counts(asked, narrow, families=families)
        if types:
            counted |= self._index.counts(self._as_heard(text, wide), wide, families=["type:"])
        return Facets(_family("type:", counted), _family("tag:", counted))

    def _where(
        self,
        sight: Collection[str] | None,
        types: Collection[str],
        tags: Collection[str],
        account: str = "",
    ) -> Filter:
        wanted = [*(f"tag:{tag}" for tag in self._taxonomy.resolve(tags))]
        if account:
            wanted.append(f"account:{account}")
        groups = [tuple(f"type:{each}" for each in types)] if types else []
        if sight is not None:
            groups.append(tuple(f"unit:{each}" for each in sight))
        return Filter(all=tuple(wanted), any=tuple(groups))

    def _as_heard(self, text: str, where: Filter) -> str:
        """The words under which something is found, as `_heard` finds it."""
        if not text.strip() or self._index.search(text, where, first=0).total:
            return text
        for other in sounds.meant(text):
            if self._index.search(other, where, first=0).total:
                return other
        return text

    def _heard(self, text: str, where: Filter, first: int, after: str | None) -> Hits:
        """By the words; if they find nothing, by how they sound: pinyin, or a homophone."""
        hits = self._index.search(text, where, first=first, after=after)
        if hits.total or not text.strip():
            return hits
        for other in sounds.meant(text):
            found = self._index.search(other, where, first=first, after=after)
            if found.total:
                return found
        return hits

    def _plainly(
        self,
        text: str,
        sight: Collection[str] | None,
        types: Collection[str],
        tags: Collection[str],
        first: int,
    ) -> Found:
        page = self._materials.page(
            text=text, sight=sight, types=types, tags=tags, first=first, count=True
        )
        return Found(page.items, page.total or 0, None, degraded=True)

    def _touched(self, changes: Sequence[Change]) -> set[str]:
        """The materials whose documents may differ after these changes."""
        touched = {change.subject for change in changes if change.kind == "material"}
        touched |= {
            str(change.detail["material"]) for change in changes if change.kind == "placement"
        }
        tags = {change.subject for change in changes if change.kind == "tag"}
        if tags:
            wanted = self._taxonomy.under(tags)
            with self._records.read() as session:
                worn = select(Tagging.material).where(Tagging.tag.in_(wanted)).distinct()
                touched.update(session.scalars(worn))
        return touched

    def _documents(self, ids: Sequence[str]) -> list[Document]:
        tree = self._taxonomy.now()
        topics = self._materials.topics(ids)
        accounts = self._accounts(ids)
        return [
            _document(material, tree, topics[id_], accounts.get(id_, ()))
            for id_, material in self._materials.many(ids).items()
        ]

    def _accounts(self, ids: Collection[str]) -> dict[str, set[str]]:
        wanted = select(Placement.material, Placement.account).where(
            Placement.material.in_(ids), Placement.retired.is_(None)
        )
        found: dict[str, set[str]] = {}
        with self._records.read() as session:
            for material, account in session.execute(wanted):
                found.setdefault(material, set()).add(account)
        return found

    def flaws(self) -> Iterator[str]:
        """For ``juzhen check``: what is wrong with the index itself, and whether what it has
        followed so far are the materials that there are."""
        yield from self._index.flaws()
        seen, held = self._index.seen(), set(self._held())
        with self._records.read() as session:
            there = set(session.scalars(select(Material.id)))
            awaited = self._touched(self._changes.after(seen, 100_000).changes)
        yield from (f"search: {id_} is not found" for id_ in sorted(there - held - awaited))
        yield from (f"search: {id_} is found and is no material" for id_ in sorted(held - there))

    def _held(self) -> Iterator[str]:
        """Every document of the index."""
        after = None
        while True:
            hits = self._index.search("", first=100, after=after)
            yield from hits.ids
            if (after := hits.next) is None:
                return


def _family(begins: str, counted: Mapping[str, int]) -> dict[str, int]:
    return {
        name.removeprefix(begins): times
        for name, times in counted.items()
        if name.startswith(begins)
    }


def _document(
    material: Material, tree: TagTree, topics: Collection[str], accounts: Collection[str]
) -> Document:
    """Labels and synonyms of the tags count as words of the body, and so does how they sound."""
    tags = tree.tags(topics)
    named = [name for tag in tags for name in (tag.zh, tag.en, *tag.synonyms)]
    values = [value for value in material.fields.values() if isinstance(value, str)]
    heard = sounds.marks("\n".join([material.title, *named]))
    otherwise = [
        richtext.words(text) for name, text in texts_of(material).items()
        if name.startswith("variants.")
    ]  # fmt: skip
    body = [
        material.summary, richtext.words(material.body), *values, *otherwise, *named,
        " ".join(heard),
    ]  # fmt: skip
    return Document(
        id=material.id,
        texts={"title": material.title, "body": "\n".join(body)},
        attributes=[
            f"type:{material.type}",
            f"unit:{material.unit}",
            *(f"tag:{each}" for each in tree.above(tag.id for tag in tags)),
            *(f"account:{account}" for account in accounts),
        ],
    )
