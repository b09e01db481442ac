"""VIP (20 % 客户): who brings most, chosen once a week; and what share they really bring.

The top fifth of those who bought within a year enters; who is in stays until she falls out of the
top quarter, so that nobody wavers at the edge. A week is chosen for anew while the buyers grow as
they only do when a company's past comes in. The share told is counted, never the slogan's 80 %.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from data_hub.identities import Identities
from data_hub.identities.records import Known
from data_hub.profiles import Profile, Profiles, paid
from data_hub.profiles.folding import KEPT_PURCHASES, lived
from data_hub.standings import StandingRow
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.values import dataclass
from stores.history import History
from stores.records import Folded, Records, upsert
from stores.spelling import chunks, marks
from stores.told import whose
from stores.watermarks import Watermarks

_PAGE = 500
_FEW = 200
CHOOSING = "vips.choosing"
"""A mark: some are told already what they are now, and others are not."""
_AMONG = "vips.among"
"""A mark: among how many who bought within the window the last choice was, those who paid nothing
with them."""
_GROWN = 1.1
_PAYING = ("bought", "refunded")
_TELLING = ("customer", "handle", "value", "rank")
_CHOSEN = (
    "SELECT known.customer FROM known_handles known JOIN vips ON vips.handle = known.handle"
    " WHERE known.customer IN ({})"
)
"""By handle: who was chosen stays so when she is merged with another, until the next choice."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is chosen (D)."""

    window: timedelta = timedelta(days=365)
    """Who bought within it is among those who may be chosen."""
    enter: float = 0.20
    """The share of them that enters."""
    leave: float = 0.25
    """The share out of which one falls who is in."""

    @classmethod
    def of(cls, told: Mapping[str, int]) -> "Choice":
        """From days and hundredths."""
        usual = cls()
        return cls(
            timedelta(days=told.get("days", usual.window.days)),
            told.get("enter", round(usual.enter * 100)) / 100,
            told.get("leave", round(usual.leave * 100)) / 100,
        )


class Vip(Folded, kw_only=True):
    """A customer among those who bring most."""

    __tablename__ = "vips"

    customer: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    value: Mapped[float]
    rank: Mapped[int]
    since: Mapped[datetime]


class VipWeek(Folded, kw_only=True):
    """What one week's choice came to."""

    __tablename__ = "vip_weeks"

    week: Mapped[str] = mapped_column(primary_key=True)
    made: Mapped[datetime]
    buyers: Mapped[int]
    chosen: Mapped[int]
    total: Mapped[float]
    """What all of them brought within the window."""
    brought: Mapped[float]
    """What those chosen brought."""

    @property
    def share(self) -> float:
        """The actual share of those chosen."""
        return self.brought / self.total if self.total else 0.0


