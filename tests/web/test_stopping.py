"""U7: a customer stops marketing, or sees why she got it, in two touches."""

from datetime import timedelta

import pytest

from channels.deliveries import Lane
from channels.preferences import Preferences
from data_hub.consents import LOCATION, MARKETING, PERSONALISATION
from juzhen.web import public, stopping
from kernel.events import Handle
from tests.web.pages_house import PagesHouse

HER = Handle("cookie", "", "c" * 24)


@pytest.fixture
def rooms(records, people, clock, tmp_path):
    kept = PagesHouse(records, people, clock, tmp_path)
    kept.preferences = Preferences(
        kept.records, kept.consents, kept.deliveries, kept.identities
    )  # fmt: skip
    yield kept
    kept.close()


@pytest.fixture
def phone(rooms):
    client = rooms.application(public.blueprint(rooms), stopping.blueprint(rooms)).test_client()
    client.set_cookie(public.COOKIE, HER.value)
    return client


def queued(rooms, occasion="x"):
    account = rooms.accounts.all()[0] if rooms.accounts.all() else rooms.account()
    return rooms.deliveries.queue(
        account=account.id, target=HER, occasion=occasion, purpose=MARKETING, words="您好", by="li"
    )


@pytest.mark.rule("R46.2")
def test_u7_from_what_she_reads_it_takes_two_touches_to_stop(rooms, phone, clock):
    account = rooms.account("app", "app")
    material = rooms.material()
    hour = timedelta(hours=1)
    rooms.shelf.place(material.id, account.id, opens=clock(), closes=clock() + hour, by="li")
    delivery = queued(rooms)
    read = phone.get(f"/c/{material.id}").get_data(as_text=True)
    assert 'href="/stop"' in read
    offered = phone.get("/stop").get_data(as_text=True)
    assert 'action="/stop"' in offered
    done = phone.post("/stop").get_data(as_text=True)
    assert "已停止" in done
    assert not rooms.consents.allows([HER], MARKETING)
    assert rooms.deliveries.one(delivery.id).reason == "opted_out"


def test_what_was_sent_and_why_stands_there(rooms, phone):
    queued(rooms)
    found, _ = rooms.deliveries.claim(lambda _: None, lane=Lane.MESSAGE)
    assert found.first_sent
    told = phone.get("/stop").get_data(as_text=True)
    assert "为什么收到" in told
    assert "board" in told


@pytest.mark.rule("R46.1")
def test_she_may_want_it_again_and_when_and_where_she_said_so_is_kept(rooms, phone, clock):
    phone.post("/stop")
    phone.post("/stop/undo")
    (word,) = rooms.consents.of([HER])
    assert (word.allowed, word.at, word.source) == (True, clock(), "stop_page")


def test_a_browser_that_nobody_knows_is_told_so_and_stops_nothing(rooms, phone):
    phone.delete_cookie(public.COOKIE)
    assert "不知道您是谁" in phone.post("/stop").get_data(as_text=True)
    assert rooms.changes.latest("consent", MARKETING) == []


@pytest.mark.parametrize(("purpose", "assumed"), [(PERSONALISATION, True), (LOCATION, False)])
def test_each_wish_is_one_touch_and_never_assumed_where_it_must_not_be(
    rooms, phone, purpose, assumed
):
    assert rooms.consents.allows([HER], purpose) is assumed
    assert f'value="{purpose}"' in phone.get("/stop").get_data(as_text=True)
    for wish, allowed in (("on", True), ("off", False), ("on", True)):
        page = phone.post("/stop/wishes", data={"purpose": purpose, "wish": wish})
        assert ("已开启" in page.get_data(as_text=True)) or not allowed
        assert rooms.consents.allows([HER], purpose) is allowed
    assert rooms.consents.allows([HER], MARKETING)


def test_a_purpose_that_is_no_wish_of_this_page_changes_nothing(rooms, phone):
    phone.post("/stop/wishes", data={"purpose": "service", "wish": "off"})
    assert rooms.consents.of([HER]) == []
