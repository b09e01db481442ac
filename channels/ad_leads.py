"""Leads of ads (广告线索): pulled from who shows our ads, and told back what they were worth.

Platforms of ads tell of leads when they are asked, some of it minutes late; so every pull begins a
little before the last one ended, and an event that was told before is not told again. What became
of a lead is worked out from her grade, and told once whenever it is more than was said.
Knows no platform; `data_hub.ad_quality` counts what they cost.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol, runtime_checkable

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import SignedOut
from data_hub.grades import Grade
from data_hub.identities import Identities
from data_hub.intake import Intake
from data_hub.standings import StandingRow, Standings
from kernel import logs
from kernel.clock import Clock
from kernel.errors import Overloaded, Problem
from kernel.events import Event
from stores.changes import Changes
from stores.records import Record, Records, insert
from stores.waiting import GOES_BACK
from stores.watermarks import Watermarks

LOOK_BACK = timedelta(days=30)
"""So far back the first pull of an account begins."""
OVERLAP = timedelta(minutes=20)
"""Some fields of a lead are there ten minutes after it."""
STRETCH = timedelta(days=1)
"""A pull asks for so much at once."""
EVERY = timedelta(minutes=1)
FOLLOWED = timedelta(days=90)
"""So long it is told what became of a lead."""
AGAIN = timedelta(hours=1)
_AT_ONCE = 50


class Verdict(IntEnum):
    """What a lead turned out to be; a higher one is told after a lower."""

    NOTHING = 0
    """Nothing to be told yet."""
    CONFIRMED = 1
    """What she left is right: she talks."""
    BEFRIENDED = 2
    PROMISING = 3
    PAID = 4
    INVALID = 5
    """She wants nothing of us."""


@runtime_checkable
class BringsLeads(Protocol):
    """A channel that tells of leads when it is asked, and takes word of their worth."""

    def leads(self, since: datetime, until: datetime) -> list[Event]:
        """Those that were left then; each event's handle names the lead."""
        ...

    def judge(self, lead: str, verdict: Verdict) -> None:
        """Tell what it was worth. Telling it twice does no harm."""
        ...


class AdLead(Record, kw_only=True):
    """One lead, and what its platform was told of it."""

    __tablename__ = "ad_leads"
    __table_args__ = (Index("ix_ad_leads_due", "next_at"),)

    account: Mapped[str] = mapped_column(primary_key=True)
    lead: Mapped[str] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    left: Mapped[datetime]
    said: Mapped[int] = mapped_column(default=0)
    """A `Verdict`."""
    next_at: Mapped[datetime | None] = mapped_column(default=None, info=GOES_BACK)
    """When it is looked at again; None: nothing more is told."""
    trouble: Mapped[str] = mapped_column(default="")
    """Why the platform would not hear it last: a key of `kernel.wording`."""


def verdict(standing: StandingRow | None, *, befriended: bool) -> Verdict:
    """What her standing says of the lead."""
    grade = standing.grade if standing else Grade.UNKNOWN.value
    if standing is not None and standing.occasions:
        return Verdict.PAID
    if grade == Grade.E:
        return Verdict.INVALID
    if grade in (Grade.A, Grade.B):
        return Verdict.PROMISING
    if befriended:
        return Verdict.BEFRIENDED
    return Verdict.CONFIRMED if grade == Grade.C else Verdict.NOTHING