class Vips:
    """The customers who bring most."""

    def __init__(
        self,
        people: Records,
        history: History,
        identities: Identities,
        profiles: Profiles,
        clock: Clock,
        *,
        zone: Zone | None = None,
        choice: Choice | None = None,
        few: int = _FEW,
    ) -> None:
        """``few``: of how many customers one write tells what they are now."""
        self._few = few
        self._people = people
        self._marks = Watermarks(people, Folded)
        self._history = history
        self._identities = identities
        self._profiles = profiles
        self._clock = clock
        self._zone = zone or Zone()
        self._choice = choice or Choice()

    def weekly(self) -> int:
        """Choose, if nobody has this week among about as many buyers; says whether it was done."""
        with self._people.read() as session:
            chosen = session.get(VipWeek, self._week())
        if chosen is not None:
            among = int(self._marks.of(_AMONG) or chosen.buyers)
            if self._bought() <= _GROWN * max(among, 1):
                return 0
        self.choose()
        return 1

    def _bought(self) -> int:
        """How many bought within the window, whatever they paid."""
        bought = StandingRow.last_bought >= self._since()
        with self._people.read() as session:
            return session.scalar(select(func.count()).where(bought)) or 0

    def choose(self) -> VipWeek:
        """Choose now. Ties go to whoever has the smaller id, every time."""
        now, among = self._clock(), self._bought()
        since = self._since()
        worth = sorted(self._worth(since), key=lambda each: (-each[0], each[1]))
        total = sum(value for value, *_ in worth)
        before = self.all()
        enter, leave = (
            round(len(worth) * part) for part in (self._choice.enter, self._choice.leave)
        )
        rows = [
            {
                "customer": customer, "handle": handle, "value": value, "rank": rank,
                "since": before[customer].since if customer in before else now,
            }
            for rank, (value, customer, handle) in enumerate(worth, 1)
            if rank <= enter or (rank <= leave and customer in before)
        ]  # fmt: skip
        chosen = {str(row["customer"]) for row in rows}
        week = VipWeek(
            week=self._week(), made=now, buyers=len(worth), chosen=len(rows), total=total,
            brought=sum(value for value, customer, _ in worth if customer in chosen),
        )  # fmt: skip
        with self._people.write("vip"):
            self._marks.move(CHOOSING, week.week)
        self._enter(rows, before, now)
        self._leave(chosen, before, now)
        with self._people.write("vip") as session:
            session.merge(week)
            self._marks.move(CHOOSING, "")
            self._marks.move(_AMONG, str(among))
        return week

    def _enter(
        self, rows: Sequence[Mapping[str, Any]], before: Mapping[str, Vip], now: datetime
    ) -> None:
        """Keep those chosen who were not, or were worth something else: some at a time, so that
        nobody waits long. Broken off, the next choice finds what is left of it."""
        told = {her: (vip.customer, vip.handle, vip.value, vip.rank) for her, vip in before.items()}
        fresh = [
            row for row in rows
            if told.get(row["customer"]) != tuple(row[name] for name in _TELLING)
        ]  # fmt: skip
        for begin in range(0, len(fresh), self._few):
            some = fresh[begin : begin + self._few]
            with self._people.write("vip") as session:
                upsert(session, Vip, some)
                _look_again(session, {row["customer"] for row in some} - before.keys(), now)

    def _leave(self, chosen: Collection[str], before: Mapping[str, Vip], now: datetime) -> None:
        """Drop who is not chosen any more, and what stood under an id that is another's now."""
        present = {vip.customer: her for her, vip in before.items()}
        with self._people.read() as session:
            gone = set(session.scalars(select(Vip.customer))) - set(chosen)
        for some in chunks(gone, self._few):
            with self._people.write("vip") as session:
                session.execute(delete(Vip).where(Vip.customer.in_(some)))
                left = {present[each] for each in some if each in present}
                _look_again(session, left - set(chosen), now)

    def _since(self) -> float:
        return (self._clock() - self._choice.window).timestamp()

    def _worth(self, since: float) -> Iterator[tuple[float, str, str]]:
        """(value, customer, handle) of everybody who bought within the window."""
        wanted = select(StandingRow.customer, StandingRow.handle)
        wanted = wanted.where(StandingRow.last_bought >= since)
        after = ""
        while True:
            later = wanted.where(StandingRow.customer > after).order_by(StandingRow.customer)
            with self._people.read() as session:
                rows = list(session.execute(later.limit(_PAGE)))
            if not rows:
                return
            after = rows[-1].customer
            profiles = self._profiles.many([row.customer for row in rows])
            for customer, handle in rows:
                if (profile := profiles.get(customer)) is None:
                    continue
                if (value := self._value(customer, profile, since)) > 0:
                    yield value, customer, handle

    def _value(self, customer: str, profile: Profile, since: float) -> float:
        """What she paid within the window and did not get back; of who bought more in it than her
        profile keeps one by one, as the history tells it."""
        bought = profile.purchases
        if len(bought) >= KEPT_PURCHASES and bought[0][0] > since:
            hers = set(self._identities.handles(customer))
            told = self._history.of(hers, kinds=_PAYING)
            bought = lived(event for event in told if whose(event) in hers).purchases
        return float(sum(paid(each) for each in bought if each[0] >= since))

    def all(self) -> dict[str, Vip]:
        """Everybody chosen, by the customer she is now, who brings most first."""
        hers = select(Known.customer, Vip).join(Known, Known.handle == Vip.handle)
        with self._people.read() as session:
            found = dict(session.execute(hers.order_by(Vip.rank.desc())).all())
        return dict(reversed(found.items()))

    def among(self, customers: Collection[str]) -> set[str]:
        """Which of these were chosen."""
        found: set[str] = set()
        for hers in chunks(customers):
            found.update(row[0] for row in self._people.rows(_CHOSEN.format(marks(hers)), hers))
        return found

    def weeks(self, last: int = 12) -> list[VipWeek]:
        """What the last choices came to, the latest first."""
        with self._people.read() as session:
            wanted = select(VipWeek).order_by(VipWeek.week.desc()).limit(last)
            return list(session.scalars(wanted))

    def _week(self) -> str:
        year, week, _ = self._zone.day(self._clock()).isocalendar()
        return f"{year}-W{week:02d}"


def _look_again(session: Session, customers: Collection[str], now: datetime) -> None:
    """Where she stands, and which segments she is in, is looked at with the next turn."""
    hers = StandingRow.customer.in_(sorted(customers))
    session.execute(update(StandingRow).where(hers).values(due=now))
