"""Which orders a livestream brought: listed products, three days, the one entered last (R59)."""

from datetime import timedelta

import pytest

from engagement.livestreams import Livestreams
from kernel.events import Event, Handle

DAY = timedelta(days=1)
LIST = ("康养年金", "体检卡")


@pytest.fixture
def streams(company, clock):
    return Livestreams(company.history, company.findings, company.identities, clock, company.zone)


@pytest.fixture
def live(company):
    return [company.place(f"直播{n}", "养老社区", kind="livestream") for n in range(2)]


@pytest.mark.rule("R59.1")
def test_orders_of_the_list_are_the_livestreams_that_was_entered_last(company, streams, live):
    her, him, other = (company.meet(f"1380000000{n}") for n in range(3))
    told = company.event

    def bought(who, days, product, amount, order):
        return told("bought", who, ago=DAY * days, product=product, amount=amount, order_id=order)

    company.tell(
        told("entered_livestream", her, live[0], ago=DAY * 9),
        bought(her, 8, "康养年金", 100, "o1"),
        bought(her, 5, "体检卡", 9, "o2"),  # four days later
        bought(her, 8, "雨伞", 7, "o3"),  # not on the list
        told("entered_livestream", him, live[0], ago=DAY * 4),
        told("entered_livestream", him, live[1], ago=DAY * 3),
        bought(him, 2, "康养年金", 50, "o4"),  # the other's
        told("entered_livestream", other, live[0], ago=DAY * 2, bot=True),
        bought(other, 1, "体检卡", 9, "o5"),  # a machine entered
        bought(him, 3.5, "体检卡", 20, "o6"),
        told("refunded", him, ago=DAY, product="体检卡", amount=20, order_id="o6"),
    )
    first = streams.of(live[0], LIST)
    assert (first.viewers, first.orders, first.amount) == (2, 1, 100.0)
    assert first.products == {"康养年金": (1, 10_000), "体检卡": (0, 0)}
    second = streams.of(live[1], LIST)
    assert (second.viewers, second.orders, second.amount) == (1, 1, 50.0)


def test_a_list_of_nothing_counts_every_order(company, streams, live):
    her = company.meet()
    company.tell(
        company.event("entered_livestream", her, live[0], ago=DAY),
        company.event("bought", her, amount=3, product="雨伞", order_id="o1"),
    )
    assert streams.of(live[0]).products == {"雨伞": (1, 300)}


def test_one_person_who_entered_under_another_handle_is_the_same_buyer(company, streams, live):
    phone, app = company.meet(), Handle("user", "acc_app", "u7")
    company.tell(
        company.event("entered_livestream", app, live[0], ago=DAY * 2),
        company.event("bought", phone, amount=3, product="体检卡", order_id="o1", ago=DAY),
    )
    assert streams.of(live[0], LIST).orders == 0
    now = company.clock()
    company.tell(
        Event(id="link", kind="identified", at=now, received=now, account="acc_app", handle=app,
              links=(phone,))
    )  # fmt: skip
    assert streams.of(live[0], LIST).orders == 1
