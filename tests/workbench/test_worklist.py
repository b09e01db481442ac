"""Whom to turn to: by A to E, B and C first, with one next action for everybody."""

import re
from datetime import timedelta

import pytest

from kernel.events import Handle
from tests.workbench.conftest import PHONE


@pytest.fixture
def phone(desk):
    return desk.client()


@pytest.fixture
def graded(desk, rep, shop):
    """One who talks (B), one who talked (C), one who never did (D), and who is not known."""
    company, made = desk.company, {}
    for name, spoken in (("白", 8), ("陈", 2), ("丁", 0)):
        handle = Handle("external_userid", shop["oa"].id, f"wm_{name}")
        company.tell(
            company.event("added_contact", handle, ago=timedelta(days=30), rep=rep.staff),
            company.event("identified", handle, ago=timedelta(days=30), traits={"name": name}),
            *(
                company.event("messaged", handle, ago=timedelta(days=20, minutes=n))
                for n in range(spoken)
            ),
        )
        desk.customers.entrust(handle, rep.staff, by="li")
        made[name] = desk.identities.customer_of(handle)
    return made


def counted(page):
    """The classes on the page: what each is called and how many are in it."""
    return {
        name: int(count) for name, count in re.findall(r'grades=(\w+)">[^<]*<b>(\d+)</b>', page)
    }


def names(page):
    return re.findall(r'<span class="body"><b>([^<]*)</b>', page)


@pytest.mark.rule("R160.1", "R160.2")
def test_the_list_begins_with_b_and_c_and_counts_everybody(desk, phone, graded):
    grades = {name: desk.standings.rows([id_])[id_].grade for name, id_ in graded.items()}
    page = phone.get("/workbench/customers", headers=PHONE).text
    counts = counted(page)
    assert counts["all"] == 3
    assert counts["BC"] == counts["B"] + counts["C"]
    assert sum(counts[each] for each in ("A", "B", "C", "D", "E", "unknown")) == 3
    assert set(names(page)) == {name for name, grade in grades.items() if grade in "BC"}
    assert page.count("下一步：") == len(names(page))
    everybody = phone.get("/workbench/customers?grades=all", headers=PHONE).text
    assert set(names(everybody)) == set(graded)
    assert everybody.count("下一步：") == 3


def test_where_nobody_is_b_or_c_everybody_is_shown_and_a_name_is_looked_for_among_all(
    desk, phone, her
):
    page = phone.get("/workbench/customers", headers=PHONE).text
    assert "王秀兰" in names(page)
    found = phone.get("/workbench/customers?text=秀兰", headers=PHONE).text
    assert names(found) == ["王秀兰"]
    assert phone.get("/workbench/customers?grades=nonsense", headers=PHONE).status_code == 200


def test_a_fans_question_says_until_when_and_that_it_is_late(desk, rep, phone):
    her = desk.company.meet(rep=rep)
    until = desk.clock() + timedelta(minutes=30)
    desk.reminders.remind(
        rep.staff, "fan_asks", str(her), "e1",
        evidence={"asked": "commented", "answer_by": until.isoformat()},
    )  # fmt: skip
    hour = f"{desk.zone.local(until):%H:%M}"
    assert f"请在 {hour} 前回复" in phone.get("/workbench/", headers=PHONE).text
    desk.clock.move(timedelta(minutes=31))
    assert "已超时" in phone.get("/workbench/", headers=PHONE).text
