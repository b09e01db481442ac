"""Scheduling edits (预约改动): a change of what is on the shelf, with the moment it takes effect.

What needs reviews is handed in as it is written, and may not take effect before it has passed
them; so nothing that nobody looked at comes onto a shelf by waiting. Readers need nobody to run at
the moment (`content_hub.materials.scheduled`); `settle` makes ordinary edits of what has passed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from content_hub import richtext, terms
from content_hub.materials import Material, Materials, editing, scheduled
from content_hub.materials.scheduled import ScheduledEdit
from content_hub.materials.versions import Difference, content_of, differences
from content_hub.policies import Policies, TypePolicy
from content_hub.tags import Taxonomy
from content_hub.verdicts import Review, Verdict, next_step
from kernel.clock import Clock
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from stores.changes import Changes
from stores.records import Records
from stores.told import micros, moment

MOST = 20
"""So many edits may wait for their moments on one material."""


class Stage(StrEnum):
    """How far a scheduled edit has come."""

    IN_REVIEW = "in_review"
    RETURNED = "returned"
    WAITING = "waiting"
    IN_EFFECT = "in_effect"
    WITHDRAWN = "withdrawn"


class Planned(NamedTuple):
    """A scheduled edit as it is looked at."""

    edit: ScheduledEdit
    stage: Stage
    since: datetime
    """When it takes effect or took it: its moment, or later if it was approved later."""
    differences: list[Difference]
    """What it says otherwise than the material as it would be without it."""
    reviews: list[Review]
    """What was said about its present wording, the oldest first."""


class ScheduledEdits:
    """Edits with a moment of their own."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        materials: Materials,
        taxonomy: Taxonomy,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._materials = materials
        self._taxonomy = taxonomy
        self._clock = clock
        self._policies = Policies(records, changes)

    def schedule(
        self,
        material: str,
        takes_effect: datetime,
        *,
        by: str,
        account: str = "",
        language: str = "",
        **changed: Any,
    ) -> ScheduledEdit:
        """Change some of title, summary, body, cover, fields from a moment on; for an account or in
        a language what it says there. Raises as an edit does, and `Invalid` for a moment that has
        passed and for an edit that says nothing."""
        with self._records.write(f"material:{material}") as session:
            kept = self._as_it_will_be(session, material, takes_effect)
            if len(scheduled.waiting(session, material)) >= MOST:
                raise Invalid("takes_effect", "too_many_at_once", limit=MOST)
            edit = ScheduledEdit(
                material=material, takes_effect=takes_effect, by=by, at=self._clock(),
                changed=self._materials.foresee(kept, _said(changed), account, language),
            )  # fmt: skip
            session.add(edit)
            self._hand_in(session, edit, kept.type)
            self._note(session, "scheduled_edit", edit, by)
        return edit

    def alter(
        self, id_: str, *, by: str, takes_effect: datetime | None = None, **changed: Any
    ) -> ScheduledEdit:
        """Another moment, or other words for those that are given. What was said about it counts no
        more. Raises `Conflict` for one that has taken effect or was withdrawn."""
        with self._open(id_) as (session, edit):
            at = takes_effect or edit.takes_effect
            kept = self._as_it_will_be(session, edit.material, at, without=id_)
            edit.takes_effect = at
            told = self._materials.foresee(kept, changed) if changed else {}
            fields = {**edit.changed.get("fields", {}), **told.pop("fields", {})}
            edit.changed = {**edit.changed, **told} | ({"fields": fields} if fields else {})
            edit.by, edit.at, edit.turn = by, self._clock(), edit.turn + 1
            self._hand_in(session, edit, kept.type)
            self._note(session, "altered_scheduled_edit", edit, by)
        return edit

    def withdraw(self, id_: str, *, by: str) -> ScheduledEdit:
        """It is not to take effect. Raises `Conflict` if it has."""
        with self._open(id_) as (session, edit):
            edit.withdrawn, edit.effective = self._clock(), None
            self._note(session, "withdrew_scheduled_edit", edit, by)
        return edit

    def approve(self, id_: str, *, by: str, note: str = "") -> ScheduledEdit:
        """One step on; after the last it takes effect at its moment, or at once if that has passed.
        With four eyes nobody approves what she wrote, or twice."""
        with self._judged(id_, by, Verdict.APPROVE, note) as (edit, policy, said):
            approved = [each.by for each in said if each.verdict == Verdict.APPROVE]
            if policy.four_eyes and by in {edit.by, *approved}:
                raise Forbidden("four_eyes")
            if len(approved) + 1 >= policy.steps:
                edit.effective = micros(max(edit.takes_effect, self._clock()))
        return edit

    def send_back(self, id_: str, *, by: str, note: str) -> ScheduledEdit:
        """To be altered, with what is to be mended; until then it does not take effect."""
        if not note.strip():
            raise Invalid("note", "missing")
        with self._judged(id_, by, Verdict.RETURN, note) as (edit, _, _):
            return edit

    def settle(self, limit: int = 100) -> int:
        """Make ordinary edits of what has taken effect; of how many. Harmless to repeat, and
        however late, readers were told the same meanwhile."""
        now = self._clock()
        due = select(ScheduledEdit.material).where(
            ScheduledEdit.effective <= micros(now), ScheduledEdit.became.is_(None)
        )
        with self._records.read() as session:
            materials = list(session.scalars(due.distinct().limit(limit)))
        done = 0
        for each in materials:
            with self._records.write(f"material:{each}") as session:
                tree = self._taxonomy.now()
                done += editing.settle(session, self._changes, tree, [each], now)
        return done

    # Asking

    def of(self, material: str) -> list[Planned]:
        """What waits on a material, the soonest first; with what has taken effect and is no edit
        yet."""
        with self._records.read() as session:
            kept = session.get_one(Material, material)
            edits = scheduled.waiting(session, material)
            return [self._planned(session, kept, each) for each in edits]

    def one(self, id_: str) -> ScheduledEdit:
        """By id. Raises `NotFound`."""
        with self._records.read() as session:
            found = session.get(ScheduledEdit, id_)
        if found is None:
            raise NotFound("scheduled_edit", id_[:80])
        return found

    def planned(self, id_: str) -> Planned:
        """One as it is looked at. Raises `NotFound`."""
        edit = self.one(id_)
        with self._records.read() as session:
            return self._planned(session, session.get_one(Material, edit.material), edit)

    def as_it_will_be(self, id_: str) -> Material:
        """The material as it would be with a scheduled edit; for a form to alter that."""
        edit = self.one(id_)
        with self._records.read() as session:
            kept = session.get_one(Material, edit.material)
            return scheduled.laid(_before(session, kept, edit), [edit.changed])

    def waiting(
        self, *, sight: Collection[str] | None = None, limit: int = 100
    ) -> list[tuple[Material, Planned]]:
        """What was handed in and waits for a reviewer, the soonest moment first."""
        returned = exists().where(
            Review.material == ScheduledEdit.material, Review.edit == ScheduledEdit.id,
            Review.number == ScheduledEdit.turn, Review.verdict == Verdict.RETURN,
        )  # fmt: skip
        wanted = (
            select(ScheduledEdit, Material)
            .join(Material, Material.id == ScheduledEdit.material)
            .where(ScheduledEdit.effective.is_(None), ScheduledEdit.withdrawn.is_(None), ~returned)
            .order_by(ScheduledEdit.takes_effect, ScheduledEdit.id)
        )
        if sight is not None:
            wanted = wanted.where(Material.unit.in_(sight))
        with self._records.read() as session:
            return [
                (material, self._planned(session, material, edit))
                for edit, material in session.execute(wanted.limit(limit))
            ]

    def _planned(self, session: Session, kept: Material, edit: ScheduledEdit) -> Planned:
        said = _reviews(session, edit)
        before = content_of(_before(session, kept, edit))
        then = scheduled.after(before | {"number": kept.number}, edit.changed)
        since = moment(edit.effective) if edit.effective is not None else edit.takes_effect
        stage = _stage(edit, said, self._clock())
        return Planned(edit, stage, since, differences(before, then), said)

    # Writing

    @contextmanager
    def _open(self, id_: str) -> Iterator[tuple[Session, ScheduledEdit]]:
        """One that has not taken effect, to be written."""
        known = self.one(id_)
        with self._records.write(f"material:{known.material}") as session:
            edit = session.get_one(ScheduledEdit, id_)
            stage = _stage(edit, (), self._clock())
            if stage in {Stage.IN_EFFECT, Stage.WITHDRAWN}:
                raise Conflict("scheduled_edit_is_over", stage=stage.value)
            yield session, edit

    @contextmanager
    def _judged(
        self, id_: str, by: str, verdict: Verdict, note: str
    ) -> Iterator[tuple[ScheduledEdit, TypePolicy, list[Review]]]:
        """One in review, its policy, and what was said of its present wording before."""
        if flaws := list(richtext.text_flaws("note", note, 500)):
            raise Invalid.because(flaws)
        with self._open(id_) as (session, edit):
            policy = self._policies.of(session.get_one(Material, edit.material).type)
            said = _reviews(session, edit)
            stage = _stage(edit, said, self._clock())
            if stage is not Stage.IN_REVIEW:
                raise Conflict("review_does_not_fit", life=stage.value)
            yield edit, policy, said
            self._say(session, edit, verdict, by, note)
            self._note(session, f"review_{verdict}", edit, by)

    def _as_it_will_be(
        self, session: Session, material: str, at: datetime, without: str = ""
    ) -> Material:
        now = self._clock()
        if at <= now:
            raise Invalid("takes_effect", "moment_has_passed")
        editing.settle(session, self._changes, self._taxonomy.now(), [material], now)
        kept = session.get_one(Material, material)
        coming = scheduled.outstanding(session, [material]).get(material, ())
        ahead = [each for each in coming if each.id != without and _by(each) <= micros(at)]
        return scheduled.laid(kept, [each.changed for each in ahead])

    def _hand_in(self, session: Session, edit: ScheduledEdit, type_: str) -> None:
        if self._policies.of(type_).steps:
            edit.effective = None
            self._say(session, edit, Verdict.SUBMIT, edit.by, "")
        else:
            edit.effective = micros(edit.takes_effect)

    def _say(
        self, session: Session, edit: ScheduledEdit, verdict: Verdict, by: str, note: str
    ) -> None:
        session.flush()
        session.add(
            Review(
                material=edit.material, number=edit.turn, edit=edit.id, verdict=verdict, by=by,
                step=next_step(session, edit.material), at=self._clock(), note=richtext.tidy(note),
            )
        )  # fmt: skip

    def _note(self, session: Session, act: str, edit: ScheduledEdit, by: str) -> None:
        """What follows from any word about a scheduled edit."""
        session.flush()
        kept = session.get_one(Material, edit.material)
        coming = scheduled.outstanding(session, [kept.id]).get(kept.id, ())
        terms.bind(session, {kept.id: scheduled.bonds(kept, coming)})
        self._materials.check_coming(session, [kept.id])
        self._changes.count_up(scheduled.VERSION)
        self._changes.note(
            act, "material", kept.id, by=by, content=True,
            edit=edit.id, takes_effect=edit.takes_effect.isoformat(),
        )  # fmt: skip


