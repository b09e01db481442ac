"""A profile is a fold of events by event time: any order of arrival gives the same one."""

from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.places import Place, to_gcj
from data_hub.profiles import Profile, fold, rows_of
from data_hub.profiles.folding import KEPT_PURCHASES, lived
from data_hub.profiles.purchases import OWED
from data_hub.segments.nearness import metres_between
from kernel.calendar import Zone
from stores.spelling import moment
from tests.data_hub.telling import MONDAY, event, user

HER = user("u1")
DAY = 24 * 60


def about(event_):
    return {"mat_care": ["tag_care", "tag_old"], "mat_fund": ["tag_fund"]}.get(event_.material, ())


def folded(*events):
    ordered = sorted(events, key=lambda each: (each.at, each.id))
    return fold(ordered, about, zone=Zone())


def read(material, minutes, kind="read_material", **more):
    return event(kind, HER, minutes=minutes, material=material, **more)


def test_the_last_word_on_a_trait_counts_and_says_where_it_is_from():
    profile = folded(
        event("identified", HER, minutes=5, detail={"traits": {"city": "苏州", "name": "林秀兰"}}),
        event("identified", HER, detail={"traits": {"city": "杭州"}}, account="acc_oa"),
        event("identified", HER, minutes=9, detail={"traits": {"city": None}}),
    )

    city = profile.told()["city"]
    assert (city.value, city.source, city.at) == ("苏州", "acc_app", MONDAY + timedelta(minutes=5))


def test_an_interest_counts_half_after_a_fortnight():
    profile = folded(read("mat_care", 0), read("mat_fund", 14 * DAY))

    now = MONDAY + timedelta(days=14)
    affinity = profile.affinity(now)
    assert affinity["tag_care"] == pytest.approx(affinity["tag_fund"] / 2)
    assert list(affinity) == ["tag_fund", "tag_care", "tag_old"]


def test_what_she_dislikes_speaks_against_it():
    profile = folded(read("mat_care", 0), read("mat_fund", 1), read("mat_fund", 2, "disliked"))

    felt = profile.affinity(MONDAY)
    assert [tag for tag, value in felt.items() if value > 0] == ["tag_care", "tag_old"]
    assert felt["tag_fund"] < 0


def test_days_are_the_companys_and_counts_look_back_a_week_a_month_a_quarter():
    late = 7 * 60 + 30  # half past midnight on Tuesday in Shanghai
    profile = folded(*(read("mat_care", late + day * DAY) for day in (0, 6, 29, 80)))

    today = date(2026, 3, 3) + timedelta(days=80)
    assert [profile.count("read_material", n, today) for n in (1, 7, 30, 90)] == [1, 1, 1, 4]
    early = date(2026, 3, 3) + timedelta(days=6)
    assert profile.count("read_material", 7, early) == 2


def test_buckets_older_than_a_quarter_are_let_go():
    profile = folded(read("mat_care", 0), read("mat_care", 200 * DAY))

    assert profile.kinds == {"read_material": 2}
    assert len(profile.days["read_material"]) == 1


def test_only_the_last_fifty_materials_are_remembered():
    profile = folded(*(read(f"mat_{n}", n) for n in range(60)))

    recent = profile.recent()
    assert len(recent) == 50
    assert (recent[0].material, recent[-1].material) == ("mat_59", "mat_10")


def test_her_favourite_hour_is_in_the_companys_zone_and_needs_some_evidence():
    evenings = [read("mat_care", day * DAY + 12 * 60) for day in range(5)]

    assert folded(*evenings).favourite_hour == (9 + 12 + 8) % 24
    assert folded(*evenings[:4]).favourite_hour is None


