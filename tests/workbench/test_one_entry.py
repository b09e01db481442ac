"""One address, one login: all a rep does is two links away, and what is new today comes first."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.events import Handle
from kernel.wording import say
from tests.engagement.buyers import buying, buys
from tests.workbench.conftest import PHONE
from tests.workbench.test_pages import Adds

FIRST = '<section class="card flush"><h2>先做这 '


BY_ITSELF = {"unread", "timeline", "copied", "manifest", "offline", "worker"}
"""What pages ask for without her."""
AFTERWARDS = {"link", "draw", "beside", "beside_customer"}
"""Where sending by herself and opening the sidebar of a chat lead."""


@pytest.mark.rule("R16.1")
def test_whatever_a_rep_does_is_reached_within_two_menus_of_one_entry(desk, rep, her, shop):
    filmed = desk.company.place("三步看懂", "理财", kind="short_video", account=shop["app"].id)
    sold = desk.company.event("bought", desk.company.meet(), shop["materials"][0], rep=rep.staff)
    desk.company.tell(sold)
    desk.channels._factories["adds"] = lambda *_: Adds()
    desk.accounts.add(code="w", name="企业微信", kind="adds", ecosystem="wechat", by="t")
    while desk.finding.follow():
        pass
    phone = desk.client()
    ways = phone.application.url_map.bind("localhost")
    seen, ahead, reached = set(), {"/workbench/"}, set()
    for _ in range(3):  # the entry, what its menu leads to, and what that leads to
        found = set()
        for path in sorted(ahead):
            page = phone.get(path, headers=PHONE, follow_redirects=True)
            assert page.status_code == 200, path
            for method, each in _ways_on(page.text, path):
                address = html.unescape(each)
                route, values = ways.match(address.partition("?")[0], method=method)
                reached.add((route, method))
                if method == "GET" and values.get("customer", her) == her:
                    found.add(address)
        seen |= ahead
        ahead = _one_of_each(ways, found - seen)
    offered = {
        (rule.endpoint, method)
        for rule in phone.application.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if rule.endpoint.startswith("workbench.")
        and rule.endpoint.partition(".")[2] not in BY_ITSELF | AFTERWARDS
    }
    assert offered - reached == set()
    assert f"/workbench/remake/{filmed}" in seen


def _ways_on(page, path):
    """Where the links and forms of a page lead, and how."""
    for href in re.findall(r'<a\b[^>]*\bhref="(/workbench/[^"#]*)', page):
        yield "GET", href
    for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL):
        method = "GET" if 'method="get"' in form.partition(">")[0] else "POST"
        there = re.findall(r'\b(?:form)?action="([^"]*)"', form) or [path]
        yield from ((method, each) for each in there if each.startswith("/workbench/"))


def _one_of_each(ways, addresses):
    """Of pages that differ by what they are about, one."""
    some = {}
    for each in sorted(addresses):
        some.setdefault(ways.match(each.partition("?")[0])[0], each)
    return set(some.values())


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


@pytest.mark.rule("R38.1")
def test_all_who_are_new_today_are_told_of_however_much_else_there_is(desk, rep, shop):
    handles = [Handle("external_userid", shop["oa"].id, f"wm_{n}") for n in range(7)]
    added = [desk.company.event("added_contact", each, rep=rep.staff) for each in handles]
    desk.company.tell(*added)
    for each in handles:
        desk.customers.entrust(each, rep.staff, by="li")
    desk.work()
    desk.clock.move(timedelta(minutes=1))
    for n in range(60):  # more than a page of the list
        desk.reminders.remind(rep.staff, "birthday", str(handles[0]), cycle=f"c{n}")
    page = desk.client().get("/workbench/", headers=PHONE).text
    news = page.partition(say("wb_new_today"))[2].partition("</section>")[0]
    assert news.count(say("wb_next_new_customer")) == 7
    assert say("wb_new_rest", n=2) in news
    desk.clock.move(timedelta(days=1))
    page = desk.client().get("/workbench/", headers=PHONE).text
    assert say("wb_new_today") not in page


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
    desk.settings = replace(desk.settings, engagement_reminders=4)
    fewer = desk.client().get("/workbench/", headers=PHONE).text
    first = fewer.partition(FIRST)[2].partition("</section>")[0]
    assert re.findall(r'class="mark (\w+)"', first) == kinds[:4]
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
