"""Cards to reps: a red dot reaches the rep's own WeCom, with what to say, once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.base import Busy, Progress, Receipt, Unanswered
from engagement.rep_cards import RepCards
from kernel.calendar import Zone
from kernel.errors import NotFound, Overloaded
from kernel.events import Handle
from tests.engagement.buyers import buying, buys

HER = "openid:acc_1:o1"
ZONE = Zone("Asia/Shanghai")


class WeComOfHers:
    """A rep's WeCom: shows cards, by key once, and closes them."""

    def __init__(self):
        self.cards, self.closed, self.trouble, self.lost = {}, [], [], 0

    def send(self, message, *, key):
        if self.trouble:
            raise self.trouble.pop()
        self.cards.setdefault(key, message)
        if self.lost:
            self.lost -= 1
            raise Unanswered("platform_unanswered")
        return Receipt(ref=f"card:{key}:code", progress=Progress.SHOWN)

    def settle_card(self, ref, words):
        self.closed.append((ref, words))


class Offers:
    """A recommender with two titles for everybody, or for nobody."""

    def __init__(self):
        self.hers, self.trouble = True, []

    def for_contact(self, customer, actor, first):
        if self.trouble:
            raise self.trouble.pop()
        if not self.hers:
            raise NotFound("customer", customer)

        class Offer:
            def told(self):
                return [type("Item", (), {"material": each}) for each in ("mat_1", "mat_2")]

        return Offer()

    def many(self, ids):
        return {each: type("Material", (), {"title": f"标题{each[-1]}"}) for each in ids}


@pytest.fixture
def wecom():
    return WeComOfHers()


@pytest.fixture
def offers():
    return Offers()


@pytest.fixture
def rep(company):
    return company.staff.add("zhang", "张岚", by="t")


@pytest.fixture
def cards(company, records, changes, clock, wecom, offers):
    accounts = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
    accounts.add(code="w", name="w", kind="wecom", ecosystem="wechat", by="t")
    return RepCards(
        records=records, changes=changes, accounts=accounts,
        channels=Channels(accounts, {"wecom": lambda *_: wecom}), recommender=offers,
        materials=offers, identities=company.identities, staff=company.staff, clock=clock,
        zone=ZONE, priorities=company.priorities, base_url="https://hub.example.com/",
    )  # fmt: skip


def told(cards):
    while cards.follow():
        pass


@pytest.mark.rule("R22.1")
def test_a_reminder_arrives_as_a_task_with_its_recommendations(company, cards, wecom, rep):
    reminder = company.reminders.remind(rep.id, "birthday", HER, "2026")
    told(cards)
    told(cards)
    ((key, message),) = wecom.cards.items()
    assert key == reminder.id
    assert (message.handle.kind, message.handle.value) == ("rep", rep.id)
    assert message.title == "客户生日周"
    assert "标题1" in message.text
    assert "标题2" in message.text
    assert message.link.startswith("https://hub.example.com/workbench/customers/cus_")


def test_what_is_due_tomorrow_arrives_tomorrow(company, cards, wecom, rep, clock):
    company.reminders.remind(rep.id, "birthday", HER, "x", due=clock() + timedelta(hours=20))
    told(cards)
    assert wecom.cards == {}
    clock.move(timedelta(hours=20))
    told(cards)
    assert len(wecom.cards) == 1


def test_once_she_has_turned_to_it_the_card_says_so(company, cards, wecom, rep):
    reminder = company.reminders.remind(rep.id, "birthday", HER, "2026")
    told(cards)
    company.reminders.open(reminder.id, rep.id)
    company.reminders.finish(reminder.id, rep.id)
    told(cards)
    assert wecom.closed == [(f"card:{reminder.id}:code", "已处理")]


def test_what_she_did_before_the_card_went_out_needs_none(company, cards, wecom, rep, clock):
    reminder = company.reminders.remind(
        rep.id, "birthday", HER, "x", due=clock() + timedelta(hours=1)
    )
    told(cards)
    company.reminders.finish(reminder.id, rep.id)
    clock.move(timedelta(hours=2))
    told(cards)
    assert (wecom.cards, wecom.closed) == ({}, [])


def test_a_busy_platform_is_asked_again(company, cards, wecom, rep, clock):
    wecom.trouble = [Busy("platform_busy", seconds=30)]
    company.reminders.remind(rep.id, "birthday", HER, "2026")
    told(cards)
    assert wecom.cards == {}
    clock.move(timedelta(seconds=31))
    told(cards)
    assert len(wecom.cards) == 1


@pytest.mark.parametrize("away", ["channel", "recommender"])
def test_a_card_is_not_lost_while_our_own_stores_are_away(company, cards, wecom, rep, offers, away):
    trouble = [Overloaded("records_are_busy", seconds=1)]
    (wecom if away == "channel" else offers).trouble = trouble
    reminder = company.reminders.remind(rep.id, "birthday", HER, "2026")
    with pytest.raises(Overloaded):
        told(cards)
    assert wecom.cards == {}
    told(cards)
    assert "标题1" in wecom.cards[reminder.id].text


def test_without_recommendations_she_is_still_told(company, cards, wecom, rep, offers):
    offers.hers = False
    company.reminders.remind(rep.id, "birthday", HER, "2026")
    told(cards)
    (message,) = wecom.cards.values()
    assert message.text == "请查看这位客户"


