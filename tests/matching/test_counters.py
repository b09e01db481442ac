"""Counts are exact, decay by themselves, and come out the same however they were folded."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update

from kernel.events import Event, Handle
from matching.arrays import key_of
from matching.counters import (
    HALF_LIFE,
    LATELY,
    Counters,
    Pair,
    ScopedCount,
    shown_as,
    worth,
    worth_lately,
)
from matching.counters.keeping import BEHIND
from matching.counters.nearness import NEIGHBOURS, nearness
from matching.counters.records import Deal, MaterialCount, Neighbours, Sales, Trail
from matching.invariants import counter_flaws
from matching.offline.counting import Memory
from stores.records import Folded, Records
from stores.watermarks import FoldedWatermark
from tests.blank import kept_at
from tests.conftest import MONDAY


class Told:
    """A history that somebody tells by hand, in order of arrival."""

    def __init__(self, events=()):
        self.events = list(events)

    def after(self, seq, limit):
        return list(enumerate(self.events, 1))[seq : seq + limit]

    def newest(self):
        return len(self.events)


def read(who, material, hours, *, kind="read_material", rep="", id_="", **detail):
    return Event(
        id=id_ or f"{who}-{material}-{hours}-{kind}", kind=kind,
        at=MONDAY + timedelta(hours=hours), account="acc_1", handle=Handle("phone", "", who),
        material=material, rep=rep, detail=detail,
    )  # fmt: skip


def stream(count=400, seed=7):
    chance = random.Random(seed)
    return [
        read(f"{chance.randrange(20)}", f"mat_{chance.randrange(30)}", n / 3, id_=f"evt_{n:04}",
             rep=chance.choice(["", "stf_1"]))
        for n in range(count)
    ]  # fmt: skip


def everything(counters):
    materials = [f"mat_{n}" for n in range(30)]
    packed = {
        material: dict(zip(keys.tolist(), strengths.tolist(), strict=True))
        for material, (keys, strengths) in counters.neighbours(materials).items()
    }
    fared = {
        count.material: (count.readers, count.shown, count.clicked) for count in counters.since(0)
    }
    end = (MONDAY + timedelta(days=9)).timestamp()
    popular = {
        (count.material, pace): of_then / now
        for count in counters.since(0)
        for pace, of_then, now in (
            ("weeks", count.popular, worth(end)), ("these days", count.lately, worth_lately(end)),
        )
    }  # fmt: skip
    book = {m: value for m, value in counters.scoped("rep:stf_1").items() if value > 1e-9}
    return fared, popular, book, packed


def drained(people, events):
    counters = Counters(people, Told(events))
    while counters.fold():
        pass
    return counters


@pytest.fixture
def other_people(tmp_path):
    kept = kept_at(f"sqlite:///{tmp_path}/other.db", Folded)
    yield kept
    kept.close()


def assert_same(one, other):
    for mine, theirs in zip(everything(one), everything(other), strict=True):
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            assert value == pytest.approx(theirs[key], rel=1e-9, abs=1e-9)


def test_folded_in_bits_and_rebuilt_at_once_is_the_same(people, other_people):
    events = stream()
    told = Told()
    counters = Counters(people, told)
    for begin in range(0, len(events), 37):
        told.events += events[begin : begin + 37]
        counters.fold()
    while counters.fold():
        pass
    assert_same(counters, drained(other_people, events))
    before = everything(counters)
    counters.rebuild()
    assert everything(counters)[0] == before[0]
    assert_same(counters, drained(other_people, events))


class BrokenOff(Counters):
    """Dies before its fourth write."""

    left = 3

    def _clear(self):
        self.left -= 1
        if self.left < 0:
            raise InterruptedError
        return super()._clear()


def test_counts_are_thrown_away_a_few_at_a_time_and_whoever_folds_next_goes_on(
    people, other_people
):
    events = stream()
    told = Told(events)
    drained(people, events)
    before = _rows(people)
    dying = BrokenOff(people, told, few=7)
    with pytest.raises(InterruptedError):
        dying.rebuild()
    assert (dying.mark(), _rows(people)) == (-1, before - 3 * 7)
    other = Counters(people, told, few=7)
    assert other.fold() == 7
    while other.fold():
        pass
    assert other.mark() == len(events)
    assert_same(other, drained(other_people, events))


def _rows(people):
    """How many counts of every sort there are."""
    kinds = (MaterialCount, ScopedCount, Pair, Trail, Neighbours, Deal, Sales)
    with people.read() as session:
        return sum(session.scalar(select(func.count()).select_from(kind)) for kind in kinds)


def test_late_events_count_as_if_they_had_come_in_time(people, other_people):
    events = stream(120)
    late = list(events)
    random.Random(3).shuffle(late)
    assert_same(drained(people, late), drained(other_people, events))


def test_what_late_events_bring_to_nothing_is_no_flaw(people):
    """A reading of the past moves others out of reach, and from one account's count to another's:
    what is left of those is nothing, give or take how numbers are rounded."""
    events = [read("1", f"mat_{n:02}", n + 0.1) for n in range(25)]
    events += [read("1", f"late_{n}", 2 + n / 10) for n in range(5)]
    seen = [read(str(n), "mat_00", n / 7, id_=f"b{n}") for n in range(40)]
    seen += [
        replace(read(str(n), "mat_00", n / 7 - 5, id_=f"a{n}"), account="acc_2")
        for n in random.Random(5).sample(range(40), 40)
    ]
    counters = drained(people, events + seen)
    told = counters._history
    told.newest = lambda: len(told.events)
    with people.read() as session:
        assert any(near <= 0 for near in session.scalars(select(Pair.near)))
        assert any(popular < 0 for popular in session.scalars(select(ScopedCount.popular)))
    assert list(counter_flaws(people, told, counters)) == []


def test_folding_what_was_folded_adds_nothing(people):
    counters = drained(people, stream(50))
    before = everything(counters)
    assert counters.fold() == 0
    assert everything(counters) == before


def test_a_slice_never_holds_the_lock_for_a_tenth_of_a_second(tmp_path):
    held = []
    people = Records(f"sqlite:///{tmp_path}/p.db", durability="process", held=held.append)
    people.create(Folded)
    drained(people, stream(1_200))
    people.close()
    assert sorted(held)[len(held) // 2] < 0.1  # the median: a busy machine delays some


def test_popularity_is_readers_and_halves_in_two_weeks(people):
    events = [read("1", "mat_1", 0), read("1", "mat_1", 1), read("2", "mat_1", 0)]
    counters = drained(people, events)
    (count,) = counters.since(0)
    assert count.readers == 2
    assert count.popular / worth(MONDAY.timestamp()) == pytest.approx(2)
    assert count.popular / worth(MONDAY.timestamp() + HALF_LIFE) == pytest.approx(1)
    assert count.lately / worth_lately(MONDAY.timestamp()) == pytest.approx(2)
    assert count.lately / worth_lately(MONDAY.timestamp() + LATELY) == pytest.approx(1)


@pytest.mark.parametrize("year", [1970, 2039, 2300, 9999])
def test_a_moment_however_far_leaves_numbers_finite(year):
    at = datetime(year, 6, 1, tzinfo=UTC).timestamp()
    assert all(0 <= each(at) < math.inf for each in (worth, worth_lately))
    assert worth_lately(datetime(2039, 6, 1, tzinfo=UTC).timestamp()) > 1e200


def test_the_counters_and_the_offline_door_say_the_same_of_what_is_popular(people):
    events = stream()
    counters, memory = drained(people, events), Memory(30)
    for each in events:
        memory.take(str(each.handle), int(each.material.removeprefix("mat_")), each.at.timestamp())
    end = events[-1].at.timestamp()
    counted = sorted(counters.since(0), key=lambda each: int(each.material.removeprefix("mat_")))
    popular = np.array([each.popular for each in counted]) / worth(end)
    lately = np.array([each.lately for each in counted]) / worth_lately(end)
    assert np.abs(shown_as(popular) - shown_as(memory.popular(end))).max() < 1e-9
    assert np.abs(shown_as(lately) - shown_as(memory.lately(end))).max() < 1e-9
    assert np.abs(shown_as(lately) - shown_as(popular)).max() > 0.1


def test_what_late_events_took_back_too_far_is_popular_with_nobody():
    assert shown_as(np.array([-2.0, 0.0, np.e - 1])).tolist() == pytest.approx([0, 0, 1])
    assert shown_as(np.array([-2.0, 0.0])).tolist() == [0, 0]


def test_counts_of_an_older_form_are_folded_again_and_say_so_meanwhile(people, other_people):
    """As after the update that counts what is read these days apart."""
    events = stream()
    told = Told(events)
    drained(people, events)
    with people.write() as session:
        session.execute(update(MaterialCount).values(lately=0.0))
        session.execute(delete(FoldedWatermark).where(FoldedWatermark.follower == "counters_form"))
    counters = Counters(people, told, few=7)
    assert counters.fold() == 7
    assert counters.mark() == -1
    assert counters.behind() == len(events), "nothing counts while it is cleared"
    assert Counters(people, Told([*events, *stream(BEHIND, 9)])).lags()
    while counters.fold():
        pass
    assert_same(counters, drained(other_people, events))
    mark = counters.mark()
    assert Counters(people, told).fold() == 0, "and not again"
    assert counters.behind() == 0
    assert Counters(people, Told([*events, *events[:3]])).behind() == 3
    assert Counters(people, Told(events[:3])).behind() == 0, "erased behind the mark"
    assert counters.mark() == mark == len(events)


def test_what_is_read_together_is_near_and_one_busy_reader_is_not_many(people):
    events = [read(str(who), f"mat_{m}", m) for who in range(5) for m in (1, 2)]
    events += [read("9", f"mat_{m}", m) for m in (1, *range(10, 30))]
    counters = drained(people, events)
    keys, strengths = counters.neighbours(["mat_1"])["mat_1"]
    assert keys[0] == key_of("mat_2")
    assert strengths[0] > 3 * strengths[1]
    assert np.all(np.diff(strengths) <= 0)


def test_offers_openings_and_deals_are_counted(people):
    events = [
        replace(
            read("1", "", 0, kind="recommended", materials=["mat_1", "mat_2"]), account="juzhen"
        ),
        read("1", "", 0, kind="recommended", materials=["mat_1"], id_="a client's word"),
        read("1", "", 0, kind="recommended", materials=5, id_="no list"),
        read("1", "mat_1", 1, kind="opened_link", rep="stf_1"),
        read("1", "mat_2", 2, kind="opened_link"),
        read("1", "", 3, kind="bought", rep="stf_1", category="养老", product="颐享"),
        read("2", "", 3, kind="bought", rep="stf_1", category="养老", product="颐享"),
        read("3", "", 3, kind="bought", category="养老", product="颐享"),
        read("4", "mat_1", 4, bot=True),
        read("4", "mat_1", 4, kind="disliked"),
    ]
    counters = drained(people, events)
    fared = {count.material: (count.shown, count.clicked) for count in counters.since(0)}
    assert fared == {"mat_1": (1, 1), "mat_2": (1, 0)}
    assert counters.deals("stf_1") == [([("", "养老", "颐享")], 2)]
    assert set(counters.scoped("rep:stf_1")) == {"mat_1"}


def test_what_we_did_about_her_ourselves_makes_nobody_a_reader(people, other_people):
    """A mailing of thousands is no reading, nor does it bring two contents near."""
    hers = [read(f"{n}", f"mat_{m}", n + m, rep="stf_1") for n in range(3) for m in range(2)]
    acts = ("sent", "submitted", "delivery_cancelled", "delivery_parked")
    ours = [
        replace(read(f"{n}", "mat_2", n, kind=act, rep="stf_1"), account="juzhen")
        for n in range(9)
        for act in acts
    ]
    counters = drained(people, [*hers, *ours])
    assert_same(counters, drained(other_people, hers))
    assert {each.material for each in counters.since(0)} == {"mat_0", "mat_1"}


def test_arrays_read_only_what_moved(people):
    told = Told([read("1", "mat_1", 0)])
    counters = Counters(people, told)
    counters.fold()
    mark = counters.mark()
    told.events.append(read("1", "mat_2", 5))
    counters.fold()
    assert {count.material for count in counters.since(mark)} == {"mat_2"}  # mat_1 fares as before
    assert set(counters.neighbours(["mat_1", "mat_2"])) == {"mat_1", "mat_2"}, "a pair now"
    assert counters.since(counters.mark()) == []


def test_whoever_reads_a_pair_finds_it_packed_on_both_sides(people):
    told = Told([read("1", f"mat_{n}", n) for n in range(3)])
    counters = Counters(people, told)
    counters.fold()
    told.events.append(read("1", "mat_9", 9))
    counters.fold()
    for one in ("mat_0", "mat_1", "mat_2"):
        assert key_of("mat_9") in counters.neighbours([one])[one][0]


class Overtaken(Counters):
    """While it packs, another counts what came meanwhile."""

    def _keep(self, mark, stale, packed):
        while self.others:
            self.others.pop().fold()
        super()._keep(mark, stale, packed)


def test_what_was_counted_while_lists_were_packed_is_packed_again(people, other_people):
    events = [read(str(who), f"mat_{m}", m) for who in range(3) for m in range(4)]
    late = [read(str(who), "mat_9", 9) for who in range(3)]
    told = Told(events)
    packing = Overtaken(people, told)
    packing.others = []
    packing._in_form()
    packing._put(told.after(0, 100))
    told.events += late
    packing.others = [Counters(people, told)]
    packing.pack()
    while packing.fold():
        pass
    assert_same(packing, drained(other_people, events + late))


def test_the_nearest_two_hundred_are_kept_the_same_whatever_ties(people):
    events = [read(f"x{n}", f"mat_{n}", 1) for n in range(1, 400, 3)]
    for who in range(40):
        events += [read(f"{who}", f"mat_{m}", m) for m in (0, *range(1 + 9 * who, 10 + 9 * who))]
    counters = drained(people, events)
    near, readers = dict[str, float](), {}
    with people.read() as session:
        for one, two, value in session.execute(select(Pair.one, Pair.two, Pair.near)):
            if "mat_0" in (one, two) and value > 1e-9:
                near[two if one == "mat_0" else one] = value
        for each in session.scalars(select(MaterialCount)):
            readers[each.material] = each.readers
    others = sorted(near)
    strengths = nearness(
        np.array([near[each] for each in others]), readers["mat_0"],
        np.array([readers[each] for each in others]),
    )  # fmt: skip
    ranked = sorted(zip(-strengths, others, strict=True))[:NEIGHBOURS]
    assert len(others) > NEIGHBOURS
    keys, kept = counters.neighbours(["mat_0"])["mat_0"]
    assert keys.tolist() == [key_of(each) for _, each in ranked]
    assert kept.tolist() == [-each for each, _ in ranked]
