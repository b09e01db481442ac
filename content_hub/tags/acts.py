"""Acts on the vocabulary (标签变更): what each changed, so that one button puts it back.

The shelf keeps rows under every tag; after an act those of its materials are brought up to it in
slices, so that nobody waits for the lock longer than 100 ms. Until then the shelf is asked by what
materials wear, which is right from the act's own commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from content_hub import showcase
from content_hub.tags.records import Tag, TagAct, Tagging
from content_hub.tags.tree import TagTree, load
from kernel.errors import Conflict, NotFound
from stores.changes import Changes
from stores.records import Records

_FIELDS = (
    "zh", "en", "synonyms", "pinyin", "parent", "merged_into", "retired", "owner", "related",
)  # fmt: skip
_LISTS = ("synonyms", "related")
_SLICE = 50
UNDO, BUNDLE = "undid_tag_act", "imported_tags"


def written(
    session: Session,
    changes: Changes,
    act: str,
    tag: Tag,
    *,
    by: str,
    tags: Iterable[Tag],
    touched: Collection[str] = (),
    into: str = "",
) -> TagAct:
    """Write down what an act made of some tags, before they are flushed, joining it."""
    before, after = {}, {}
    for each in tags:
        if old := _changed(each):
            before[each.id] = old
            after[each.id] = {name: _plain(getattr(each, name)) for name in old}
    session.flush()
    changes.count_up("tags")
    detail = {"into": into} if into else {}
    told = changes.note(act, "tag", tag.id, by=by, content=True, **detail)
    few = _wearing(session, touched, "", _SLICE + 1) if touched else []
    kept = TagAct(
        act=act, tag=tag.id, by=by, at=told.at, before=before, after=after,
        touched=sorted(touched), settled=told.at if len(few) <= _SLICE else None,
    )  # fmt: skip
    if few and kept.settled:
        _rehang(session, load(session), few)
    session.add(kept)
    session.flush()
    return kept


def _changed(tag: Tag) -> dict[str, Any]:
    """The fields of it that are not what they were, as they were."""
    state = inspect(tag)
    told = ((name, state.attrs[name].history) for name in _FIELDS)
    return {name: _plain(each.deleted[0]) for name, each in told if each.deleted}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def put_back(session: Session, kept: TagAct) -> list[Tag]:
    """Every field as it was before the act. Raises `Conflict` if somebody changed one since."""
    tree = load(session)
    tags = []
    for id_, old in kept.before.items():
        tag = tree.by_id[id_]
        for name, value in old.items():
            now, then = getattr(tag, name), kept.after[id_][name]
            if name in _LISTS:
                setattr(tag, name, _without(now, then, value))
            elif _plain(now) != then:
                raise Conflict("tag_changed_since", label=tag.zh)
            else:
                setattr(tag, name, _moment(value) if name == "retired" else value)
        tags.append(tag)
    _check_no_circle(tree, tags)
    return tags


def _without(now: list[str], then: list[str], before: list[str]) -> list[str]:
    """What the act added goes, what it took comes back; what others did stays."""
    kept = [each for each in now if each in before or each not in then]
    return [*kept, *(each for each in before if each not in kept and each not in then)]


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _check_no_circle(tree: TagTree, tags: Iterable[Tag]) -> None:
    for tag in tags:
        seen, above = {tag.id}, tag.parent
        while above is not None:
            if above in seen:
                raise Conflict("tag_changed_since", label=tag.zh)
            seen.add(above)
            above = tree.by_id[above].parent


class Acts:
    """What was done to the vocabulary, and what of it the shelf has yet to follow."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes

    def latest(self, limit: int = 10, *, tag: str = "") -> list[TagAct]:
        """The latest first; of one tag, or of all."""
        wanted = select(TagAct).where(TagAct.act != UNDO).order_by(TagAct.id.desc()).limit(limit)
        if tag:
            wanted = wanted.where(TagAct.tag == tag)
        with self._records.read() as session:
            return list(session.scalars(wanted))

    def undo(self, act: str, *, by: str) -> TagAct:
        """Put back what one act changed. Raises `NotFound`, `Conflict` for one that is undone, or
        whose tags were changed since, or that made a tag somebody uses."""
        bundled = self._bundled(act)
        if bundled is not None:
            return self._unbundle(bundled, by)
        with self._records.write("tags") as session:
            kept = session.get(TagAct, act)
            if kept is None or kept.act == UNDO:
                raise NotFound("tag_act", act[:80])
            if kept.undone is not None:
                raise Conflict("tag_act_is_undone")
            tag = session.get_one(Tag, kept.tag)
            if kept.act == "created_tag":
                kept.undone = self._unmade(session, tag, by)
                return kept
            tags = put_back(session, kept)
            undid = written(
                session, self._changes, UNDO, tag, by=by, tags=tags, touched=kept.touched
            )
            kept.undone = undid.at
        return kept

    def bundle(self, acts: Sequence[str], *, by: str) -> TagAct:
        """Many acts that were one for whoever did them, to be undone together."""
        with self._records.write("tags") as session:
            first = session.get_one(TagAct, acts[0])
            told = self._changes.note(BUNDLE, "tag", first.tag, by=by, n=len(acts))
            kept = TagAct(
                act=BUNDLE, tag=first.tag, by=by, at=told.at, before={},
                after={"acts": list(acts)}, touched=[], settled=told.at,
            )  # fmt: skip
            session.add(kept)
        return kept

    def _bundled(self, act: str) -> TagAct | None:
        with self._records.read() as session:
            kept = session.get(TagAct, act)
        return kept if kept is not None and kept.act == BUNDLE else None

    def _unbundle(self, bundle: TagAct, by: str) -> TagAct:
        """The latest of its acts first, each in a transaction of its own, so that nobody waits
        long; one whose tag somebody uses or changed since stays."""
        if bundle.undone is not None:
            raise Conflict("tag_act_is_undone")
        for each in reversed(bundle.after["acts"]):
            try:
                self.undo(each, by=by)
            except Conflict:
                continue
        with self._records.write("tags") as session:
            kept = session.get_one(TagAct, bundle.id)
            kept.undone = self._changes.note("undid_tag_list", "tag", kept.tag, by=by).at
        return kept

    def _unmade(self, session: Session, tag: Tag, by: str) -> datetime:
        used = _wearing(session, [tag.id], "", 1) or load(session).children.get(tag.id)
        merged = session.scalar(select(Tag.id).where(Tag.merged_into == tag.id).limit(1))
        if used or merged or tag.merged_into:
            raise Conflict("tag_is_used", label=tag.zh)
        session.delete(tag)
        self._changes.count_up("tags")
        return self._changes.note("unmade_tag", "tag", tag.id, by=by, content=True).at

    def settle(self, slices: int = 20) -> int:
        """Bring the shelf some slices nearer to what was done; says how many acts it worked on.
        Harmless to repeat, and for many at once."""
        with self._records.read() as session:
            waiting = select(TagAct.id).where(TagAct.settled.is_(None)).order_by(TagAct.id)
            acts = session.scalars(waiting).all()
        for act in acts:
            for _ in range(slices):
                if self._slice(act):
                    break
        return len(acts)

    def _slice(self, act: str) -> bool:
        """One slice; true if it was the last."""
        with self._records.read() as session:
            seen = session.get_one(TagAct, act)
            ids = _wearing(session, seen.touched, seen.upto, _SLICE)
        names = (f"{kind}:{each}" for each in ids for kind in ("material", "placement"))
        with self._records.write("tags", *names) as session:
            kept = session.get_one(TagAct, act)
            if kept.settled is not None or kept.upto != seen.upto:
                return kept.settled is not None
            _rehang(session, load(session), ids)
            if ids:
                kept.upto = ids[-1]
            if len(ids) < _SLICE:
                self._changes.count_up("tags")
                kept.settled = self._changes.note("settled_tag", "tag", kept.tag, by=kept.by).at
        return len(ids) < _SLICE


def _wearing(session: Session, tags: Collection[str], after: str, limit: int) -> list[str]:
    worn = select(Tagging.material).where(Tagging.tag.in_(tags), Tagging.material > after)
    return list(session.scalars(worn.distinct().order_by(Tagging.material).limit(limit)))


def _rehang(session: Session, tree: TagTree, materials: Collection[str]) -> None:
    worn: dict[str, list[str]] = {}
    wanted = select(Tagging.material, Tagging.tag).where(Tagging.material.in_(materials))
    for material, tag in session.execute(wanted.order_by(Tagging.at, Tagging.tag)):
        worn.setdefault(material, []).append(tag)
    showcase.rehang(
        session, {each: (tree.faces(own), tree.above(own)) for each, own in worn.items()}
    )
