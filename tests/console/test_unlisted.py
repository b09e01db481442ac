"""Whoever looks after reps asks why a customer's rep is not offered something for her."""

import re

import pytest

from juzhen import console
from juzhen.web import public
from kernel.wording import catalogue
from matching.offers import WhyNot
from matching.rules import Wanted
from tests.console.conftest import Desk
from tests.workbench.conftest import Desk as House


@pytest.fixture
def house(records, people, changes, clock, tmp_path):
    made = House(records, people, changes, clock, tmp_path)
    made.made = made.company.library(each=2)
    made.finding.follow(500)
    yield made
    made.close()


@pytest.fixture
def desk_of(house):
    flask = house.application(console.blueprint(house), public.blueprint(house))
    return lambda role: Desk(flask, role)


def page_of(house, handle, about=""):
    return f"/console/customers/{house.company.id_of(handle)}/why?about={about}"


def test_a_team_lead_reads_why_a_content_is_not_on_the_list_that_a_rep_gets(house, desk_of):
    rep = house.company.hire("r1", name="李丽")
    handle = house.company.meet(rep=rep)
    listed = house.company.offer(handle, rep).told()[0].material
    kept_off = next(each for each in house.made["健康"] if each != listed)
    house.rules.add(Wanted(name="停", act="exclude", material=kept_off), by="wang")
    lead = desk_of("team_lead")
    assert "/why" in lead.get(f"/console/customers/{house.company.id_of(handle)}").text
    asked = lead.get(page_of(house, handle, house.materials.one(listed).title)).text
    assert "按客户经理李丽为她看到的推荐来回答" in asked
    assert "它就在推荐里，第 1 位" in asked
    asked = lead.get(page_of(house, handle, house.materials.one(kept_off).title)).text
    assert "公司规则不让推荐它" in asked
    assert "没有找到" in lead.get(page_of(house, handle, "毫不相干")).text


def test_of_who_has_no_rep_it_says_so(house, desk_of):
    handle = house.company.meet()
    page = desk_of("team_lead").get(page_of(house, handle, "健康"))
    assert page.status_code == 200
    assert "她还没有客户经理" in page.text


def test_who_may_not_read_customers_asks_nothing(house, desk_of):
    rep = house.company.hire("r1")
    handle = house.company.meet(rep=rep)
    assert desk_of("editor").get(page_of(house, handle)).status_code == 403
    assert desk_of("team_lead").get("/console/customers/cus_nobody/why").status_code == 404


def test_what_is_told_to_a_rep_is_told_of_her_to_who_looks_after_her(house, desk_of):
    rep = house.company.hire("r1", name="李丽")
    handle = house.company.meet(rep=rep)
    kept_off, read = house.made["健康"][:2]
    house.company.tell(house.company.event("opened_link", handle, read))
    lead = desk_of("team_lead")
    told = lead.get(page_of(house, handle, house.materials.one(kept_off).title)).text
    assert "李丽的客户本周看了 1 次健康内容" in told
    assert "你" not in told.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("key", [key for key in catalogue() if key.startswith(("reason_", "why_"))])
def test_every_reason_that_speaks_to_a_rep_can_be_told_of_her(key):
    if "你" in (told := catalogue()[key])["zh"] or re.search(r"\b[Yy]ou", told["en"]):
        of_her = WhyNot(key, {}).text(rep="李丽")
        assert "李丽" in of_her
        assert "你" not in of_her


def test_of_a_rep_who_has_left_nobody_is_told_anything(house, desk_of):
    rep = house.company.hire("r1", name="李丽")
    handle = house.company.meet(rep=rep)
    house.company.staff.leave(rep.staff, by="admin")
    assert "她还没有客户经理" in desk_of("team_lead").get(page_of(house, handle, "健康")).text
