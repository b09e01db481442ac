"""Making, editing and tagging materials (素材编辑): the keeper."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_hub import richtext, showcase
from content_hub.compliance import Compliance
from content_hub.materials import editing, making, scheduled, tagging, variants, versions
from content_hub.materials.library import Library
from content_hub.materials.making import New
from content_hub.materials.records import Material, texts_of
from content_hub.policies import Policies
from content_hub.tags import Taxonomy
from content_hub.types import ContentType, Types
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Records

TITLE, SUMMARY, BODY, BATCH = 200, 500, 200_000, 100
_CODE = re.compile(r"(?!mat_)[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")


class Materials(Library):
    """The library, and what is done to it."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        types: Types,
        taxonomy: Taxonomy,
        clock: Clock,
    ) -> None:
        super().__init__(records, changes, taxonomy, clock)
        self._changes = changes
        self._types = types
        self._compliance = Compliance(records, changes, clock)
        self._policies = Policies(records, changes)

    def create(
        self,
        type: str,  # noqa: A002  # the field's own word
        title: str,
        *,
        by: str,
        summary: str = "",
        body: str = "",
        cover: str = "",
        fields: Mapping[str, Any] | None = None,
        code: str = "",
        unit: str = "",
        tags: Collection[str] = (),
        source: tuple[str, str, str] | None = None,
    ) -> Material:
        """A new one. Raises one `Invalid` listing every flaw, `Conflict` for a taken code."""
        new = New(
            type=type, title=title, summary=summary, body=body, cover=cover, fields=fields or {},
            code=code, unit=unit, tags=tags, source=source,
        )  # fmt: skip
        return self.create_all([new], by=by)[0]

    def create_all(self, news: Sequence[New], *, by: str) -> list[Material]:
        """Several new ones, all or none. Raises as `create` does, for the first that is wrong."""
        now, tree = self._clock(), self._taxonomy.now()
        worn = [(self._made(each, by, now), tree.usable(each.tags, "tags")) for each in news]
        codes = [each.code for each in news if each.code]
        with self._records.write(*(f"code:{each}" for each in codes)) as session:
            taken = select(Material.code).where(Material.code.in_(codes))
            if codes and (code := session.scalar(taken.limit(1))):
                raise Conflict("code_taken", code=code)
            making.write(session, self._changes, tree, worn, by, now)
        return [material for material, _ in worn]

    def _made(self, new: New, by: str, now: datetime) -> Material:
        """A material as it will be kept, not yet written."""
        texts = {"title": new.title, "summary": new.summary, "body": new.body, "cover": new.cover}
        kept = self._read(self._types.one(new.type), texts, new.fields, new.code)
        platform, id_there, url = new.source or (None, None, "")
        own = new_id("mat")
        return Material(
            id=own, code=new.code or own, type=new.type, unit=new.unit, owner=by, created=now,
            edited=now, source_platform=platform, source_id=id_there, source_url=url, **kept,
        )  # fmt: skip

    def edit(self, key: str, *, by: str, expected: int | None = None, **changed: Any) -> Material:
        """Change some of title, summary, body, cover, fields, unit, owner.

        ``fields`` names only what changes; None or an empty text takes a value away. With
        ``expected`` (the number that the editor saw) raises `Conflict` if somebody was faster.
        """
        id_ = self.one(key).id
        with self._records.write(f"material:{id_}") as session:
            self._settle(session, [id_])
            material = session.get_one(Material, id_)
            if expected is not None and expected != material.number:
                editing.check_apart(session, material, expected, changed)
            return self.edit_all({id_: changed}, by=by)[0]

    def edit_all(self, edits: Mapping[str, Mapping[str, Any]], *, by: str) -> list[Material]:
        """Several by id, each its own changes, all or none. Raises as `edit` does, for the first
        that is wrong."""
        with self._records.write(*(f"material:{each}" for each in edits)) as session:
            self._settle(session, edits)
            found = _rows(session, edits)
            edited = [(found[id_], changed) for id_, changed in edits.items()]
            for material, changed in edited:
                self._change(material, changed)
            self._check_shown(session, list(found.values()))
            tree = self._taxonomy.now()
            editing.write(session, self._changes, tree, edited, by, self._clock())
        return [material for material, _ in edited]

    def _settle(self, session: Session, materials: Collection[str]) -> None:
        """What took effect before is an edit before the one that follows."""
        editing.settle(session, self._changes, self._taxonomy.now(), materials, self._clock())

    def _change(self, material: Material, changed: Mapping[str, Any]) -> None:
        """Raises one `Invalid` that lists every flaw; then nothing is changed."""
        texts = {name: changed[name] for name in _LIMITS if name in changed}
        fields = {**material.fields, **(changed.get("fields") or {})}
        for name, value in self._read(self._types.one(material.type), texts, fields).items():
            setattr(material, name, value)
        if told := changed.get("variants"):
            material.variants = variants.merged(material.variants, told)
        for name in ("unit", "owner"):
            if name in changed:
                setattr(material, name, str(changed[name]))

    def vary(
        self,
        key: str,
        *,
        by: str,
        account: str = "",
        language: str = "",
        expected: int | None = None,
        **changed: Any,
    ) -> Material:
        """Say some of title, summary, body, cover, fields otherwise for an account, in a language,
        or both. None or an empty text falls back again. Raises as `edit` does."""
        told = self._varied(self.one(key).type, variants.place(account, language), changed)
        return self.edit(key, by=by, expected=expected, variants=told)

    def _varied(
        self, type_: str, where: str, changed: Mapping[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """What is said otherwise in one place, as it is kept."""
        texts = {name: changed[name] or "" for name in _LIMITS if name in changed}
        said = self._read(self._types.one(type_), texts, changed.get("fields") or {}, whole=False)
        fields = {name: said["fields"].get(name) for name in changed.get("fields") or {}}
        words = {name: said[name] for name in texts}
        return {where: words | {f"fields.{name}": word for name, word in fields.items()}}

    def foresee(
        self, material: Material, changed: Mapping[str, Any], account: str = "", language: str = ""
    ) -> dict[str, Any]:
        """What an edit to come would say of a material as it will be, as it is kept. Raises as
        `edit` and `vary` do, but for the reviews that are yet to be; changes nothing."""
        if account or language:
            where = variants.place(account, language)
            changed = {"variants": self._varied(material.type, where, changed)}
        told = scheduled.laid(material, ())
        self._change(told, changed)
        kept = {name: getattr(told, name) for name in _LIMITS if name in changed}
        if fields := changed.get("fields"):
            kept["fields"] = {name: told.fields.get(name) for name in fields}
        if otherwise := changed.get("variants"):
            kept["variants"] = otherwise
        with self._records.read() as session:
            if showcase.promised(session, [material.id], self._clock()):
                self._check_words(session, told)
        return kept

    def restore(
        self, key: str, number: int, *, by: str, fields: Collection[str] | None = None
    ) -> Material:
        """Say again what it said after an earlier edit, or only some fields of that."""
        id_ = self.one(key).id
        with self._records.write(f"material:{id_}") as session:
            self._settle(session, [id_])
            material = session.get_one(Material, id_)
            then = versions.of(session, id_, number)
            return self.edit(id_, by=by, **versions.chosen(material, then, fields))

    def restore_all(self, numbers: Mapping[str, int], *, by: str) -> None:
        """The same for several, each by the number of its earlier edit, all or none."""
        with self._records.write(*(f"material:{each}" for each in numbers)) as session:
            self._settle(session, numbers)
            found, then = _rows(session, numbers), versions.of_many(session, numbers)
            said = {each: versions.chosen(found[each], then[each], None) for each in numbers}
            self.edit_all(said, by=by)

    def check(self, type_: str, parts: Mapping[str, Any], code: str = "") -> None:
        """What `create` would refuse of these parts. Raises one `Invalid`; makes nothing."""
        texts = {name: parts.get(name, "") for name in _LIMITS}
        self._read(self._types.one(type_), texts, parts.get("fields") or {}, code)

    def tag(
        self,
        materials: str | Collection[str],
        add: Collection[str],
        *,
        by: str,
        remove: Collection[str] = (),
    ) -> list[Material]:
        """Put tags on materials and take others off, all or nothing; harmless when repeated.
        Raises `Invalid` naming what there is not, and for more than `BATCH`."""
        keys = [materials] if isinstance(materials, str) else list(materials)
        if not 0 < len(keys) <= BATCH:
            raise Invalid("materials", "too_many_at_once", limit=BATCH)
        ids = sorted(material.id for material in self._all_of(keys))
        with self._records.write(*(f"material:{each}" for each in ids)) as session:
            tree = self._taxonomy.now()
            wish = tagging.Wish(tree.usable(add, "add"), tree.resolve(remove, "remove"))
            found = list(session.scalars(select(Material).where(Material.id.in_(ids))))
            told = [(each, wish) for each in found]
            tagging.put(session, self._changes, tree, told, by, self._clock())
        return self._as_it_stands(found)

    def tag_each(self, wishes: Mapping[str, tagging.Wish], *, by: str) -> None:
        """Put tags on materials and take others off, on each its own, by id; all or nothing."""
        with self._records.write(*(f"material:{each}" for each in wishes)) as session:
            found, tree = _rows(session, wishes), self._taxonomy.now()
            told = [
                (found[id_], tagging.Wish(tree.usable(add, "add"), tree.resolve(remove, "remove")))
                for id_, (add, remove) in wishes.items()
            ]
            tagging.put(session, self._changes, tree, told, by, self._clock())

    def untag(
        self, materials: str | Collection[str], tags: Collection[str], *, by: str
    ) -> list[Material]:
        """Take tags off. What is on the shelf keeps at least one."""
        return self.tag(materials, (), remove=tags, by=by)

    def register(
        self,
        source_platform: str,
        source_id: str,
        url: str,
        *,
        by: str,
        type: str = "short_video",  # noqa: A002  # the field's own word
        title: str = "",
        summary: str = "",
        unit: str = "",
    ) -> Material:
        """A material that was made elsewhere, by reference. One source is one material.

        Registering it again, at the same time or later, answers with the one that is there. Raises
        one `Invalid` that lists every flaw.
        """
        flaws = [
            *richtext.text_flaws("source_platform", source_platform, 60, required=True),
            *richtext.text_flaws("source_id", source_id, 200, required=True),
            *richtext.text_flaws("url", url, 2_000, required=True),
        ]
        if not flaws and not url.startswith(("https://", "http://")):
            flaws.append(Flaw("url", "not_a_link"))
        if flaws:
            raise Invalid.because(flaws)
        with self._records.write(f"source:{source_platform}:{source_id}") as session:
            same = select(Material).where(
                Material.source_platform == source_platform, Material.source_id == source_id
            )
            return session.scalar(same) or self.create(
                type, title or source_id, by=by, summary=summary, unit=unit,
                source=(source_platform, source_id, url),
            )  # fmt: skip

    def _all_of(self, keys: Collection[str]) -> list[Material]:
        with self._records.read() as session:
            wanted = select(Material).where(Material.id.in_(keys) | Material.code.in_(keys))
            found = list(session.scalars(wanted))
        known = {material.id for material in found} | {material.code for material in found}
        if missing := [key for key in keys if key not in known]:
            raise Invalid.because(
                Flaw("materials", "nothing_by_that_name", {"kind": "material", "key": key[:60]})
                for key in missing
            )
        return found

    def _read(
        self, kind: ContentType, texts: Mapping[str, Any], fields: Mapping[str, Any],
        code: str = "", *, whole: bool = True,
    ) -> dict[str, Any]:  # fmt: skip
        """The parts as they are kept; not ``whole`` may lack some. Raises one `Invalid` that lists
        every flaw."""
        flaws = [flaw for name, text in texts.items() for flaw in _flaws(name, text)]
        if code and not _CODE.fullmatch(code):
            flaws.append(Flaw("code", "bad_code"))
        values, wrong = self._types.read(kind.code, fields)
        if flaws := [flaw for flaw in (*flaws, *wrong) if whole or flaw.reason != "missing"]:
            raise Invalid.because(flaws)
        kept: dict[str, Any] = {name: richtext.tidy(text) for name, text in texts.items()}
        if kind.body == "html" and "body" in kept:
            kept["body"] = richtext.clean(kept["body"])
        return {**kept, "fields": values}

    def _check_shown(self, session: Session, materials: Collection[Material]) -> None:
        """What is promised to a shelf stays fit to be shown, also after what is to come, and as
        its reviewers saw it."""
        shown = showcase.promised(session, [each.id for each in materials], self._clock())
        for material in (each for each in materials if each.id in shown):
            if self._policies.of(material.type).steps:
                raise Conflict("approved_on_the_shelf", title=material.title)
            self._check_words(session, material)
        self.check_coming(session, shown)

    def check_coming(self, session: Session, ids: Collection[str]) -> None:
        """What is promised to a shelf is fit to be shown after each edit to come, too. Raises
        `Invalid`."""
        coming = scheduled.outstanding(session, ids)
        shown = showcase.promised(session, coming, self._clock()) if coming else ()
        for material in _rows(session, shown).values() if shown else ():
            for told in list(scheduled.stages(material, coming[material.id]))[1:]:
                self._check_words(session, told)

    def _check_words(self, session: Session, material: Material) -> None:
        texts = texts_of(material)
        told = self._compliance.flaws(session, material.id, material.type, texts)
        if flaws := [flaw for flaw in told if flaw.field != "approval"]:
            raise Invalid.because(flaws)


def _rows(session: Session, ids: Collection[str]) -> dict[str, Material]:
    """As they are kept, to be changed."""
    found = session.scalars(select(Material).where(Material.id.in_(ids)))
    return {material.id: material for material in found}


_LIMITS = {"title": TITLE, "summary": SUMMARY, "body": BODY, "cover": 80}


def _flaws(name: str, text: object) -> Iterable[Flaw]:
    return richtext.text_flaws(name, text, _LIMITS[name], required=name == "title")
