"""Whatever goes wrong: a list is made, is honest about it, and shows nothing off the shelf."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count
from threading import Event, current_thread, main_thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from data_hub.staff import Staff
from kernel.actors import Actor, Role
from kernel.errors import NotFound, Overloaded
from matching.arrays import key_of, keys_of
from matching.assembly import best
from matching.counters import Counters, Pair, Trail
from matching.counters.keeping import BEHIND
from matching.nightly import Night, NightList
from matching.offline.counting import Memory
from matching.rules import Wanted
from matching.scoring import Question, Scores, Weights
from stores.records import Folded
from stores.watermarks import Watermarks
from tests.conftest import MONDAY
from tests.matching.conftest import read, row, slice_of

DAY = timedelta(days=1)


def materials(offer):
    return [item.material for item in offer.told()]


def test_one_material_is_a_list_of_one_and_none_is_an_empty_list(company):
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    assert materials(company.offer(handle, rep)) == []
    only = company.place("养老指南", "养老社区")
    assert materials(company.offer(handle, rep)) == [only]


def test_where_all_is_excluded_the_list_is_empty_and_says_why(company):
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    for number in range(3):
        company.place(f"养老指南{number}", "养老社区")
    company.rules.add(Wanted(name="停", act="exclude", type="image_text"), by="li")
    offer = company.offer(handle, rep)
    assert materials(offer) == []
    assert [(each.key, each.count) for each in offer.absent()] == [("why_excluded", 3)]


def test_nobody_is_told_of_an_unknown_customer(company):
    with pytest.raises(NotFound):
        company.recommender.answer("cus_nobody", company.hire("li"))


def test_an_empty_history_gets_a_full_list_whose_every_place_has_a_reason(company):
    company.library(each=3)
    rep = company.hire("li")
    offer = company.offer(company.meet(rep=rep), rep)
    assert len(offer.told()) == 10
    assert all(item.reasons for item in offer.told())


def test_a_rep_who_was_deleted_leaves_customers_for_whom_lists_are_made(company):
    company.library(each=3)
    rep = company.hire("li", "老阿姨", "理财")
    handle = company.meet(rep=rep)
    machine = Actor(id="svc", staff="", role=Role.SERVICE, name="S", reach=None)
    assert "persona" in {kind for item in company.offer(handle, machine).told()
                         for kind in (reason.kind for reason in item.reasons)}  # fmt: skip
    with company.records.write() as session:
        session.delete(session.get_one(Staff, rep.staff))
    offer = company.offer(handle, machine)
    assert len(offer.told()) == 10
    assert offer.rep == ""
    assert "persona" not in {reason.kind for item in offer.told() for reason in item.reasons}


def test_of_ten_thousand_equals_each_customer_has_her_own_ten_and_none_is_favoured():
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(10_000)))
    equal = np.zeros(10_000)
    lists = [list(best(equal, made, 10, seed=seed * 7919)) for seed in range(300)]
    assert lists == [list(best(equal, made, 10, seed=seed * 7919)) for seed in range(300)]
    shown = Counter(at for each in lists for at in each)
    assert len(shown) > 2_500  # of 3,000 places; by chance 2,592 or so
    assert max(shown.values()) <= 6
    halves = sum(number for at, number in shown.items() if at < 5_000)
    assert 1_350 < halves < 1_650


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["tags", "live", "popular", "seen"])
def test_a_weight_that_is_no_number_never_breaks_a_score(name, wrong):
    made = slice_of(row("mat_1", "a"), row("mat_2", "a"))
    weights = replace(Weights(), **{name: wrong})
    with np.errstate(all="ignore"):
        total = Scores(Question(now=MONDAY, reads=[read("mat_1", {"mat_2": 0.5})]), made, weights)
        assert len(total.total) == 2


def test_a_kept_weight_that_is_no_number_is_left_as_it_ships(company):
    with company.people.write() as session:
        session.add(
            Night(
                number=1, at=MONDAY, seconds=1.0, contents=0, people=1, judged=1, before=0.0,
                after=0.1, shipped=True, weights={"tags": None, "popular": 0.5},
            )
        )  # fmt: skip
    weights = company.nightly.weights()
    assert (weights.tags, weights.popular) == (Weights().tags, 0.5)


def test_a_storm_of_one_customers_clicks_weighs_as_one_reader(company):
    rep = company.hire("li")
    her, others = company.meet(rep=rep), [company.meet(f"1390000000{n}", rep) for n in range(2)]
    loud, liked = (company.place(each, "理财") for each in ("大声", "喜欢"))
    company.tell(
        *(company.event("opened_link", her, loud, rep=rep.staff) for _ in range(300)),
        *(company.event("opened_link", each, liked, rep=rep.staff) for each in others),
    )
    there = company.recommender.scored(company.id_of(her), rep).candidates
    at, other = there.place(loud), there.place(liked)
    assert (there.clicked[at], there.clicked[other]) == (1, 2)
    assert there.popular[at] < there.popular[other]
    with company.people.read() as session:
        assert len(session.get_one(Trail, str(her)).steps) < 500


def test_a_spammer_who_opens_everything_moves_nobodys_list_more_than_one_reader_may(company):
    made, rep = company.library(each=3), company.hire("li")
    her, spammer = company.meet(rep=rep), company.meet("13900000001", rep)
    readers = [company.meet(f"1370000000{n}", rep) for n in range(4)]
    read, alike, pushed = made["健康"][0], made["理财"][0], made["子女教育"][0]
    for each in readers:
        company.tell(*(company.event("read_material", each, one) for one in (read, alike)))
    company.tell(
        company.event("read_material", her, read),
        *(company.event("read_material", spammer, at) for _ in range(60) for at in (read, pushed)),
    )
    near = dict(zip(*map(list, company.counters.neighbours([read])[read]), strict=True))
    assert near[key_of(alike)] > near[key_of(pushed)]


def test_whoever_goes_round_and_round_through_more_than_a_trail_holds_is_one_reader_of_each(
    company,
):
    """A trail remembers fifty contents: sixty of them, again and again, were sixty new ones."""
    rep, others = company.hire("li"), [company.meet(f"1390000000{n}") for n in range(2)]
    spammer = company.meet("13700000001", rep)
    pushed = [f"mat_pushed{n:02}" for n in range(60)]
    liked = company.place("喜欢", "理财")
    company.tell(
        *(company.event("opened_link", spammer, each, rep=rep.staff, ago=timedelta(seconds=-at))
          for at, each in enumerate(pushed * 8)),
        *(company.event("read_material", each, liked) for each in others),
    )  # fmt: skip
    counted = {each.material: each for each in company.counters.since(0)}
    assert {(counted[each].readers, counted[each].clicked) for each in pushed} == {(1, 1)}
    assert all(counted[each].popular < counted[liked].popular for each in pushed)
    with company.people.read() as session:
        pairs = session.scalars(select(Pair.near)).all()
    assert max(pairs) <= 1.0
    memory = Memory(60)
    for at, each in enumerate(list(range(60)) * 8):
        memory.take("spammer", each, float(at))
    assert set(memory.readers) == {1.0}
    memory = Memory(60)
    memory.count((("spammer", each, float(at)) for at, each in enumerate([*range(60)] * 8)), {})
    assert set(memory.readers) == {1.0}


class Deep:
    """A history that is far ahead."""

    def __init__(self, history):
        self._history = history

    def after(self, seq, limit):
        return self._history.after(max(0, seq - BEHIND), limit)


class Away:
    """A history on a server that does not answer."""

    def after(self, seq, limit):
        raise Overloaded("store_is_unavailable", seconds=5)


def test_while_the_history_is_away_lists_are_made_and_say_that_they_are_degraded(company, clock):
    made, rep = company.library(each=2), company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(*(company.event("read_material", handle, each) for each in made["健康"]))
    company.candidates._fared._counters = Counters(company.people, Away())
    clock.move(timedelta(seconds=6))
    offer = company.offer(handle, rep)
    assert offer.policy.endswith("/degraded")
    assert len(offer.told()) == 10


def test_while_counters_are_lost_lists_are_made_and_say_that_they_are_degraded(company, clock):
    made, rep = company.library(each=2), company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(*(company.event("read_material", handle, each) for each in made["健康"]))
    lost = Counters(company.people, Deep(company.history))
    Watermarks(company.people, Folded).move("counters", "0")
    company.candidates._fared._counters = lost
    clock.move(timedelta(seconds=6))
    offer = company.offer(handle, rep)
    assert offer.policy.endswith("/degraded")
    assert len(offer.told()) == 10
    while company.counters.fold():
        pass
    company.candidates._fared._counters = company.counters
    clock.move(timedelta(minutes=6))
    assert "degraded" not in company.offer(handle, rep).policy


class BreaksOff(Away):
    """Folding it anew begins, and ends at once."""

    def __init__(self, history):
        self._history = history

    def newest(self):
        return self._history.newest()


def test_of_a_small_company_too_lists_say_so_until_what_was_thrown_away_is_counted_again(
    company, clock
):
    made, rep = company.library(each=2), company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(*(company.event("read_material", handle, each) for each in made["健康"]))
    assert "degraded" not in company.offer(handle, rep).policy
    with pytest.raises(Overloaded):
        Counters(company.people, BreaksOff(company.history)).rebuild()
    clock.move(timedelta(seconds=6))
    assert company.offer(handle, rep).policy.endswith("/degraded")
    while company.counters.fold():
        pass
    clock.move(timedelta(minutes=6))
    assert "degraded" not in company.offer(handle, rep).policy


@pytest.mark.parametrize("jump", [timedelta(hours=-2), 400 * DAY, timedelta(0)])
def test_a_clock_that_jumps_shows_nothing_that_does_not_stand_then(company, clock, jump):
    company.library(each=2)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    company.offer(handle, rep)
    clock.move(jump)
    offered = materials(company.offer(handle, rep))
    assert set(offered) == set(company.shelf.standing_ids("", offered, clock()))


acts = st.lists(
    st.tuples(
        st.sampled_from(["retire", "place", "pin", "quota", "boost", "wait", "read"]),
        st.integers(0, 11),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=acts)
def test_no_pin_rule_or_race_brings_back_what_is_off_the_shelf(company, clock, acts):
    if not company.tags:
        company.made = [company.place(f"内容{n}", "理财", days=2 + n) for n in range(12)]
        company.rep, company.names = company.hire("li"), count(1)
        company.her = company.meet(rep=company.rep)
    for act, at in acts:
        material = company.made[at]
        if act == "retire":
            company.shelf.retire(material, by="li")
        elif act == "place":
            company.made[at] = company.place(f"内容{next(company.names)}", "理财", days=1)
        elif act == "wait":
            clock.move(timedelta(hours=6))
        elif act == "read":
            company.tell(company.event("read_material", company.her, material))
        else:
            wanted = Wanted(name=act, act=act, material=material, number=2.0,
                            closes=clock() + DAY)  # fmt: skip
            company.rules.add(wanted, by="li")
        told = company.offer(company.her, company.rep).told()
        shown = {each for item in told for each in (item.material, item.script) if each}
        assert shown == set(company.shelf.standing_ids("", sorted(shown), clock()))


def test_counts_are_read_aside_before_they_are_due(company, clock):
    """Who asks meanwhile gets the counts of before, and waits for nobody."""
    made, rep = company.library(each=2), company.hire("li")
    handle, candidates = company.meet(rep=rep), company.candidates
    material = made["健康"][0]

    def readers():
        standing = candidates.slice()
        return int(standing.readers[standing.place(material)])

    assert readers() == 0
    company.tell(company.event("read_material", handle, material))
    clock.move(timedelta(seconds=3))
    assert readers() == 0
    assert candidates._counting is None
    clock.move(timedelta(seconds=1))
    with candidates._fared._lock:  # whoever reads them takes long
        assert readers() == 0
        assert candidates.company(keys_of([material]))[1] == 0
    candidates._counting.result(60)
    assert readers() == 1
    company.tell(company.event("read_material", company.meet("13900139000"), material))
    clock.move(timedelta(seconds=4))
    with candidates._fared._lock:
        assert readers() == 1
    candidates._counting.result(60)
    assert readers() == 2, "and again the next time"


def test_what_a_night_knows_is_told_of_candidates_though_nobody_has_read_since(company, clock):
    made, candidates = company.library(each=2), company.candidates
    known = made["健康"][0]
    assert not candidates.slice().nightly.any()
    with company.people.write() as session:
        session.add(
            Night(
                number=1, at=MONDAY, seconds=1.0, contents=1, people=1, judged=1, before=0.0,
                after=0.1, shipped=True, weights={},
            )
        )  # fmt: skip
        session.add(NightList(night=1, material=known, keys=b"", strengths=b""))
    company.nightly._look()
    clock.move(timedelta(seconds=6))
    standing = candidates.slice()
    assert standing.nightly.nonzero()[0].tolist() == [standing.place(known)]
    assert not candidates._fared.moved(clock()), "once told, nothing moves"


def test_what_lasted_and_what_is_read_these_days_are_told_apart_of_candidates(company):
    made, candidates = company.library(), company.candidates
    lasted, sudden = made["健康"][0], made["理财"][0]
    readers = [company.meet(f"1390000000{n}") for n in range(4)]
    company.tell(
        *(company.event("read_material", each, lasted, ago=20 * DAY) for each in readers[:3]),
        company.event("read_material", readers[3], sudden),
    )
    standing = candidates.slice()
    at, now = standing.place(lasted), standing.place(sudden)
    assert (standing.popular[at], standing.lately[now]) == (1.0, 1.0)
    assert 0 < standing.popular[now] < 1
    assert 0 < standing.lately[at] < 0.1


def test_counts_that_are_folded_again_are_read_from_their_beginning(company, clock):
    made, candidates, counters = (
        company.library(),
        company.candidates,
        company.counters,
    )
    first, last, her = made["健康"][0], made["理财"][0], company.meet()
    company.tell(company.event("read_material", her, first, ago=DAY))
    company.tell(company.event("read_material", her, last))

    def readers():
        clock.move(timedelta(seconds=6))
        standing = candidates.slice()
        return [int(standing.readers[standing.place(each)]) for each in (first, last)]

    assert readers() == [1, 1]
    with company.people.write("counters"):
        counters._marks.move("counters", "clearing")
    while counters._clear():
        pass
    while not counters.shown(first)[1]:
        counters.fold(1)
    assert readers() == [1, 0]
    while counters.fold():
        pass
    assert readers() == [1, 1]


def test_what_leaves_the_shelf_while_counts_are_read_aside_does_not_come_back(company, clock):
    made = company.library(each=2)
    candidates, gone = company.candidates, made["健康"][0]
    assert candidates.slice().place(gone) is not None
    company.tell(company.event("read_material", company.meet(), gone))
    counted, begun, on = candidates._fared.counted, Event(), Event()

    def slowly(standing, now):
        if current_thread() is not main_thread():
            begun.set()
            on.wait(60)
        return counted(standing, now)

    candidates._fared.counted = slowly
    clock.move(timedelta(seconds=4))
    candidates.slice()
    assert begun.wait(60)
    company.shelf.retire(gone, by="li")
    assert candidates.slice().place(gone) is None
    on.set()
    candidates._counting.result(60)
    assert candidates.slice().place(gone) is None


def test_after_a_clock_that_was_put_back_what_is_counted_shows_at_once(company, clock):
    made, rep = company.library(each=2), company.hire("li")
    handle, candidates = company.meet(rep=rep), company.candidates
    material = made["健康"][0]
    candidates.slice()
    clock.move(timedelta(hours=-2))
    company.tell(company.event("read_material", handle, material))
    standing = candidates.slice()
    place = standing.place(material)
    assert place is None or int(standing.readers[place]) == 1
    assert candidates._fared._mark == company.counters.mark() > 0


def test_an_edit_that_cannot_be_read_just_now_is_read_the_next_time(company):
    company.library(each=1)
    candidates = company.candidates

    class Away:
        """The records, for one question."""

        def read(self):
            candidates._records = company.records
            raise Overloaded("records_are_busy", seconds=1)

    candidates.slice()
    fresh = company.place("新到", "健康")
    candidates._records = Away()
    with pytest.raises(Overloaded):
        candidates.slice()
    assert candidates.slice().place(fresh) is not None
