"""What a customer said, answered in two touches; and what did not fit."""

from datetime import timedelta

import pytest

from kernel.wording import say
from tests.workbench.conftest import PHONE
from tests.workbench.test_pages import FORM, acts


@pytest.fixture
def phone(desk):
    return desk.client()


@pytest.fixture
def quoted(desk, shop):
    company = desk.company
    company.tag("异议处理", "purpose", code="purpose.objection")
    id_ = company.place(
        "客户说“太贵了” · 微信回复", "异议处理", kind="script", account=shop["app"].id,
        body="{客户称呼}，应该的。我是{客户经理}，算给您看。",
    )  # fmt: skip
    while desk.finding.follow():
        pass
    return id_


def test_a_script_for_what_she_said_is_two_touches_away_and_filled(desk, phone, rep, her, quoted):
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    assert f"/workbench/customers/{her}/says?said=" in page
    answers = phone.get(f"/workbench/customers/{her}/says?said=太贵了", headers=PHONE).text
    assert "王女士，应该的。我是李丽，算给您看。" in answers
    assert phone.post(f"/workbench/customers/{her}/copied/{quoted}", data=FORM).status_code == 204
    (copied,) = acts(desk, "copied_script")
    assert (copied.detail["material"], copied.detail["rep"]) == (quoted, rep.staff)
    none = phone.get(f"/workbench/customers/{her}/says?said=月亮", headers=PHONE).text
    assert "还没有回应“月亮”的话术" in none


def test_what_does_not_fit_is_one_touch_and_a_signal(desk, phone, rep, her, shop):
    first = desk.recommender.for_contact(her, rep).told()[0].material
    where = f"/workbench/customers/{her}/unfit/{first}"
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    ahead = page[: page.index(f'action="{where}"')]
    assert ahead.count("<details") == ahead.count("</details>"), "nothing is to be unfolded first"
    assert phone.post(where, data=FORM | {"why": "wrong_moment"}).status_code == 303
    assert phone.post(where, data=FORM | {"why": "out_of_date"}).status_code == 303
    assert phone.post(where, data=FORM | {"why": "because"}).status_code == 422
    assert desk.feedback.about([first]) == {first: {"out_of_date": 1}}
    assert len(acts(desk, "refused_content")) == 2
    told = desk.recommender.for_contact(her, rep, 50).told()
    assert first not in {item.material for item in told}
    why = desk.recommender.why_not(her, rep, first)
    day, until = desk.zone.day(desk.clock()), desk.zone.day(desk.clock() + timedelta(days=90))
    told = (
        f"客户经理 {day} 说过它不适合这位客户：{say('unfit_out_of_date')}；到 {until} 为止不再推荐"
    )
    assert why.text() == told
    assert say("unfit_out_of_date", "en") in why.text("en")
    other = desk.company.id_of(desk.company.meet("13700000000", rep=rep))
    there = desk.recommender.for_contact(other, rep, 50).told()
    assert first in {item.material for item in there}, "it is of her alone"


def test_a_reminder_put_off_is_red_again_tomorrow_morning(desk, phone, rep, her, clock):
    before = desk.reminders.unread(rep.staff)
    dot = desk.reminders.page(rep.staff).items[0]
    assert phone.post(f"/workbench/reminders/{dot.id}/later", data=FORM).status_code == 303
    assert desk.reminders.unread(rep.staff) == before - 1
    again = desk.reminders.one(dot.id, rep.staff)
    assert desk.zone.local(again.due).strftime("%H:%M") == "09:00"
    clock.move(again.due - clock() - timedelta(seconds=1))
    assert desk.reminders.unread(rep.staff) == before - 1
    clock.move(timedelta(seconds=1))
    assert desk.reminders.unread(rep.staff) == before


def test_whoever_works_through_one_kind_stays_with_it(desk, phone, rep, her):
    dot = desk.reminders.page(rep.staff, kind="birthday").items[0]
    page = phone.get("/workbench/?kind=birthday", headers=PHONE).text
    for act, said in (("later", "done_later"), ("done", "done_reminder")):
        where = f"/workbench/reminders/{dot.id}/{act}?kind=birthday"
        assert f'action="{where}"' in page
        answer = phone.post(where, data=FORM)
        assert answer.location == f"/workbench/?said={said}&kind=birthday"
    assert phone.post(f"/workbench/reminders/{dot.id}/done", data=FORM).location.endswith(
        "/workbench/?said=done_reminder"
    )


def test_a_rep_asks_of_any_content_why_it_is_not_recommended(desk, phone, rep, her, shop):
    company = desk.company
    company.place("夏日防暑海报", "健康", kind="poster", account=shop["app"].id)
    desk.materials.create("poster", "没上架的防晒海报", by="li")
    while desk.finding.follow():
        pass
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    assert f"/workbench/customers/{her}/why" in page
    told = phone.get(f"/workbench/customers/{her}/why?about=防暑", headers=PHONE).text
    assert "夏日防暑海报" in told
    assert "位" in told
    off = phone.get(f"/workbench/customers/{her}/why?about=防晒", headers=PHONE).text
    assert "它现在不在任何货架上" in off
    none = phone.get(f"/workbench/customers/{her}/why?about=月球", headers=PHONE).text
    assert "没有找到“月球”" in none