def test_month_ends_are_the_last_three_local_days():
    def bought(day, hour=3):
        minutes = (date.fromisoformat(day) - MONDAY.date()).days * DAY + (hour - 9) * 60
        detail = {"amount": 10_000, "product": "月月盈", "category": "fund"}
        return event("bought", HER, minutes=minutes, detail=detail)

    profile = folded(
        bought("2026-03-28"), bought("2026-03-28", 17), bought("2026-04-30"), bought("2026-05-31"),
        bought("2026-06-15"),
    )  # fmt: skip

    assert profile.month_ends == ["2026-03", "2026-04", "2026-05"]
    assert profile.bought()[0].category == "fund"
    assert len(profile.bought()) == 5


def test_an_order_in_an_sdks_own_spelling_is_a_purchase():
    lines = [{"name": "稳盈一号", "category": "wealth"}]
    told = {"properties": {"order_id": "7", "revenue": 50_000, "products": lines}}

    [bought] = folded(event("bought", HER, detail=told)).bought()
    assert (bought.amount, bought.product, bought.category) == (50_000, "稳盈一号", "wealth")


def test_a_holding_keeps_what_was_told_of_it_last():
    issued = {"policy": "P-1", "product": "金生两全", "category": "insurance", "due": "2026-04-01"}
    profile = folded(
        event("policy_issued", HER, detail=issued | {"matures": "2026-09-30"}),
        event("policy_renewed", HER, minutes=3, detail={"policy": "P-1", "due": "2027-04-01"}),
        event("holding_noted", HER, minutes=4, detail={"policy": "P-2", "matures": "soon"}),
    )

    first, second = profile.holdings()
    assert (first.product, first.due, first.matures) == (
        "金生两全", date(2027, 4, 1), date(2026, 9, 30),
    )  # fmt: skip
    assert second.matures is None


def test_a_birthday_may_be_a_lunar_one():
    traits = {"birthday": "1958-08-15", "birthday_lunar": True}
    assert folded(event("identified", HER, detail={"traits": traits})).birthday == (
        date(1958, 8, 15),
        True,
    )
    assert folded(event("identified", HER, detail={"traits": {"birthday": "?"}})).birthday is None


def test_machines_and_our_own_acts_are_not_her_doing():
    profile = folded(
        read("mat_care", 0),
        read("mat_fund", 1, detail={"bot": True}),
        event("sent", HER, minutes=2, account="juzhen", material="mat_fund", rep="stf_1"),
    )

    assert profile.events == 3
    assert profile.active_at == MONDAY
    assert [seen.material for seen in profile.recent()] == ["mat_care"]


def test_what_an_earlier_version_kept_besides_is_left_out():
    profile = folded(read("mat_care", 0))
    assert Profile.unpack(orjson.dumps(orjson.loads(profile.pack()) | {"reps": {}})) == profile


