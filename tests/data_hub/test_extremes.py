"""Extremes: a client that makes up names, a customer who never stops, a handle that many share."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.event import listen

from data_hub.profiles.folding import KEPT_KINDS, OTHER
from tests.data_hub.telling import event, mobile, user
from tests.sizes import sized


def test_names_without_end_are_counted_together_beyond_some(hub):
    her, many = user("u1"), sized(900, 100_000)
    for begin in range(0, many, 300):
        stretch = range(begin, min(begin + 300, many))
        hub.tell(*(event(f"track.n{n}", her, minutes=n / 60) for n in stretch))
    hub.tell(event("bought", her, minutes=many, detail={"amount": 5}))
    profile = hub.profiles.of(hub.id_of(her))
    assert profile.events == sum(profile.kinds.values()) == many + 1
    assert len(profile.kinds) == KEPT_KINDS + 2
    assert profile.kinds[OTHER] == many - KEPT_KINDS
    assert profile.kinds["bought"] == 1


def test_traits_without_end_are_kept_up_to_some(hub):
    her = user("u1")
    hub.tell(*(event("identified", her, detail={"traits": {f"t{n}": n}}, minutes=n / 60)
               for n in range(700)))  # fmt: skip
    hub.tell(event("identified", her, detail={"traits": {"t0": "new"}}, minutes=60))
    profile = hub.profiles.of(hub.id_of(her))
    assert (len(profile.traits), profile.trait("t0")) == (500, "new")


def test_a_customer_who_never_stops_keeps_a_small_profile_and_a_quick_timeline(hub):
    her, many = user("u1"), sized(2_000, 100_000)
    hub.tell(*(event(handle=her, minutes=n / 100) for n in range(many)))
    profile = hub.profiles.of(hub.id_of(her))
    assert profile.events == many
    assert len(profile.pack()) < 20_000
    page = hub.history.timeline([her], limit=20)
    assert [each.at for each in page.items] == sorted((e.at for e in page.items), reverse=True)
    late = event(handle=her, minutes=-60)
    hub.tell(late)
    assert hub.profiles.of(hub.id_of(her)).events == many + 1


def test_a_phone_that_very_many_share_makes_nobody_the_same(hub):
    many, phone = sized(600, 10_000), mobile()
    everybody = [user(f"u{n}") for n in range(many)]
    hub.tell(*(event("identified", her, phone, minutes=n) for n, her in enumerate(everybody)))
    known = set(hub.identities.customers_of(everybody).values())
    assert len(known) >= many - 1
    assert len(hub.identities.parked(10)) == 10


@pytest.mark.parametrize("year", [1900, 1969, 2100])
def test_a_date_far_off_is_an_event_like_any_other(hub, year):
    her, at = user("u1"), datetime(year, 2, 28, tzinfo=UTC)
    days = (at - event().at) / timedelta(minutes=1)
    hub.tell(event(handle=her), event("bought", her, minutes=days, detail={"amount": 5}))
    hub.settle()
    profile = hub.profiles.of(hub.id_of(her))
    assert (profile.events, profile.kinds["bought"]) == (2, 1)
    assert len(hub.history.timeline([her], limit=5).items) == 2
    assert list(hub.history.flaws()) == []


@pytest.mark.parametrize("amount", [float("1e308"), -5, True, "5", None, [5]])
def test_an_amount_that_makes_no_sense_stops_nobody(hub, amount):
    her = user("u1")
    hub.tell(event("bought", her, detail={"amount": amount}), event(handle=her, minutes=1))
    assert hub.profiles.of(hub.id_of(her)).events == 2


@pytest.mark.rule("R163.3")
@pytest.mark.timeout(sized(600, 7_200))
def test_ten_times_the_customers_cost_a_slice_no_more_statements(hub, people):
    ran = []
    listen(people.engine, "after_cursor_execute", lambda *told: ran.append(told[2]))
    costs, known = [], 0
    for many in sized((60, 600), (30_000, 300_000)):
        hub.tell(*(event(handle=user(f"u{n}")) for n in range(known, many)))
        hub.settle()
        known = many
        ran.clear()
        hub.tell(*(event(handle=user(f"u{n}"), minutes=9) for n in range(40)))
        costs.append(len(ran))
    assert costs[1] <= costs[0]
