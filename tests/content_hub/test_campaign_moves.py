"""A campaign moves with everything it placed, however much that is."""

from datetime import timedelta

import pytest

from content_hub.campaigns import Campaigns
from content_hub.invariants import shelf_flaws
from kernel.errors import Conflict
from stores.changes import Changes

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def spring(campaigns, clock):
    return campaigns.create("春季", code="spring", opens=clock(), closes=clock() + DAY, by="li")


@pytest.fixture
def placed(spring, materials, shelf, pension, clock):
    made = materials.create("script", "话术", tags=[pension.id], by="li")

    def place(count):
        return [
            shelf.place(
                made.id, f"acc{n}", opens=clock(), closes=clock() + HOUR, campaign="spring", by="li"
            )
            for n in range(count)
        ]

    return place


class Stops:
    """A clock for what is written down: two moments in the first slice, then the power goes."""

    def __init__(self, clock, after):
        self.clock, self.left = clock, after

    def __call__(self):
        self.left -= 1
        if self.left < 0:
            raise InterruptedError
        return self.clock()


@pytest.mark.rule("R8.1", "R8.2")
@pytest.mark.parametrize("shift", [2 * HOUR, -2 * HOUR])
def test_many_placements_move_in_slices_and_all_by_the_same_time(
    campaigns, shelf, records, placed, clock, shift
):
    before = placed(130)

    assert campaigns.move("spring", shift, by="li") == 130

    after = shelf.many([each.id for each in before])
    assert {after[each.id].opens - each.opens for each in before} == {shift}
    moved = campaigns.one("spring")
    assert (moved.opens, moved.closes) == (clock() + shift, clock() + DAY + shift)
    assert not moved.move
    assert list(shelf_flaws(records)) == []


def test_what_somebody_left_half_moved_is_finished_and_not_moved_twice(
    campaigns, shelf, placed, clock, records
):
    before = placed(130)
    dying = Campaigns(records, Changes(records, Stops(clock, after=2)), clock)
    with pytest.raises(InterruptedError):
        dying.move("spring", HOUR, by="li")
    with pytest.raises(Conflict):
        campaigns.move("spring", HOUR, by="li")

    while campaigns.finish_moves():
        pass

    after = shelf.many([each.id for each in before])
    assert {after[each.id].opens - each.opens for each in before} == {HOUR}
    assert campaigns.one("spring").opens == clock() + HOUR
