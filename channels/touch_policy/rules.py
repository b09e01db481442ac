"""The rules of a light touch (轻骚扰规则): may this go to her now, why not, and when. No store.

consent > quiet hours > mood > caps > tiredness and share of promotion > VIP > point of her life.
The first rule that objects names the reason; which of several campaigns gets the last place is
said by the keeper, which sees them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from channels.touch_policy.policy import WINDOWS, Caps, Policy
from channels.touch_policy.touch import Asked, Decision, Kind, Objection, Past, Verdict
from data_hub.consents import MARKETING
from kernel.calendar import Zone, in_hours

_EPSILON = 1e-9
_MOST_STEPS = 90


Rule = Callable[[Asked], Objection | None]


def decide(asked: Asked) -> Decision:
    """The one decision. ``past`` must not hold the touch itself."""
    kind, against = kind_of(asked), minded(asked)
    if not against:
        return Decision(Verdict.PASS, kind, asked.weight)
    if asked.allowed and asked.touch.override:
        return Decision(Verdict.PASS, kind, asked.weight, against, forced=True)
    if against[0].until is None:
        return Decision(Verdict.REFUSE, kind, asked.weight, against)
    next_at = eligible(asked, against[0])
    if next_at is None:
        return Decision(Verdict.REFUSE, kind, asked.weight, against)
    if asked.touch.expires is not None and next_at >= asked.touch.expires:
        return Decision(Verdict.STALE, kind, asked.weight, against, next_at)
    return Decision(Verdict.DELAY, kind, asked.weight, against, next_at)


QUIET = "quiet_hours"


def minded(asked: Asked) -> tuple[Objection, ...]:
    """What keeps it from going to her now, for who need not know until when."""
    if not asked.allowed:
        purpose = {"purpose": asked.touch.purpose}
        return (Objection("consent", "she_does_not_allow_it", None, purpose),)
    return tuple(objections(asked)) if kind_of(asked) is Kind.MARKETING else ()


def kind_of(asked: Asked) -> Kind:
    """What it counts as."""
    if asked.touch.purpose != MARKETING:
        return Kind.SERVICE
    since = asked.person.active
    free = timedelta(hours=asked.policy.answer_hours)
    if asked.touch.rep and since is not None and asked.at - since <= free:
        return Kind.ANSWER
    return Kind.MARKETING


def objections(asked: Asked) -> Iterable[Objection]:
    """Everything that speaks against it at that moment, the weightiest first."""
    for rule in RULES:
        if (minded := rule(asked)) is not None:
            yield minded


def eligible(asked: Asked, first: Objection | None = None) -> datetime | None:
    """The first moment, from the one asked about, at which nothing speaks against it. ``first``
    is what speaks against that one, if it is known."""
    for _ in range(_MOST_STEPS):
        first = first or next(iter(objections(asked)), None)
        if first is None:
            return asked.at
        if first.until is None or first.until <= asked.at:
            return None
        asked, first = replace(asked, at=first.until), None
    return None


def in_the_way(asked: Asked) -> Iterator[Objection]:
    """What speaks against it now, then what does when that has ended, until nothing does."""
    for _ in range(_MOST_STEPS):
        first = next(iter(minded(asked)), None)
        if first is None:
            return
        yield first
        if first.until is None or first.until <= asked.at:
            return
        asked = replace(asked, at=first.until)


# the rules, in their order


def quiet_hours(asked: Asked) -> Objection | None:
    """No marketing at night: it waits for the morning."""
    ends = quiet_end(asked.policy, asked.zone, asked.at)
    return None if ends is None else Objection(QUIET, "quiet_hours_now", ends, {})


def quiet_end(policy: Policy, zone: Zone, at: datetime) -> datetime | None:
    """When the quiet hours around this moment end; None outside them."""
    local = zone.local(at)
    hour = local.time()
    begins, ends = policy.quiet_from, policy.quiet_until
    if begins == ends or not in_hours(hour, begins, ends):
        return None
    over_midnight = begins > ends and hour >= begins
    return zone.at(local.date() + timedelta(days=over_midnight), ends)


def mood(asked: Asked) -> Objection | None:
    """Whoever is upset, or waits for us to mend something, is not advertised to."""
    if asked.held is None or asked.held[1] <= asked.at:
        return None
    why, until = asked.held
    return Objection("mood", "her_mood_holds_it", until, {"why": why})


def caps(asked: Asked) -> Objection | None:
    """How much she hears from us: over all, on this channel, and with service counted in."""
    channel, today, weight = asked.touch.channel, asked.today, asked.weight
    for limit in limits(asked.policy, asked.person.lifecycle, asked.platform):
        if not asked.past and weight <= limit.most:
            continue
        first = today - timedelta(days=limit.days - 1)
        used = sum(
            past.weight
            for past in asked.past
            if past.day >= first
            and (limit.where == "all" or past.kind == Kind.MARKETING)
            and (limit.where != "channel" or past.channel == channel)
        )
        if used + weight > limit.most + _EPSILON:
            counted = [
                past
                for past in asked.past
                if (limit.where == "all" or past.kind == Kind.MARKETING)
                and (limit.where != "channel" or past.channel == channel)
            ]
            facts = {
                "where": limit.where, "window": limit.window, "used": round(used, 3),
                "cap": limit.most,
            }  # fmt: skip
            until = _room(asked, counted, limit.days, limit.most)
            return Objection("caps", f"capped_{limit.where}", until, facts)
    return None


class Limit(NamedTuple):
    """One cap over one window."""

    where: str
    window: str
    days: int
    most: float


@lru_cache(maxsize=512)
def limits(policy: Policy, lifecycle: str, platform: Caps) -> tuple[Limit, ...]:
    """Every cap that counts for her there, the widest scope first."""
    scopes = (
        ("overall", policy.overall.least(policy.budget(lifecycle))),
        ("channel", policy.channel.least(platform)),
        ("all", policy.all),
    )
    return tuple(
        Limit(where, window, days, most)
        for where, cap in scopes
        for (window, days), most in zip(WINDOWS.items(), cap.windows(), strict=True)
        if most is not None
    )


def tired(asked: Asked) -> Objection | None:
    """The same content is not shown to her again so soon."""
    material, days = asked.touch.material, int(asked.policy.tired_days)
    shown = [past.day for past in asked.past if material and past.material == material]
    if not shown or (asked.today - max(shown)).days >= days:
        return None
    return Objection(
        "tired", "she_had_it_lately", _morning(asked, max(shown) + timedelta(days=days)), {}
    )


def promo_share(asked: Asked) -> Objection | None:
    """Not too much of what she hears is promotion."""
    if not asked.nature.promo:
        return None
    policy, today = asked.policy, asked.today
    for later in range(int(policy.promo_days) + 1):
        first = today + timedelta(days=later + 1 - int(policy.promo_days))
        lately = [past for past in asked.past if past.day >= first]
        promos = sum(past.weight for past in lately if past.promo) + asked.weight
        touches = sum(past.weight for past in lately) + asked.weight
        share = promos / max(touches, policy.promo_base)
        if share <= policy.promo_share + _EPSILON:
            if not later:
                return None
            until = _morning(asked, today + timedelta(days=later))
            return Objection("promo_share", "too_much_promotion", until, {})
    return Objection("promo_share", "too_much_promotion", None, {})


def vip(asked: Asked) -> Objection | None:
    """No price is cut for her; and one who sleeps is called by her own rep, not advertised to."""
    nature, person = asked.nature, asked.person
    if not person.vip:
        return None
    if nature.price_cut:
        return Objection("vip", "no_price_cut_for_vip", None, {})
    if nature.promo and person.lifecycle in ("sleeping", "churned"):
        return Objection("vip", "vip_is_called_instead", None, {})
    return None


def lifecycle(asked: Asked) -> Objection | None:
    """What fits the point of her life."""
    at_point = _AT_POINT.get(asked.person.lifecycle)
    return at_point(asked) if at_point else None


def _active(asked: Asked) -> Objection | None:
    days, most = int(asked.policy.promo_days), asked.policy.active_promos
    return _fewer_promos(asked, days, most, "active_wants_no_promotion")


def _silent(asked: Asked) -> Objection | None:
    return _fewer_promos(asked, int(asked.policy.silent_promo_days), 1, "silent_had_promotion")


def _sleeping(asked: Asked) -> Objection | None:
    if asked.nature.promo and asked.nature.large:
        return None
    return Objection("lifecycle", "sleeping_needs_large_promotion", None, {})


def _churned(asked: Asked) -> Objection | None:
    if not asked.nature.promo or asked.mega_sale:
        return None
    return Objection("lifecycle", "churned_only_big_sales", None, {})


_AT_POINT: dict[str, Rule] = {
    "active": _active,
    "silent": _silent,
    "sleeping": _sleeping,
    "churned": _churned,
}
RULES: tuple[Rule, ...] = (quiet_hours, mood, caps, tired, promo_share, vip, lifecycle)


def _fewer_promos(asked: Asked, days: int, most: float, reason: str) -> Objection | None:
    if not asked.nature.promo:
        return None
    promos = [past for past in asked.past if past.promo]
    if _weight(promos, asked.today, days) + asked.weight <= most + _EPSILON:
        return None
    return Objection("lifecycle", reason, _room(asked, promos, days, most), {})


def _weight(past: Iterable[Past], today: date, days: int) -> float:
    first = today - timedelta(days=days - 1)
    return sum(each.weight for each in past if first <= each.day)


def _room(asked: Asked, past: Sequence[Past], days: int, most: float) -> datetime | None:
    """The morning of the first day on which there is room again; None if there never is."""
    if asked.weight > most + _EPSILON:
        return None
    for later in range(1, days + 1):
        day = asked.today + timedelta(days=later)
        if _weight(past, day, days) + asked.weight <= most + _EPSILON:
            return _morning(asked, day)
    return None


def _morning(asked: Asked, day: date) -> datetime:
    return asked.zone.at(day, time())
