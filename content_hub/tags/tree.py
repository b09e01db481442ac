"""The taxonomy in memory (标签树): a few thousand words at most, read with every answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from content_hub.tags.records import Tag, TagAct
from kernel.errors import Flaw, Invalid


class TagTree:
    """Every tag as of one version. Never changes once made."""

    def __init__(self, tags: Iterable[Tag], *, unsettled: bool = False) -> None:
        """``unsettled`` says that the shelf's rows have yet to follow an act on some tag: until
        then, who asks the shelf asks what materials wear."""
        self.unsettled = unsettled
        self.by_id = {tag.id: tag for tag in tags}
        self._by_code = {tag.code: tag.id for tag in self.by_id.values()}
        self.children: dict[str | None, list[str]] = defaultdict(list)
        self._merged: dict[str, list[str]] = defaultdict(list)
        for tag in self.by_id.values():
            if tag.merged_into is None:
                self.children[tag.parent].append(tag.id)
            else:
                self._merged[tag.merged_into].append(tag.id)
        self._above: dict[str, tuple[str, ...]] = {}
        self._known_as: dict[str, str] = {}
        self._live = {id_: self._followed(tag) for id_, tag in self.by_id.items()}
        self._today = {id_: tag.id for id_, tag in self._live.items()}

    def _followed(self, tag: Tag) -> Tag:
        while tag.merged_into is not None:
            tag = self.by_id[tag.merged_into]
        return tag

    def find(self, key: str) -> Tag | None:
        """The tag of an id or code; the one it was merged into, if it was."""
        return self._live.get(key) or self._live.get(self._by_code.get(key, ""))

    def known_as(self, key: str) -> str:
        """The id of the tag of an id or code; empty if there is none."""
        known = self._known_as.get(key)
        if known is None:
            tag = self.find(key)
            known = self._known_as[key] = tag.id if tag else ""
        return known

    def resolve(self, keys: Collection[str], field: str = "tags") -> list[str]:
        """Ids for ids or codes. Raises one `Invalid` that names every unknown one."""
        if not keys:
            return []
        found = {key: self.find(key) for key in keys}
        if missing := [key for key, tag in found.items() if tag is None]:
            raise Invalid.because(
                Flaw(field, "unknown_tag", {"tag": str(key)[:60]}) for key in missing
            )
        return list(dict.fromkeys(tag.id for tag in found.values() if tag))

    def usable(self, keys: Collection[str], field: str = "add") -> list[str]:
        """The same for tags that are to be put on something: none of them is retired."""
        ids = self.resolve(keys, field)
        if over := [tag for tag in self.tags(ids) if tag.retired is not None]:
            raise Invalid.because(
                Flaw(field, "tag_is_retired", {"tag": {"zh": tag.zh, "en": tag.en}}) for tag in over
            )
        return ids

    def live(self, ids: Iterable[str]) -> list[str]:
        """What these are today, each once: those that were merged are what they went into."""
        return list(dict.fromkeys(self._today[each] for each in ids if each in self._today))

    def faces(self, ids: Sequence[str]) -> list[str]:
        """These as they are worn, and as they are today."""
        return list(dict.fromkeys([*ids, *self.live(ids)]))

    def same(self, id_: str) -> set[str]:
        """A tag and everything that was ever merged into it."""
        reached, waiting = set(), [id_]
        while waiting:
            reached.add(each := waiting.pop())
            waiting += self._merged.get(each, ())
        return reached

    def above(self, ids: Iterable[str]) -> set[str]:
        """These and everything they lie under."""
        reached: set[str] = set()
        for each in ids:
            reached.update(self._path(each))
        return reached

    def _path(self, id_: str) -> tuple[str, ...]:
        known = self._above.get(id_)
        if known is None:
            tag = self.find(id_)
            known = () if tag is None else (tag.id, *(self._path(tag.parent) if tag.parent else ()))
            self._above[id_] = known
        return known

    def under(self, ids: Iterable[str]) -> set[str]:
        """These, what lies under them, and what was ever merged into any of those."""
        reached: set[str] = set()
        waiting = [tag.id for each in ids if (tag := self.find(each))]
        while waiting:
            each = waiting.pop()
            if each not in reached:
                reached.add(each)
                waiting += self.children.get(each, ())
                waiting += self._merged.get(each, ())
        return reached

    def tags(self, ids: Iterable[str]) -> Sequence[Tag]:
        """The tags behind ids, in the order asked, each once."""
        found = {tag.id: tag for tag in map(self._live.get, ids) if tag}
        return list(found.values())


def load(session: Session) -> TagTree:
    waiting = exists().where(TagAct.settled.is_(None)).correlate(None)
    found = session.execute(select(Tag, waiting).order_by(Tag.facet, Tag.zh, Tag.id)).all()
    return TagTree((row[0] for row in found), unsettled=any(row[1] for row in found))
