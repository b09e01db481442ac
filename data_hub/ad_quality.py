"""Ad quality (渠道质量): whom each account, campaign, creative and bidder brought, at what price.

Customers count where the first event that names an origin says so. Shares are of those graded A to
E and sum to one; 数据不足 stands beside them. Costs are noted by people or imported, rebates count.
Sends nothing: what the ad side should hear is handed out in the shape it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.details import details, text
from data_hub.grades import Grade
from data_hub.identities import Identities
from data_hub.reports.base import gathered
from data_hub.standings import StandingRow
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Flaw, Invalid
from kernel.events import Event
from kernel.ids import new_id
from stores.bulk import among
from stores.changes import Changes
from stores.history import History
from stores.records import Record, Records

ARRIVALS = (
    "left_contact", "added_contact", "followed", "signed_up", "scanned_code", "opened_link",
    "viewed_page", "messaged",
)  # fmt: skip
"""Events by which somebody new may come in."""
GRADES = ("A", "B", "C", "D", "E")
FEWEST, FALLEN, MOST_LOST = 20, 0.1, 0.5
"""Of so many at least it is told when A and B fell by so much, or when D and E are more (D)."""


class Origin(NamedTuple):
    """Where somebody came from."""

    account: str
    campaign: str = ""
    creative: str = ""
    bidder: str = ""


class Spend(Record, kw_only=True):
    """What was paid for one origin on one day. Noting a day again replaces it."""

    __tablename__ = "ad_spends"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("spd"))
    day: Mapped[date] = mapped_column(index=True)
    account: Mapped[str]
    campaign: Mapped[str]
    creative: Mapped[str]
    bidder: Mapped[str]
    amount: Mapped[float]
    rebate: Mapped[float]
    by: Mapped[str]
    at: Mapped[datetime]


@dataclass(slots=True)
class Quality:
    """One origin: the line of the ads and the line of what they came to, side by side."""

    origin: Origin
    cost: float = 0.0
    """What was paid, rebates taken off."""
    leads: int = 0
    grades: Counter[str] = field(default_factory=Counter)
    earlier: Counter[str] = field(default_factory=Counter)
    """The grades of those who came in the first half of the window."""
    deals: int = 0
    """Who bought."""
    income: float = 0.0

    @property
    def graded(self) -> int:
        return sum(self.grades[grade] for grade in GRADES)

    def share(self, grade: str) -> float | None:
        """Of those graded; the five sum to one."""
        return self.grades[grade] / self.graded if self.graded else None

    @property
    def per_lead(self) -> float | None:
        return self.cost / self.leads if self.leads and self.cost else None

    @property
    def per_deal(self) -> float | None:
        return self.cost / self.deals if self.deals and self.cost else None

    @property
    def roi(self) -> float | None:
        """What came in for each yuan paid, rebates taken off."""
        return self.income / self.cost if self.cost else None

    @property
    def break_even(self) -> float | None:
        """The price of a lead at which income covers the cost."""
        return self.income / self.leads if self.leads else None

    @property
    def trend(self) -> float | None:
        """By how much the share of A and B differs from the first half of the window."""
        later = self.grades - self.earlier
        now, then = _good(later), _good(self.earlier)
        return now - then if now is not None and then is not None else None

    @property
    def alert(self) -> str:
        """A key of `kernel.wording` if it got worse or mostly loses people; else empty."""
        if self.graded < FEWEST:
            return ""
        if ((self.share("D") or 0) + (self.share("E") or 0)) > MOST_LOST:
            return "quality_mostly_lost"
        return "quality_fell" if (self.trend or 0) < -FALLEN else ""


def _good(grades: Counter[str]) -> float | None:
    whole = sum(grades[grade] for grade in GRADES)
    return (grades["A"] + grades["B"]) / whole if whole else None


class AdQuality:
    """What advertising brings, and what it costs."""

    def __init__(
        self,
        history: History,
        people: Records,
        records: Records,
        identities: Identities,
        changes: Changes,
        clock: Clock,
        *,
        zone: Zone | None = None,
    ) -> None:
        self._history = history
        self._people = people
        self._records = records
        self._identities = identities
        self._changes = changes
        self._clock = clock
        self._zone = zone or Zone()

    def note(
        self, origin: Origin, day: date, amount: float, *, by: str, rebate: float = 0.0
    ) -> Spend:
        """Note what was paid on a day, in place of what was noted. Raises `Invalid`."""
        if not 0 <= rebate <= amount < 1e12:  # not a number is refused, too
            raise Invalid.because([Flaw("amount", "spend_is_odd")])
        named = f"spend:{day}:{':'.join(origin)}"
        with self._records.write(named) as session:
            same = select(Spend).where(
                Spend.day == day,
                *[getattr(Spend, name) == value for name, value in origin._asdict().items()],
            )
            kept = session.scalar(same)
            if kept is None:
                kept = Spend(
                    **origin._asdict(), day=day, amount=amount, rebate=rebate, by=by,
                    at=self._clock(),
                )  # fmt: skip
                session.add(kept)
            kept.amount, kept.rebate, kept.by, kept.at = amount, rebate, by, self._clock()
            self._changes.note("noted_spend", "spend", kept.id, by=by, amount=amount, rebate=rebate)
        return kept

    def costs(self, since: date, until: date) -> dict[Origin, float]:
        """What was paid for each origin, rebates taken off."""
        paid = func.sum(Spend.amount - Spend.rebate)
        named = (Spend.account, Spend.campaign, Spend.creative, Spend.bidder)
        wanted = select(*named, paid).where(Spend.day.between(since, until)).group_by(*named)
        with self._records.read() as session:
            return {Origin(*row[:4]): float(row[4]) for row in session.execute(wanted)}

    def by_month(self) -> dict[str, float]:
        """What was paid in each month, rebates taken off."""
        wanted = select(Spend.day, Spend.amount - Spend.rebate)
        months: dict[str, float] = {}
        with self._records.read() as session:
            for day, paid in session.execute(wanted):
                month = f"{day:%Y-%m}"
                months[month] = months.get(month, 0.0) + paid
        return months

    def qualities(self, window: int = 30) -> tuple[list[Quality], bool]:
        """Every origin of who came within the window; and whether every event was read."""
        today = self._zone.day(self._clock())
        since = today - timedelta(days=window - 1)
        came, whole = self._came(since)
        half = since + timedelta(days=window // 2)
        found = {origin: Quality(origin, cost) for origin, cost in self.costs(since, today).items()}
        rows = self._rows(came)
        for customer, event in came.items():
            quality = found.setdefault(origin_of(event), Quality(origin_of(event)))
            row = rows.get(customer)
            grade = row.grade if row else Grade.UNKNOWN.value
            quality.leads += 1
            quality.grades[grade] += 1
            if self._zone.day(event.at) < half:
                quality.earlier[grade] += 1
            quality.deals += bool(row and row.occasions)
            quality.income += row.spent if row else 0.0
        order = sorted(found.values(), key=lambda each: (-each.leads, each.origin))
        return order, whole

    def _came(self, since: date) -> tuple[dict[str, Event], bool]:
        """Who is new since then, each with the first event that names where she came from."""
        events, whole = gathered(self._history, ARRIVALS, since)
        own = [event for event in events if event.handle and not event.detail.get("bot")]
        whose = self._identities.customers_of({str(event.handle) for event in own})
        first: dict[str, Event] = {}
        for event in own:
            her = whose[str(event.handle)]
            kept = first.get(her)
            if kept is None or (not origin_of(kept).campaign and origin_of(event).campaign):
                first[her] = event
        rows = self._rows(first)
        begun = {her: self._zone.day(row.began) for her, row in rows.items()}
        return {her: event for her, event in first.items() if begun.get(her, since) >= since}, whole

    def _rows(self, customers: Iterable[str]) -> dict[str, Any]:
        columns = ("customer", "grade", "occasions", "spent", "began")
        with self._people.read() as session:
            found = among(session, columns, StandingRow.customer, set(customers))
            return {row.customer: row for row in found}

    def feedback(self, window: int = 30) -> list[dict[str, Any]]:
        """What Ocean Engine's quality callback takes: one entry for each customer with a click.

        ``event_weight`` is what she is worth to the bidder: what she paid, else by her grade.
        """
        today = self._zone.day(self._clock())
        came, _ = self._came(today - timedelta(days=window - 1))
        rows = self._rows(came)
        told = []
        for customer, event in came.items():
            row, click = rows.get(customer), text(details(event).get("clickid"))
            if row and click and row.grade in _FOR_ADS:
                told.append(_callback(event, click, row.grade, row.spent))
        return told


_FOR_ADS: Mapping[str, str] = {
    "A": "active_pay", "B": "consult_effective", "C": "consult", "D": "form", "E": "form",
}  # fmt: skip
"""What each grade is called there: paid, an effective consultation, a consultation, a form."""
_WEIGHT: Mapping[str, float] = {"A": 1.0, "B": 0.6, "C": 0.3, "D": 0.05, "E": 0.0}


def _callback(event: Event, click: str, grade: str, spent: float) -> dict[str, Any]:
    told: dict[str, Any] = {
        "event_type": _FOR_ADS[grade],
        "event_weight": spent or _WEIGHT[grade],
        "context": {"ad": {"callback": click, "match_type": 0}},
        "timestamp": int(event.at.timestamp() * 1_000),
    }
    if spent:
        told["properties"] = {"pay_amount": spent}
    return told


def origin_of(event: Event) -> Origin:
    """Where an event says that she came from: our own words, Segment's campaign, 神策's utm."""
    carried = details(event) if event.detail else {}
    context = carried.get("context")
    campaign = context.get("campaign") if isinstance(context, dict) else None
    told: Mapping[str, Any] = campaign if isinstance(campaign, dict) else {}

    def first(*named: tuple[Mapping[str, Any], str]) -> str:
        return next((value for where, name in named if (value := text(where.get(name)))), "")[:120]

    return Origin(
        event.account,
        first((carried, "campaign"), (told, "name"), (carried, "$utm_campaign")),
        first((carried, "creative"), (told, "content"), (carried, "$utm_content")),
        first((carried, "bidder"), (told, "source"), (carried, "$utm_source")),
    )


def summed(qualities: Sequence[Quality]) -> Quality:
    """All of them together."""
    whole = Quality(Origin(""))
    for each in qualities:
        whole.cost += each.cost
        whole.leads += each.leads
        whole.grades += each.grades
        whole.earlier += each.earlier
        whole.deals += each.deals
        whole.income += each.income
    return whole
