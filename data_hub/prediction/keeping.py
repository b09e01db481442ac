"""Keeping predictions (预测存取): the company's model, fitted once a day, and what it says of whom.

Reads the counters in `data_hub.standings`; the back-test reads purchases. Decides nothing.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.prediction.looking_back import BackTest, Horizon, back_test
from data_hub.prediction.model import HORIZONS, Model, Window, fit, statistics
from data_hub.profiles import Profiles
from data_hub.standings import StandingRow
from kernel.clock import Clock
from kernel.values import dataclass
from stores.records import Folded, Records

EVERY = timedelta(days=1)
_SAMPLE, _TESTED = 50_000, 4_000
_GROWN = 1.1
"""More buyers than so many times those of the last fit only come in with a company's past."""
_FRESH = timedelta(seconds=60)
_SHRUNK = 3
"""So many purchases of the company's average stand beside a customer's own."""


class FittedRow(Folded, kw_only=True):
    """The model of one day."""

    __tablename__ = "prediction_models"

    made: Mapped[datetime] = mapped_column(primary_key=True)
    buyers: Mapped[int]
    numbers: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """Empty: too few data to say anything."""
    spend: Mapped[float] = mapped_column(default=0.0)
    """What a purchase comes to on average."""
    tested: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What predictions are made with, and how good they were a horizon ago."""

    made: datetime
    buyers: int
    model: Model | None
    spend: float
    tested: BackTest | None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What is expected of one customer."""

    customer: str
    chances: dict[int, float]
    """By weeks."""
    window: Window | None
    spend: float
    """What her next purchase would come to."""
    value: float
    """What she is expected to bring in 13 weeks."""


class Predictions:
    """The company's model and what it says."""

    def __init__(self, people: Records, profiles: Profiles, clock: Clock) -> None:
        self._people = people
        self._profiles = profiles
        self._clock = clock
        self._known: tuple[datetime | None, Fitted | None] = (None, None)

    def refit(self, *, behind: bool = False) -> int:
        """Fit anew if the last time was a day ago or among far fewer; says whether it was done.
        While what happened lately is ``behind``, its turn comes later: half of it would look as if
        everybody had stopped buying."""
        last, now = self._last(), self._clock()
        if behind and (last is None or now - last.made < EVERY):
            return 0
        if last is not None and now - last.made < EVERY:
            with self._people.read() as session:
                buyers = session.scalar(select(func.count()).where(StandingRow.occasions > 0)) or 0
            if min(buyers, _SAMPLE) <= _GROWN * last.buyers:
                return 0
        self.fit_now()
        return 1

    def fit_now(self) -> Fitted:
        """Fit to everybody who ever bought, and test the same way of fitting on the past."""
        now = self._clock()
        names = ("customer", "occasions", "first_bought", "last_bought", "spent")
        wanted = select(*(getattr(StandingRow, name) for name in names))
        wanted = wanted.where(StandingRow.occasions > 0).order_by(StandingRow.customer)
        with self._people.read() as session:
            rows = list(session.execute(wanted.limit(_SAMPLE)))
        present = now.timestamp()
        told = np.array(
            [statistics((row.occasions, row.first_bought, row.last_bought), present)
             for row in rows]
        ).reshape(-1, 3)  # fmt: skip
        model = fit(*told.T) if rows else None
        times = self._times([row.customer for row in rows[:_TESTED]]) if model else []
        tested = back_test(times, present) if model else None
        bought = sum(row.occasions for row in rows)
        row = FittedRow(
            made=now, buyers=len(rows), numbers=asdict(model) if model else {},
            spend=sum(row.spent for row in rows) / bought if bought else 0.0,
            tested=asdict(tested) if tested else {},
        )  # fmt: skip
        with self._people.write("prediction") as session:
            session.merge(row)
        self._known = (None, None)
        return _fitted(row)

    def _times(self, customers: Collection[str]) -> list[list[float]]:
        """The times each bought at, oldest first."""
        return [profile.occasions() for _, profile in self._profiles.each(customers)]

    def _last(self) -> FittedRow | None:
        """The newest; what a clock made that ran ahead waits until its time has come."""
        made = select(FittedRow).where(FittedRow.made <= self._clock())
        with self._people.read() as session:
            return session.scalar(made.order_by(FittedRow.made.desc()).limit(1))

    def fitted(self) -> Fitted | None:
        """What is predicted with now; None before the first fit."""
        asked, known = self._known
        now = self._clock()
        if asked is None or not asked <= now < asked + _FRESH:
            last = self._last()
            known = _fitted(last) if last else None
            self._known = (now, known)
        return known

    def model(self) -> Model | None:
        """The model, None while there are too few data."""
        fitted = self.fitted()
        return fitted.model if fitted else None

    def of(self, customers: Collection[str]) -> dict[str, Predicted]:
        """What is expected of these. Nothing of who bought less than twice, nor without a model."""
        fitted, present = self.fitted(), self._clock().timestamp()
        if fitted is None or fitted.model is None:
            return {}
        with self._people.read() as session:
            rows = session.scalars(
                select(StandingRow).where(
                    StandingRow.customer.in_(sorted(customers)), StandingRow.occasions >= 2
                )
            )
            return {row.customer: _predicted(row, fitted, fitted.model, present) for row in rows}

    def due(self, within: timedelta, limit: int = 100) -> list[Predicted]:
        """Those expected to buy within so long, or by now and still, the soonest first (R162)."""
        now = self._clock()
        wanted = select(StandingRow.customer).where(
            StandingRow.expected <= now + within, StandingRow.expected_until > now
        )
        with self._people.read() as session:
            found = list(session.scalars(wanted.order_by(StandingRow.expected).limit(limit)))
        told = self.of(found)
        return [told[each] for each in found if each in told]


def _predicted(row: StandingRow, fitted: Fitted, model: Model, present: float) -> Predicted:
    buying = (
        row.occasions, row.first_bought, row.last_bought, row.spent, row.gaps, row.gap_sum,
        row.gap_squares,
    )  # fmt: skip
    chances = {weeks: model.chance(buying, present, weeks) or 0.0 for weeks in HORIZONS}
    spend = (row.spent + _SHRUNK * fitted.spend) / (row.occasions + _SHRUNK)
    window = model.expected(buying, present)
    return Predicted(row.customer, chances, window, spend, chances[HORIZONS[-1]] * spend)


def _fitted(row: FittedRow) -> Fitted:
    made = row.made if row.made.tzinfo else row.made.replace(tzinfo=UTC)
    model = Model(**row.numbers) if row.numbers else None
    tested = None
    if told := dict(row.tested):
        horizons = [Horizon(**each) for each in told.pop("horizons", ())]
        tested = BackTest(**told, horizons=horizons)
    return Fitted(made, row.buyers, model, row.spend, tested)
