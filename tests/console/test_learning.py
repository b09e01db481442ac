"""How well matching does, on one page: reps, nights, and what was never shown."""

import re
from datetime import timedelta

import pytest

from engagement.responses import Responses
from engagement.worth import Deals, Worths
from juzhen import console
from juzhen.console.learning import disagree
from juzhen.web import public
from kernel.events import Handle
from matching.counters.keeping import BEHIND, Counters
from matching.experiments import Group, Uplift, held_out
from matching.nightly import Night
from tests.console.conftest import Desk
from tests.workbench.conftest import Desk as House


@pytest.fixture
def house(records, people, changes, clock, tmp_path):
    made = House(records, people, changes, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def flask(house):
    return house.application(console.blueprint(house), public.blueprint(house))


@pytest.fixture
def desk_of(flask):
    return lambda role, **more: Desk(flask, role, **more)


def a_night(house, number, before, after, *, shipped):
    with house.company.people.write() as session:
        session.add(
            Night(
                number=number, at=house.clock(), seconds=9, contents=5, people=9, judged=40,
                before=before, after=after, shipped=shipped, weights={},
            )
        )  # fmt: skip


def test_an_empty_company_is_told_what_it_takes(desk_of):
    page = desk_of("analyst").get("/console/learning").text
    assert "还没有夜间训练" in page
    assert "数据不足" in page
    assert "在架内容都推荐过" in page


def test_every_night_is_told_also_what_was_thrown_away_and_one_button_steps_back(house, desk_of):
    a_night(house, 1, 0.10, 0.12, shipped=True)
    a_night(house, 2, 0.12, 0.11, shipped=False)
    a_night(house, 3, 0.12, 0.15, shipped=True)
    page = desk_of("team_lead").get("/console/learning").text
    assert page.count("使用中</span>") == 1
    assert page.count("曾启用</span>") == 1
    assert page.count("未启用</span>") == 1
    points = re.findall(r"<title>[^<]*: ([\d.]+)</title>", page)
    assert points == ["0.12", "0.12", "0.15"]  # what was in use after each night
    back = desk_of("team_lead").post("/console/learning/step-back")
    assert "已退回上一次训练" in back.text
    assert house.nightly.number == 1
    assert desk_of("analyst").post("/console/learning/step-back").status_code == 403
    assert desk_of("rep").get("/console/learning").status_code == 403


def test_what_stands_on_a_shelf_and_was_never_recommended_is_named(house, desk_of):
    company = house.company
    made = company.library(each=2)
    page = desk_of("analyst").get("/console/learning").text
    assert "在架 24 份内容中，24 份从未进入任何推荐" in page
    assert house.materials.one(made["健康"][0]).title in page


class _Longer:
    """A history of which so much was never counted."""

    def __init__(self, behind):
        self.behind = behind

    def newest(self):
        return self.behind


@pytest.mark.parametrize("behind", [0, BEHIND, BEHIND + 1])
def test_that_lists_lack_counts_is_told_where_they_say_so_themselves(house, desk_of, behind):
    house.counters = Counters(house.company.people, _Longer(behind))
    page = desk_of("analyst").get("/console/learning").text
    assert ("推荐的计数还差 5,001 条行为" in page) is (behind > BEHIND)


def test_for_whom_nobody_was_ever_advised_is_named_to_who_may_know_customers(house, desk_of):
    company = house.company
    company.library(each=2)
    rep = company.hire("r1")
    told, other = (company.meet(f"1380013800{n}", rep, name=f"王{n}") for n in range(2))
    company.offer(told, rep)
    assert "还没有统计" in desk_of("team_lead").get("/console/learning").text
    house.unadvised.count()
    page = desk_of("team_lead").get("/console/learning").text
    assert "有客户经理的 2 位客户中，1 位从没人打开过推荐" in page
    assert house.staff.one(rep.staff).name in page
    assert f"截至 {house.zone.local(house.clock()):%Y-%m-%d %H:%M}" in re.sub("<[^>]*>", "", page)
    assert f"/console/customers/{company.id_of(other)}" in page
    assert f"/console/customers/{company.id_of(told)}" not in page
    assert "从没人打开过推荐" not in desk_of("editor").get("/console/learning").text


def test_a_lead_is_told_of_her_own_reps_alone_and_of_a_large_book_no_names(house, desk_of):
    company = house.company
    east, west = (
        company.staff.add_unit(code, name, by="t") for code, name in (("e", "东区"), ("w", "西区"))
    )
    hers, other = (
        company.staff.actor(company.staff.add(code, "李丽", by="t", unit=unit.id).id)
        for code, unit in (("e1", east), ("w1", west))
    )
    mine, theirs = company.meet("13800138000", hers), company.meet("13800138001", other)
    house.unadvised.count()
    lead = desk_of("team_lead", unit=east.id)
    page = lead.get("/console/learning").text
    assert "有客户经理的 1 位客户中，1 位从没人打开过推荐" in page
    assert f"/console/customers/{company.id_of(mine)}" in page
    assert company.id_of(theirs) not in page
    many = [Handle("phone", "", f"139{number:08}") for number in range(501)]
    company.customers.take_over({hers.staff: many}, by="t")
    house.unadvised.count()
    page = lead.get("/console/learning").text
    assert "502 位从没人打开过推荐" in page
    assert company.id_of(mine) not in page


@pytest.mark.rule("R150.3")
def test_what_the_lists_are_worth_is_told_from_the_held_out_alone(house, desk_of):
    company = house.company
    house.responses = Responses(
        house.records,
        company.people,
        company.identities,
        house.clock,
        company.zone,
        hold_out=0.5,
    )
    house.worths = Worths(house.responses, company.people, fewest=1)
    assert "成交的差额：数据不足，不作结论" in desk_of("analyst").get("/console/learning").text
    company.library(each=2)
    rep = company.hire("li")
    handles = [company.meet(f"138001390{number:02}", rep) for number in range(10)]
    for each in handles:
        company.offer(each, rep)
    house.clock.move(timedelta(hours=1))
    assert "成交的差额：数据不足，不作结论" in desk_of("analyst").get("/console/learning").text
    held = {each: held_out(company.id_of(each), 0.5) for each in handles}
    for of_held in (False, True):
        company.tell(*(
            company.event("bought", each, amount=100) for each in handles if held[each] is of_held
        ))  # fmt: skip
        told = house.worths.deals()
        many, would = told.treated.size, told.treated.size if of_held else 0
        assert (many, told.held.size) == (10 - sum(held.values()), sum(held.values()))
        page = desk_of("analyst").get("/console/learning").text
        assert f"{many} 位客户中成交 {many} 位；按对照组的比例应为 {would} 位" in page
        assert ("工具价格低于此才划算" in page) is not of_held
        assert ("个性化推荐没有带来更多" in page) is of_held


@pytest.mark.browser
def test_the_page_is_for_everybody(house, for_everybody):
    house.company.library(each=2)
    for number in range(3):
        house.company.meet(f"1380013800{number}", house.company.hire(f"r{number}"), name="王兰")
    house.unadvised.count()
    house.responses.count()
    for number in range(1, 5):
        after = 0.1 + number / 50
        a_night(house, number, 0.1, after, shipped=number != 3)
    house.responses.hold_out = 0.5
    for_everybody("learning", role="analyst")
    for_everybody("learning?lang=en", role="analyst")
    for_everybody("learning", role="team_lead")
    for_everybody("learning?lang=en", role="team_lead")


@pytest.mark.parametrize(
    ("bought", "difference", "moved", "told"),
    [
        (9, -3.0, 200, True),
        (9, 3.0, 200, False),
        (1, -3.0, 200, False),
        (1, 3.0, 200, True),
        (9, -3.0, 20, False),  # too few to say anything
    ],
)
def test_two_sums_of_money_that_point_different_ways_say_which_counts(
    bought, difference, moved, told
):
    deals = Deals(Group(100, bought), Group(100, 5), 1_000.0, True)
    low, high = difference - 1, difference + 1
    turnover = Uplift(100, 100, moved, difference, low, high, difference, 0.0)
    assert disagree(deals, turnover) is told
    assert not disagree(None, None)


@pytest.mark.rule("R26.2")
def test_turnover_stands_below_the_two_rates_as_secondary_and_says_when_it_knows_too_little(
    house, desk_of
):
    assert "成交额" not in desk_of("analyst").get("/console/learning").text.split("对照组</h2>")[1]
    house.responses.hold_out = 0.5
    page = desk_of("analyst").get("/console/learning").text
    assert page.index("触达率") < page.index("成交额（次要指标）")
    assert "，计到 <time " in page
    assert "合计不到 100 位有成交的客户" in page
