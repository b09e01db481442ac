"""Recommender (推荐): the content and the words for this rep, this customer, this moment, and why.

Asks the profile as it is now, the shelf as it is now, and keeps what it offered: with positions,
propensities, the set of candidates and the policy, so that it can be judged and learned from. The
rules of the score are in `matching.scoring`, those of the list in `matching.assembly`. Sends
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import scripts
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from data_hub.customers import Customer, Customers
from data_hub.identities import Identities
from data_hub.profiles import Profile, Profiles
from data_hub.staff import Staff, StaffBook
from kernel.actors import Actor, require
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id, page_size
from kernel.wording import say
from matching.abilities import Abilities, ability_pulls
from matching.affinities import Affinities, occasion_pulls, persona_pulls, vocabulary_of
from matching.arrays import Slice, key_of
from matching.assembly import Chosen, Manner, assemble, best
from matching.candidates import Candidates
from matching.counters import Counters, worth
from matching.needs import dates, interest_pulls, reads, salutation, with_neighbours
from matching.nightly import Nightly
from matching.occasions import Habits, Occasion, occasions
from matching.scoring import (
    HARDLY_KNOWN,
    Lift,
    Pull,
    Question,
    Reason,
    Scores,
    Weights,
    lifts,
    total_of,
)
from stores.changes import Changes
from stores.records import Record, Records

_SCRIPTS = 60
"""How many of the best scripts are looked at for the words beside a content."""


class Offer(Record, kw_only=True):
    """What a rep was shown for a customer at one moment."""

    __tablename__ = "offers"
    __table_args__ = (Index("ix_offers_handle", "handle", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("off"))
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    rep: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
    items: Mapped[list[Any]]
    """Position, material, script, score, propensity, slot and reasons, as `Item` has them."""
    candidates: Mapped[str]
    """A digest of everything that could have been offered."""
    policy: Mapped[str]

    def told(self) -> list[Item]:
        return [Item.of(kept) for kept in self.items]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One place of an offer."""

    position: int
    """From 1."""
    material: str
    script: str | None
    """The material whose words go with it, if there is one."""
    score: float
    propensity: float
    slot: str
    reasons: tuple[Reason, ...]
    """The weightiest first; they sum to the score."""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Item:
        reasons = tuple(Reason(**reason) for reason in kept["reasons"])
        return cls(**{**kept, "reasons": reasons})

    def kept(self) -> dict[str, Any]:
        return {
            "position": self.position, "material": self.material, "script": self.script,
            "score": self.score, "propensity": self.propensity, "slot": self.slot,
            "reasons": [reason.kept() for reason in self.reasons],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a material is not on a customer's list."""

    key: str
    facts: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()
    """What its score is made of, if it has one."""

    def text(self, language: str = "zh") -> str:
        return say(self.key, language, **self.facts)


class _Asked(NamedTuple):
    """One question and everything it was answered from."""

    customer: Customer
    rep: Staff | None
    candidates: Slice
    scores: Scores
    chance: float
    seed: int


class Recommender:
    """What to say to whom, with reasons."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        clock: Clock,
        zone: Zone,
        candidates: Candidates,
        counters: Counters,
        affinities: Affinities,
        abilities: Abilities,
        customers: Customers,
        profiles: Profiles,
        identities: Identities,
        materials: Materials,
        taxonomy: Taxonomy,
        shelf: Shelf,
        staff: StaffBook,
        nightly: Nightly,
        manner: Manner | None = None,
        habits: Habits | None = None,
    ) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock
        self._zone = zone
        self._candidates = candidates
        self._counters = counters
        self._affinities = affinities
        self._abilities = abilities
        self._customers = customers
        self._profiles = profiles
        self._identities = identities
        self._materials = materials
        self._taxonomy = taxonomy
        self._shelf = shelf
        self._staff = staff
        self._nightly = nightly
        self._manner = manner or Manner()
        self._habits = habits or Habits()

    def for_contact(self, customer_id: str, actor: Actor, first: int = 10) -> Offer:
        """What she may be told now, the best first, and keep it as offered.

        Raises `NotFound` for a customer whom the asker may not know of.
        """
        asked = self._asked(customer_id, actor)
        items = self._items(asked, self._chosen(asked, page_size(first)))
        rep = asked.rep.id if asked.rep else ""
        handle = str(asked.customer.handles[0])
        offer = Offer(
            handle=handle, rep=rep, at=asked.scores.question.now,
            items=[item.kept() for item in items], candidates=asked.candidates.digest,
            policy=f"{asked.scores.weights.policy}@{self._nightly.number}",
        )  # fmt: skip
        with self._records.write() as session:
            session.add(offer)
            self._changes.note(
                "recommended", "offer", offer.id, by=actor.id, handle=handle, rep=rep,
                materials=[item.material for item in items],
            )  # fmt: skip
        return offer

    def why_not(self, customer_id: str, actor: Actor, material: str, first: int = 10) -> WhyNot:
        """Why a material is not on her list, or where it stands on it. Keeps nothing."""
        id_ = self._materials.one(material).id
        asked = self._asked(customer_id, actor)
        place = asked.candidates.place(id_)
        if place is None:
            anywhere = self._shelf.standing_ids("", [id_], self._clock())
            return WhyNot("why_out_of_sight" if anywhere else "why_off_shelf", {})
        chosen = self._chosen(asked, first)
        reasons = tuple(asked.scores.reasons(place))
        for position, each in enumerate(chosen, 1):
            if each.place == place:
                return WhyNot("why_on_list", {"position": position}, reasons)
        total = asked.scores.total
        facts = {
            "rank": int((total > total[place]).sum()) + 1,
            "score": f"{total[place]:.3f}",
            "last": f"{min((total[each.place] for each in chosen), default=0.0):.3f}",
        }
        return WhyNot("why_outscored", facts, reasons)

    def words(
        self, customer_id: str, actor: Actor, script_ids: Collection[str], **facts: str
    ) -> dict[str, str]:
        """Each script as this rep says it to this customer: gaps filled, safely.

        Besides her and the rep, ``facts`` may tell 链接 or 内容标题.
        """
        customer = self._customers.seen_by(actor).one(customer_id)
        profile = self._profiles.of(customer.id)
        rep = self._rep(actor, customer)
        name = salutation(profile) if not customer.masked else ""
        told = {
            "客户称呼": name or say("you", "zh"), "客户姓名": customer.name,
            "客户经理": rep.name if rep else "", "理财经理": rep.name if rep else "",
        } | facts  # fmt: skip
        found = self._materials.many(script_ids)
        return {id_: scripts.fill(script.body, told).text for id_, script in found.items()}

    def offers(self, customer_id: str, actor: Actor, limit: int = 20) -> list[Offer]:
        """What was offered for a customer, the latest first."""
        customer = self._customers.seen_by(actor).one(customer_id)
        hers = Offer.handle.in_([str(handle) for handle in customer.handles])
        wanted = select(Offer).where(hers).order_by(Offer.at.desc(), Offer.id.desc())
        with self._records.read() as session:
            return list(session.scalars(wanted.limit(limit)))

    def occasions(self, profile: Profile) -> list[Occasion]:
        """What makes today a good day to speak to her."""
        today = self._zone.day(self._clock())
        return occasions(dates(profile, self._zone), today, self._habits)

    def scored(self, customer_id: str, actor: Actor) -> Scores:
        """How well everything on the shelf fits her, for who judges the score. Keeps nothing."""
        return self._asked(customer_id, actor).scores

    # How it is answered

    def _asked(self, customer_id: str, actor: Actor) -> _Asked:
        require(actor, "recommend")
        customer = self._customers.seen_by(actor).one(customer_id)
        if not customer.handles:
            raise NotFound("customer", customer_id[:60])
        now = self._clock()
        sight = None if actor.reach is None else actor.units | actor.reach
        candidates = self._candidates.slice("", sight)
        rep = self._rep(actor, customer)
        weights = self._nightly.weights()
        question = self._question(self._profiles.of(customer.id), rep, now, weights)
        own = key_of(customer.id)
        draw = key_of(f"{customer.id}:{self._zone.day(now)}:{weights.policy}")
        scores = Scores(question, candidates, weights)
        return _Asked(customer, rep, candidates, scores, draw / 2**64, own)

    def _rep(self, actor: Actor, customer: Customer) -> Staff | None:
        """Whoever will speak: the asker, or the customer's rep when a machine asks."""
        id_ = actor.staff or customer.rep
        return self._staff.many([id_]).get(id_) if id_ else None

    def _question(
        self, profile: Profile, rep: Staff | None, now: datetime, weights: Weights
    ) -> Question:
        read = reads(profile)
        materials = [material for material, _ in read]
        hardly = len(read) <= HARDLY_KNOWN
        return Question(
            now=now,
            reads=with_neighbours(
                read, self._counters.neighbours(materials), self._nightly.lists(materials)
            ),
            pulls=self._pulls(profile, rep, now, weights),
            lifts=self._lifts(rep, now, weights.book_shrink) if hardly else (),
        )

    def _pulls(
        self, profile: Profile, rep: Staff | None, now: datetime, weights: Weights
    ) -> list[Pull]:
        vocabulary, rules = vocabulary_of(self._taxonomy.now()), self._affinities.all()
        about = self._materials.topics({each.material for each in profile.recent()})
        pulls = interest_pulls(profile, about, vocabulary, now, weights)
        pulls += occasion_pulls(self.occasions(profile), rules, vocabulary, weights)
        if rep is not None:
            pulls += persona_pulls(rep.persona, rules, vocabulary, weights)
            pulls += ability_pulls(self._abilities.of(rep.id), weights)
        return pulls

    def _lifts(self, rep: Staff | None, now: datetime, shrink: float) -> list[Lift]:
        book = self._counters.scoped(f"rep:{rep.id}") if rep else {}
        if not book:
            return []
        present = worth(now.timestamp())
        company = self._counters.popular(book.keys())
        values = lifts(
            np.array(list(book.values())) / present,
            np.array([company.get(material, 0.0) for material in book]) / present,
            shrink,
            self._counters.total() / present,
        )
        return [Lift("book", np.array([key_of(each) for each in book], np.uint64), values)]

    def _chosen(self, asked: _Asked, first: int) -> list[Chosen]:
        """The list, its live rows asked again: the arrays may be a moment behind."""
        barred: set[int] = set()
        for _ in range(3):
            chosen = assemble(
                asked.scores.total, asked.candidates, first, chance=asked.chance, seed=asked.seed,
                manner=self._manner, barred=barred,
            )  # fmt: skip
            ids = [str(asked.candidates.ids[each.place]) for each in chosen]
            standing = self._shelf.standing_ids("", ids, self._clock())
            gone = {
                each.place for each, id_ in zip(chosen, ids, strict=True) if id_ not in standing
            }
            if not gone:
                return chosen
            barred |= gone
        return [each for each in chosen if each.place not in gone]

    def _items(self, asked: _Asked, chosen: Sequence[Chosen]) -> list[Item]:
        candidates, scores = asked.candidates, asked.scores
        nearest = {read.material for each in chosen if (read := scores.nearest_read(each.place))}
        titles = {
            id_: material.title for id_, material in self._materials.many(nearest).items()
        } if nearest else {}  # fmt: skip
        scripts_at = self._scripts(asked, {each.place for each in chosen})
        items = []
        for position, each in enumerate(chosen, 1):
            reasons = scores.reasons(each.place, titles)
            if each.slot != "best":
                reasons.append(Reason(each.slot, f"reason_{each.slot}", {}, 0.0))
            items.append(
                Item(
                    position=position, material=str(candidates.ids[each.place]),
                    script=scripts_at.get(each.place), score=total_of(reasons),
                    propensity=each.propensity, slot=each.slot, reasons=tuple(reasons),
                )
            )  # fmt: skip
        return items

    def _scripts(self, asked: _Asked, places: Collection[int]) -> dict[int, str]:
        """The script that goes best with each content: about the same, and good for her."""
        candidates, total = asked.candidates, asked.scores.total
        offered = candidates.of_type("script")
        if not len(offered):
            return {}
        found_best = best(total, candidates, _SCRIPTS, asked.seed, among=offered)
        pool = [int(each) for each in found_best]
        ids = [str(candidates.ids[each]) for each in pool]
        standing = self._shelf.standing_ids("", ids, self._clock())
        pool = [each for each, id_ in zip(pool, ids, strict=True) if id_ in standing]
        tags = {each: frozenset(candidates.tags_at(each).tolist()) for each in [*pool, *places]}
        found = {}
        for place in places:
            if place in pool:
                found[place] = str(candidates.ids[place])
            elif pool:
                wanted = tags[place]
                closest = max(pool, key=lambda each: (len(tags[each] & wanted), total[each], -each))
                found[place] = str(candidates.ids[closest])
        return found
