"""The touch policy (轻骚扰闸门): one gate in front of every marketing touch of every account.

A place under the caps is decided on and reserved in one transaction, many at once, the most
important first; one that is held for less is given to what matters more. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from channels.touch_policy.ledger import MONTH, Background, Ledger, Natures, Persons
from channels.touch_policy.moods import current
from channels.touch_policy.policy import WINDOWS, Caps, Policy, tuned
from channels.touch_policy.policy import spelled as written
from channels.touch_policy.record import Touched, TouchSettings
from channels.touch_policy.rules import QUIET, decide, in_the_way, minded, quiet_end
from channels.touch_policy.saying import no_marketing_now
from channels.touch_policy.touch import (
    Advised,
    Asked,
    Decision,
    Kind,
    Known,
    Nature,
    Objection,
    Past,
    Touch,
    Verdict,
    rank,
)
from data_hub.consents import MARKETING, Consents
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid
from kernel.events import Handle
from kernel.values import dataclass
from stores import bulk
from stores.changes import Changes
from stores.records import Records, upsert
from stores.remembered import Remembered
from stores.spelling import marks, spelled

SLICE = 500
"""No more is decided in one transaction, so that it keeps nobody waiting for long."""
GATE = "touches"
"""What a write that reserves must name."""
_SETTINGS = "touch_policy"


@dataclass(frozen=True, slots=True)
class Reserved:
    """What became of a slice of touches."""

    decisions: Mapping[str, Decision]
    outranked: Collection[str] = ()
    """Keys that held a place until something more important came; they must ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may still go to somebody now, for whoever composes what to offer her."""

    left: float
    """How many marketing touches of usual weight."""
    against: tuple[Objection, ...] = ()
    """What speaks against any marketing at all."""
    promo: bool = True
    price_cut: bool = True
    only_large_promo: bool = False
    tired_of: frozenset[str] = frozenset()
    vip: bool = False


class TouchPolicy:
    """Decides, explains, reserves."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        consents: Consents,
        persons: Persons,
        natures: Natures,
        clock: Clock,
        zone: Zone,
        platform: Callable[[str, datetime], Caps] = lambda _kind, _at: Caps(),
    ) -> None:
        """``platform`` says what the platform of a kind of channel lets a person receive."""
        self._records = records
        self._changes = changes
        self._consents = consents
        self._persons = persons
        self._natures = natures
        self._clock = clock
        self._zone = zone
        self._platform = platform
        self._remembered: Remembered[Policy] = Remembered(records, changes, _SETTINGS, _read_policy)

    # settings

    def policy(self) -> Policy:
        """What counts now."""
        return self._remembered.now()

    def tune(self, changed: Mapping[str, Any], *, by: str) -> Policy:
        """Change some settings. Raises one `Invalid` that lists every flaw."""
        with self._records.write("touch_settings") as session:
            row = session.get(TouchSettings, _SETTINGS)
            before = dict(row.changed) if row else {}
            policy = tuned(tuned(Policy(), before), changed)
            new = {k: v for k, v in written(policy).items() if v != written(Policy())[k]}
            upsert(
                session, TouchSettings,
                [{"key": _SETTINGS, "changed": new, "at": self._clock(), "by": by}],
            )  # fmt: skip
            told = {name: written(policy)[name] for name in changed}
            self._changes.note("touch_policy_tuned", "touch_policy", _SETTINGS, by=by, **told)
            self._changes.count_up(_SETTINGS)
        return policy

    # reserving

    def reserve(self, touches: Sequence[Touch], *, by: str) -> Reserved:
        """Decide about touches that should go out now, and take the places of those that may.

        One transaction; alone, or in a write that names `GATE`. Reserving a key again answers the
        place it has. What is outranked loses its place here, and must ask again. Raises `Invalid`
        for more than `SLICE` at once; what is refused or must wait is a decision, no error.
        """
        if len(touches) > SLICE:
            raise Invalid("touches", "too_many_touches", limit=SLICE, length=len(touches))
        known = self._background(touches)
        touches = [known.ranked(each) for each in touches]
        decisions: dict[str, Decision] = {}
        with self._records.write(GATE) as session:
            ledger = Ledger.open(self._records, touches, known, self._consents, locked=True)
            for touch in sorted(touches, key=lambda each: rank(each.priority, each.expires)):
                decisions[touch.key] = self._place(ledger, known, touch, by)
            if ledger.stale:
                session.execute(_delete(ledger.stale))
            bulk.put(session, Touched, ledger.rows)
        return Reserved(decisions, ledger.outranked)

    def count_own(self, touch: Touch, *, by: str) -> Decision:
        """A rep's own send, which takes its place at once. Raises `Advised` with the reason if
        the policy is against it and she does not say why, `Conflict` if nobody may insist."""
        decision = self.reserve([touch], by=by).decisions[touch.key]
        if decision.passes:
            return decision
        if decision.against[0].rule == "consent":
            raise Conflict(decision.reason, **decision.facts)
        raise Advised(decision.reason, **decision.facts)

    def explain(self, touch: Touch) -> Decision:
        """What would be decided about it now. Takes no place."""
        known = self._background([touch])
        with self._records.read():
            ledger = Ledger.open(self._records, [touch], known, self._consents)
            return decide(ledger.asked(known, touch))

    def why_not_now(self, handle: Handle | str, language: str, *, rep: str = "") -> str | None:
        """One sentence for a rep: what speaks against marketing to her now, and until when; None
        if nothing does. Whom she wrote to lately ``rep`` may answer."""
        touch = Touch(key="", handle=str(handle), account="", channel="", rep=rep)
        known = self._background([touch], plain=True)
        with self._records.read():
            ledger = Ledger.open(self._records, [touch], known, self._consents)
        against = list(in_the_way(ledger.asked(known, touch)))
        return no_marketing_now(against, self._zone, self._clock(), language)

    def forecast(self, touches: Sequence[Touch]) -> dict[str, Decision]:
        """What would be decided about each of them now, taken alone. Takes no place."""
        if not touches:
            return {}
        known = self._background(touches)
        with self._records.read():
            ledger = Ledger.open(self._records, touches, known, self._consents)
            return {touch.key: decide(ledger.asked(known, touch)) for touch in touches}

    def begin(self, keys: Collection[str]) -> set[str]:
        """The last question about some places, in the transaction that marks the sending: those
        that are still there, and are used now.

        The place of another day is gone, and so is one whose hour or her mood have turned: it must
        be reserved again.
        """
        now = self._clock()
        with self._records.part() as session:
            values = [False, spelled(self._records, now), self._zone.day(now).toordinal(), *keys]
            told = self._records.rows(_BEGIN.format(marks(keys)), values)
            asked = {
                key: handle for key, handle, kind, forced in told
                if kind == Kind.MARKETING and not forced
            }  # fmt: skip
            if turned := self._turned(asked, now):
                session.execute(_delete(turned))
        return {key for key, *_ in told} - turned

    def _turned(self, asked: Mapping[str, str], now: datetime) -> set[str]:
        """The keys of those, with their handles, for whom it is night by now or who are held."""
        if not asked or quiet_end(self.policy(), self._zone, now) is not None:
            return set(asked)
        persons = self._persons.behind(set(asked.values()))
        hers = {h: persons[h].handles if h in persons else (h,) for h in asked.values()}
        held = current(self._records, {each for all_ in hers.values() for each in all_}, now)
        return {key for key, handle in asked.items() if not held.keys().isdisjoint(hers[handle])}

    def release(self, keys: Collection[str]) -> None:
        """What had these places was not sent after all. Releasing twice does no harm."""
        if keys:
            with self._records.write() as session:
                session.execute(_delete(keys))

    # asking

    def allowance(self, handle: Handle | str, *, hers: Known | None = None) -> Allowance:
        """What may still go to her now, with one read of the places taken. ``hers`` is who is
        behind the handle, from whom that is known already. What suits her does not change at
        night, though nothing goes to her then."""
        touch = Touch(key="", handle=str(handle), account="", channel="")
        known = self._background([touch], plain=True, hers=hers)
        with self._records.together():
            ledger = Ledger.open(self._records, [touch], known, self._consents)
        asked = ledger.asked(known, touch)
        plain = minded(asked)
        promo = any(
            not _by_day(minded(_with(asked, Nature(promo=True, large=large))))
            for large in (False, True)
        )
        policy, today = self.policy(), asked.today
        marketing = [past for past in asked.past if past.kind == Kind.MARKETING]
        overall = policy.overall.least(policy.budget(asked.person.lifecycle))
        room = [
            cap - sum(p.weight for p in marketing if p.day > today - timedelta(days=days))
            for days, cap in zip(WINDOWS.values(), overall.windows(), strict=True)
            if cap is not None
        ]
        barred = _by_day(plain)
        only_large = bool(barred) and barred[0].reason == "sleeping_needs_large_promotion"
        barred = tuple(each for each in plain if each not in barred) if only_large else plain
        since = today - timedelta(days=int(policy.tired_days))
        return Allowance(
            left=0.0 if barred else max(0.0, min(room, default=0.0)),
            against=barred, promo=promo, only_large_promo=only_large,
            price_cut=not asked.person.vip, vip=asked.person.vip,
            tired_of=frozenset(p.material for p in asked.past if p.material and p.day > since),
        )  # fmt: skip

    def taken(self, handles: Collection[Handle | str], days: int = MONTH) -> list[Touched]:
        """What was said to her lately, and what has its place reserved, the latest first."""
        first = self._zone.day(self._clock()).toordinal() - days
        hers = select(Touched).where(
            Touched.handle.in_([str(handle) for handle in handles]), Touched.day > first
        )
        with self._records.read() as session:
            return list(session.scalars(hers.order_by(Touched.at.desc(), Touched.key)))

    # the steps

    def _background(
        self, touches: Sequence[Touch], *, plain: bool = False, hers: Known | None = None
    ) -> Background:
        """Everything that lives elsewhere, asked for before the lock is taken. ``plain``: what
        the contents are does not matter; ``hers``: all go to her."""
        now = self._clock()
        told = [touch for touch in touches if touch.purpose == MARKETING and not plain]
        channels, handles = ({each.channel for each in touches}, {each.handle for each in touches})
        campaigns = {touch.campaign for touch in told if touch.campaign}
        return Background(
            self._persons.behind(handles)
            if hers is None
            else dict.fromkeys(handles, self._persons.person(hers)),
            self._natures.of({touch.material for touch in told if touch.material}),
            self._natures.mega_sales(campaigns),
            self.policy(), self._zone, now,
            {kind: self._platform(kind, now) for kind in channels},
            self._natures.priorities(campaigns) if campaigns else {},
        )  # fmt: skip

    def _place(self, ledger: Ledger, known: Background, touch: Touch, by: str) -> Decision:
        asked = ledger.asked(known, touch)
        customer = asked.person.customer
        there = next((past for past in ledger.past[customer] if past.key == touch.key), None)
        if there is not None and there.day == asked.today:
            return Decision(Verdict.PASS, Kind(there.kind), there.weight)
        used = ledger.overrides[customer]
        if touch.override and used >= known.policy.overrides:
            asked = _with(asked, override="")
        decision = decide(asked)
        if not decision.passes and decision.reason.startswith("capped_") and not touch.rep:
            decision = self._outrank(ledger, asked) or decision
        if there is not None:
            ledger.stale.append(touch.key)
        if decision.passes:
            self._take(ledger, asked, decision, by)
        return decision

    def _outrank(self, ledger: Ledger, asked: Asked) -> Decision | None:
        """Pass in the place of something less important that holds one, if that is enough."""
        mine = rank(asked.touch.priority, asked.touch.expires)
        lesser = [past for past in asked.past if past.held and past.rank > mine]
        if not lesser or not (decision := _without(asked, lesser)).passes:
            return None
        lesser.sort(key=lambda each: each.rank)
        for past in list(lesser):  # the more important of them first: it may not have to go
            rest = [each for each in lesser if each is not past]
            if (spared := _without(asked, rest)).passes:
                lesser, decision = rest, spared
        gone = {past.key for past in lesser}  # of this slice are only those that matter more
        ledger.stale += gone
        past_of_hers = ledger.past[asked.person.customer]
        past_of_hers[:] = [each for each in past_of_hers if each.key not in gone]
        ledger.outranked += sorted(gone)
        return decision

    def _take(self, ledger: Ledger, asked: Asked, decision: Decision, by: str) -> None:
        touch, today = asked.touch, asked.today
        held = not touch.rep and decision.kind is Kind.MARKETING
        ledger.past[asked.person.customer].append(
            Past(
                touch.key, today, touch.channel, decision.kind, decision.weight,
                asked.nature.promo, touch.material, held, touch.priority, touch.expires,
            )
        )  # fmt: skip
        ledger.rows.append(
            {
                "key": touch.key, "handle": touch.handle, "day": today.toordinal(),
                "at": asked.at, "account": touch.account, "channel": touch.channel,
                "kind": str(decision.kind), "weight": decision.weight,
                "promo": asked.nature.promo, "material": touch.material,
                "campaign": touch.campaign, "priority": touch.priority,
                "expires": touch.expires, "held": held, "forced": decision.forced,
                "override": touch.override if decision.forced else None, "rep": touch.rep,
            }
        )  # fmt: skip
        if decision.forced:
            ledger.overrides[asked.person.customer] += 1
            self._changes.note(
                "overrode_touch_policy", "touch", touch.key, by=by, handle=touch.handle,
                rule=decision.against[0].rule, reason=decision.reason,
            )  # fmt: skip


def _read_policy(session: Session) -> Policy:
    row = session.get(TouchSettings, _SETTINGS)
    return tuned(Policy(), row.changed) if row else Policy()


def _with(asked: Asked, nature: Nature | None = None, *, override: str | None = None) -> Asked:
    """The same question with something else about it."""
    touch = asked.touch if override is None else replace(asked.touch, override=override)
    return replace(asked, touch=touch, nature=asked.nature if nature is None else nature)


def _by_day(against: Sequence[Objection]) -> tuple[Objection, ...]:
    """What would speak against it at any hour."""
    return tuple(each for each in against if each.rule != QUIET)


def _without(asked: Asked, gone: Collection[Past]) -> Decision:
    return decide(replace(asked, past=[each for each in asked.past if each not in gone]))


_BEGIN = (
    "UPDATE touches SET held = ?, at = ? WHERE day = ? AND key IN ({})"
    " RETURNING key, handle, kind, forced"
)


def _delete(keys: Collection[str]) -> Any:
    gone = delete(Touched).where(Touched.key.in_(list(keys)))
    return gone.execution_options(synchronize_session=False)
