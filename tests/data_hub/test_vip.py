"""Who brings most is chosen once a week, does not waver, and brings the share that is counted."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from data_hub.invariants import standing_flaws
from tests.data_hub.telling import MONDAY, event, openid, user

WEEK = timedelta(days=7)


def buy(number, amount, days=0):
    return event("bought", user(f"u{number:02}"), minutes=days * 1_440, detail={"amount": amount})


@pytest.fixture
def hub(hub, clock):
    clock.move(MONDAY - clock())
    return hub


@pytest.mark.rule("R154.1", "R154.2")
def test_the_top_fifth_enters_and_the_share_is_the_counted_one(hub, clock):
    hub.tell(*(buy(number, 100 + number) for number in range(20)))
    assert hub.vips.weekly() == 1
    assert hub.vips.weekly() == 0

    chosen = {hub.id_of(user(f"u{number:02}")) for number in range(16, 20)}
    assert hub.vips.all().keys() == chosen
    everybody = {hub.id_of(user(f"u{number:02}")) for number in range(1_200)}
    assert hub.vips.among(everybody) == chosen
    [week] = hub.vips.weeks()
    assert (week.buyers, week.chosen) == (20, 4)
    assert week.share == pytest.approx((116 + 117 + 118 + 119) / sum(range(100, 120)))
    clock.move(WEEK)
    assert hub.vips.weekly() == 1


@pytest.mark.rule("R154.1")
def test_who_is_in_stays_until_she_falls_out_of_the_top_quarter(hub, clock):
    hub.tell(*(buy(number, 100 + number) for number in range(20)))
    hub.vips.choose()
    edge = hub.id_of(user("u16"))
    hub.tell(buy(15, 10, days=1))
    clock.move(WEEK)
    hub.vips.choose()
    assert edge in hub.vips.all()  # the fifth of twenty now: behind a fifth, within a quarter
    assert hub.id_of(user("u15")) in hub.vips.all()

    hub.tell(buy(14, 10, days=2), buy(13, 10, days=2))
    clock.move(WEEK)
    hub.vips.choose()
    assert edge not in hub.vips.all()


@pytest.mark.rule("R154.1")
def test_ties_are_broken_the_same_way_every_time_and_old_purchases_do_not_count(hub, clock):
    hub.tell(*(buy(number, 100) for number in range(10)))
    hub.vips.choose()
    first = set(hub.vips.all())
    hub.vips.choose()
    assert set(hub.vips.all()) == first
    assert first == set(sorted(hub.id_of(user(f"u{n:02}")) for n in range(10))[:2])

    clock.move(timedelta(days=366))
    assert hub.vips.choose().buyers == 0
    assert hub.vips.all() == {}


@pytest.mark.rule("R154.1", "R154.2")
def test_who_buys_every_day_is_worth_all_she_bought(hub):
    """Her profile keeps the last two hundred purchases one by one."""
    often = [
        event("bought", user("u99"), minutes=day * 1_440, detail={"amount": 10, "order_id": day})
        for day in range(-300, 0)
    ]  # fmt: skip
    back = event("refunded", user("u99"), minutes=1, detail={"amount": 7, "order_id": -300})
    hub.tell(*often, back, *(buy(number, 2_500) for number in range(4)))
    week = hub.vips.choose()
    assert hub.vips.all().keys() == {hub.id_of(user("u99"))}
    assert (week.total, week.brought) == (2_993 + 10_000, 2_993)


@pytest.mark.rule("R154.1")
def test_what_was_paid_back_makes_nobody_a_vip(hub, clock):
    hub.tell(*(buy(number, 100 + number) for number in range(5)))
    hub.tell(event("refunded", user("u04"), minutes=5, detail={"amount": 90}))
    hub.vips.choose()

    assert hub.vips.all().keys() == {hub.id_of(user("u03"))}
    [week] = hub.vips.weeks()
    assert week.total == 100 + 101 + 102 + 103 + 14


def test_segments_and_the_standing_follow_the_choice(hub, clock):
    segment = hub.segments.create("VIP", rule="vip", by="li")
    hub.tell(*(buy(number, 100 + number) for number in range(5)))
    hub.settle()
    assert hub.members(segment.id) == set()
    hub.vips.choose()
    hub.settle()
    assert hub.members(segment.id) == {hub.id_of(user("u04"))}

    hub.tell(buy(0, 1_000, days=1))
    clock.move(timedelta(days=1))
    hub.vips.choose()
    hub.settle()
    assert hub.members(segment.id) == {hub.id_of(user("u00"))}


def test_who_was_chosen_while_the_past_came_in_is_chosen_anew_once_it_is_there(hub):
    assert hub.vips.weekly() == 1
    assert hub.vips.weekly() == 0
    hub.tell(*(buy(number, 100 + number) for number in range(10)))
    assert hub.vips.weekly() == 1
    hub.tell(buy(10, 200))
    assert hub.vips.weekly() == 0  # one more is no past
    hub.tell(*(buy(number, 100 + number) for number in range(11, 20)))
    assert hub.vips.weekly() == 1
    assert hub.vips.weekly() == 0
    [week] = hub.vips.weeks()
    assert (week.buyers, week.chosen) == (20, 4)


def test_who_paid_nothing_makes_nobody_choose_again_and_again(hub):
    """Half of them told of a policy without its price: they are no growth."""
    hub.tell(*(buy(number, 100 * (number % 2)) for number in range(20)))
    assert hub.vips.weekly() == 1
    assert hub.vips.weekly() == 0
    [week] = hub.vips.weeks()
    assert (week.buyers, week.chosen) == (10, 2)
    hub.tell(*(buy(number, 0) for number in range(20, 23)))
    assert hub.vips.weekly() == 1
    assert hub.vips.weekly() == 0


def test_a_choice_that_was_broken_off_is_made_whole_by_the_next(hub, clock, people, records):
    """Two customers a write here: some are told already what they are now, others are not."""
    segment = hub.segments.create("VIP", rule="vip", by="li")
    hub.tell(*(buy(number, 100 + number) for number in range(20)))
    hub.vips.choose()
    hub.settle()
    hub.tell(*(buy(number, 1_000 + number, days=1) for number in range(4)))
    clock.move(WEEK)
    with people.write() as session:
        session.execute(text(_STOPPED))
    with pytest.raises(IntegrityError):
        hub.vips.weekly()
    assert hub.vips.all().keys() == {hub.id_of(user(f"u{n:02}")) for n in (2, 3, 16, 17, 18, 19)}
    assert list(standing_flaws(records, people)) == []

    with people.write() as session:
        session.execute(text("drop trigger stopped"))
    assert hub.vips.weekly() == 1
    assert hub.vips.weekly() == 0
    hub.settle()
    chosen = [hub.id_of(user(f"u{number:02}")) for number in (3, 2, 1, 0, 19)]
    assert [(her, vip.rank) for her, vip in hub.vips.all().items()] == [
        (her, place) for place, her in enumerate(chosen, 1)
    ]
    assert hub.members(segment.id) == set(chosen)


_STOPPED = """
create trigger stopped before insert on vips when new.rank = 3
begin select raise(abort, 'stopped'); end
"""


def test_what_was_bought_before_the_window_counts_for_nobody(hub, clock):
    hub.tell(buy(0, 9_000), *(buy(number, 100 + number, days=200) for number in range(1, 5)))
    clock.move(timedelta(days=300))
    hub.tell(buy(0, 10, days=300))
    clock.move(timedelta(days=70))
    hub.vips.choose()

    assert hub.vips.all().keys() == {hub.id_of(user("u04"))}
    [week] = hub.vips.weeks()
    assert week.total == 101 + 102 + 103 + 104 + 10


def test_who_was_chosen_stays_so_when_she_is_merged_with_an_older_self(hub, clock, people, records):
    """Until the next choice, in the segment too, and at the edge of the next one."""
    segment = hub.segments.create("VIP", rule="vip", by="li")
    hub.tell(*(buy(number, 100 + number) for number in range(5)))
    hub.vips.choose()
    hub.settle()
    before = hub.id_of(user("u04"))
    hub.tell(event("followed", openid("o1"), minutes=-60))
    hub.tell(event("identified", openid("o1"), user("u04"), minutes=9))
    now = hub.id_of(user("u04"))
    assert now != before
    assert hub.vips.among([now, before]) == {now}
    assert hub.vips.all().keys() == {now}
    assert hub.members(segment.id) == {now}
    assert list(standing_flaws(records, people)) == []
    since = hub.vips.all()[now].since
    clock.move(WEEK)
    hub.vips.choose()
    assert hub.vips.all()[now].since == since