kinds = st.sampled_from(
    ["read_material", "shared_material", "disliked", "bought", "refunded", "viewed_page", "sent"]
)
heard = st.lists(
    st.tuples(
        kinds,
        st.integers(0, 150 * DAY),
        st.sampled_from(["mat_care", "mat_fund", ""]),
        st.sampled_from(["acc_app", "acc_oa", "juzhen"]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(heard, st.integers(0, 25))
def test_folding_on_and_folding_anew_give_the_same(told, cut):
    events = [
        event(
            kind, HER, minutes=minutes, material=material, account=account,
            detail={"amount": n, "traits": {"rank": n}},
        )
        for n, (kind, minutes, material, account) in enumerate(told)
    ]  # fmt: skip
    ordered = sorted(events, key=lambda each: (each.at, each.id))
    whole = fold(ordered, about, zone=Zone())

    begun = fold(ordered[:cut], about, zone=Zone())
    resumed = Profile.unpack(begun.pack())
    fold(ordered[cut:], about, zone=Zone(), onto=resumed)

    assert resumed.same_as(whole)


def test_traits_are_set_once_added_to_joined_and_unset_in_the_order_of_their_time():
    told = [
        (1, {"traits_once": {"source": "扫码"}, "traits_added": {"points": 10}}),
        (2, {"traits_once": {"source": "转介绍"}, "traits_added": {"points": 2.5}}),
        (3, {"traits_joined": {"likes": ["茶", "旅行"]}}),
        (4, {"traits_joined": {"likes": ["旅行", "花"]}, "traits": {"city": "苏州"}}),
        (5, {"traits_unset": ["city", "never_there"]}),
    ]
    profile = folded(*(event("identified", HER, minutes=m, detail=d) for m, d in told))
    assert {name: trait.value for name, trait in profile.told().items()} == {
        "source": "扫码", "points": 12.5, "likes": ["茶", "旅行", "花"],
    }  # fmt: skip

    told += [(6, {"traits_unset": ["*"]}), (7, {"traits_added": {"points": "x", "visits": 1}})]
    profile = folded(*(event("identified", HER, minutes=m, detail=d) for m, d in told))
    assert {name: trait.value for name, trait in profile.told().items()} == {"visits": 1}


def test_the_columns_beside_a_profile_follow_what_was_told_last(any_hub):
    def kept():
        told = "SELECT name, phone, handle, last_at FROM profiles"
        ((*said, last),) = any_hub.people.rows(told)
        return (*said, moment(last))

    def said(minute, **traits):
        any_hub.tell(event("identified", HER, minutes=minute, detail={"traits": traits}))
        return MONDAY + timedelta(minutes=minute)

    for minute, name in enumerate(("王", "王", "李", "李")):
        last = said(minute, name=name, phone="13800000000")
        assert kept() == (name, "13800000000", str(HER), last)


def test_who_looks_at_thousands_reads_some_hundreds_at_a_time(any_hub):
    everybody = [f"cus_{number:04}" for number in range(450)]
    any_hub.profiles.keep(
        rows_of({each: Profile() for each in everybody}, dict.fromkeys(everybody, "")), ()
    )
    told = any_hub.profiles.each([*everybody, "cus_nobody"])
    met = [next(told)[0]]
    any_hub.profiles.keep((), everybody[-10:])
    met += [customer for customer, _ in told]
    assert sorted(met) == everybody[:-10]


def test_a_desire_is_as_old_as_the_first_act_that_shows_it():
    profile = folded(*(event("asked_quote", HER, minutes=n) for n in (3, 8)))

    assert profile.desire == [3, (MONDAY + timedelta(minutes=3)).timestamp()]


def test_a_kind_word_ends_a_mood_and_a_case_is_closed_by_its_number():
    cross = event("messaged", HER, detail={"sentiment": "negative"})
    assert folded(cross).mood_hold(MONDAY) == "negative_mood"
    kind = event("messaged", HER, minutes=1, detail={"sentiment": "positive"})
    assert folded(cross, kind).mood_hold(MONDAY) == ""

    opened = [event("case_opened", HER, minutes=n, detail={"case": f"K{n}"}) for n in (2, 3)]
    closed = event("case_closed", HER, minutes=4, detail={"case": "K3"})
    assert folded(*opened, closed).cases.keys() == {"K2"}
    assert folded(*opened, closed).mood_hold(MONDAY) == "open_case"


def test_what_is_bought_again_within_a_day_is_one_occasion():
    told = folded(
        *(
            event("bought", HER, minutes=minutes, detail={"amount": 10})
            for minutes in (0, DAY - 1, 3 * DAY)
        )
    )

    first, last = MONDAY.timestamp(), (MONDAY + timedelta(days=3)).timestamp()
    assert told.buying == [2, first, last, 30, 1, 3.0, 9.0]


def order(minutes, amount, number="", kind="bought", product="", **more):
    told = {"amount": amount, "order_id": number} | ({"product": product} if product else {})
    return event(kind, HER, minutes=minutes, detail=told, **more)


def test_what_was_paid_back_was_not_spent_and_what_was_paid_back_whole_was_not_bought():
    whole = folded(order(0, 100, "A"), order(3 * DAY, 40, "B"), order(4 * DAY, 40, "B", "refunded"))
    alone = folded(order(0, 100, "A"))
    assert (whole.buying, whole.bought()) == (alone.buying, alone.bought())

    part = folded(order(0, 100, "A"), order(1, 30.3, "A", "refunded"),
                  order(2, 30.4, "A", "refunded"), order(3, 30.4, "A", "refunded"))  # fmt: skip
    assert [each.amount for each in part.bought()] == pytest.approx([39.3]), "the third is no other"
    assert part.buying[:4] == [1, MONDAY.timestamp(), MONDAY.timestamp(), pytest.approx(39.3)]

    none = folded(order(0, 100, "A"), order(1, 0, "A", "refunded"))
    assert (none.buying, none.bought(), none.kinds["bought"]) == ([], [], 1)
    again = folded(order(0, 100, "A"), order(1, 0, "A", "refunded"), order(9 * DAY, 5))
    assert again.buying[:4] == [1, *[(MONDAY + timedelta(days=9)).timestamp()] * 2, 5]


@pytest.mark.parametrize(
    ("back", "left"),
    [
        (order(9, 50, "C", "refunded"), [20, 50, 50]),  # an order that we never heard of
        (order(9, 60, "A", "refunded"), [20, 40]),  # of its two lines the later first
        (order(9, 999, "A", "refunded"), [20]),  # never more than was paid
        (order(9, 45, "", "refunded"), [20, 5, 50]),  # the latest that cost as much
        (order(9, 0, "", "refunded"), [20, 50, 50]),
    ],
)
def test_a_refund_is_of_its_order_else_of_the_latest_that_cost_as_much(back, left):
    lines = order(0, 50, "A", product="X"), order(1, 50, "A", product="Y")
    profile = folded(*lines, order(2, 20, "B"), back)
    assert [each.amount for each in profile.bought()] == left
    assert profile.buying[3] == sum(left)


def test_an_order_that_two_accounts_tell_of_is_bought_and_paid_back_once():
    bought = order(0, 30, "A"), order(1, 70, "A"), order(2, 100, "A", account="acc_web")
    profile = folded(*bought, order(3, 30, "A", "refunded"),
                     order(4, 30, "A", "refunded", account="acc_web"))  # fmt: skip
    assert [each.amount for each in profile.bought()] == [40, 30]
    assert (profile.buying[3], profile.kinds["bought"]) == (70, 2)
    assert (profile.events, len(profile.trail)) == (5, 3)
    assert (profile.kinds["refunded"], profile.spans["refunded"][0]) == (1, profile.trail[2][1])
    assert profile.spans["bought"][1] == profile.nodes["convert"] + 60, "the page told it first"
    assert "repurchase" not in profile.nodes
    other = folded(order(0, 100), order(1, 100, account="acc_web"))  # without a number: two
    assert len(other.bought()) == 2
    assert "repurchase" in other.nodes


def shops(minutes, amount, account, kind="bought", number="1001"):
    """A shop's own system tells by the order's number."""
    id_ = f"order:{number}:{kind}:{amount}"
    return order(minutes, amount, number, kind, account=account, id=id_)


PAGE = order(0, 99, "1001", account="acc_page")
ONE, OTHER = shops(1, 109, "acc_one"), shops(2, 250, "acc_other")


@pytest.mark.parametrize("told", [(PAGE, ONE, OTHER), (ONE, OTHER), (ONE, OTHER, PAGE)])
def test_two_shops_that_number_their_orders_alike_sold_two_and_a_page_and_its_shop_one(told):
    told = [replace(each, at=MONDAY + n * timedelta(minutes=1)) for n, each in enumerate(told)]
    profile = folded(*told)
    first = told[0].detail["amount"]
    assert [each.amount for each in profile.bought()] == [250, first]
    assert (profile.kinds["bought"], profile.buying[3]) == (2, 250 + first)
    assert "repurchase" in profile.nodes
    back = folded(*told, shops(9, 50, "acc_other", "refunded"))
    assert [each.amount for each in back.bought()] == [200, first]
    back = folded(*told, shops(9, 60, "acc_one", "refunded"))
    assert [each.amount for each in back.bought()] == [250, first - 60]
    early = folded(*told, shops(-9, 60, "acc_one", "refunded"))
    assert [each.amount for each in early.bought()] == [250, first - 60]
    assert lived(sorted(told, key=lambda each: each.at)).purchases == profile.purchases


@pytest.mark.parametrize(
    ("later", "orders"),
    [
        (order(6 * DAY, 20, "1001"), 1),  # within a week, whatever it comes to
        (order(90 * DAY, 99, "1001"), 1), (order(90 * DAY, 20, "1001"), 2),
        (shops(90 * DAY, 20, "acc_one"), 2), (shops(90 * DAY, 99, "acc_one"), 1),
        (shops(1, 99, "acc_page"), 1),  # a list that was brought in under the page's own account
        (order(90 * DAY, 99, "1001", product="X", account="acc_page"), 2),  # a line of its own
        (order(90 * DAY, 99, "1001", account="acc_page"), 1),  # the page was loaded anew
    ],
)  # fmt: skip
def test_what_has_an_orders_number_is_that_order_if_it_comes_to_as_much_or_is_told_soon(
    later, orders
):
    assert folded(PAGE, later).kinds["bought"] == orders


_TOLD_BY = st.sampled_from(["acc_page", "acc_app", "acc_one", "acc_other"])
_HAPPENED = st.lists(
    st.tuples(
        st.sampled_from(["ordered", "cancelled_order", "redeemed", "refunded", "bought"]),
        st.sampled_from(["1001", "1002", ""]), _TOLD_BY, st.sampled_from([20.0, 30.0]),
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("kind", ["ordered", "cancelled_order", "redeemed", "refunded"])
def test_what_happened_to_an_order_happened_once_whoever_tells_of_it_how_often(kind):
    hers = [
        order(0, 99, "1001", kind, account="acc_page"), order(1, 99, "1001", kind),
        shops(2, 99, "acc_one", kind), order(3, 99, "1001", kind, account="acc_page"),
    ]  # fmt: skip
    profile = folded(*hers)
    assert (profile.kinds[kind], len(profile.trail), profile.events) == (1, 1, 4)
    assert profile.spans[kind] == [MONDAY.timestamp()] * 2
    assert lived(hers).trail == profile.trail
    assert folded(*hers, shops(4, 99, "acc_other", kind)).kinds[kind] == 2, "another shop's"
    assert folded(*hers, order(5, 99, "", kind), order(6, 99, "", kind)).kinds[kind] == 3
    assert folded(*hers, order(400 * DAY, 9, "1001", kind, account="acc_web")).kinds[kind] == 2


@pytest.mark.parametrize("kind", ["redeemed", "refunded"])
def test_parts_of_an_order_are_as_many_as_whoever_tells_most_of_them_says(kind):
    shop = [shops(n, amount, "acc_one", kind) for n, amount in enumerate((20, 30, 50))]
    page = [order(9 + n, amount, "1001", kind) for n, amount in enumerate((20, 30, 30))]
    assert folded(*shop, *page).kinds[kind] == folded(*page[:0], *shop).kinds[kind] == 3
    assert folded(*page).kinds[kind] == 2, "the third says the same again"
    named = {"refund_id": "R-1"} if kind == "refunded" else {"voucher": "V-1"}
    told = page[2].detail | named
    assert folded(*page[:2], replace(page[2], detail=told)).kinds[kind] == 3


@given(_HAPPENED, st.randoms(use_true_random=False))
def test_in_whatever_order_it_comes_folded_on_or_lived_orders_come_to_the_same(told, dice):
    make = {True: shops, False: order}
    hers = []
    for n, (kind, number, account, amount) in enumerate(told):
        shop = account in ("acc_one", "acc_other") and bool(number)
        args = (n, amount, account, kind, number) if shop else (n, amount, number, kind)
        more = {} if shop else {"account": account}
        hers.append(replace(make[shop](*args, **more), material="mat_1"))
    hers = [replace(each, id=f"{each.id}:{n}") for n, each in enumerate(hers)]
    whole, late = folded(*hers), list(hers)
    dice.shuffle(late)
    on = folded(*sorted(late, key=lambda each: (each.at, each.id)))
    assert on.same_as(whole)
    for kind in {each.kind for each in hers} - {"bought"}:
        here = sum(each == kind for each, _ in whole.trail)
        assert whole.kinds[kind] == here <= sum(each.kind == kind for each in hers)
    assert lived(hers).trail == whole.trail
    assert lived(hers).materials == whole.materials


@pytest.mark.parametrize("amount", [30, 0])
def test_a_refund_that_is_told_as_earlier_than_its_order_is_of_it_all_the_same(amount):
    usual = folded(order(1, 50, "A"), order(2, 20, "B"), order(3, amount, "A", "refunded"))
    early = folded(order(0, amount, "A", "refunded"), order(1, 50, "A"), order(2, 20, "B"))
    assert early.bought() == usual.bought()
    assert (early.buying, early.owed) == (usual.buying, [])
    assert lived([order(0, 30, "A", "refunded"), order(1, 50, "A")]).purchases[0][5] == 30


def test_refunds_of_orders_that_never_come_are_not_kept_without_end():
    early = folded(*(order(n, 5, f"N{n}", "refunded") for n in range(OWED + 5)))
    assert [each[1] for each in early.owed] == [f"N{n}" for n in range(5, OWED + 5)]


@pytest.mark.parametrize(
    ("told", "amount"),
    [
        ({"amount": "49.90"}, 49.9), ({"revenue": "¥1,000.00"}, 1000), ({"total": "50元"}, 50),
        ({"amount": True}, 0), ({"amount": "nan"}, 0), ({"amount": "much"}, 0),
        ({"amount": "9e99"}, 0), ({"amount": [5]}, 0),
        ({"revenue": 5, "currency": "cny"}, 5), ({"revenue": 5, "currency": "USD"}, 0),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_spell_them_and_in_yuan_alone(told, amount):
    profile = folded(event("bought", HER, detail={"properties": told}))
    assert [each.amount for each in profile.bought()] == [amount]
    assert profile.buying[3] == amount


def test_who_bought_more_than_is_kept_is_told_less_what_was_paid_back():
    bought = [order(n * 2 * DAY, 10, f"N{n}") for n in range(KEPT_PURCHASES + 5)]
    profile = folded(*bought, order(999 * DAY, 10, f"N{KEPT_PURCHASES}", "refunded"))
    assert (profile.buying[0], profile.buying[3]) == (KEPT_PURCHASES + 5, 10 * KEPT_PURCHASES + 40)
    assert len(profile.bought()) == KEPT_PURCHASES - 1


def test_what_is_paid_back_of_an_order_that_is_kept_no_more_was_not_spent():
    bought = [order(n * DAY, 10, f"N{n}") for n in range(KEPT_PURCHASES + 5)]
    spent = 10 * len(bought)
    profile = folded(*bought, order(998 * DAY, 4, "N1", "refunded"))
    assert profile.buying[3] == spent - 4
    assert len(profile.bought()) == KEPT_PURCHASES
    twice = [order((998 + n) * DAY, 10, f"N{KEPT_PURCHASES}", "refunded") for n in range(2)]
    assert folded(*bought, *twice).buying[3] == spent - 10  # an order that is kept is told of once
    assert folded(order(0, 10, "A"), order(DAY, 10, "B", "refunded")).buying[3] == 10


def test_month_ends_of_what_was_paid_back_are_none_of_hers():
    days = (date(2026, 3, 30) - MONDAY.date()).days
    profile = folded(order(days * DAY, 9, "A"), order(0, 5), order(99 * DAY, 9, "A", "refunded"))
    assert profile.month_ends == []


def test_degrees_of_chinese_maps_are_shifted_back_and_those_of_another_system_are_no_place():
    at = {"latitude": 31.2, "longitude": 121.5}
    assert folded(event("located", HER, detail=at)).place[:2] == [31.2, 121.5]
    shifted = folded(event("located", HER, detail=at | {"system": "gcj02"})).place[:2]
    assert metres_between(shifted, (31.2, 121.5)) > 300
    assert to_gcj(Place(*shifted)) == pytest.approx((31.2, 121.5), abs=1e-6)
    assert folded(event("located", HER, detail=at | {"system": "bd09"})).place == []


def test_no_front_end_takes_back_what_she_told_somebody_else():
    def word(kind, minutes, account="acc_app", **said):
        return event(kind, HER, minutes=minutes, account=account, detail={"properties": said})

    def allowed(*words):
        return [(each.channel, each.allowed) for each in folded(*words).agreed()]

    own = {"consent": "marketing", "source": "stop_page", "wording": "stop-1"}
    stopped = event("opted_out", HER, minutes=5, account="juzhen", detail=own)
    assert allowed(word("opted_out", 1), word("opted_in", 2)) == [("", True)]
    assert allowed(word("opted_out", 1), word("opted_in", 2, "acc_oa")) == [("", False)]
    assert allowed(stopped, word("opted_in", 6)) == [("", False)]
    assert allowed(stopped, word("opted_in", 6, channel="sms")) == [("", False)]
    assert allowed(stopped, word("opted_out", 6), word("opted_in", 7)) == [("", False)]
    followed = event("opted_out", HER, minutes=5, account="juzhen", detail={"source": "acc_app"})
    assert allowed(followed, word("opted_in", 6)) == [("", True)]
    late = {"source": "acc_app", "said": word("x", 1).at.timestamp()}
    followed = event("opted_out", HER, minutes=9, account="juzhen", detail=late)
    assert allowed(word("opted_out", 1), word("opted_in", 2), followed) == [("", True)]
    [told] = folded(stopped).agreed()
    assert (told.source, told.wording) == ("stop_page", "stop-1")


def test_no_is_kept_as_no():
    [word] = folded(event("opted_out", HER, detail={"consent": "marketing"})).agreed()
    assert (word.allowed, word.source) == (False, "acc_app")


def test_a_risk_level_holds_for_a_year_or_as_long_as_was_told():
    level = {"risk_level": "C3"}
    year = folded(event("identified", HER, detail={"traits": level}))
    assert year.risk_until(date(2027, 3, 2), Zone()) == date(2027, 3, 2)
    assert year.risk_until(date(2027, 3, 3), Zone()) is None
    late = 7 * 60 + 30  # half past midnight of the company's Tuesday, still Monday in UTC
    night = folded(event("identified", HER, minutes=late, detail={"traits": level}))
    assert night.risk_until(date(2027, 3, 3), Zone()) == date(2027, 3, 3)
    told = level | {"risk_valid_until": "2026-06-30"}
    until = folded(event("identified", HER, detail={"traits": told}))
    assert until.risk_until(date(2026, 6, 30), Zone()) == date(2026, 6, 30)
    assert until.risk_until(date(2026, 7, 1), Zone()) is None


def test_a_window_of_seven_days_is_today_and_the_six_before():
    profile = folded(*(event("viewed_page", HER, minutes=-n * DAY) for n in range(12)))
    today = Zone().day(MONDAY)
    assert [profile.count("viewed_page", days, today) for days in (1, 7, 10)] == [1, 7, 10]


def test_what_was_given_up_is_no_longer_in_force_whatever_its_dates_say():
    policy = {"policy": "P1", "matures": "2030-01-01"}
    profile = folded(
        event("policy_issued", HER, detail=policy),
        event("holding_noted", HER, minutes=1, detail={"policy": "P1", "ended": True}),
    )
    [holding] = profile.holdings()
    assert not holding.in_force(MONDAY.date())


def test_an_interest_is_half_after_a_fortnight_also_when_it_is_renewed():
    once = folded(read("mat_fund", 0)).tags["tag_fund"][0]
    again = folded(read("mat_fund", 0), read("mat_fund", 14 * DAY)).tags["tag_fund"][0]
    assert again == pytest.approx(1.5 * once)
