"""Who is near, and what makes today a good day, through GraphQL."""

from datetime import timedelta

import pytest

from data_hub.consents import LOCATION
from kernel.actors import Actor, Role

EDITOR = Actor(id="stf_e", role=Role.EDITOR, staff="stf_e")
NEARBY = """query($latitude: Float!, $longitude: Float!, $system: String = "wgs84",
  $metres: Float = 3000) { nearby(latitude: $latitude, longitude: $longitude, system: $system,
  metres: $metres) { customer { id } metres reads bought score way } }"""
OCCASIONS = "query($id: ID!) { customer(id: $id) { occasions { kind due ends text } } }"


@pytest.mark.rule("R27.1")
def test_a_rep_asks_who_of_her_customers_is_near(house):
    rep = house.hire("li")
    near, unasked = house.meet("13800138001", rep=rep), house.meet("13800138002", rep=rep)
    for handle in (near, unasked):
        house.tell(house.event("viewed_page", handle, latitude=31.2310, longitude=121.4740))
    house.consents.allow([near], LOCATION, source="page")
    (found,) = house.ask(NEARBY, rep, latitude=31.2304, longitude=121.4737)["nearby"]
    assert found["customer"]["id"] == house.id_of(near)
    assert found["metres"] == pytest.approx(72.5, rel=0.01)
    assert found["way"].startswith("https://uri.amap.com/navigation")
    assert house.ask(NEARBY, rep, latitude=31.2304, longitude=121.4737, metres=50)["nearby"] == []


@pytest.mark.parametrize("told", [{"latitude": 131}, {"system": "moon"}, {"metres": 0}])
def test_a_place_that_is_none_is_refused(house, told):
    sent = {"latitude": 31.0, "longitude": 121.0} | told
    (error,) = house.errors(NEARBY, house.hire("li"), **sent)
    assert error["extensions"]["code"] == "invalid"


def test_whoever_has_no_customers_asks_in_vain(house):
    (error,) = house.errors(NEARBY, EDITOR, latitude=31.0, longitude=121.0)
    assert error["extensions"]["code"] == "forbidden"


def test_what_makes_today_a_good_day_is_told_in_a_sentence(house, clock):
    rep = house.hire("li")
    handle = house.meet("13800138001", rep=rep)
    house.tell(house.event("viewed_page", handle))
    clock.move(timedelta(days=50))
    (dormant,) = (
        each
        for each in house.ask(OCCASIONS, rep, id=house.id_of(handle))["customer"]["occasions"]
        if each["kind"] == "dormant"
    )
    assert dormant["due"] <= dormant["ends"]
    assert "50" in dormant["text"]
