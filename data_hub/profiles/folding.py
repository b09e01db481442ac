"""The fold (折叠): a profile from events, oldest first by (at, id). Pure: no store, no clock.

Folding on from a kept profile and folding everything again give the same to the last bit, because
both do the same sums in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from data_hub import ordering
from data_hub.catalogue import KINDS, OWN_ACCOUNT, kind_of
from data_hub.details import Order, Teller, details, order, text, told_by
from data_hub.profiles import purchases, strands
from data_hub.profiles.profile import SHAPE, Profile, faded, paid
from data_hub.profiles.traits import learn
from kernel.calendar import Zone, near_month_end
from kernel.events import Event

KEPT_DAYS = 90
KEPT_MATERIALS = 50
KEPT_PURCHASES = 200
KEPT_KINDS = 300
"""So many kinds of hers are counted apart; what a client makes up beyond them is `OTHER`."""
OTHER = "track.other"
_HOLDING_KINDS = {"policy_issued", "policy_renewed", "policy_matured", "holding_noted"}

About = Callable[[Event], Sequence[str]]


def fold(
    events: Iterable[Event], about: About, *, zone: Zone, onto: Profile | None = None
) -> Profile:
    """Fold events, oldest first by (at, id), onto a profile or an empty one."""
    profile = onto or Profile()
    for event in events:
        _take(profile, event, about(event), zone)
    return profile


def key_of(event: Event) -> tuple[float, str]:
    """What events are put in order by."""
    return event.at.timestamp(), event.id


def out_of_order(events: Sequence[Event], profile: Profile) -> bool:
    """Is the first of them not later than all that was folded, or the fold another version's?"""
    return bool(events) and (profile.shape != SHAPE or key_of(events[0]) <= profile.last)


class Lived(NamedTuple):
    """What a profile keeps the last of, all of it."""

    trail: list[list[Any]]
    materials: list[list[Any]]
    purchases: list[list[Any]]


def lived(events: Iterable[Event]) -> Lived:
    """All that these events, oldest first by (at, id), tell of what a profile keeps the last of."""
    told = Lived([], [], [])
    orders = _Orders(told.purchases)
    for event in events:
        if event.detail.get("bot") or (event.kind in ordering.KINDS and orders.again(event)):
            continue
        at, kind = event.at.timestamp(), KINDS.get(event.kind) or kind_of(event.kind)
        if event.account != OWN_ACCOUNT and kind.owner == "customer":
            told.trail.append([event.kind, at])
            if event.material and kind.weight:
                told.materials.append([event.material, at, kind.weight, event.kind])
    return told


class _Orders:
    """All orders of somebody, by their numbers."""

    def __init__(self, bought: list[purchases.Row]) -> None:
        self._bought = bought
        self._lines = purchases.Numbered()
        self._owed: list[purchases.Row] = []
        self._rows = defaultdict[str, list[ordering.Row]](list)

    def again(self, event: Event) -> bool:
        """Take the next event; was it told before?"""
        carried, at, by = details(event), event.at.timestamp(), told_by(event)
        told = order(carried)
        if event.kind == "bought":
            return self._buy(told, at, by)
        part = ordering.part_of(event.kind, carried, told)
        rows = self._rows[told.number]
        if event.kind == "refunded" and not ordering.heard(rows, event.kind, told, part, by):
            self._pay_back(told, by)
        return ordering.told_again(rows, event.kind, told, part, at, by)

    def _buy(self, told: Order, at: float, by: Teller) -> bool:
        lines = self._lines
        if purchases.told_again(lines.of(told.number), told, at, by):
            return True
        lines.add(purchases.note(self._bought, told, at, by))
        for back, before in purchases.settle(self._owed, told.number, by):
            purchases.pay_back(lines.of(told.number), back, before)
        return False

    def _pay_back(self, back: Order, by: Teller) -> None:
        hers = self._lines.of(back.number) if back.number else self._bought
        if back.number and not purchases.about(hers, back.number, by):
            purchases.owe(self._owed, back, by)
        purchases.pay_back(hers, back, by)


def _take(profile: Profile, event: Event, tags: Sequence[str], zone: Zone) -> None:
    """Fold the next event in. It must be later, by (at, id), than the last one."""
    at = event.at.timestamp()
    profile.last = (at, event.id)
    profile.events += 1
    account = profile.accounts.setdefault(event.account, [0, at])
    account[0] += 1
    account[1] = at
    if not profile.began:
        profile.began = at
    if event.detail.get("bot"):
        return
    carried = details(event) if event.detail else {}
    if event.kind in ordering.KINDS:
        _ordered(profile, event, at, tags, carried, zone)
    else:
        _done(profile, event, at, tags, carried, zone)
    strands.mood(profile, event, at, carried)
    strands.consent(profile, event, at, carried)
    if carried:
        _learn(profile, event, at, carried)


