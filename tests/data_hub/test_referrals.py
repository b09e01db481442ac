"""Whose code brought whom, what she bought since, and a ledger that always balances."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from data_hub.findings import referral
from data_hub.referrals import Ledger, Referrals, Step, cents
from data_hub.referrals.records import RewardEntry
from data_hub.referrals.rewards import Order, earned
from kernel.errors import Conflict, Invalid
from kernel.events import Handle
from stores import personal
from stores.records import Record
from tests.data_hub.telling import MONDAY, event, mobile, user
from tests.sizes import sized


def code_of(hub, name="ann"):
    """A customer, and the code that she passes on."""
    hub.tell(event("viewed_page", user(name), minutes=-60))
    return hub.referrals.issue(hub.identities.handles(hub.id_of(user(name))), by="li").code


def came(name, code, minutes=0, *links):
    return event("signed_up", user(name), *links, minutes=minutes,
                 detail={"properties": {"referral": code}})  # fmt: skip


def bought(name, amount, order, minutes=10, kind="bought", **more):
    detail = {"amount": amount, "product": "稳盈", "order_id": order}
    return event(kind, user(name), minutes=minutes, detail=detail, **more)


def tell(hub, *events):
    hub.tell(*events)
    while hub.referrals.follow():
        pass


def chain(hub, name):
    return hub.referrals.chains.of(hub.identities.handles(hub.id_of(user(name))))


@pytest.mark.rule("R61.1")
def test_a_customer_has_one_code_however_often_she_asks(hub):
    first = code_of(hub)
    assert code_of(hub) == first
    assert code_of(hub, "bea") != first
    assert chain(hub, "ann").code == first


@pytest.mark.rule("R61.1", "R61.2", "R62.2")
def test_inviter_invitee_and_order_are_one_chain(any_hub):
    hub, code = any_hub, code_of(any_hub)
    hub.tell(event("viewed_page", user("bea"), minutes=-5))
    tell(hub, came("bea", code.lower()), came("cat", code))
    tell(hub, bought("bea", 200, "A-1"), bought("bea", 99.9, "A-2", minutes=20))
    told = chain(hub, "ann")
    assert [each.customer for each in told.brought] == [hub.id_of(user(n)) for n in ("bea", "cat")]
    bea, cat = told.brought
    assert [(order.cents, earns) for order, earns in bea.orders] == [(20_000, 1_000), (9_990, 500)]
    assert (bea.step, cat.step) == (Step.REWARDED, Step.REGISTERED)
    assert chain(hub, "bea").came_by.customer == hub.id_of(user("ann"))
    assert told.ledger == Ledger(granted=1_500)
    assert list(hub.referrals.flaws()) == []


@pytest.mark.rule("R62.2")
def test_how_far_somebody_came_is_worked_out_of_what_she_did(hub):
    code, device = code_of(hub), Handle("cookie", "", "browser-of-bea")
    steps = []
    for told in (
        event("opened_link", device, detail={"referral": code}),
        event("signed_up", user("bea"), device, minutes=5),
        bought("bea", 0.05, "A-1"),  # too little for a reward
        bought("bea", 100, "A-2"),
    ):
        tell(hub, told)
        steps += [each.step for each in chain(hub, "ann").brought]
    assert steps == list(Step)


@pytest.mark.rule("R61.2")
@pytest.mark.parametrize(
    ("name", "before", "why"),
    [
        ("ann", (), "self"),
        ("bea", ("bought",), "not_new"),
        ("bea", ("other",), "taken"),
        ("top", ("loop",), "loop"),
    ],
)
def test_who_cannot_have_been_invited_was_not(hub, name, before, why):
    code = code_of(hub)
    if "bought" in before:
        tell(hub, bought("bea", 10, "old", minutes=-30))
    if "other" in before:
        tell(hub, came("bea", code_of(hub, "zoe"), -30))
    if "loop" in before:  # top brought mid, mid brought ann
        tell(hub, came("mid", code_of(hub, "top"), -50))
        tell(hub, came("ann", code_of(hub, "mid"), -40))
    tell(hub, came(name, code), bought(name, 100, "A-1"))
    (refused,) = chain(hub, "ann").brought
    assert (refused.refused, refused.orders) == (why, [])
    assert chain(hub, "ann").ledger == Ledger()


def test_a_code_that_nobody_has_brings_nobody(hub):
    tell(hub, came("bea", "NOBODY22"))
    assert chain(hub, "bea").came_by is None


@pytest.mark.parametrize("spelled", ["", "ab", "x" * 13, "AB CD EF", 7, None, {"a": 1}])
def test_what_is_no_code_is_none(spelled):
    assert referral(event("signed_up", user("a"), detail={"referral": spelled})) == ""


def test_a_code_is_found_once_however_many_events_carry_it(hub):
    code = code_of(hub)
    hub.tell(*(came("bea", code, n) for n in range(5)))
    assert hub.kinds_found().count("referred") == 1


@pytest.mark.rule("R61.3")
def test_what_is_paid_back_is_taken_back(hub):
    code = code_of(hub)
    tell(hub, came("bea", code), bought("bea", 200, "A-1"))
    tell(hub, bought("bea", 50, "A-1", minutes=30, kind="refunded"))
    assert chain(hub, "ann").ledger == Ledger(granted=1_000, taken_back=250)
    tell(hub, bought("bea", 500, "A-1", minutes=40, kind="refunded"))
    assert chain(hub, "ann").ledger.owed == 0
    assert list(hub.referrals.flaws()) == []


@pytest.mark.rule("R61.3")
def test_a_refund_that_says_no_amount_takes_all_of_the_order_back(hub):
    code = code_of(hub)
    tell(hub, came("bea", code), bought("bea", 200, "A-1"))
    tell(hub, bought("bea", None, "A-1", minutes=30, kind="refunded"))
    assert chain(hub, "ann").ledger == Ledger(granted=1_000, taken_back=1_000)


@pytest.mark.rule("R7.2")
def test_the_board_of_some_customers_is_told_page_by_page(hub):
    codes = {name: code_of(hub, name) for name in ("ann", "zoe", "eve")}
    tell(hub, *(came(f"{name}s_friend", code) for name, code in codes.items()))
    tell(hub, *(bought(f"{name}s_friend", n, f"A-{n}") for n, name in enumerate(codes, 1)))
    chosen = {hub.id_of(user(name)) for name in ("ann", "eve")}
    among = chosen.__contains__
    page = hub.referrals.chains.board(first=1, among=among)
    assert ([each.customer for each in page.items], page.total) == ([hub.id_of(user("eve"))], 2)
    last = hub.referrals.chains.board(first=1, after=page.next, among=among)
    assert ([each.customer for each in last.items], last.next) == ([hub.id_of(user("ann"))], None)


@pytest.mark.rule("R61.3")
def test_an_order_that_the_ledger_lacks_is_a_flaw(hub, records):
    tell(hub, came("bea", code_of(hub)), bought("bea", 200, "A-1"))
    assert list(hub.referrals.flaws()) == []
    with records.write() as session:
        session.execute(delete(RewardEntry))
    assert len(list(hub.referrals.flaws())) == 1


@pytest.mark.rule("R61.3")
def test_whoever_turns_out_to_have_invited_herself_earns_nothing(hub):
    code = code_of(hub)
    hub.tell(event("identified", user("ann"), mobile(), minutes=-50))
    tell(hub, came("other", code), bought("other", 200, "A-1"))
    assert chain(hub, "ann").ledger.owed == 1_000
    ruled = hub.identities.decisions.merge(user("ann"), user("other"), by="li")
    hub.settle()
    tell(hub, bought("ann", 10, "A-9", minutes=50))
    assert chain(hub, "ann").ledger == Ledger(granted=1_000, taken_back=1_000)
    hub.identities.decisions.undo(ruled, by="li")
    hub.settle()
    tell(hub, bought("other", 100, "A-2", minutes=60))
    assert chain(hub, "ann").ledger.owed == 1_500
    assert list(hub.referrals.flaws()) == []


@pytest.mark.rule("R61.3")
def test_nobody_is_paid_more_than_she_is_owed_however_many_pay_at_once(any_hub):
    hub, code = any_hub, code_of(any_hub)
    tell(hub, came("bea", code), bought("bea", 1_000, "A-1"))
    hers = hub.identities.handles(hub.id_of(user("ann")))
    refused, ready = [], threading.Barrier(6)

    def pay():
        ready.wait()
        try:
            hub.referrals.pay(hers, 2_000, by="li")
        except Conflict as conflict:
            refused.append(conflict)

    payers = [threading.Thread(target=pay) for _ in range(6)]
    for each in payers:
        each.start()
    for each in payers:
        each.join()
    assert len(refused) == 4
    assert chain(hub, "ann").ledger == Ledger(granted=5_000, paid=4_000)


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_is_no_payment(hub, amount):
    code_of(hub)
    with pytest.raises(Invalid):
        hub.referrals.pay(hub.identities.handles(hub.id_of(user("ann"))), amount, by="li")


@pytest.mark.rule("R61.3")
def test_several_followers_at_once_write_everything_once(any_hub):
    hub, code = any_hub, code_of(any_hub)
    hub.tell(came("bea", code), *(bought("bea", 100, f"A-{n}", minutes=n) for n in range(1, 9)))
    ready = threading.Barrier(4)

    def follow():
        ready.wait()
        while hub.referrals.follow(limit=2):
            pass

    followers = [threading.Thread(target=follow) for _ in range(4)]
    for each in followers:
        each.start()
    for each in followers:
        each.join()
    tell(hub)
    assert chain(hub, "ann").ledger == Ledger(granted=4_000)


@pytest.mark.rule("R61.3")
@settings(max_examples=sized(6, 200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_in_any_order_of_arrival_the_ledger_says_what_the_orders_say(fresh_hub, data):
    with fresh_hub() as hub:
        code = code_of(hub)
        paid = data.draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=4))
        told = [bought("bea", each / 100, f"A-{n}", 10 + n) for n, each in enumerate(paid)]
        back = data.draw(st.lists(st.sampled_from(range(len(paid))), max_size=3, unique=True))
        told += [bought("bea", paid[n] / 100, f"A-{n}", 30, "refunded") for n in back]
        tell(hub, came("bea", code))
        for each in data.draw(st.permutations(told)):
            tell(hub, each)
        kept = [Order(f"{n}", MONDAY, "", each) for n, each in enumerate(paid) if n not in back]
        assert chain(hub, "ann").ledger.owed == sum(earned("5%", kept).values())
        assert list(hub.referrals.flaws()) == []


@pytest.mark.parametrize(
    ("promise", "orders", "told"),
    [
        ("", [100], []),
        ("5%", [100, 333], [5, 17]),
        ("2.5%", [20_000], [500]),
        ("20", [100, 100], [2_000]),
        ("20", [0, 100], [2_000]),
        ("0.5", [0], []),
    ],
)
def test_a_promise_is_so_much_of_each_order_or_for_the_first(promise, orders, told):
    made = [Order(f"{n}", MONDAY, "", each) for n, each in enumerate(orders)]
    assert list(earned(promise, made).values()) == told


@pytest.mark.parametrize(("yuan", "whole"), [(0.1, 10), (19.995, 2_000), ("1.005", 101), (3, 300)])
def test_money_is_counted_in_whole_cents(yuan, whole):
    assert cents(yuan) == whole


@pytest.mark.rule("R61.2")
def test_the_board_tells_who_brings_whom_whose_friends_spend_most_first(hub):
    ann, zoe = code_of(hub), code_of(hub, "zoe")
    tell(hub, came("bea", ann), came("cat", ann), came("dan", zoe))
    tell(hub, bought("bea", 100, "A-1"), bought("dan", 300, "A-2"))
    page = hub.referrals.chains.board(first=1)
    (first,) = page.items
    assert (first.customer, first.spent, page.total) == (hub.id_of(user("zoe")), 30_000, 2)
    (second,) = hub.referrals.chains.board(first=1, after=page.next).items
    assert (second.brought, second.bought, second.ledger.owed) == (2, 1, 500)


@pytest.mark.rule("R61.2")
def test_an_inviter_who_turned_out_to_be_one_has_one_line_with_all_that_both_brought(any_hub):
    hub = any_hub
    ann, bob, zoe = code_of(hub), code_of(hub, "bob"), code_of(hub, "zoe")
    tell(hub, came("bea", ann), came("cat", bob), came("dan", zoe))
    tell(hub, bought("bea", 100, "A-1"), bought("cat", 250, "A-2"), bought("dan", 200, "A-3"))
    hub.identities.decisions.merge(user("ann"), user("bob"), by="li")
    tell(hub)
    seen, after = [], None
    for _ in range(3):  # handle by handle
        page = hub.referrals.chains.board(first=1, after=after)
        seen += [(each.customer, each.brought, each.spent, each.ledger.granted)
                 for each in page.items]  # fmt: skip
        after = page.next
    assert after is None
    one, other = hub.id_of(user("ann")), hub.id_of(user("zoe"))
    assert seen == [(one, 2, 35_000, 1_750), (other, 1, 20_000, 1_000)]
    assert hub.referrals.chains.board(first=0).items == []


def test_a_promise_holds_for_whom_it_was_given(hub, records, changes, clock):
    tell(hub, came("bea", code_of(hub)))
    hub.referrals = Referrals(records, hub.findings, hub.identities, changes, clock, reward="50%")
    tell(hub, bought("bea", 100, "A-1"))
    assert chain(hub, "ann").ledger.owed == 500


@pytest.mark.rule("R61.3")
def test_who_is_erased_leaves_the_books_and_no_name_in_them(any_hub, any_records):
    hub, code = any_hub, code_of(any_hub)
    tell(hub, came("bea", code), bought("bea", 100, "A-1"))
    hers = {str(user("bea")), hub.id_of(user("bea"))}
    personal.forget(any_records, Record, hers)
    assert chain(hub, "ann").brought == []
    assert chain(hub, "ann").ledger.owed == 500
    personal.forget(any_records, Record, {str(user("ann"))})
    assert chain(hub, "ann").code == ""
    with any_records.read() as session:
        (line,) = session.scalars(select(RewardEntry))
    assert (line.inviter, line.cents) == ("", 500)
    assert list(personal.held(any_records, Record, hers | {str(user("ann"))})) == []


@pytest.mark.rule("R61.3")
def test_only_what_she_bought_since_counts_and_what_was_paid_back_twice_is_nothing(hub):
    code = code_of(hub)
    tell(hub, bought("self", 900, "A-0", minutes=-30), came("bea", code))
    hub.identities.decisions.merge(user("self"), user("bea"), by="li")
    hub.settle()
    tell(hub, bought("bea", 200, "A-1"))
    assert chain(hub, "ann").ledger.granted == 1_000
    assert [each.step for each in chain(hub, "ann").brought] == [Step.REWARDED]
    tell(
        hub, *(bought("bea", 200, "A-1", minutes=n, kind="refunded") for n in (20, 21)),
        bought("bea", 100, "A-2", minutes=30),
    )  # fmt: skip
    [brought] = chain(hub, "ann").brought
    assert [order.cents for order, _ in brought.orders] == [0, 10_000]
    assert chain(hub, "ann").ledger.owed == 500


@pytest.mark.rule("R61.3")
def test_an_order_that_two_accounts_tell_of_is_rewarded_once(hub):
    shop = {"account": "acc_shop"}
    tell(hub, came("bea", code_of(hub)), bought("bea", 200, "A-1"),
         bought("bea", 200, "A-1", minutes=11, **shop))  # fmt: skip
    assert chain(hub, "ann").ledger.granted == 1_000
    back = bought("bea", 50, "A-1", minutes=20, kind="refunded", **shop)
    tell(hub, back, bought("bea", 50, "A-1", minutes=21, kind="refunded"))
    tell(hub, bought("bea", 50, "A-1", minutes=22, kind="refunded", **shop))  # told again
    [brought] = chain(hub, "ann").brought
    assert [order.cents for order, _ in brought.orders] == [15_000]


@pytest.mark.rule("R61.3")
def test_orders_of_two_shops_that_number_them_alike_are_rewarded_both(hub):
    def sold(shop, amount, minutes, kind="bought"):
        id_ = f"order:1001:{kind}:{shop}"
        return bought("bea", amount, "1001", minutes=minutes, kind=kind, account=shop, id=id_)

    tell(hub, came("bea", code_of(hub)), bought("bea", 200, "1001"),
         sold("acc_one", 200, 11), sold("acc_other", 300, 12))  # fmt: skip
    assert chain(hub, "ann").ledger.granted == 2_500
    tell(hub, sold("acc_one", 50, 20, "refunded"), sold("acc_other", 300, 21, "refunded"))
    [brought] = chain(hub, "ann").brought
    assert [order.cents for order, _ in brought.orders] == [15_000, 0]
    assert list(hub.referrals.flaws()) == []


@pytest.mark.rule("R61.3")
def test_an_order_that_was_paid_back_whole_qualifies_nobody(hub):
    tell(hub, came("bea", code_of(hub)), bought("bea", 200, "A-1"))
    tell(hub, bought("bea", 200, "A-1", minutes=20, kind="refunded"))
    assert [each.step for each in chain(hub, "ann").brought] == [Step.REGISTERED]


@pytest.mark.rule("R61.1")
def test_whose_two_selves_came_by_two_codes_came_by_the_first(hub):
    first, second = code_of(hub), code_of(hub, "cat")
    tell(hub, came("bea", first), came("bea2", second, 5), bought("bea2", 200, "A-1", minutes=9))
    assert chain(hub, "cat").ledger.owed == 1_000
    hub.identities.decisions.merge(user("bea"), user("bea2"), by="li")
    hub.settle()
    tell(hub, bought("bea", 100, "A-2", minutes=20))
    assert chain(hub, "bea").came_by.customer == hub.id_of(user("ann"))
    assert (chain(hub, "ann").ledger.owed, chain(hub, "cat").ledger.owed) == (1_500, 0)