def _said(changed: Mapping[str, Any]) -> Mapping[str, Any]:
    if not any(value is not None for value in changed.values()):
        raise Invalid("takes_effect", "edit_says_nothing")
    return changed


def _by(edit: ScheduledEdit) -> int:
    return edit.effective if edit.effective is not None else micros(edit.takes_effect)


def _before(session: Session, kept: Material, edit: ScheduledEdit) -> Material:
    """The material as it will be when the edit takes effect, without it."""
    coming = scheduled.outstanding(session, [kept.id]).get(kept.id, ())
    ahead = [each for each in coming if each.id != edit.id and _by(each) <= _by(edit)]
    return scheduled.laid(kept, [each.changed for each in ahead])


def _reviews(session: Session, edit: ScheduledEdit) -> list[Review]:
    """What was said about its present wording, the oldest first."""
    mine = (Review.material == edit.material, Review.edit == edit.id, Review.number == edit.turn)
    return list(session.scalars(select(Review).where(*mine).order_by(Review.step)))


def _stage(edit: ScheduledEdit, said: Sequence[Review], now: datetime) -> Stage:
    if edit.withdrawn is not None:
        return Stage.WITHDRAWN
    if edit.effective is None:
        returned = said and said[-1].verdict == Verdict.RETURN
        return Stage.RETURNED if returned else Stage.IN_REVIEW
    return Stage.IN_EFFECT if edit.effective <= micros(now) else Stage.WAITING