def _ordered(
    profile: Profile, event: Event, at: float, tags: Sequence[str], carried: Mapping[str, Any],
    zone: Zone,
) -> None:  # fmt: skip
    """Count what happened to an order, once."""
    told, by = order(carried), told_by(event)
    if event.kind == "bought":
        if not purchases.told_again(profile.purchases, told, at, by):
            _done(profile, event, at, tags, carried, zone)
            _bought(profile, told, at, by, zone)
        return
    part = ordering.part_of(event.kind, carried, told)
    heard = ordering.heard(profile.orders, event.kind, told, part, by)
    if not ordering.told_again(profile.orders, event.kind, told, part, at, by):
        _done(profile, event, at, tags, carried, zone)
    del profile.orders[:-KEPT_PURCHASES]
    if event.kind == "refunded" and not heard:
        _paid_back(profile, told, by, zone)


def _done(
    profile: Profile, event: Event, at: float, tags: Sequence[str], carried: Mapping[str, Any],
    zone: Zone,
) -> None:  # fmt: skip
    """Count what was done, and where on her way it brings her."""
    counted = _counted_as(profile, event.kind)
    _count(profile, counted, zone.local(event.at))
    strands.span(profile, counted, at)
    if event.account == OWN_ACCOUNT:
        strands.offered(profile, event, zone.day(event.at))
        return
    _acted(profile, event, at, tags, zone)
    strands.journey(profile, event, at, carried)


def _counted_as(profile: Profile, kind: str) -> str:
    """The kind under which it is counted: a client may make up names without end."""
    if kind in profile.kinds or kind in KINDS or len(profile.kinds) < KEPT_KINDS:
        return kind
    return OTHER


def _count(profile: Profile, kind: str, local: datetime) -> None:
    profile.kinds[kind] = profile.kinds.get(kind, 0) + 1
    today = local.date()
    days = profile.days.setdefault(kind, {})
    name = today.isoformat()
    if name not in days:
        days[name] = 0
        first = date.fromordinal(max(today.toordinal() - KEPT_DAYS, 1)).isoformat()
        for old in [k for k, kept in profile.days.items() if min(kept, default=name) < first]:
            profile.days[old] = {d: n for d, n in profile.days[old].items() if d >= first}
            if not profile.days[old]:
                del profile.days[old]
    days = profile.days[kind]
    days[name] += 1


def _acted(profile: Profile, event: Event, at: float, tags: Sequence[str], zone: Zone) -> None:
    kind = KINDS.get(event.kind) or kind_of(event.kind)
    if kind.owner != "customer":
        return
    profile.active = at
    strands.trail(profile, event.kind, at)
    profile.hours[zone.local(event.at).hour] += 1
    if not event.material or not kind.weight:
        return
    profile.offered.pop(event.material, None)
    profile.materials.append([event.material, at, kind.weight, event.kind])
    del profile.materials[:-KEPT_MATERIALS]
    for tag in tags:
        value, since = profile.tags.get(tag, (0.0, at))
        profile.tags[tag] = [value * faded(at - since) + kind.weight, at]


def _learn(profile: Profile, event: Event, at: float, detail: Mapping[str, Any]) -> None:
    learn(profile.traits, event.detail, at, event.account)
    number = text(detail.get("policy")) if event.kind in _HOLDING_KINDS else ""
    if number and (number in profile.held or len(profile.held) < strands.HELD):
        holding = profile.held.setdefault(number, {"since": at})
        holding["ended"] = event.kind == "policy_matured" or bool(detail.get("ended"))
        for name in ("product", "category", "due", "matures"):
            if value := text(detail.get(name)):
                holding[name] = value
    strands.place(profile, at, detail)


def _bought(profile: Profile, bought: Order, at: float, by: Teller, zone: Zone) -> None:
    purchases.note(profile.purchases, bought, at, by)
    del profile.purchases[:-KEPT_PURCHASES]
    strands.buying(profile, at, bought.amount)
    _note_month_end(profile, zone.day(datetime.fromtimestamp(at, UTC)))
    for back, before in purchases.settle(profile.owed, bought.number, by):
        _paid_back(profile, back, before, zone)


def _note_month_end(profile: Profile, day: date) -> None:
    month = f"{day:%Y-%m}"
    if near_month_end(day) and month not in profile.month_ends:
        profile.month_ends.append(month)


def _paid_back(profile: Profile, back: Order, by: Teller, zone: Zone) -> None:
    """What was paid back was not spent; what was paid back whole was not bought.

    Of who bought more than is kept one by one, what she spent is told less it, and no more; so is
    what was paid back of an order that is not kept any more. Of who did not, an order that nobody
    told of is told of later.
    """
    less = purchases.pay_back(profile.purchases, back, by)
    unknown = back.number and not purchases.about(profile.purchases, back.number, by)
    if KEPT_PURCHASES == len(profile.purchases) < profile.kinds.get("bought", 0):
        if unknown:
            less = max(0.0, back.amount)
        profile.buying[3] = max(0.0, profile.buying[3] - less)
        return
    if unknown:
        purchases.owe(profile.owed, back, by)
    if not less:
        return
    profile.buying, profile.month_ends = [], []
    for each in profile.kept():
        strands.buying(profile, each[0], paid(each))
        _note_month_end(profile, zone.day(datetime.fromtimestamp(each[0], UTC)))
