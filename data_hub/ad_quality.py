"""Ad quality (渠道质量): whom each account, campaign, creative and bidder brought, at what price.

Customers count where the first event that names an origin says so. Shares are of those graded A to
E and sum to one; 数据不足 stands beside them. Costs are noted by people or imported, rebates count.
Sends nothing: what the ad side should hear is handed out in the shape it takes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.deeds import Deeds, deeds
from data_hub.details import details, text
from data_hub.grades import Grade
from data_hub.identities import Identities
from data_hub.measures.funnels import people_of
from data_hub.standings import StandingRow
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Flaw, Invalid
from kernel.events import Handle
from kernel.ids import new_id
from kernel.values import dataclass
from stores.bulk import among
from stores.changes import Changes
from stores.history import History
from stores.records import Record, Records
from stores.told import Said, micros, moment

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

ARRIVALS = (
    "left_contact", "added_contact", "followed", "signed_up", "scanned_code", "opened_link",
    "viewed_page", "messaged",
)  # fmt: skip
"""Events by which somebody new may come in."""
GRADES = ("A", "B", "C", "D", "E")
WINDOW = 30
"""Days back."""
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

    def by_month(self, told: Callable[[str], bool] = lambda _: True) -> dict[str, float]:
        """What was paid in each month, rebates taken off; for the accounts that ``told`` names."""
        wanted = select(Spend.account, Spend.day, Spend.amount - Spend.rebate)
        months: dict[str, float] = {}
        with self._records.read() as session:
            for account, day, paid in session.execute(wanted):
                month = f"{day:%Y-%m}"
                if told(account):
                    months[month] = months.get(month, 0.0) + paid
        return months

    def qualities(self, days: int = WINDOW) -> list[Quality]:
        """Every origin of who came within the last ``days``, today with them."""
        today = self._zone.day(self._clock())
        since = today - timedelta(days=days - 1)
        half = micros(self._zone.at(since + timedelta(days=days // 2)))
        found = {origin: Quality(origin, cost) for origin, cost in self.costs(since, today).items()}
        for came in self._came(since, today):
            quality = found.setdefault(came.origin, Quality(came.origin))
            grade = came.row.grade if came.row else Grade.UNKNOWN.value
            quality.leads += 1
            quality.grades[grade] += 1
            if came.at < half:
                quality.earlier[grade] += 1
            quality.deals += bool(came.row and came.row.occasions)
            quality.income += came.row.spent if came.row else 0.0
        return sorted(found.values(), key=lambda each: (-each.leads, each.origin))

    def _came(self, since: date, today: date) -> "list[_Arrival]":
        """Who is new since then, each with the first act that names where she came from."""
        told = deeds(self._history, ARRIVALS, since, today)
        told = told.saying(lambda said: not said.get("bot"))
        told = told.where(told.acts.who > 0)
        first = _firsts(told, people_of(told.acts, self._identities.joined()))
        names = first.acts.names(first.acts.who.tolist())
        whose = self._identities.customers_of(names.values())
        rows = self._rows(whose.values())
        arrivals = [
            _Arrival(names[who], first.kinds[kind], at, said, rows.get(whose[names[who]]))
            for who, kind, at, said in first.each()
            if who in names  # else she was erased just now
        ]
        return [
            each for each in arrivals if each.row is None or self._zone.day(each.row.began) >= since
        ]

    def _rows(self, customers: Iterable[str]) -> dict[str, Any]:
        columns = ("customer", "grade", "occasions", "spent", "began")
        with self._people.read() as session:
            found = among(session, columns, StandingRow.customer, set(customers))
            return {row.customer: row for row in found}

    def feedback(self) -> list[dict[str, Any]]:
        """What Ocean Engine's quality callback takes: one entry for each customer with a click.

        ``event_weight`` is what she is worth to the bidder: what she paid, else by her grade.
        """
        today = self._zone.day(self._clock())
        return [
            _callback(came.at, click, came.row.grade, came.row.spent)
            for came in self._came(today - timedelta(days=WINDOW - 1), today)
            if came.said.get("clicked") and came.row and came.row.grade in _FOR_ADS
            for click in self._clicks(came)
        ]

    def _clicks(self, came: "_Arrival") -> Iterator[str]:
        """The click that brought her: it stands in the event alone."""
        past = self._history.of([Handle.parse(came.handle)], until=moment(came.at + 1))
        then = (Said.of(event) for event in past if event.kind == came.kind)
        told = (clickid(said) for said in then if micros(said.at) == came.at)
        yield from [click for click in told if click][:1]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Somebody new, and the act that tells where she came from."""

    handle: str
    kind: str
    at: int
    said: Mapping[str, Any]
    row: Any
    """Where she stands; None: the digest has not come so far."""

    @property
    def origin(self) -> Origin:
        return Origin(*(self.said.get(name, "") for name in Origin._fields))


def _firsts(told: Deeds, people: "NDArray[int64]") -> Deeds:
    """Of each person the first act that names a campaign, else her first."""
    import numpy as np

    order = np.lexsort((told.acts.at, told.worth(lambda said: "campaign" not in said), people))
    return told.where(order[np.diff(people[order], prepend=-1) > 0])


_FOR_ADS: Mapping[str, str] = {
    "A": "active_pay", "B": "consult_effective", "C": "consult", "D": "form", "E": "form",
}  # fmt: skip
"""What each grade is called there: paid, an effective consultation, a consultation, a form."""
_WEIGHT: Mapping[str, float] = {"A": 1.0, "B": 0.6, "C": 0.3, "D": 0.05, "E": 0.0}


def _callback(at: int, click: str, grade: str, spent: float) -> dict[str, Any]:
    told: dict[str, Any] = {
        "event_type": _FOR_ADS[grade],
        "event_weight": spent or _WEIGHT[grade],
        "context": {"ad": {"callback": click, "match_type": 0}},
        "timestamp": at // 1_000,
    }
    if spent:
        told["properties"] = {"pay_amount": spent}
    return told


def clickid(said: Said) -> str:
    """The click on an advertisement that brought her; empty without any."""
    return text(details(said).get("clickid"))


def origin_of(said: Said) -> Origin:
    """Where an event says that she came from: our own words, Segment's campaign, 神策's utm."""
    carried = details(said) if said.detail else {}
    context = carried.get("context")
    campaign = context.get("campaign") if isinstance(context, dict) else None
    told: Mapping[str, Any] = campaign if isinstance(campaign, dict) else {}

    def first(*named: tuple[Mapping[str, Any], str]) -> str:
        return next((value for where, name in named if (value := text(where.get(name)))), "")[:120]

    return Origin(
        said.account,
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
