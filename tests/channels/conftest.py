"""A house of rooms around publishing, on each engine or on SQLite alone."""

import pytest

from tests.channels.house import House


@pytest.fixture
def house(records, people, clock):
    wired = House(records, people, clock)
    yield wired
    wired.close()


@pytest.fixture
def any_house(any_records, any_people, clock):
    """The same on each engine in turn."""
    wired = House(any_records, any_people, clock)
    yield wired
    wired.close()


@pytest.fixture
def board(house):
    return house.board