def test_whoever_connects_wecom_later_gets_no_flood(company, cards, wecom, rep, clock):
    company.reminders.remind(rep.id, "birthday", HER, "2026")
    clock.move(timedelta(days=3))
    told(cards)
    assert wecom.cards == {}


def remind_many(company, rep, kind, count):
    return [
        company.reminders.remind(rep.id, kind, f"openid:acc_1:{kind}{n}", "x").id
        for n in range(count)
    ]


def kinds(company, rep, wecom):
    return Counter(company.reminders.one(key, rep.id).kind for key in wecom.cards)


def test_ten_cards_a_day_reach_her_at_most_and_what_matters_most_comes_first(
    company, cards, wecom, rep, clock
):
    remind_many(company, rep, "anniversary", 4)
    remind_many(company, rep, "birthday", 2)
    remind_many(company, rep, "maturity", 3)
    told(cards)
    assert kinds(company, rep, wecom) == {"maturity": 3, "birthday": 2, "anniversary": 2}

    remind_many(company, rep, "fan_asks", 5)
    told(cards)
    assert kinds(company, rep, wecom)["fan_asks"] == 3  # the places that are kept for who waits

    clock.move(timedelta(hours=18))  # after nine on the next day of the company's
    told(cards)
    assert kinds(company, rep, wecom) == {
        "maturity": 3,
        "birthday": 2,
        "anniversary": 4,
        "fan_asks": 5,
    }


@pytest.mark.parametrize(("daily", "calm"), [(4, 1), (2, 1), (20, 9)])
def test_how_many_cards_a_day_are_enough_is_what_the_company_says(
    company, cards, wecom, rep, daily, calm
):
    own = RepCards(**{
        name: getattr(cards, f"_{name}") for name in (
            "records", "changes", "accounts", "channels", "recommender", "materials",
            "identities", "staff", "clock", "zone", "priorities", "base_url",
        )
    }, daily=daily)  # fmt: skip
    remind_many(company, rep, "birthday", 9)
    told(own)
    assert len(wecom.cards) == calm
    remind_many(company, rep, "fan_asks", 30)
    told(own)
    assert len(wecom.cards) == daily


def test_of_the_same_day_cards_about_customers_who_are_likely_to_buy_come_first(
    company, cards, wecom, rep, clock
):
    buying(company)
    remind_many(company, rep, "birthday", 9)
    likely = "openid:acc_1:birthday8"
    buys(company, likely, times=6)
    told(cards)
    assert len(wecom.cards) == 7
    assert likely in {company.reminders.one(key, rep.id).handle for key in wecom.cards}


def test_a_card_that_did_not_go_out_takes_no_place(company, cards, wecom, rep, clock):
    wecom.trouble = [Busy("platform_busy", seconds=30)] * 12
    remind_many(company, rep, "fan_asks", 10)
    told(cards)
    assert wecom.cards == {}
    for _ in range(3):
        clock.move(timedelta(minutes=1))
        told(cards)
    assert len(wecom.cards) == 10


def test_a_card_whose_answer_was_lost_keeps_its_place_for_she_may_have_it(
    company, cards, wecom, rep, clock
):
    wecom.lost = 4
    remind_many(company, rep, "fan_asks", 10)
    told(cards)
    remind_many(company, rep, "came_back", 5)
    for _ in range(12):
        told(cards)
        assert len(wecom.cards) == 10
        clock.move(timedelta(minutes=1))
    assert wecom.lost == 0
    assert kinds(company, rep, wecom) == {"fan_asks": 10}


def test_what_waits_for_a_busy_platform_leaves_its_place_to_what_can_go(company, cards, wecom, rep):
    wecom.trouble = [Busy("platform_busy", seconds=3_600)] * 10
    remind_many(company, rep, "fan_asks", 10)
    told(cards)
    assert wecom.cards == {}
    remind_many(company, rep, "came_back", 3)
    told(cards)
    assert kinds(company, rep, wecom) == {"came_back": 3}


def test_who_reads_on_under_another_handle_of_hers_is_one_card(company, cards, wecom, rep):
    phone, other = company.meet(), Handle("openid", "acc_1", "o_other")
    company.tell(replace(company.event("identified", phone), links=(other,)))
    assert company.id_of(phone) == company.id_of(other)
    for handle in (phone, other):
        company.reminders.remind(rep.id, "read_your_share", str(handle), f"session of {handle}")
        told(cards)
    assert len(wecom.cards) == 1


def test_a_customer_who_reads_on_is_one_card_until_the_rep_has_looked(
    company, cards, wecom, rep, clock
):
    first = company.reminders.remind(rep.id, "read_your_share", HER, "session 1")
    told(cards)
    company.reminders.remind(rep.id, "read_your_share", HER, "session 2")
    company.reminders.remind(rep.id, "read_your_share", "openid:acc_1:o2", "session 1")
    told(cards)
    assert len(wecom.cards) == 2

    company.reminders.open(first.id, rep.id)
    told(cards)
    third = company.reminders.remind(rep.id, "read_your_share", HER, "session 3")
    told(cards)
    assert third.id in wecom.cards
