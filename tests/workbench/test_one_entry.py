"""One address, one login: all a rep does is two links away, and what is new today comes first."""

import re
from datetime import timedelta

import pytest

from kernel.events import Handle
from kernel.wording import say
from tests.engagement.buyers import buying, buys
from tests.workbench.conftest import PHONE

FIRST = '<section class="card flush"><h2>先做这 '


@pytest.mark.rule("R16.1")
def test_whatever_a_rep_does_is_reached_within_two_menus_of_one_entry(desk, rep, her):
    phone = desk.client()
    seen, ahead = set(), ["/workbench/"]
    for _ in range(3):  # the entry, what it leads to, and what that leads to
        found = []
        for path in ahead:
            page = phone.get(path, headers=PHONE)
            assert page.status_code == 200, path
            seen.add(path)
            found += re.findall(r'href="(/workbench/[^"#]*)"', page.text)
            found += re.findall(r'action="(/workbench/[^"#]*)"', page.text)
        ahead = sorted({re.sub("&amp;", "&", each) for each in found} - seen)
        ahead = [each for each in ahead if "/share/" not in each and _page(each)][:40]
    reached = {path.partition("?")[0] for path in seen}
    assert {
        "/workbench/", "/workbench/customers", "/workbench/nearby", "/workbench/me",
        f"/workbench/customers/{her}",
    } <= reached  # fmt: skip


def _page(path):
    """Not an act: those are done where they stand."""
    acts = (
        "/open",
        "/done",
        "/later",
        "/unfit/",
        "/copied/",
        "/code",
        "/me/card",
        "/persona",
        "/abilities/",
        "/talked",
    )
    return not any(act in path for act in acts)


@pytest.mark.rule("R38.1")
def test_what_is_new_today_stands_first_each_with_one_next_act(desk, rep, her):
    page = desk.client().get("/workbench/", headers=PHONE).text
    news = page.partition(say("wb_new_today"))[2].partition("</section>")[0]
    assert news.count("<li>") == 1
    assert say("reminder_new_customer") in news
    assert say("wb_next_new_customer") in news
    assert page.index(say("wb_new_today")) < page.index(FIRST)

    desk.clock.move(timedelta(days=60))  # she was silent
    handle = desk.identities.handles(her)[0]
    desk.company.tell(desk.company.event("viewed_page", handle))
    desk.work()
    page = desk.client().get("/workbench/", headers=PHONE).text
    news = page.partition(say("wb_new_today"))[2].partition("</section>")[0]
    assert news.count("<li>") == 1
    assert say("reminder_came_back") in news
    assert say("wb_next_came_back") in news


def test_ten_that_matter_most_stand_first_one_a_customer_and_a_kind_shows_all_of_its_own(
    desk, rep, shop
):
    handles = [Handle("external_userid", shop["oa"].id, f"wm_{n}") for n in range(12)]
    for number, handle in enumerate(handles):
        desk.company.tell(desk.company.event("added_contact", handle, rep=rep.staff))
        desk.customers.entrust(handle, rep.staff, by="li")
        desk.reminders.remind(rep.staff, "birthday", str(handle), cycle="2026")
        if number == 5:
            shown = {"seconds": 12}
            desk.reminders.remind(
                rep.staff, "read_your_share", str(handle), cycle="s1", evidence=shown
            )
    page = desk.client().get("/workbench/", headers=PHONE).text
    first = page.partition(FIRST)[2].partition("</section>")[0]
    others = page.partition(f"<h2>{say('wb_others')}</h2>")[2].partition("</section>")[0]
    kinds = re.findall(r'class="mark (\w+)"', first)
    assert len(kinds) == 10
    assert kinds[0] == "read_your_share"
    assert kinds.count("read_your_share") == 1
    assert others.count(say("reminder_birthday")) >= 3  # hers who read is one of them
    listed = desk.client().get("/workbench/?kind=birthday", headers=PHONE).text
    assert listed.count('class="mark birthday"') >= 12
    assert 'class="mark read_your_share"' not in listed


def test_of_what_is_equally_urgent_whoever_is_likely_to_buy_stands_first_and_it_says_why(
    desk, rep, shop
):
    buying(desk.company)
    handles = [Handle("external_userid", shop["oa"].id, f"wm_{n}") for n in range(60)]
    added = (desk.company.event("added_contact", each, rep=rep.staff) for each in handles)
    desk.company.tell(*added)
    for handle in handles:  # more than one page of the list
        desk.customers.entrust(handle, rep.staff, by="li")
        desk.reminders.remind(rep.staff, "birthday", str(handle), cycle="2026")
    oldest = desk.reminders.page(rep.staff, first=100).items[-1]
    buys(desk.company, oldest.handle, times=6)
    page = desk.client().get("/workbench/", headers=PHONE).text
    first = page.partition(FIRST)[2].partition("</section>")[0]
    assert first.startswith("10 条")
    assert re.findall(r"/reminders/(rem_\w+)/open", first)[0] == oldest.id
    assert first.count("会再买，约 1,000 元") == 1
