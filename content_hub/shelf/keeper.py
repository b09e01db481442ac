"""Putting on the shelf and taking off (上架与下架): the editor's promises, and what breaks them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session

from content_hub import bounds, showcase, terms
from content_hub.materials import Material
from content_hub.placements import Placement, Slot
from content_hub.shelf import listing
from content_hub.shelf.boundaries import Freshness, next_boundary
from content_hub.shelf.listing import Question, ShelfItem, Tally
from content_hub.shelf.readiness import Readiness, campaign_of
from content_hub.showcase import Promise, ShelfRow
from content_hub.tags import Tag, TagTree
from content_hub.tags.tree import load
from content_hub.types import Types
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import Page, new_id
from stores.changes import Changes
from stores.records import Records
from stores.remembered import Remembered
from stores.told import micros


class Shelf:
    """Every placement there is, past and future, on all accounts."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock
        self._types = Types(records, changes)
        self._window = listing.Window(records, changes)
        self._ready = Readiness(records, changes, self._types, clock)
        self._tree: Remembered[TagTree] = Remembered(records, changes, "tags", load)

    # Promising

    def place(
        self,
        material: str,
        account: str,
        *,
        opens: datetime | None,
        closes: datetime | None,
        by: str,
        slot: str = "",
        campaign: str = "",
        unit: str | None = None,
    ) -> Placement:
        """Promise a material to an account. Its write names ``placement:<material id>``.

        Raises one `Invalid` that lists everything missing or wrong, and `Conflict` if the
        material is promised to the account for any part of that time.
        """
        id_ = self.material_id(material)
        with self._records.write(f"placement:{id_}") as session:
            kept = session.get_one(Material, id_)
            drive = campaign_of(session, campaign, hold=True)
            flaws = self._ready.flaws(session, kept, account, opens, closes, slot, drive)
            if flaws or opens is None or closes is None:
                raise Invalid.because(flaws)
            self._check_free(session, kept, account, opens, closes)
            placement = Placement(
                id=new_id("plc"), material=id_, account=account, opens=opens, closes=closes,
                placed_by=by, placed_at=self._clock(), slot=slot,
                campaign=drive.id if drive else "", unit=kept.unit if unit is None else unit,
            )  # fmt: skip
            session.add(placement)
            self._show(session, placement, kept.type)
            self._note("placed", placement, by)
        return placement

    def flaws(
        self,
        material: str,
        account: str,
        *,
        opens: datetime | None,
        closes: datetime | None,
        slot: str = "",
        campaign: str = "",
    ) -> list[Flaw]:
        """What `place` would refuse, for a form that says it beforehand. Promises nothing."""
        id_ = self.material_id(material)
        with self._records.read() as session:
            kept = session.get_one(Material, id_)
            drive = campaign_of(session, campaign)
            return self._ready.flaws(session, kept, account, opens, closes, slot, drive)

    def move(
        self,
        placement: str,
        *,
        by: str,
        opens: datetime | None = None,
        closes: datetime | None = None,
    ) -> Placement:
        """The same promise for another time. Raises `NotFound`, `Invalid` for a window that does
        not fit, `Conflict` for what is over, retired, or promised there already."""
        known = self.one(placement)
        with self._records.write(f"placement:{known.material}") as session:
            drive = campaign_of(session, known.campaign, hold=True)
            kept = session.get_one(Placement, placement)
            now = self._clock()
            if kept.retired is not None or kept.closes <= now:
                raise Conflict("placement_is_over", placement=placement)
            opens, closes = opens or kept.opens, closes or kept.closes
            if flaws := list(self._ready.window_flaws(opens, closes, drive)):
                raise Invalid.because(flaws)
            about = session.get_one(Material, known.material)
            self._check_free(session, about, kept.account, opens, closes, placement)
            kept.opens, kept.closes = opens, closes
            showcase.move(session, placement, *bounds.clipped(session, kept))
            self._note("moved_placement", kept, by)
        return kept

    def retire(self, key: str, *, by: str) -> list[Placement]:
        """Take off the shelf at once: one placement, or all of a material, now and to come.

        Answers what was retired by this very call. Its write names ``placement:<material id>``.
        """
        single = key if key.startswith("plc_") else ""
        material = self.one(single).material if single else self.material_id(key)
        with self._records.write(f"placement:{material}") as session:
            now = self._clock()
            wanted = select(Placement).where(
                Placement.material == material, Placement.retired.is_(None), Placement.closes > now
            )
            if single:
                wanted = wanted.where(Placement.id == single)
            retired = list(session.scalars(wanted.order_by(Placement.id)))
            for placement in retired:
                placement.retired, placement.retired_by = now, by
                self._note("retired", placement, by)
            showcase.withdraw(session, [placement.id for placement in retired])
        return retired

    # Asking

    def page(
        self,
        account: str,
        *,
        sight: Collection[str] | None = None,
        tags_all: Collection[str] = (),
        tags_any: Collection[str] = (),
        tags_none: Collection[str] = (),
        descendants: bool = True,
        slot: str = "",
        types: Collection[str] = (),
        first: int = 20,
        after: str | None = None,
        now: datetime | None = None,
        count: bool = False,
        as_of: Freshness | None = None,
        language: str = "",
    ) -> Page[ShelfItem]:
        """What stands on an account's shelf, the newest opening first.

        ``sight`` are units (None is all); tags are ids or codes, and count for what lies under
        them. In a slot the newest ``capacity`` are shown, or its fallback's while it is empty.
        """
        tree = self._tree.now()
        question = Question(
            account=account, now=now or self._clock(), sight=sight, language=language,
            all=tuple(tree.resolve(tags_all)), any=tuple(tree.resolve(tags_any)),
            none=tuple(tree.resolve(tags_none)), descendants=descendants, types=types,
        )  # fmt: skip
        if tree.unsettled:
            question = question.by_what_is_worn(tree)
        if slot:
            return self._slot_page(question, slot, tree, first, count=count)
        return self._window.page(question, tree, first=first, after=after, count=count, as_of=as_of)

    def _slot_page(
        self, question: Question, code: str, tree: TagTree, first: int, *, count: bool
    ) -> Page[ShelfItem]:
        """A slot is one short page: the newest that fit, or the first fallback with any."""
        slots = {slot.code: slot for slot in self.slots(question.account)}
        if code not in slots:
            raise Invalid("slot", "unknown_slot", slot=code[:60])
        tried: set[str] = set()
        items: list[ShelfItem] = []
        while code in slots and code not in tried and not items:
            tried.add(code)
            fit = min(first, slots[code].capacity)
            asked = replace(question, slot=code)
            items = list(self._window.page(asked, tree, first=fit).items)
            code = slots[code].fallback
        return Page(items, None, len(items) if count else None)

    def freshness(self, now: datetime | None = None) -> Freshness:
        """An answer about the shelf can be given again as long as this is the same."""
        return self._window.freshness(now or self._clock())

    def next_boundary(self, now: datetime | None = None) -> datetime | None:
        """When something next opens, closes or says something else by itself."""
        return next_boundary(self._records, now or self._clock())

    def tally(self, account: str = "", *, sight: Collection[str] | None = None) -> Tally:
        """How much stands now and how much is to come; without an account on all together.
        ``sight`` are units (None is all), as everywhere here."""
        return listing.tally(self._records, account, self._clock(), sight)

    def standing(
        self,
        account: str,
        now: datetime | None = None,
        *,
        sight: Collection[str] | None = None,
    ) -> list[Placement]:
        """What may be shown there at this moment, the newest opening first."""
        at = now or self._clock()
        wanted = _seen(_open_at(at).where(Placement.account == account), sight)
        newest = wanted.order_by(Placement.opens.desc(), Placement.id.desc())
        with self._records.read() as session:
            return list(session.scalars(newest))

    def standing_ids(
        self, account: str, ids: Collection[str], now: datetime | None = None, early: bool = False
    ) -> set[str]:
        """Which of these materials stand there at this moment; an empty account is any."""
        return listing.standing(self._records, account, ids, now or self._clock(), early=early)

    def stands(self, placement: str, now: datetime | None = None) -> bool:
        """May it be shown at this moment? Everything that could keep it from it is asked."""
        wanted = _open_at(now or self._clock()).where(Placement.id == placement)
        with self._records.read() as session:
            return session.scalar(wanted) is not None

    @staticmethod
    def not_standing(now: datetime) -> ColumnElement[bool]:
        """The same the other way round, as a condition on placements."""
        at = micros(now)
        clipped = exists().where(
            ShelfRow.placement == Placement.id, ShelfRow.tag == "",
            or_(ShelfRow.opens > at, ShelfRow.closes <= at),
        )  # fmt: skip
        over = or_(Placement.retired.is_not(None), Placement.closes <= now, Placement.opens > now)
        return or_(over, clipped, Placement.id.in_(terms.barred(now)))

    def held_by(self, material: str, now: datetime | None = None) -> list[str]:
        """What keeps a material off every shelf though it is promised: facts and things by name."""
        at = now or self._clock()
        with self._records.read() as session:
            return [*bounds.held_by(session, material, at), *terms.over(session, material, at)]

    def coverage(
        self, facet: str, accounts: Collection[str] = (), now: datetime | None = None
    ) -> list[tuple[Tag, int]]:
        """For every tag of a facet how many materials stand under it: the gaps are the zeros."""
        tree = self._tree.now()
        tags = [
            tag for tag in tree.by_id.values() if tag.facet == facet and tag.merged_into is None
        ]
        counts = listing.coverage(
            self._records, [tag.id for tag in tags], accounts, now or self._clock()
        )
        return [(tag, counts.get(tag.id, 0)) for tag in tags]

    def due(self, now: datetime | None = None, limit: int = 1_000) -> list[Placement]:
        """Everything that should be shown at this moment, on every account, oldest first."""
        wanted = _open_at(now or self._clock()).order_by(Placement.opens, Placement.id)
        with self._records.read() as session:
            return list(session.scalars(wanted.limit(limit)))

    def coming(
        self, account: str = "", limit: int = 50, *, sight: Collection[str] | None = None
    ) -> list[Placement]:
        """What will open, the soonest first."""
        wanted = select(Placement).where(
            Placement.retired.is_(None), Placement.opens > self._clock()
        )
        if account:
            wanted = wanted.where(Placement.account == account)
        soonest = _seen(wanted, sight).order_by(Placement.opens, Placement.id).limit(limit)
        with self._records.read() as session:
            return list(session.scalars(soonest))

    def one(self, placement: str) -> Placement:
        """By id. Raises `NotFound`."""
        with self._records.read() as session:
            found = session.get(Placement, placement)
        if found is None:
            raise NotFound("placement", placement[:80])
        return found

    def many(self, ids: Collection[str]) -> dict[str, Placement]:
        with self._records.read() as session:
            found = session.scalars(select(Placement).where(Placement.id.in_(ids)))
            return {placement.id: placement for placement in found}

    def of_material(self, material: str, limit: int = 100) -> list[Placement]:
        """Where a material was, is and will be shown, the latest opening first."""
        wanted = select(Placement).where(Placement.material == self.material_id(material))
        with self._records.read() as session:
            latest = wanted.order_by(Placement.opens.desc(), Placement.id.desc())
            return list(session.scalars(latest.limit(limit)))

    def material_id(self, key: str) -> str:
        """The id of a material by id or code."""
        wanted = select(Material.id).where((Material.id == key) | (Material.code == key))
        with self._records.read() as session:
            id_ = session.scalar(wanted)
        if id_ is None:
            raise NotFound("material", key[:80])
        return id_

    # Slots

    def make_slot(
        self,
        account: str,
        code: str,
        *,
        by: str,
        capacity: int = 1,
        types: Collection[str] = (),
        fallback: str = "",
    ) -> Slot:
        """A place on an account, or other rules for one that is there. Raises `Invalid` for a
        capacity out of range, an unknown type, and a fallback that is no other slot there."""
        if not 1 <= capacity <= 100:
            raise Invalid("capacity", "capacity_out_of_range", limit=100)
        for type_ in types:
            self._types.one(type_)
        with self._records.write(f"slots:{account}") as session:
            known = set(session.scalars(select(Slot.code).where(Slot.account == account)))
            if fallback and (fallback not in known or fallback == code):
                raise Invalid("fallback", "unknown_slot", slot=fallback[:60])
            slot = session.merge(
                Slot(
                    account=account, code=code, capacity=capacity, types=list(types),
                    fallback=fallback,
                )
            )  # fmt: skip
            self._changes.note("made_slot", "slot", f"{account}/{code}", by=by, content=True)
        return slot

    def slots(self, account: str) -> list[Slot]:
        with self._records.read() as session:
            wanted = select(Slot).where(Slot.account == account).order_by(Slot.code)
            return list(session.scalars(wanted))

    # What is checked

    @staticmethod
    def _check_free(
        session: Session,
        material: Material,
        account: str,
        opens: datetime,
        closes: datetime,
        itself: str = "",
    ) -> None:
        clash = select(Placement.id).where(
            Placement.material == material.id, Placement.account == account,
            Placement.retired.is_(None), Placement.opens < closes, Placement.closes > opens,
            Placement.id != itself,
        )  # fmt: skip
        if other := session.scalar(clash.limit(1)):
            raise Conflict("already_placed", field="opens", title=material.title, placement=other)

    @staticmethod
    def _show(session: Session, placement: Placement, type_: str) -> None:
        opens, closes = bounds.clipped(session, placement)
        showcase.promise(
            session,
            Promise(
                placement.id, placement.account, placement.material, opens, closes, placement.unit,
                placement.slot, type_,
            ),
        )  # fmt: skip

    def _note(self, act: str, placement: Placement, by: str) -> None:
        self._changes.note(
            act, "placement", placement.id, by=by, content=True, material=placement.material,
            account=placement.account, opens=placement.opens.isoformat(),
            closes=placement.closes.isoformat(),
        )  # fmt: skip


def _seen(wanted: Select[Placement], sight: Collection[str] | None) -> Select[Placement]:
    return wanted if sight is None else wanted.where(Placement.unit.in_(sight))


def _open_at(now: datetime) -> Select[Placement]:
    at, whole = micros(now), (ShelfRow.placement == Placement.id) & (ShelfRow.tag == "")
    return select(Placement).join(ShelfRow, whole).where(
        ShelfRow.opens <= at, ShelfRow.closes > at, Placement.id.not_in(terms.barred(now))
    )  # fmt: skip
