"""Every number that a person sees counts an order once, whoever tells of it and how often."""

from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.accounts import Accounts, Sealer, Shops
from data_hub.intake import Intake
from data_hub.leaderboards import Leaderboards, Period, Ranking
from data_hub.measures import KPIS, Measures
from data_hub.measures.days import day_of
from data_hub.reports.base import End
from data_hub.reports.keeping import Reports
from kernel.errors import Invalid
from kernel.events import unpack
from tests.data_hub.telling import MONDAY, event, mobile, user

DAY = 24 * 60
ENDS = (End("acc_app", "App", "own_app", owned=True),)
HER = user("u1")
"""The page knows her by her login, the shop by her phone."""


@pytest.fixture
def hub(any_hub, clock):
    clock.move(MONDAY + timedelta(days=2) - clock())
    any_hub.tell(event("identified", HER, mobile(), minutes=-20 * DAY))
    return any_hub


@pytest.fixture
def anna(hub):
    return hub.staff.add("anna", "anna", by="li").id


def told_of(kind, who, minutes, *, number="1001", amount=300, account="acc_app", **more):
    return event(
        kind, who, minutes=minutes, account=account,
        detail={"order_id": number, "amount": amount}, **more,
    )  # fmt: skip


def by_shop(kind, minutes, account="acc_shop", number="1001", **more):
    id_ = f"order:{number}:{kind}"
    return told_of(kind, mobile(), minutes, number=number, account=account, id=id_, **more)


def often(kind, rep=""):
    """One order, five times: by a page that is loaded anew, by a second client, by the shop and by
    a list that was brought in under the shop's account; then another shop's with its number."""
    return [
        told_of(kind, HER, 0, rep=rep), told_of(kind, HER, 1, rep=rep),
        told_of(kind, HER, 2, account="acc_web", rep=rep), by_shop(kind, 3, rep=rep),
        replace(by_shop(kind, 4, rep=rep), id=f"order:1001:{kind}:list"),
        by_shop(kind, 5, account="acc_other", amount=90, rep=rep),
    ]  # fmt: skip


@pytest.mark.rule("R14.1")
def test_boards_of_figures_days_and_reps_count_each_order_once(hub, anna, records, changes):
    whose = hub.identities.customers_of
    hub.tell(*often("bought", anna))
    measures = Measures(hub.history, hub.people, hub.clock, whose=whose)
    figure = measures.figure(KPIS["orders"], {"acc_app": "own_app", "acc_other": "commerce"})
    assert (figure.total, figure.by_ecosystem) == (2, {"own_app": 1, "commerce": 1})
    day = {each.kpi.code: each.total for each in day_of(hub.history, anna, MONDAY.date(), whose)}
    assert day["orders"] == 2
    boards = Leaderboards(
        hub.history, records, hub.staff, changes, hub.clock, whose=whose
    )  # fmt: skip
    assert [each.points for each in boards.board(Ranking.PERFORMANCE, Period.MONTH)] == [2]
    hub.tell(told_of("bought", HER, DAY, rep=anna), told_of("bought", user("u2"), DAY, rep=anna))
    assert measures.figure(KPIS["orders"], {}).total == 3, "of somebody else it is another"
    assert [each.points for each in boards.board(Ranking.PERFORMANCE, Period.DAY)] == []
    hub.clock.move(-timedelta(days=1))
    assert [each.points for each in boards.board(Ranking.PERFORMANCE, Period.DAY)] == [1]


def test_the_first_told_is_counted_where_a_window_begins_after_it(hub):
    whose = hub.identities.customers_of
    hub.tell(told_of("bought", HER, -6 * DAY), by_shop("bought", -DAY))
    counted = Measures(hub.history, hub.people, hub.clock, whose=whose).times
    day = (MONDAY - timedelta(days=6)).date()
    assert counted("bought", day, hub.clock().date()) == {(day.isoformat(), "acc_app"): 1}
    assert not counted("bought", day + timedelta(days=1), hub.clock().date())


@pytest.mark.rule("R65.1")
def test_placed_and_paid_is_one_order_of_the_apps_chain(hub, records, changes):
    left = Leaderboards(hub.history, records, hub.staff, changes, hub.clock)
    reports = Reports(
        hub.history, hub.people, hub.identities, hub.profiles, None, left, lambda _: (), hub.clock
    )
    hub.tell(*(told_of(kind, HER, n) for n, kind in enumerate(["ordered", "ordered", "bought"])))
    hub.tell(told_of("ordered", HER, 9, number="1002"), event("viewed_page", HER))
    ((_, viewed, orders, _, _, people, _),) = reports.of("chain", ENDS).rows
    assert (viewed, orders, people) == (1, 2, 1)


KINDS = ("ordered", "bought", "redeemed", "refunded", "cancelled_order")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", ["", " in 30d", " in 200d"])
def test_segments_count_what_happened_to_an_order_once(hub, kind, window):
    twice = hub.segments.create("两次", rule=f"did {kind} >= 2{window}", by="li")
    thrice = hub.segments.create("三次", rule=f"did {kind} >= 3{window}", by="li")
    once = hub.segments.create("一次", rule=f"did {kind} = 1{window}", by="li")
    *hers, others = often(kind)
    hub.tell(*hers)
    her = hub.id_of(HER)
    assert hub.members(once.id) == {her}
    assert hub.members(twice.id) == set()
    hub.tell(others)
    assert (hub.members(once.id), hub.members(twice.id)) == (set(), {her})
    hub.tell(*(told_of(kind, HER, 9 + n, number="") for n in range(150)))
    assert (hub.members(twice.id), hub.members(thrice.id)) == ({her}, {her})
    assert hub.previews.preview(f"did {kind} = 152{window}").count == 1


def test_an_erp_beside_a_shop_tells_of_the_same_orders_where_its_account_says_so(
    hub, any_records, any_changes, clock
):
    accounts = Accounts(any_records, any_changes, Sealer({"k1": b"k" * 32}), clock)
    told = {"kind": "webhook", "ecosystem": "commerce", "by": "li"}
    shop = accounts.add(code="shop", name="店", **told)
    erp = accounts.add(code="erp", name="ERP", **told)
    lists, heard = [], _Heard()
    intake = Intake(heard, clock, shops=Shops(any_records, any_changes).of)

    def orders():
        """How many of hers there are once each of them has told of the next."""
        lists.append(f"N{len(lists)}")
        for account in (shop.id, erp.id):
            intake.take([by_shop("bought", len(lists), account, number=lists[-1])])
        hub.tell(*heard.events())
        return hub.profiles.of(hub.id_of(HER)).kinds["bought"]

    assert orders() == 2, "two shops"
    for wrong in ("nobody", "erp", erp.id):
        with pytest.raises(Invalid) as refused:
            accounts.edit("erp", settings={"same_shop": wrong}, by="li")
        assert refused.value.flaws[0].field == "settings.same_shop"
        assert wrong in refused.value.flaws[0].message("en")
    accounts.edit("erp", settings={"same_shop": "shop"}, by="li")
    assert orders() == 3
    with pytest.raises(Invalid):
        accounts.edit("shop", settings={"same_shop": "erp"}, by="li")
    measures = Measures(hub.history, hub.people, clock, whose=hub.identities.customers_of)
    assert measures.figure(KPIS["orders"], {}).total == 3
    assert orders() == 4


class _Heard:
    """What was made durable, in memory."""

    def __init__(self):
        self.packed = []

    def put(self, packed, *, gather=False):
        self.packed += packed
        done = Future()
        done.set_result(None)
        return done

    def events(self):
        told, self.packed = [unpack(each) for each in self.packed], []
        return told
