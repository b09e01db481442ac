"""A week is moved as a whole, at the same hours; what does not fit stays, is told, and undone."""

from datetime import timedelta

import pytest

from content_hub.shelf import Shelf
from content_hub.shifting import Shifting
from kernel.calendar import Zone
from kernel.errors import Conflict, Invalid

DAY = timedelta(days=1)


@pytest.fixture
def shifting(records, changes, shelf, clock):
    return Shifting(records, changes, shelf, clock, Zone("Europe/Berlin"))


@pytest.fixture
def week(materials, shelf, clock, pension):
    """Thirty in a row of the same three materials, each a day long, and one behind them."""
    made = []
    for n in range(3):
        one = materials.create("script", f"话术{n}", tags=[pension.id], by="li").id
        for day in range(1, 11):
            opens = clock() + day * DAY
            made.append(shelf.place(one, "acc", opens=opens, closes=opens + DAY, by="li"))
    last = shelf.place(one, "acc", opens=clock() + 13 * DAY, closes=clock() + 14 * DAY, by="li")
    return made, last


def windows(shelf, placements):
    return {id_: (each.opens, each.closes) for id_, each in shelf.many(placements).items()}


def test_neighbours_move_together_and_what_clashes_with_another_stays(shifting, shelf, week, clock):
    made, _ = week
    ids = [each.id for each in made]
    since, until = clock() + DAY, clock() + 11 * DAY
    planned, left = shifting.look(since, until, 3)
    assert len(planned) == 30
    # the last clashes, and what would come to lie on it, and so on
    chain = [made[n].id for n in (-1, -4, -7, -10)]
    assert [(key, flaw.reason) for key, flaw in left] == [(key, "already_placed") for key in chain]
    before = windows(shelf, ids)
    done = shifting.shift(since, until, 3, by="li")
    assert (len(done.moved), [key for key, _ in done.left]) == (26, chain)
    after = windows(shelf, ids)
    assert all(after[key][0] - before[key][0] == 3 * DAY for key in ids if key not in chain)
    shifting.undo(done.id, by="li")
    assert windows(shelf, ids) == before
    with pytest.raises(Conflict):
        shifting.undo(done.id, by="li")


def test_what_somebody_moves_meanwhile_is_moved_on_from_there(records, changes, shelf, week, clock):
    _, first = week

    class Looked(Shelf):
        """Somebody moves a placement between the look at it and the turn to write."""

        moved = False

        def many(self, ids):
            found = super().many(ids)
            if first.id in ids and not self.moved:
                self.moved = True
                shelf.move(first.id, closes=first.closes + DAY / 2, by="wang")
            return found

    looked = Looked(records, changes, clock)
    shifting = Shifting(records, changes, looked, clock, Zone("Europe/Berlin"))
    done = shifting.shift(first.opens, first.opens + DAY, 1, by="li")
    assert first.id in {key for key, *_ in done.moved}
    assert shelf.one(first.id).closes == first.closes + 1.5 * DAY
    shifting.undo(done.id, by="li")
    assert shelf.one(first.id).closes == first.closes + DAY / 2


@pytest.mark.rule("R8.1")
def test_the_hours_stay_across_a_change_to_summer_time(shifting, materials, shelf, pension, clock):
    zone = Zone("Europe/Berlin")
    one = materials.create("script", "话术", tags=[pension.id], by="li").id
    at = zone.at((clock() + 20 * DAY).date()) + timedelta(hours=9)  # 22 March; the change is on 29
    placed = shelf.place(one, "acc", opens=at, closes=at + DAY, by="li")
    shifting.shift(at, at + DAY, 7, by="li")
    moved = shelf.one(placed.id)
    assert zone.local(moved.opens).hour == zone.local(at).hour
    assert moved.opens - at == 7 * DAY - timedelta(hours=1)


def test_what_was_left_half_done_is_finished(shifting, shelf, week, clock):
    made, _ = week
    run = shifting.shift(clock() + DAY, clock() + 11 * DAY, 1, by="li")
    assert shifting.finish() == 0
    shelf.move(made[0].id, opens=clock() + 30 * DAY, closes=clock() + 31 * DAY, by="wang")
    shifting.undo(run.id, by="li")
    assert shelf.one(made[0].id).opens == clock() + 30 * DAY  # moved since: it stays


@pytest.mark.parametrize("days", [0, 400])
def test_nothing_and_too_far_are_refused(shifting, week, clock, days):
    with pytest.raises(Invalid):
        shifting.shift(clock(), clock() + DAY, days, by="li")
    with pytest.raises(Invalid):
        shifting.shift(clock() + 60 * DAY, clock() + 61 * DAY, 1, by="li")
