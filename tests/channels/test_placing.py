"""One material goes on several accounts in one act, or on none, and comes back in one."""

from datetime import timedelta

import pytest

from channels.placing import Placing
from kernel.errors import Conflict, Invalid, NotFound

HOUR = timedelta(hours=1)


@pytest.fixture
def placing(house):
    return Placing(house.records, house.changes, house.shelf, house.accounts, house.publishing)


@pytest.fixture
def two(house):
    return [house.account("board"), house.account("other")]


def window(clock):
    return {"opens": clock() + HOUR, "closes": clock() + 2 * HOUR, "by": "li"}


def test_all_are_placed_and_all_taken_back(house, placing, two, clock):
    material = house.material()
    act, placed = placing.place(material.id, [two[0].code, two[1].id], **window(clock))
    assert [each.account for each in placed] == [each.id for each in two]
    assert placing.by(act) == "li"
    assert placing.take_back(act, by="wang") == 2
    assert all(house.shelf.one(each.id).retired for each in placed)
    with pytest.raises(Conflict):
        placing.take_back(act, by="wang")


def test_what_one_account_minds_keeps_all_of_them_free(house, placing, two, clock):
    material = house.material()
    house.shelf.place(material.id, two[1].id, **window(clock))
    with pytest.raises(Conflict):
        placing.place(material.id, [each.id for each in two], **window(clock))
    assert len(house.shelf.of_material(material.id)) == 1
    with pytest.raises(Invalid):
        placing.place(material.id, [each.id for each in two], opens=None, closes=None, by="li")
    with pytest.raises(Invalid):
        placing.place(material.id, [], **window(clock))
    with pytest.raises(NotFound):
        placing.take_back("pls_nothing", by="li")
    with pytest.raises(NotFound):
        placing.by("pls_nothing")
