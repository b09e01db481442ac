"""A company whose customers' next purchases can be foretold."""

from dataclasses import asdict
from datetime import timedelta

from data_hub.prediction.keeping import FittedRow
from data_hub.prediction.model import Model
from kernel.events import Handle

USUAL = 1_000.0
_WEEK = timedelta(weeks=1)


def buying(company):
    """The model that a night has fitted."""
    numbers = asdict(Model(r=0.5, alpha=4.0, a=0.6, b=2.5))
    row = FittedRow(made=company.clock(), buyers=200, numbers=numbers, spend=USUAL)
    with company.people.write() as session:
        session.merge(row)


def buys(company, handle, times, amount=USUAL):
    """She bought so often, once a week, the last time a week ago."""
    kind, account, value = handle.split(":", 2)
    her = Handle(kind, account, value)
    company.tell(
        *(
            company.event("bought", her, amount=amount, order_id=f"{value}{n}", ago=_WEEK * n)
            for n in range(times, 0, -1)
        )
    )
