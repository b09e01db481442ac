"""The keeper of broadcasts (群发管理): makes, previews, pauses, resumes, cancels and counts them.

Without a segment nothing is made (R139), unless an admin says why all customers must hear it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from channels.accounts import Accounts
from channels.broadcasts.pace import Pace, paced
from channels.broadcasts.record import Broadcast, Phase
from channels.deliveries import Deliveries, Delivery, Lane, State
from channels.deliveries.record import OF_A_CAMPAIGN_ALONE
from channels.touch_policy import SLICE, Touch, TouchPolicy
from content_hub.compliance import Compliance
from content_hub.shelf import Shelf
from data_hub.consents import MARKETING
from data_hub.identities import Identities
from data_hub.segments import Segments
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.events import Handle
from kernel.ids import Page, new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Records

LOOKED_AT = 2_000
"""So many of the audience a preview asks the touch policy about."""
_OPEN = (State.DUE, State.SENDING, State.SUBMITTED, State.AWAITING_PERSON, State.UNKNOWN)
_MOST_A_MINUTE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Whom it would reach if it began now."""

    count: int
    ready: bool
    """Everybody has been asked whether she is in the segment."""
    asked: int
    """How many of them were looked at one by one."""
    reachable: int
    """Of those, how many the account reaches."""
    passes: int
    """Of those, how many the touch policy lets through now."""
    withheld: Mapping[str, int]
    """Why the others would not, or not yet: reasons with how many."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What has come of a broadcast."""

    states: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why those that ended unsent did, with how many."""

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def open(self) -> int:
        """How many are not over."""
        return sum(self.states.get(state, 0) for state in _OPEN)


class Broadcasts:
    """All broadcasts of a company."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        deliveries: Deliveries,
        segments: Segments,
        identities: Identities,
        policy: TouchPolicy,
        shelf: Shelf,
        compliance: Compliance,
        clock: Clock,
        on: bool = True,
    ) -> None:
        """``on``: does this company send to many at once? What was made before goes on."""
        self.on = on
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._deliveries = deliveries
        self._segments = segments
        self._identities = identities
        self._policy = policy
        self._shelf = shelf
        self._compliance = compliance
        self._clock = clock

    # acts

    def create(
        self,
        name: str,
        account: str,
        *,
        by: str,
        segment: str = "",
        everybody: str = "",
        material: str = "",
        words: str = "",
        campaign: str = "",
        priority: int = 50,
        opens: datetime | None = None,
        expires: datetime | None = None,
        per_minute: float = 0,
    ) -> Broadcast:
        """Ask for it; it begins by itself. Raises one `Invalid` for the first thing amiss."""
        if not self.on:
            raise Conflict("module_is_off", module="mass_send")
        there = self._accounts.one(account)
        begins = opens or self._clock()
        if not name.strip():
            raise Invalid("name", "needs_a_name")
        if not segment and not everybody.strip():
            raise Invalid("segment", "broadcast_needs_segment")
        self._check_words(material, words)
        if not 0 <= per_minute <= _MOST_A_MINUTE:
            raise Invalid("per_minute", "not_that_fast", most=_MOST_A_MINUTE)
        if expires is not None and expires <= begins:
            raise Invalid("expires", "ends_before_it_begins")
        made = Broadcast(
            name=name.strip(), account=there.id, everybody=everybody.strip(), words=words.strip(),
            segment=self._segments.one(segment).id if segment else "",
            material=self._shelf.material_id(material) if material else "", campaign=campaign,
            priority=min(max(priority, 0), 100), opens=begins, expires=expires,
            per_minute=per_minute, made=self._clock(), by=by,
        )  # fmt: skip
        with self._records.write() as session:
            session.add(made)
            self._changes.note(
                "made_broadcast", "broadcast", made.id, by=by, account=there.id,
                material=made.material, segment=made.segment, why=made.everybody,
            )  # fmt: skip
        return made

    def _check_words(self, material: str, words: str) -> None:
        if not material and not words.strip():
            raise Invalid("words", "nothing_to_send")
        if said := self._compliance.barred(words):
            raise Invalid("words", "words_may_not_be_said", words=[*said])

    def try_out(
        self, account: str, whom: str, *, by: str, material: str = "", words: str = ""
    ) -> Delivery:
        """Let one of us see it first (试发): a delivery of her own and of no broadcast, asked at
        the same gate as everybody's. ``whom`` is her id, a handle or a value of one; `Invalid`
        names what is amiss."""
        if not self.on:
            raise Conflict("module_is_off", module="mass_send")
        there = self._accounts.one(account)
        self._check_words(material, words)
        found = self._identities.find(whom)
        if not found:
            with suppress(NotFound):
                found = [self._identities.resolve(whom)]
        handles = list(reached(self._identities, found, there.id).values())
        if len(handles) != 1:
            raise Invalid("whom", "not_reached_on_this_channel", channel=there.code)
        return self._deliveries.queue(
            account=there.id, target=Handle.parse(handles[0]), occasion=new_id("try"),
            purpose=MARKETING, words=words.strip(), by=by, lane=Lane.GATED,
            material=self._shelf.material_id(material) if material else "",
        )  # fmt: skip

    def pause(self, key: str, *, by: str) -> Broadcast:
        """Nothing of it begins from now on, until somebody resumes it. Twice does no harm."""
        with self._records.write() as session:
            kept = session.get_one(Broadcast, self.one(key).id, with_for_update=True)
            if kept.cancelled is not None:
                raise Conflict("broadcast_cancelled")
            if kept.paused is None:
                kept.paused = self._clock()
                self._changes.note("paused_broadcast", "broadcast", kept.id, by=by)
        return kept

    def resume(self, key: str, *, by: str) -> Broadcast:
        """It goes on, no faster than it may: what waited is spread anew first."""
        with self._records.write() as session:
            kept = session.get_one(Broadcast, self.one(key).id, with_for_update=True)
            if kept.paused is not None:
                kept.paused, kept.spreading = None, "" if kept.per_minute else None
                self._changes.note("resumed_broadcast", "broadcast", kept.id, by=by)
        return kept

    def cancel(self, key: str, *, by: str) -> int:
        """End it: nothing of it begins after this. Says how many were begun and are not back."""
        with self._records.write() as session:
            kept = session.get_one(Broadcast, self.one(key).id, with_for_update=True)
            if kept.cancelled is None:
                kept.cancelled = self._clock()
                self._changes.note("cancelled_broadcast", "broadcast", kept.id, by=by)
            return self._deliveries.in_flight(Delivery.broadcast == kept.id)

    # questions

    def one(self, key: str) -> Broadcast:
        with self._records.read() as session:
            if found := session.get(Broadcast, key):
                return found
        raise NotFound("broadcast", key)

    def page(self, *, first: int = 20, after: str | None = None) -> Page[Broadcast]:
        """The newest first."""
        return newest_first(
            self._records, select(Broadcast), Broadcast.id, first=first, after=after
        )

    def of_campaign(self, campaign: str) -> list[Broadcast]:
        """The newest first, a page of them at most."""
        wanted = select(Broadcast).where(Broadcast.campaign == campaign)
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(Broadcast.id.desc()).limit(20)))

    def counts(self, keys: Collection[str]) -> dict[str, Counts]:
        """What has come of these, by id."""
        alike = Delivery.broadcast, Delivery.state, Delivery.reason
        counted = select(*alike, func.count()).where(Delivery.broadcast.in_(keys)).group_by(*alike)
        with self._records.read() as session:
            told = _counted(session.execute(counted).all())
        return {key: told.get(key) or Counts() for key in keys}

    def beside(self, campaign: str) -> dict[str, Counts]:
        """What went out for a campaign in none of its broadcasts, by account: to single persons,
        as what is placed is told of where it stands."""
        alike = Delivery.account, Delivery.state, Delivery.reason
        counted = select(*alike, func.count()).where(
            *OF_A_CAMPAIGN_ALONE, Delivery.campaign == campaign
        ).group_by(*alike)  # fmt: skip
        with self._records.read() as session:
            return _counted(session.execute(counted).all())

    def phase(self, broadcast: Broadcast, counts: Counts) -> Phase:
        """How far it is now."""
        if broadcast.cancelled is not None:
            return Phase.CANCELLED
        if broadcast.paused is not None:
            return Phase.PAUSED
        if self._clock() < broadcast.opens:
            return Phase.WAITING
        if broadcast.complete is None:
            return Phase.PLANNING
        return Phase.RUNNING if counts.open else Phase.FINISHED

    def pace(self, broadcast: Broadcast, phase: Phase) -> Pace | None:
        """How fast it goes, and how long still; None while it does not, or is being planned."""
        if phase is not Phase.RUNNING:
            return None
        with self._records.read() as session:
            return paced(session, broadcast.id, self._clock())

    def preview(self, segment: str, account: str, *, material: str = "") -> Preview:
        """Whom it would reach now, asked of the touch policy one by one for the first 2,000."""
        there, found = self._accounts.one(account), self._segments.one(segment)
        size = self._segments.sizes([found.id])[found.id]
        key = self._shelf.material_id(material) if material else ""
        asked = passes = reachable = 0
        withheld: Counter[str] = Counter()
        after = ""
        while asked < LOOKED_AT and (members := self._segments.members(found.id, after, SLICE)):
            after, asked = members[-1], asked + len(members)
            touches = [
                Touch(
                    key=customer, handle=handle, account=there.id, channel=there.kind, material=key
                )
                for customer, handle in reached(self._identities, members, there.id).items()
            ]
            reachable += len(touches)
            for decision in self._policy.forecast(touches).values():
                passes += decision.passes
                withheld[decision.reason] += not decision.passes
        withheld.pop("", None)
        return Preview(
            count=size.count, ready=size.ready, asked=asked, reachable=reachable, passes=passes,
            withheld=dict(withheld.most_common()),
        )  # fmt: skip


def _counted(rows: Iterable[Any]) -> dict[str, Counts]:
    """By the first of each row, its states and the reasons of those that ended unsent."""
    states: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    for key, state, reason, n in rows:
        states.setdefault(key, Counter())[state] += n
        if reason and state != State.DONE:
            reasons.setdefault(key, Counter())[reason] += n
    return {key: Counts(states[key], reasons.get(key, {})) for key in states}


def reached(identities: Identities, customers: Collection[str], account: str) -> dict[str, str]:
    """By customer, the handle that the account reaches her by: the one heard of last."""
    hers = identities.handles_of(customers)
    return {
        customer: str(there[-1])
        for customer in customers
        if (there := [each for each in hers.get(customer, ()) if each.scope == account])
    }
