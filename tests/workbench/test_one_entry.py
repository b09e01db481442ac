"""One address, one login: all a rep does is two links away, and what is new today comes first."""

import re

import pytest

from kernel.events import Handle
from kernel.wording import say
from tests.workbench.conftest import PHONE


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
    acts = ("/open", "/done", "/later", "/unfit/", "/copied/", "/code", "/persona", "/abilities/")
    return not any(act in path for act in acts)


@pytest.mark.rule("R38.1")
def test_what_is_new_today_stands_first_each_with_one_next_act(desk, rep, her):
    page = desk.client().get("/workbench/", headers=PHONE).text
    news = page.partition(say("wb_new_today"))[2].partition("</section>")[0]
    assert news.count("<li>") == 1
    assert say("reminder_new_customer") in news
    assert say("wb_next_new_customer") in news
    heading = f"<h2>{say('wb_first')}</h2>"
    assert page.index(say("wb_new_today")) < page.index(heading)


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
    first = page.partition(f"<h2>{say('wb_first')}</h2>")[2].partition("</section>")[0]
    others = page.partition(f"<h2>{say('wb_others')}</h2>")[2].partition("</section>")[0]
    kinds = re.findall(r'class="mark (\w+)"', first)
    assert len(kinds) == 10
    assert kinds[0] == "read_your_share"
    assert kinds.count("read_your_share") == 1
    assert others.count(say("reminder_birthday")) >= 3  # hers who read is one of them
    listed = desk.client().get("/workbench/?kind=birthday", headers=PHONE).text
    assert listed.count('class="mark birthday"') >= 12
    assert 'class="mark read_your_share"' not in listed
