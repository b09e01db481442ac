"""The taxonomy (标签体系): making, renaming, moving, merging, retiring tags, and finding them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import func, select

from content_hub import richtext
from content_hub.tags.acts import Acts, written
from content_hub.tags.records import FACETS, Facet, Tag, Tagging
from content_hub.tags.shipped import SHIPPED
from content_hub.tags.spelling import spelled
from content_hub.tags.tree import TagTree, load
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Records
from stores.remembered import Remembered

_LABEL = 60
_SYNONYMS = 30
_RELATED = 20
_CODE = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,79}")


@dataclass(frozen=True, slots=True)
class Branch:
    """A tag with what lies under it."""

    tag: Tag
    children: tuple[Branch, ...]


class Taxonomy:
    """The company's words, in facets and trees."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes
        self._clock = changes.clock
        self._tree = Remembered(records, changes, "tags", load)
        self.acts = Acts(records, changes)

    def now(self) -> TagTree:
        """The whole tree, for who asks it many things at once."""
        return self._tree.now()

    def whole(self) -> AbstractContextManager[object]:
        """For a ``with``: several acts, all of them or none."""
        return self._records.write("tags")

    def create(
        self,
        zh: str,
        facet: str,
        *,
        by: str,
        en: str = "",
        code: str = "",
        synonyms: Collection[str] = (),
        parent: str | None = None,
    ) -> Tag:
        """A new tag. Raises `Conflict` if the facet has that label in that place already."""
        check_words(facet, {"zh": zh, "en": en}, synonyms, code)
        zh, en = richtext.tidy(zh), richtext.tidy(en)
        with self._records.write("tags") as session:
            tree = load(session)
            above = _parent(tree, parent, facet)
            _check_free(tree, facet, above, zh)
            id_ = new_id("tag")
            tag = Tag(
                id=id_, code=code or id_, facet=facet, zh=zh, en=en or zh,
                synonyms=[richtext.tidy(each) for each in synonyms],
                pinyin=spelled(zh), parent=above,
            )  # fmt: skip
            if tree.find(tag.code):
                raise Conflict("code_taken", code=tag.code)
            session.add(tag)
            written(session, self._changes, "created_tag", tag, by=by, tags=())
        return tag

    def ship(self, *, by: str) -> int:
        """Make the shipped tags that are not there yet, and say how many. Harmless to repeat."""
        with self._records.write("tags") as session:
            known = set(session.scalars(select(Tag.code)))
            missing = [word for word in SHIPPED if word.code not in known]
            for word in missing:
                self.create(
                    word.zh, word.facet, by=by, en=word.en, code=word.code, synonyms=word.synonyms
                )
        return len(missing)

    def rename(
        self,
        key: str,
        *,
        by: str,
        zh: str | None = None,
        en: str | None = None,
        synonyms: Collection[str] | None = None,
        owner: str | None = None,
    ) -> Tag:
        """Other words for the same tag, or another owner; its id and code stay, and so does
        everything tagged."""
        with self._records.write("tags") as session:
            tree = load(session)
            tag = _existing(tree, key)
            labels = {"zh": tag.zh if zh is None else zh, "en": tag.en if en is None else en}
            check_words(tag.facet, labels, synonyms or ())
            labels = {language: richtext.tidy(label) for language, label in labels.items()}
            if labels["zh"] != tag.zh:
                _check_free(tree, tag.facet, tag.parent, labels["zh"])
                tag.pinyin = spelled(labels["zh"])
            tag.zh, tag.en = labels["zh"], labels["en"]
            if synonyms is not None:
                tag.synonyms = [richtext.tidy(each) for each in synonyms]
            if owner is not None:
                tag.owner = owner[:80]
            written(session, self._changes, "renamed_tag", tag, by=by, tags=[tag])
        return tag

    def move(self, key: str, parent: str | None, *, by: str) -> Tag:
        """Hang a tag, with what lies under it, under another of its facet, or at the top.
        Raises `Invalid` for a circle."""
        with self._records.write("tags") as session:
            tree = load(session)
            tag = _existing(tree, key)
            above = _parent(tree, parent, tag.facet)
            if above and above in tree.under([tag.id]):
                raise Invalid("parent", "tag_under_itself")
            if above == tag.parent:
                return tag
            _check_free(tree, tag.facet, above, tag.zh)
            tag.parent = above
            touched = tree.under([tag.id])
            written(session, self._changes, "moved_tag", tag, by=by, tags=[tag], touched=touched)
        return tag

    def merge(self, key: str, into: str, *, by: str) -> Tag:
        """Make one tag of two: ``into`` stays, gets the other's children and names.

        Whoever names the other from now on is answered with ``into``. What wears the other goes
        on wearing it, and is read as wearing ``into``: so one row undoes it.
        """
        with self._records.write("tags") as session:
            tree = load(session)
            gone, stays = _existing(tree, key), _existing(tree, into, "into")
            if gone is stays:
                raise Invalid("into", "tag_into_itself")
            if gone.facet != stays.facet or stays.id in tree.under([gone.id]):
                raise Invalid("into", "tags_do_not_merge")
            touched = tree.under([gone.id])
            gone.merged_into, gone.parent = stays.id, None
            names = [*stays.synonyms, gone.zh, *gone.synonyms]
            stays.synonyms = [name for name in dict.fromkeys(names) if name != stays.zh]
            lower = [tree.by_id[each] for each in tree.children.get(gone.id, ())]
            for tag in lower:
                tag.parent = stays.id
            written(
                session, self._changes, "merged_tag", gone, by=by, tags=[gone, stays, *lower],
                touched=touched, into=stays.id,
            )  # fmt: skip
        return stays

    def retire(self, key: str, *, by: str) -> Tag:
        """A tag, and what lies under it, that is put on nothing any more; what wears it keeps it
        and is found by it. Repeating is harmless."""
        with self._records.write("tags") as session:
            tree = load(session)
            tag = _existing(tree, key)
            lower = [tree.by_id[each] for each in sorted(tree.under([tag.id]))]
            going = [each for each in lower if each.retired is None and each.merged_into is None]
            for each in going:
                each.retired = self._clock()
            if going:
                written(session, self._changes, "retired_tag", tag, by=by, tags=going)
        return tag

    def relate(self, key: str, others: Collection[str], *, by: str) -> Tag:
        """The tags that somebody looking for this one may want as well; it is said on both."""
        with self._records.write("tags") as session:
            tree = load(session)
            tag = _existing(tree, key)
            wanted = [each for each in tree.resolve(others, "related") if each != tag.id]
            if len(wanted) > _RELATED:
                raise Invalid("related", "too_long", limit=_RELATED, length=len(wanted))
            had = tree.live(tag.related)
            for each in tree.tags({*had, *wanted}):
                rest = [one for one in tree.live(each.related) if one != tag.id]
                each.related = [*rest, tag.id] if each.id in wanted else rest
            tag.related = wanted
            both = [tag, *tree.tags([*had, *wanted])]
            written(session, self._changes, "related_tag", tag, by=by, tags=both)
        return tag

    def one(self, key: str) -> Tag:
        """By id or code; a merged one answers as what it was merged into."""
        return _existing(self.now(), key)

    def resolve(self, keys: Collection[str], field: str = "tags") -> list[str]:
        """Ids for ids or codes. Raises one `Invalid` that names every unknown one."""
        return self.now().resolve(keys, field)

    def usable(self, keys: Collection[str], field: str = "tags") -> list[str]:
        """The same for tags that are put on something: none of them is retired."""
        return self.now().usable(keys, field)

    def facets(self) -> list[Facet]:
        return list(FACETS.values())

    def tree(self, facet: str) -> list[Branch]:
        """The facet's tags from the top, by label."""
        tree = self.now()
        tops = (tree.by_id[each] for each in tree.children.get(None, ()))
        return [_branch(tree, tag) for tag in tops if tag.facet == facet]

    def under(self, keys: Iterable[str]) -> set[str]:
        """These, what lies under them, and what was merged into any of those."""
        return self.now().under(keys)

    def above(self, keys: Iterable[str]) -> set[str]:
        """These and everything they lie under."""
        return self.now().above(keys)

    def tags(self, keys: Iterable[str]) -> Sequence[Tag]:
        return self.now().tags(keys)

    def labels(self, keys: Iterable[str], language: str = "zh") -> dict[str, str]:
        """The label behind each key that names a tag."""
        tree = self.now()
        return {key: tag.label(language) for key in keys if (tag := tree.find(key))}

    def counts(self) -> dict[str, int]:
        """On how many materials each tag is itself, or what was merged into it."""
        counted = select(Tagging.tag, func.count()).group_by(Tagging.tag)
        tree = self.now()
        with self._records.read() as session:
            counts = {row.tag: row[1] for row in session.execute(counted)}
            gone = [tag for tag in counts if (live := tree.find(tag)) and live.id != tag]
            for stays in tree.live(gone):
                worn = Tagging.tag.in_(tree.same(stays))
                many = select(func.count(Tagging.material.distinct())).where(worn)
                counts[stays] = session.scalar(many) or 0
        return {tag: count for tag, count in counts.items() if tag not in gone}

    def find(self, text: str, *, facet: str = "", limit: int = 20) -> list[Tag]:
        """By label, synonym, pinyin or its initials, the closest first."""
        wanted = folded(text)
        if not wanted:
            return []
        scored = [
            (closeness, tag.zh, tag.id, tag)
            for tag in self.now().by_id.values()
            if tag.merged_into is None
            and tag.retired is None
            and facet in {"", tag.facet}
            and (closeness := _closeness(tag, wanted)) is not None
        ]
        return [tag for *_, tag in sorted(scored, key=lambda each: each[:3])[:limit]]

    def called(self, name: str) -> Tag | None:
        """The tag of exactly this label, synonym or code, however it is spelled."""
        closest = next(iter(self.find(name, limit=1)), None)
        return closest if closest and _closeness(closest, folded(name)) == 0 else None


