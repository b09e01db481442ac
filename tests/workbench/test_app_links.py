"""From a chat to the company's app: a rep's own link, counted as hers, and what it earns (R56)."""

from urllib.parse import parse_qs, urlsplit

import pytest

from juzhen.settings import Settings
from tests.workbench.conftest import PHONE

STORE = "https://app.example/get?channel=wx"


@pytest.fixture
def app(desk, shop):
    return desk.accounts.edit(shop["app"].code, settings={"download": STORE}, by="li")


def link_of(desk, rep):
    (way,) = desk.app_links.of(rep.staff, "")
    return urlsplit(way.link).path


@pytest.mark.rule("R56.1")
def test_a_reps_link_leads_to_the_app_and_counts_as_hers(desk, rep, app):
    desk.settings = Settings(company_install_reward=5.0)
    phone = desk.client()
    link = link_of(desk, rep)
    page = phone.get("/workbench/me", headers=PHONE).text
    assert link in page
    assert "您得 5 元" in page
    answer = phone.get(link, headers=PHONE)
    assert answer.status_code == 302
    onward = urlsplit(answer.headers["Location"])
    assert onward.hostname == "app.example"
    query = parse_qs(onward.query)
    assert query["channel"] == ["wx"]
    assert query["rep"] == [rep.staff]
    desk.work()
    (opened,) = desk.history.of_kinds(["opened_app_link"]).items
    assert (opened.rep, opened.account, opened.material) == (rep.staff, app.id, "")


def test_a_link_of_somebody_elses_making_leads_nowhere(desk, rep, app, shop):
    phone = desk.client()
    forged = link_of(desk, rep)[:-2] + "AA"
    assert phone.get(forged, headers=PHONE).status_code == 404
    content = desk.links.make(shop["materials"][0], app.id, rep.staff)
    assert phone.get(f"/a/{content}", headers=PHONE).status_code == 404


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "app.example"])
def test_an_app_that_does_not_say_where_it_is_got_has_no_link(desk, rep, shop, address):
    desk.accounts.edit(shop["app"].code, settings={"download": address}, by="li")
    assert desk.app_links.of(rep.staff) == []
    assert "导流到 App" not in desk.client().get("/workbench/me", headers=PHONE).text
