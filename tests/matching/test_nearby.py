"""Who is near: how far, whose place may be looked at, and when a list is made anew."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from data_hub.consents import LOCATION
from data_hub.geohash import cell_of, touched
from data_hub.places import Place, from_gcj, to_gcj
from data_hub.profiles.keeping import ProfileRow
from data_hub.segments.nearness import metres_between
from kernel.errors import Forbidden, Invalid
from matching.nearby import (
    Before,
    Nearby,
    Vicinity,
    place_of,
    worth_another,
)
from tests.conftest import MONDAY

HERE = Place(31.2304, 121.4737)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def moved(place, metres, degrees=0.0):
    """A point so far away in a direction, on the sphere."""
    angle = math.radians(degrees)
    north = metres * math.cos(angle) / 111_195
    east = metres * math.sin(angle) / (111_195 * math.cos(math.radians(place.latitude)))
    return Place(place.latitude + north, place.longitude + east)


@pytest.mark.rule("R27.2")
@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [  # on the ellipsoid, by Vincenty
        ((31.2304, 121.4737), (31.2404, 121.4737), 1_108.7),
        ((31.2304, 121.4737), (31.2304, 121.4937), 1_905.5),
        ((39.9042, 116.4074), (39.9142, 116.4274), 2_039.0),
        ((22.5431, 114.0579), (22.5231, 114.0779), 3_022.9),
        ((45.8038, 126.5349), (45.8238, 126.5349), 2_223.0),
    ],
)
def test_a_distance_is_right_within_one_percent(one, other, metres):
    assert metres_between(one, other) == pytest.approx(metres, rel=0.01)


@pytest.mark.rule("R27.3")
@given(st.floats(18.2, 53.5), st.floats(73.6, 134.7))
def test_a_shifted_point_is_found_back_within_a_metre(latitude, longitude):
    true = Place(latitude, longitude)
    shifted = to_gcj(true)
    assert metres_between(true, from_gcj(shifted)) < 1
    assert metres_between(true, shifted) < 1_500
    assert place_of(*shifted, "gcj02") == from_gcj(shifted)
    assert metres_between(HERE, to_gcj(HERE)) > 300


@pytest.mark.rule("R27.3")
@pytest.mark.parametrize(
    ("true", "shifted"),
    [  # as eviltransform's own tests have them
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_the_shift_is_the_one_of_chinese_maps(true, shifted):
    assert to_gcj(Place(*true)) == pytest.approx(shifted, abs=1e-9)
    assert place_of(*shifted, "gcj02") == pytest.approx(true, abs=1e-7)


def test_where_maps_are_not_shifted_a_point_stays_where_it_is():
    assert to_gcj(Place(48.8566, 2.3522)) == Place(48.8566, 2.3522)


@pytest.mark.parametrize("told", [(91, 0), (0, 181), (math.nan, 0), (0, math.inf), (0, 0, "bd09")])
def test_what_is_no_place_is_refused(told):
    with pytest.raises(Invalid):
        place_of(*told)


@pytest.mark.rule("R28.1")
@pytest.mark.parametrize(
    ("metres", "minutes", "another"),
    [(501, 15, True), (499, 60, False), (5_000, 14, False), (501, 1_000, True), (0, 1_000, False)],
)
def test_a_list_is_made_anew_after_500_metres_and_15_minutes_both(metres, minutes, another):
    before = Before(HERE, MONDAY - minutes * MINUTE)
    assert worth_another(before, moved(HERE, metres), MONDAY) is another
    assert worth_another(None, HERE, MONDAY)


def nearby(company):
    return Nearby(company.customers, company.profiles, company.consents, company.clock)


def stands(company, phone, rep, place, *, allows=True, ago=timedelta(0)):
    handle = company.meet(phone, rep=rep)
    company.tell(
        company.event("viewed_page", handle, ago=ago, latitude=place[0], longitude=place[1])
    )
    if allows:
        company.consents.allow([handle], LOCATION, source="page")
    return company.id_of(handle)


@pytest.mark.rule("R27.1", "R27.4")
def test_near_are_her_own_consenting_customers_whose_place_is_fresh(company, clock):
    rep, other = company.hire("li"), company.hire("wang")
    guide = company.place("养老指南", "养老社区")
    clock.move(30 * HOUR)
    far = stands(company, "13800000001", rep, moved(HERE, 2_900))
    close = stands(company, "13800000002", rep, moved(HERE, 300, 90))
    stands(company, "13800000003", rep, moved(HERE, 3_100))
    stands(company, "13800000004", rep, moved(HERE, 100), allows=False)
    stands(company, "13800000005", rep, moved(HERE, 100), ago=24 * HOUR + MINUTE)
    stands(company, "13800000006", other, moved(HERE, 100))
    stands(
        company, "13800000007", rep, moved(HERE, 100), ago=-30 * MINUTE
    )  # by a clock that runs ahead
    found = nearby(company).of(rep, HERE)
    assert [each.customer.id for each in found] == [close, far]
    assert found[0].metres == pytest.approx(300, rel=0.01)
    assert f"to={found[0].there.longitude:.6f},{found[0].there.latitude:.6f}" in found[0].way
    assert "coordinate=wgs84&" in found[0].way  # as the place is kept
    handle = company.identities.handles(far)[0]
    company.tell(
        *(company.event("bought", handle, ago=n * 2 * HOUR, amount=1) for n in range(3)),
        company.event("bought", handle, ago=31 * 24 * HOUR, amount=1),  # long ago
        company.event("read_material", handle, guide),
    )
    first, second = nearby(company).of(rep, HERE)
    assert (first.customer.id, first.bought, first.reads) == (far, 3, 1)  # she buys: worth the way
    assert second.customer.id == close
    clock.move(25 * HOUR)
    assert nearby(company).of(rep, HERE) == []


@pytest.mark.rule("R27.1")
def test_a_purchase_is_worth_the_way_as_five_readings_are(company):
    """Who stands where she does: half of the score is how near she is, half what she did."""
    rep, there = company.hire("li"), moved(HERE, 1_500)
    guides = [company.place(f"养老指南{n}", "养老社区") for n in range(6)]
    phones = {"bought": "13800000001", "read 4": "13800000002", "read 6": "13800000003"}
    her = {what: stands(company, phone, rep, there) for what, phone in phones.items()}
    first = {what: company.identities.handles(key)[0] for what, key in her.items()}
    company.tell(
        company.event("bought", first["bought"], amount=1),
        *(company.event("read_material", first["read 4"], guide) for guide in guides[:4]),
        *(company.event("read_material", first["read 6"], guide) for guide in guides),
    )
    found = nearby(company).of(rep, HERE)
    assert [each.customer.id for each in found] == [
        her[what] for what in ("read 6", "bought", "read 4")
    ]
    assert [each.score for each in found] == pytest.approx([0.55, 0.5, 0.45], abs=0.005)


@pytest.mark.rule("R27.1", "R27.4", "R28.1")
def test_how_far_how_long_and_how_soon_is_what_the_company_says(company, clock):
    rep = company.hire("li")
    stands(company, "13800000001", rep, moved(HERE, 900), ago=3 * HOUR)
    close = stands(company, "13800000002", rep, moved(HERE, 700), ago=HOUR)
    own = Vicinity(metres=800, hours=2, moved=200, minutes=5)
    around = Nearby(company.customers, company.profiles, company.consents, clock, own)
    assert [each.customer.id for each in around.of(rep, HERE)] == [close]
    assert [each.customer.id for each in around.of(rep, HERE, metres=1_000)] == [close]
    clock.move(61 * MINUTE)
    assert around.of(rep, HERE) == []
    before = Before(HERE, MONDAY - 5 * MINUTE)
    assert worth_another(before, moved(HERE, 201), MONDAY, own)
    assert not worth_another(before, moved(HERE, 199), MONDAY, own)


@pytest.mark.rule("R27.3")
def test_both_systems_give_the_same_list(company):
    rep = company.hire("li")
    her = stands(company, "13800000001", rep, moved(HERE, 900))
    shifted = place_of(*to_gcj(HERE), "gcj02")
    (one,), (other,) = (nearby(company).of(rep, place) for place in (HERE, shifted))
    assert one.customer.id == other.customer.id == her
    assert one.metres == pytest.approx(other.metres, abs=1)


def test_who_takes_her_word_back_or_asks_for_no_rep_sees_nothing(company):
    rep = company.hire("li")
    her = stands(company, "13800000001", rep, HERE)
    company.consents.withdraw(company.identities.handles(her), LOCATION, source="page")
    assert nearby(company).of(rep, HERE) == []
    machine = type(rep)(id="m", role=rep.role, name="m")
    with pytest.raises(Forbidden):
        nearby(company).of(machine, HERE)


@given(
    st.floats(-89, 89), st.floats(-180, 180), st.floats(1, 20_000), st.floats(0, 1),
    st.floats(0, 360),
)  # fmt: skip
def test_whoever_is_near_stands_in_a_square_that_is_looked_at(
    latitude, longitude, metres, share, degrees
):
    here = Place(latitude, longitude)
    squares = touched(*here, metres)
    there = moved(here, metres * share, degrees)
    if metres_between(here, there) > metres or not -90 <= there.latitude <= 90:
        return
    there = Place(there.latitude, (there.longitude + 180) % 360 - 180)
    assert squares is None or cell_of(*there) in squares


@pytest.mark.rule("R27.1")
def test_squares_are_the_ones_of_geohash_and_as_few_as_a_town_has():
    assert cell_of(57.64911, 10.40744, 11) == "u4pruydqqvj"
    assert cell_of(42.605, -5.603) == "ezs42"
    assert cell_of(*HERE) in touched(*HERE, 3_000)
    assert len(touched(*HERE, 3_000)) == 4
    assert touched(*HERE, 100_000) is None


@pytest.mark.rule("R27.1")
def test_who_stands_elsewhere_is_not_even_looked_at(company):
    rep = company.hire("li")
    near = stands(company, "13800000001", rep, moved(HERE, 900))
    stands(company, "13800000002", rep, moved(HERE, 400_000))
    without = company.meet("13800000003", rep=rep)
    company.tell(company.event("viewed_page", without))
    squares = touched(*HERE, 3_000)
    assert company.profiles.lately_in(squares, MONDAY - HOUR) == {near}
    assert [each.customer.id for each in nearby(company).of(rep, HERE)] == [near]


def test_who_was_folded_before_squares_were_kept_is_found_all_the_same(company):
    rep = company.hire("li")
    her = stands(company, "13800000001", rep, moved(HERE, 900))
    with company.people.write() as session:
        session.execute(update(ProfileRow).values(cell=None))
    assert [each.customer.id for each in nearby(company).of(rep, HERE)] == [her]