def _closeness(tag: Tag, wanted: str) -> int | None:
    """0 the same, 1 begins so, 2 contains it; the pinyin only counts from its beginning."""
    names = [folded(name) for name in (tag.zh, tag.en, tag.code, *tag.synonyms)]
    sounds = tag.pinyin.split(" ")
    if wanted in names:
        return 0
    if any(name.startswith(wanted) for name in (*names, *sounds)):
        return 1
    return 2 if any(wanted in name for name in names) else None


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def check_words(
    facet: str, labels: Mapping[str, str], synonyms: Collection[str], code: str = ""
) -> None:
    """Raise one `Invalid` with everything that is wrong with a tag's words."""
    flaws = list(richtext.text_flaws("zh", labels["zh"], _LABEL, required=True))
    flaws += richtext.text_flaws("en", labels["en"], _LABEL)
    for synonym in synonyms:
        flaws += richtext.text_flaws("synonyms", synonym, _LABEL, required=True)
    if len(synonyms) > _SYNONYMS:
        flaws.append(Flaw("synonyms", "too_long", {"limit": _SYNONYMS, "length": len(synonyms)}))
    if facet not in FACETS:
        flaws.append(Flaw("facet", "unknown_facet", {"facets": [*FACETS]}))
    if code and not _CODE.fullmatch(code):
        flaws.append(Flaw("code", "bad_code"))
    if flaws:
        raise Invalid.because(flaws)


def _check_free(tree: TagTree, facet: str, parent: str | None, zh: str) -> None:
    for sibling in tree.children.get(parent, ()):
        tag = tree.by_id[sibling]
        if tag.facet == facet and folded(tag.zh) == folded(zh):
            raise Conflict("tag_exists", label=tag.zh, tag=tag.id)


def _parent(tree: TagTree, key: str | None, facet: str) -> str | None:
    if not key:
        return None
    tag = tree.find(key)
    if tag is None or tag.facet != facet:
        raise Invalid("parent", "unknown_tag", tag=key[:60])
    return tag.id


def _existing(tree: TagTree, key: str, field: str = "tag") -> Tag:
    tag = tree.find(key)
    if tag is None:
        raise NotFound(field if field == "tag" else "tag", key[:60])
    return tag


def _branch(tree: TagTree, tag: Tag) -> Branch:
    lower = (tree.by_id[each] for each in tree.children.get(tag.id, ()))
    return Branch(tag, tuple(_branch(tree, each) for each in lower))
