"""What must hold in the data hub (数据不变量): asked by `juzhen check`. Mends nothing."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import select

from data_hub.customers.relations import Relation
from data_hub.digest import Digest
from data_hub.identities.handles import own_id
from data_hub.identities.records import Edge, Known, Ruling
from data_hub.profiles import ProfileRow, Profiles
from data_hub.profiles.folding import OTHER
from data_hub.segments import Segments, recount
from data_hub.segments.book import Book
from data_hub.segments.membership import EVERYBODY
from data_hub.segments.past import counted
from data_hub.segments.records import Fill, Member, Segment
from data_hub.staff import HEADQUARTERS, Staff, Unit
from data_hub.standings.records import StandingRow, Transition
from data_hub.vip import CHOOSING, Vip
from kernel.calendar import Zone
from stores.bulk import among
from stores.history import History
from stores.records import Folded, Records
from stores.watermarks import Watermarks

_DRAWN, _MANY = 200, 100_000
"""So many customers are counted again, out of so many at most."""


def identity_flaws(people: Records) -> Iterator[str]:
    """Components are closed under the links, and each is named by a handle of its own."""
    with people.read() as session:
        customer = {row.handle: row.customer for row in session.scalars(select(Known))}
        names = set(session.scalars(select(Known.own)))
        for handle, named in customer.items():
            if named not in names:
                yield f"handle {own_id(handle)} belongs to {named}, which no handle stands for"
        for edge in session.scalars(select(Edge).where(Edge.refused.is_(False))):
            if customer.get(edge.one) != customer.get(edge.other):
                yield f"event {edge.event} links two handles that are not one customer"


def profile_flaws(people: Records) -> Iterator[str]:
    """Every profile is that of a customer of the present."""
    with people.read() as session:
        present = set(session.scalars(select(Known.customer)))
        for customer in session.scalars(select(ProfileRow.customer)):
            if customer not in present:
                yield f"the profile of {customer} is that of nobody"


def fold_flaws(history: History, digest: Digest, profiles: Profiles) -> Iterator[str]:
    """What is kept of some customers is what their history tells, folded from the start.

    Drawn anew each time. Says nothing while the digest has something to do: then they may differ.
    """
    everybody = profiles.ids("", _MANY)
    drawn = sorted(random.sample(everybody, min(len(everybody), _DRAWN)))
    kept, mark = profiles.many(drawn), digest.mark()
    try:
        told = digest.counted_again(drawn)
    except KeyError:
        return  # history lacks what it lists, which its own walk finds
    if not mark == digest.mark() == history.newest():
        return
    for customer in told:
        if not kept[customer].same_as(told[customer]):
            yield f"the profile of {customer} is not what her history tells: `juzhen rebuild`"


def membership_flaws(
    history: History,
    people: Records,
    digest: Digest,
    profiles: Profiles,
    segments: Segments,
    now: datetime,
    zone: Zone,
    *,
    many: int = _MANY,
) -> Iterator[str]:
    """Whoever is in a segment or not by what she did how often, is so by what history counts.

    All customers are counted where they are few enough, else some who are drawn anew each time.
    Says nothing of segments that fill, nor of customers whose time has come, and nothing at all
    while the digest has something to do.
    """
    mark, book = digest.mark(), segments.book()
    asked = recount.deeds(book)
    if not asked:
        return
    whose, all_of_them = _drawn(people, many)
    past = counted(history, asked, whose, zone.day(now), everybody=all_of_them)
    within, settled, late = _kept(people, book, set(whose.values()), now)
    if not mark == digest.mark() == history.newest():
        return
    for customer in sorted(set(whose.values()) - late):
        hers = past.get(customer, {})

        def otherwise(told: Iterator[tuple[str, bool]], her: str = customer) -> dict[str, bool]:
            told = ((segment, inside) for segment, inside in told if segment in settled)
            return {s: inside for s, inside in told if inside != ((s, her) in within)}

        if found := otherwise(recount.told(book, hers)):
            profile = profiles.many([customer]).get(customer)
            if profile is not None and OTHER in profile.kinds:  # more names than it tells apart
                found = otherwise(recount.told(book, hers, made_up=False))
            for segment, inside in found.items():
                says = "is not in" if inside else "is in"
                yield f"{customer} {says} {segment}, and the history counts otherwise"


def _drawn(people: Records, many: int) -> tuple[dict[str, str], bool]:
    """Whose each handle is, of all customers with a profile or of some; and whether of all."""
    with people.read() as session:
        ids = list(session.scalars(select(ProfileRow.customer).limit(many)))
        drawn = ids if len(ids) < many else random.sample(ids, min(len(ids), _DRAWN))
        rows = among(session, ("handle", "customer"), Known.customer, drawn)
        return {row.handle: row.customer for row in rows}, drawn is ids


def _kept(
    people: Records, book: Book, customers: Collection[str], now: datetime
) -> tuple[set[tuple[str, str]], set[str], set[str]]:
    """Who of these is in what; segments of which all were asked; for whom time has come."""
    signed = {entry.id: book.signature(entry) for entry in book.entries}
    with people.read() as session:
        members = among(session, ("segment", "customer"), Member.customer, customers)
        within = {(segment, customer) for segment, customer in members}
        fills = session.scalars(select(Fill).where(Fill.through == EVERYBODY))
        settled = {fill.segment for fill in fills if signed.get(fill.segment) == fill.signature}
        due = select(StandingRow.customer).where(StandingRow.due <= now)
        return within, settled, set(session.scalars(due))


def digest_flaws(history: History, digest: Digest) -> Iterator[str]:
    """Nothing was digested that history does not hold."""
    mark = digest.mark()
    if mark > history.newest():
        yield f"the digest is at {mark}, ahead of history"


def standing_flaws(records: Records, people: Records) -> Iterator[str]:
    """Whoever stands somewhere, is in a segment or was chosen is a customer of the present."""
    with records.read() as session:
        segments = set(session.scalars(select(Segment.id).where(Segment.retired.is_(None))))
        retired = set(session.scalars(select(Segment.id))) - segments
    present = select(Known.customer)
    with people.read() as session:
        chosen = select(Vip.customer).where(Vip.handle.not_in(select(Known.handle)))
        for customer in session.scalars(chosen.limit(100)):
            yield f"the choice of {customer} is that of nobody"
        for kind, what in (StandingRow, "standing"), (Member, "membership"):
            lost = select(kind.customer).where(kind.customer.not_in(present))
            for customer in session.scalars(lost.limit(100)):
                yield f"the {what} of {customer} is that of nobody"
        for segment in session.scalars(select(Member.segment).distinct()):
            if segment not in segments | retired:
                yield f"somebody is in {segment}, which is no segment"
        unstood = select(ProfileRow.customer).where(
            ProfileRow.customer.in_(present),
            ProfileRow.customer.not_in(select(StandingRow.customer)),
        )
        for customer in session.scalars(unstood.limit(100)):
            yield f"{customer} has a profile and stands nowhere"
        order = select(Vip.rank).order_by(Vip.rank)
        ranks = [] if Watermarks(people, Folded).of(CHOOSING) else list(session.scalars(order))
        if ranks != sorted(set(ranks)):
            yield "two of those who were chosen have one rank"
        same = select(Transition.seq).where(Transition.before == Transition.after)
        for seq in session.scalars(same.limit(100)):
            yield f"transition {seq} leads nowhere"


def ruling_flaws(records: Records) -> Iterator[str]:
    """No two rulings that count say the opposite of the same two handles."""
    said: dict[tuple[str, str], str] = {}
    with records.read() as session:
        for ruling in session.scalars(select(Ruling).where(Ruling.lifted.is_(None))):
            pair = min(ruling.one, ruling.other), max(ruling.one, ruling.other)
            if said.setdefault(pair, ruling.says) != ruling.says:
                yield f"ruling {ruling.id} says the opposite of another that counts"


def staff_flaws(records: Records) -> Iterator[str]:
    """Everybody works in a unit that there is, and every customer's rep works here."""
    with records.read() as session:
        units = set(session.scalars(select(Unit.id))) | {HEADQUARTERS}
        for unit in session.scalars(select(Unit)):
            if unit.parent not in units:
                yield f"unit {unit.code} lies in {unit.parent}, which is no unit"
        here = set()
        for one in session.scalars(select(Staff)):
            here.add(one.id)
            if one.unit not in units:
                yield f"{one.code} works in {one.unit}, which is no unit"
        for relation in session.scalars(select(Relation).where(Relation.staff != "")):
            if relation.staff not in here:
                yield f"relation {relation.id} is with {relation.staff}, who does not work here"
