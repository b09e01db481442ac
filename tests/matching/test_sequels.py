"""What she has bought leads to what follows from it."""

from datetime import timedelta

import pytest

from content_hub.products import Products


@pytest.fixture
def shop(company):
    made = Products(company.records, company.changes, company.clock)
    for code, name in (
        ("TASTE", "18元体验课"), ("COURSE", "5000元正课"), ("BRUSH", "牙刷"), ("RINSE", "漱口水"),
        ("PASTE", "医用牙膏"),
    ):  # fmt: skip
        made.add(code, name, price="见页面", by="li")
    made.relate("TASTE", "COURSE", "trial", by="li")
    made.relate("RINSE", "BRUSH", "peripheral", margin=0.8, by="li")
    made.relate("PASTE", "BRUSH", "peripheral", margin=0.2, by="li")
    company.library(each=3)
    for code in ("COURSE", "RINSE", "PASTE"):
        about = company.place(f"聊聊{code}", "健康")
        company.materials.edit(about, fields={"product_code": code}, by="li")
    return made


def sequels(company, handle, rep):
    """What is offered because of what she has: the product, and the sentence."""
    return [
        (reason.evidence["wanted"], reason.text("zh"))
        for item in company.offer(handle, rep, 20).told()
        for reason in item.reasons
        if reason.kind == "sequel"
    ]


@pytest.mark.rule("R123.2")
def test_who_took_the_trial_and_had_something_of_it_is_offered_the_full_course(company, shop):
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(company.event("bought", handle, amount=18, product="18元体验课"))
    assert sequels(company, handle, rep) == []
    company.clock.move(timedelta(hours=1))
    company.tell(company.event("used_tool", handle))
    told = "她试过“18元体验课”并且用得上，可以介绍正式的“5000元正课”"
    assert sequels(company, handle, rep) == [("COURSE", told)]
    company.tell(company.event("bought", handle, amount=5000, product="COURSE"))
    assert sequels(company, handle, rep) == []


@pytest.mark.rule("R153.2")
def test_who_has_the_base_is_offered_what_goes_with_it_the_better_earning_first(company, shop):
    rep = company.hire("li")
    owner, other = company.meet("13800138001", rep), company.meet("13800138002", rep)
    company.tell(company.event("bought", owner, amount=20, product="BRUSH"))
    assert [product for product, _ in sequels(company, owner, rep)] == ["RINSE", "PASTE"]
    assert sequels(company, other, rep) == []
