"""A night ships only what is no worse, keeps the one before, and may die anywhere."""

import signal
from datetime import timedelta
from pathlib import Path

import numpy as np
import orjson
import pytest
from sqlalchemy import insert

from bench.lib.known_truth import log
from kernel.calendar import Zone
from kernel.errors import Conflict
from matching.counters import Trail
from matching.nightly import Night, NightList, Nightly, no_worse
from matching.scoring import Weights
from stores.records import Folded
from tests.blank import kept_at
from tests.dying import died

ROOT = Path(__file__).resolve().parents[2]


class Tagged:
    """The only thing that the night asks of the materials."""

    def __init__(self, items):
        self._tags = {each["id"]: tuple(each["tags"]) for each in items}

    def topics(self, ids):
        return {each: self._tags[each] for each in ids if each in self._tags}


def told(people, events):
    """The trails that these events leave."""
    trails = {}
    for n, (user, item, at, _) in enumerate(events):
        trails.setdefault(user, []).append((at, f"{n:06}", item, "", ""))
    rows = [
        {"handle": handle, "steps": orjson.dumps(steps[-50:]), "moved": steps[-1][0]}
        for handle, steps in trails.items()
    ]
    with people.write() as session:
        session.execute(insert(Trail.__table__), rows)


@pytest.fixture(scope="module")
def known():
    return log(people=120, contents=90, days=50)


@pytest.fixture
def nightly(people, changes, clock, known):
    told(people, known.events)
    return Nightly(people, changes, Tagged(known.items), clock, Zone())


def lists_kept(people):
    with people.read() as session:
        return {(row.night, row.material) for row in session.query(NightList)}


def test_a_night_is_judged_on_what_it_was_not_told_and_ships_if_no_worse(nightly, people):
    night = nightly.run()
    assert night.judged >= 20
    assert night.shipped == (night.after >= night.before)
    assert night.shipped
    assert nightly.number == 1
    assert nightly.weights().night == night.weights["night"]
    (keys, near) = nightly.lists(["c3"])["c3"]
    assert len(keys) == len(near) > 0
    assert (np.diff(nightly.known().astype(float)) > 0).all()


def test_the_night_before_is_kept_and_can_be_taken_up_again(nightly, people):
    first, second = nightly.run(), nightly.run()
    assert {night for night, _ in lists_kept(people)} == {
        each.number for each in (first, second) if each.shipped
    }
    if second.shipped:
        nightly.step_back(by="li")
    assert nightly.number == first.number
    nightly.step_back(by="li")
    assert nightly.number == 0
    assert nightly.weights() == Weights()
    with pytest.raises(Conflict):
        nightly.step_back(by="li")
    assert [each.number for each in nightly.nights()] == [2, 1]


def test_the_lists_of_two_nights_in_use_are_kept_and_no_others(nightly, people, clock):
    """One more than is in use, to step back to; what a killed night left goes."""
    with people.write() as session:
        for number, shipped in ((1, True), (2, True), (3, False), (4, True), (5, None)):
            session.add(NightList(night=number, material="c1", keys=b"", strengths=b""))
            if shipped is not None:
                session.add(
                    Night(
                        number=number, at=clock(), seconds=1.0, contents=1, people=9, judged=9,
                        before=0.0, after=0.0, shipped=shipped, weights={},
                    )
                )  # fmt: skip
    night = nightly.run()
    assert night.shipped
    assert {number for number, _ in lists_kept(people)} == {2, 4, night.number}


def test_what_is_as_good_as_before_ships():
    assert no_worse(np.array([0.2, 0.4]), np.array([0.4, 0.2]))


def test_a_night_runs_once_and_a_worker_that_slept_over_it_runs_when_it_wakes(nightly, clock):
    assert nightly.due() == 1
    assert nightly.due() == 0
    clock.move(timedelta(hours=23))
    while Zone().local(clock()).hour != 4:
        clock.move(timedelta(hours=1))
    assert nightly.due() == 1
    assert nightly.due() == 0


def test_a_clock_that_ran_ahead_and_was_put_back_costs_no_night(nightly, clock):
    clock.move(timedelta(days=400))
    assert nightly.due() == 1
    clock.move(timedelta(days=-400))
    assert [nightly.due(), nightly.due()] == [1, 0]


def test_a_company_that_has_read_little_has_nights_that_change_nothing(people, changes, clock):
    quiet = Nightly(people, changes, Tagged([]), clock, Zone())
    told(people, [("u1", "c1", 1.0, 1.0), ("u1", "c2", 2.0, 1.0)])
    assert quiet.due() == 0
    assert quiet.nights() == []
    assert quiet.lists(["c1"]) == {}


@pytest.mark.parametrize(
    ("before", "after", "ships"),
    [
        ([0.2, 0.4], [0.4, 0.4], True),
        ([0.2], [0.3], True),
        ([0.3], [0.2999], False),
        ([], [], False),
    ],
)
def test_what_is_worse_or_was_judged_on_nothing_does_not_ship(before, after, ships):
    assert no_worse(np.array(before), np.array(after)) is ships


KILLED = """
from datetime import datetime, timezone
from bench.lib.known_truth import log
from kernel.calendar import Zone
from matching.nightly import Nightly
from stores.records import Records
from tests.matching.test_nightly import Tagged
people = Records({url!r}, durability="process")
now = datetime(2026, 3, 2, tzinfo=timezone.utc)
items = log(people=120, contents=90, days=50).items
Nightly(people, None, Tagged(items), lambda: now, Zone()).run()
"""


def test_a_night_killed_half_way_has_changed_nothing(tmp_path, changes, clock, known):
    url = f"sqlite:///{tmp_path}/people.db"
    people = kept_at(url, Folded)
    told(people, known.events)
    assert died(KILLED.format(url=url), JUZHEN_CRASH_AT="nightly.wrote") == -signal.SIGKILL
    left = lists_kept(people)
    assert left, "it died after it had written"
    again = Nightly(people, changes, Tagged(known.items), clock, Zone())
    assert again.number == 0
    assert again.lists(["c3"]) == {}
    night = again.run()
    assert again.number == night.number == 1
    assert lists_kept(people) == {(1, material) for _, material in left}
    people.close()
