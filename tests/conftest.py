"""What every test may ask for: a stopped clock, and real records in a folder of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from stores.changes import Changes
from stores.records import Folded, Record, Records

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class StoppedClock:
    """Time moves only when a test moves it."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def records(tmp_path):
    """The system of record, empty, on a real SQLite file."""
    kept = Records(f"sqlite:///{tmp_path}/records.db", durability="process")
    kept.create(Record)
    yield kept
    kept.close()


@pytest.fixture
def people(tmp_path):
    """Where the digest keeps what it works out, empty."""
    kept = Records(f"sqlite:///{tmp_path}/people.db", durability="process")
    kept.create(Folded)
    yield kept
    kept.close()


@pytest.fixture
def changes(records, clock):
    return Changes(records, clock)