class AdLeads:
    """The leads of every account that brings some. Only one worker does this at a time."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        intake: Intake,
        identities: Identities,
        standings: Standings,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._intake = intake
        self._identities = identities
        self._standings = standings
        self._clock = clock
        self._marks = Watermarks(records, Record)

    # in

    def pull(self) -> int:
        """Ask each account for one stretch of what is due; how many were asked. Harmless when
        repeated: an event that was taken before is known by its id."""
        return sum(self._pull(each, channel) for each, channel in self._bringing())

    def _bringing(self) -> list[tuple[Account, BringsLeads]]:
        found: list[tuple[Account, BringsLeads]] = []
        for account in self._accounts.all():
            if account.paused:
                continue
            try:
                channel = self._channels.of(account)
            except Problem:
                continue  # an account that cannot be used holds up no other
            if isinstance(channel, BringsLeads):
                found.append((account, channel))
        return found

    def _pull(self, account: Account, channel: BringsLeads) -> int:
        now, mark = self._clock(), self._marks.of(f"ad_leads:{account.id}")
        before = datetime.fromisoformat(mark) if mark else now - LOOK_BACK
        if now - before < EVERY:
            return 0
        until = min(before + STRETCH, now)
        try:
            events = channel.leads(before - OVERLAP, until)
        except Problem as trouble:
            self._minded(account, trouble)
            return 0
        self._intake.take(events, door="ad_leads")
        with self._records.write() as session:
            for begin in range(0, len(events), _AT_ONCE):
                rows = self._rows(account, events[begin : begin + _AT_ONCE], now)
                if rows:
                    session.execute(insert(session, AdLead).on_conflict_do_nothing(), rows)
            self._marks.move(f"ad_leads:{account.id}", until.isoformat())
        return 1

    @staticmethod
    def _rows(account: Account, events: Sequence[Event], now: datetime) -> list[dict[str, object]]:
        return [
            {
                "account": account.id, "lead": each.handle.value, "handle": str(each.handle),
                "left": each.at, "said": 0, "next_at": now, "trouble": "",
            }
            for each in events
            if each.handle is not None
        ]  # fmt: skip

    # and back

    def tell(self) -> int:
        """Tell what some leads turned out to be; how many were looked at."""
        now = self._clock()
        due = select(AdLead).where(AdLead.next_at <= now).order_by(AdLead.next_at).limit(_AT_ONCE)
        with self._records.read() as session:
            waiting = list(session.scalars(due))
        if not waiting:
            return 0
        channels = {account.id: channel for account, channel in self._bringing()}
        whose = self._identities.customers_of([each.handle for each in waiting])
        customers = set(whose.values())
        rows, friends = self._standings.rows(customers), self._befriended(customers)
        for each in waiting:
            customer = whose.get(each.handle, "")
            found = verdict(rows.get(customer), befriended=customer in friends)
            self._told(each, found, channels.get(each.account))
        return len(waiting)

    def _befriended(self, customers: Collection[str]) -> set[str]:
        hers = self._identities.handles_of(customers)
        return {
            customer
            for customer, handles in hers.items()
            if any(each.kind == "external_userid" for each in handles)
        }

    def _told(self, lead: AdLead, found: Verdict, channel: BringsLeads | None) -> None:
        said, trouble = Verdict(lead.said), ""
        if channel is not None and found > said:
            try:
                channel.judge(lead.lead, found)
                said = found
            except Overloaded:
                raise
            except Problem as no:
                self._minded(self._accounts.one(lead.account), no)
                trouble = no.reason
        now = self._clock()
        over = said >= Verdict.PAID or now - lead.left > FOLLOWED
        with self._records.write() as session:
            kept = session.get(AdLead, (lead.account, lead.lead), with_for_update=True)
            if kept is None:
                return  # she was erased just now
            if said > kept.said:
                self._changes.note(
                    "lead_judged", "account", lead.account, by="worker", handle=lead.handle,
                    verdict=said.name.lower(),
                )  # fmt: skip
            kept.said, kept.trouble = max(said.value, kept.said), trouble
            kept.next_at = None if over else now + AGAIN

    def _minded(self, account: Account, trouble: Problem) -> None:
        logs.info("platform_refused", account=account.id, code=trouble.code, why=trouble.reason)
        if isinstance(trouble, SignedOut):
            self._accounts.pause(account.id, trouble.reason, by="worker")

    # questions

    def of(self, account: str, limit: int = 100) -> list[AdLead]:
        """The newest of an account."""
        hers = select(AdLead).where(AdLead.account == account).order_by(AdLead.left.desc())
        with self._records.read() as session:
            return list(session.scalars(hers.limit(limit)))
