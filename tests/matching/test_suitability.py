"""What must not be offered is not offered, whatever it scores; and is asked again at the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.touch_policy import Touch
from channels.touch_policy.standing import PROMOTION
from content_hub.products import Products
from data_hub.consents import PERSONALISATION
from matching.arrays import Row, Whole
from matching.offers import Absence
from matching.recommender import Recommender
from matching.rules import Wanted
from matching.suitability import Limits, barriers, nature_of
from tests.company import TOPICS
from tests.conftest import MONDAY
from tests.matching.conftest import ALWAYS
from tests.sizes import sized

NATURES = {
    "plain": nature_of("image_text", {}, ()),
    "promo": nature_of("image_text", {}, {PROMOTION}),
    "large": nature_of("image_text", {"promo_level": "large"}, ()),
    "cut": nature_of("image_text", {"price_cut": True}, ()),
    "r4": nature_of("product_note", {"risk_level": "R4"}, ()),
    "fund": nature_of("product_note", {"risk_level": "R1"}, {"基金"}),
    "about funds": nature_of("image_text", {}, {"基金"}),
}


@pytest.mark.rule("R158.1")
@pytest.mark.parametrize(
    ("limits", "kept_off"),
    [
        (Limits(), set()),
        (Limits(risk=3), {"r4"}),
        (Limits(licences=frozenset({"保险销售从业资格"})), {"fund"}),
        (Limits(licences=frozenset({"基金从业资格"})), set()),
        (Limits(promo=False), {"promo", "large", "cut"}),
        (Limits(price_cut=False), {"cut"}),
        (Limits(only_large=True), {"promo", "cut"}),
        (Limits(tired_of=frozenset({"plain", "gone"})), {"plain"}),
    ],
)
def test_each_limit_keeps_off_what_it_should_and_nothing_else(limits, kept_off):
    rows = [Row(name, "image_text", ("a",), (ALWAYS,), nature) for name, nature in NATURES.items()]
    made = Whole.of(rows).slice("", MONDAY)
    barred = np.concatenate(list(barriers(made, limits).values()))
    assert {str(made.ids[at]) for at in barred} == kept_off


def risky(company, level):
    made = company.place("稳健配置", "理财", kind="product_note")
    company.materials.edit(made, fields={"risk_level": level}, by="li")
    return made


@pytest.mark.parametrize(
    ("level", "told", "days_ago", "offered"),
    [
        ("R4", "C4", 10, True), ("R4", "C3", 10, False), ("R4", "C5", 400, False),
        ("R4", None, 0, False), ("R3", None, 0, False), ("R5", "C5", 10, True),
    ],
)  # fmt: skip
def test_a_product_is_offered_up_to_her_valid_assessment(company, level, told, days_ago, offered):
    rep, product = company.hire("li"), risky(company, level)
    handle = company.meet(rep=rep)
    if told:
        company.tell(
            company.event("identified", handle, ago=timedelta(days=days_ago),
                          traits={"risk_level": told})
        )  # fmt: skip
    offer = company.offer(handle, rep)
    assert (product in {item.material for item in offer.told()}) is offered
    if not offered:
        customer = company.identities.customer_of(handle)
        answer = company.recommender.why_not(customer, rep, product)
        assert answer.key == "why_too_risky"
        assert offer.absent() == [Absence("why_too_risky", 1)]


def test_what_is_low_in_risk_is_offered_to_who_was_never_assessed(company):
    rep, product = company.hire("li"), risky(company, "R2")
    told = company.offer(company.meet(rep=rep), rep).told()
    assert product in {item.material for item in told}


@pytest.mark.rule("R158.1")
@pytest.mark.parametrize(
    ("lifecycle", "vip", "kept_off"),
    [
        ("", False, set()),
        ("", True, {"cut"}),
        ("sleeping", False, {"small", "cut"}),
        ("sleeping", True, {"small", "cut", "large"}),
        ("active", False, {"small", "cut", "large"}),
    ],
)
def test_what_the_touch_policy_allows_her_is_all_that_her_list_offers(
    company, lifecycle, vip, kept_off
):
    rep = company.hire("li")
    plain, *other = (company.place(name, "理财") for name in ("plain", "small", "large", "cut"))
    fields = ({"promo_level": "small"}, {"promo_level": "large"}, {"price_cut": True})
    for made, own in zip(other, fields, strict=True):
        company.materials.edit(made, fields=own, by="li")
    her = company.meet(rep=rep)
    company.lifecycles[company.id_of(her)] = lifecycle
    if vip:
        company.vips.add(company.id_of(her))
    named = dict(zip((plain, *other), ("plain", "small", "large", "cut"), strict=True))
    offered = {named[item.material] for item in company.offer(her, rep).told()}
    assert offered == set(named.values()) - kept_off


def test_what_she_was_sent_lately_is_not_offered(company, clock):
    rep = company.hire("li")
    sent, other = (company.place(name, "理财", days=60) for name in ("一", "二"))
    her = company.meet(rep=rep)
    touch = Touch(key="t1", handle=str(her), account="acc_app", channel="app", material=sent)
    company.touch_policy.count_own(touch, by="li")
    assert [item.material for item in company.offer(her, rep).told()] == [other]
    clock.move(timedelta(days=company.touch_policy.policy().tired_days))
    assert {item.material for item in company.offer(her, rep).told()} == {sent, other}


def test_what_a_rep_found_unfit_is_offered_again_after_ninety_days(company, clock):
    rep = company.hire("li")
    unfit = company.place("养老指南", "养老社区", days=200)
    her, other = (company.meet(f"1380000000{n}", rep) for n in range(2))
    seen = company.customers.seen_by(rep).one(company.id_of(her))
    company.feedback.refuse(seen, unfit, "not_interested", rep=rep.staff, by=rep.id)
    for days, offered in ((0, []), (89, []), (2, [unfit])):
        clock.move(timedelta(days=days))
        assert [item.material for item in company.offer(her, rep).told()] == offered
        assert [item.material for item in company.offer(other, rep).told()] == [unfit]


def test_an_assessment_ends_on_the_day_that_was_told_with_it(company):
    rep, product = company.hire("li"), risky(company, "R4")
    day = company.zone.day(company.clock())
    for number, (until, offered) in enumerate([(day, True), (day - timedelta(days=1), False)]):
        handle = company.meet(f"1380000000{number}", rep=rep, risk_level="C4",
                              risk_valid_until=until.isoformat())  # fmt: skip
        offer = company.offer(handle, rep)
        assert (product in {item.material for item in offer.told()}) is offered


def test_a_rep_offers_only_products_that_she_is_licensed_for(company):
    company.place("证券账户说明", "证券", kind="product_note")
    company.place("年金说明", "保险", kind="product_note")
    fund = company.place("成长基金说明", "基金", kind="product_note")
    about = company.place("怎么看基金", "基金")
    licensed = company.staff.add("wang", "王", by="li", licences=["基金从业资格"])
    for rep, offered in (
        (company.hire("li"), {about}), (company.staff.actor(licensed.id), {about, fund}),
    ):  # fmt: skip
        handle = company.meet(f"1380000000{len(offered)}", rep=rep)
        told = {item.material for item in company.offer(handle, rep).told()}
        assert told == offered


def test_what_she_has_read_is_not_offered_again_and_why_not_says_so(company):
    made, rep = company.library(each=2), company.hire("li")
    handle = company.meet(rep=rep)
    read = made["健康"][0]
    company.tell(company.event("read_material", handle, read))
    offer = company.offer(handle, rep)
    assert read not in {item.material for item in offer.told()}
    customer = company.identities.customer_of(handle)
    assert company.recommender.why_not(customer, rep, read).text("zh") == "她已经读过"


def test_who_opted_out_of_personalisation_is_offered_nothing_because_of_what_she_reads(company):
    made, rep = company.library(each=3), company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(*(company.event("read_material", handle, each) for each in made["健康"][:2]))
    kinds = {r.kind for item in company.offer(handle, rep).told() for r in item.reasons}
    assert "tag" in kinds
    company.consents.withdraw([handle], PERSONALISATION, source="page")
    kinds = {r.kind for item in company.offer(handle, rep).told() for r in item.reasons}
    assert not kinds & {"tag", "neighbour"}


@settings(
    max_examples=sized(60, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(st.integers(0, 5), max_size=8))
def test_for_who_opted_out_the_list_is_the_same_whatever_she_has_read(company, history):
    """S36, in CI size."""
    if not company.tags:
        made = company.library(each=1)
        company.read = [made[topic][0] for topic in TOPICS]
        company.rep = company.hire("li")
        company.number = count(13_900_000_000)
        company.lists = set()
    handle = company.meet(str(next(company.number)), rep=company.rep)
    company.consents.withdraw([handle], PERSONALISATION, source="page")
    company.tell(*(company.event("read_material", handle, company.read[at]) for at in history))
    asked = company.recommender.scored(company.id_of(handle), company.rep)
    reads, pulls = asked.question.reads, asked.question.pulls
    offered = {item.material for item in company.offer(handle, company.rep, 18).told()}
    company.lists.add((tuple(reads), tuple(pulls), frozenset(offered)))
    assert len(company.lists) == 1


def test_what_leaves_the_shelf_while_it_is_scored_is_not_in_the_answer(company):
    company.library(each=3)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    retired = []

    class Raced(Recommender):
        """Somebody takes the first of the list off the shelf at the worst moment, every time."""

        def _items(self, asked, chosen):
            items = super()._items(asked, chosen)
            retired.append(items[0].material)
            with ThreadPoolExecutor(1) as other:
                other.submit(company.shelf.retire, retired[-1], by="li").result()
            return items

    company.recommender.__class__ = Raced
    offer = company.offer(handle, rep)
    assert len(retired) == 3
    assert not set(retired) & {item.material for item in offer.told()}
    assert offer.told()


def test_words_that_leave_the_shelf_while_a_list_is_scored_stand_beside_no_content(company):
    company.library(each=3)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    retired = set()

    class Raced(Recommender):
        def _items(self, asked, chosen):
            items = super()._items(asked, chosen)
            beside = {item.script for item in items} - {item.material for item in items} - {None}
            with ThreadPoolExecutor(1) as other:
                for each in sorted(beside)[:1]:
                    other.submit(company.shelf.retire, each, by="li").result()
                    retired.add(each)
            return items

    company.recommender.__class__ = Raced
    told = company.offer(handle, rep).told()
    assert retired
    assert told
    assert not retired & {item.script for item in told}


def test_what_left_is_kept_off_by_name_also_when_the_shelf_was_read_again_in_between(company):
    placed = {company.place(f"文{n}", "健康") for n in range(12)}
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    turns, left = iter([slice(-1, None), slice(4)]), []

    class Raced(Recommender):
        """The last place goes while it is scored, and the next time four before it."""

        def _items(self, asked, chosen):
            items = super()._items(asked, chosen)
            for each in asked.candidates.ids[next(turns, slice(0))].tolist():
                company.shelf.retire(each, by="li")
                left.append(each)
            return items

    company.recommender.__class__ = Raced
    told = {item.material for item in company.offer(handle, rep, 12).told()}
    assert len(left) == 5
    assert told == placed - set(left)


def about(company, product, *labels, kind="image_text"):
    made = company.place(f"聊聊{product}", *labels, kind=kind)
    company.materials.edit(made, fields={"product_code": product}, by="li")
    return made


def test_what_names_a_product_needs_its_licence_and_carries_its_risk_whatever_its_type(company):
    company.library(each=3)
    products = Products(company.records, company.changes, company.clock)
    products.add("ANNUITY", "年金", category="年金保险", risk_level="R1", price="1万起", by="li")
    products.add("GROWTH", "成长", risk_level="R4", price="1元起", by="li")
    annuity, growth = (about(company, code, "理财") for code in ("ANNUITY", "GROWTH"))
    rep = company.hire("li")
    her = company.id_of(company.meet(rep=rep))

    def against(material):
        return company.recommender.why_not(her, rep, material).key

    assert (against(annuity), against(growth)) == ("why_no_licence", "why_too_risky")
    products.edit("GROWTH", risk_level="R2", by="li")
    products.edit("ANNUITY", category="储蓄", by="li")
    assert not {against(annuity), against(growth)} & {"why_no_licence", "why_too_risky"}


def race(company, edit):
    """Something is edited at the worst moment: a list was scored and is not kept yet."""

    class Raced(Recommender):
        def _items(self, asked, chosen):
            items = super()._items(asked, chosen)
            with ThreadPoolExecutor(1) as other:
                other.submit(edit).result()
            return items

    company.recommender.__class__ = Raced


@pytest.mark.parametrize("looks", ["offer", "answer"])
def test_what_becomes_too_risky_or_needs_a_licence_while_it_is_scored_is_not_in_the_answer(
    company, looks
):
    company.library(each=1)
    products = Products(company.records, company.changes, company.clock)
    products.add("GROWTH", "成长", risk_level="R1", price="1元起", by="li")
    products.add("SAVING", "储蓄一号", category="储蓄", price="1万起", by="li")
    growth, saving = (about(company, code, "理财") for code in ("GROWTH", "SAVING"))
    rep = company.hire("li")
    handle = company.meet(rep=rep)

    def listed():
        if looks == "offer":
            return {item.material for item in company.offer(handle, rep, 30).told()}
        told = company.recommender.answer(company.id_of(handle), rep, 30)
        return {item.material for item in told}

    before = listed()
    assert {growth, saving} <= before

    def edit():
        products.edit("GROWTH", risk_level="R4", by="li")
        products.edit("SAVING", category="年金保险", by="li")

    race(company, edit)
    assert listed() == before - {growth, saving}


def test_what_comes_to_wear_an_excluded_tag_while_it_is_scored_is_not_in_the_answer(company):
    company.library(each=1)
    company.tag("停用", "tone")
    company.rules.add(Wanted(name="停用", act="exclude", tag=company.tags["停用"]), by="li")
    withdrawn = company.place("旧话题", "理财")
    rep = company.hire("li")
    handle = company.meet(rep=rep)

    def listed():
        return {item.material for item in company.offer(handle, rep, 30).told()}

    assert withdrawn in listed()
    race(company, lambda: company.materials.tag([withdrawn], add=[company.tags["停用"]], by="li"))
    assert withdrawn not in listed()


def test_what_closes_while_it_is_scored_is_not_in_the_answer(company, clock):
    company.library(each=1)
    short = company.place("限时养老", "养老社区", days=1)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    clock.move(timedelta(days=1, seconds=-1))
    assert short in [item.material for item in company.offer(handle, rep, 30).told()]
    race(company, lambda: clock.move(timedelta(seconds=1)))
    assert short not in [item.material for item in company.offer(handle, rep, 30).told()]


def test_what_is_off_sale_leaves_room_for_others_at_the_next_question(company):
    products = Products(company.records, company.changes, company.clock)
    products.add("FUND", "基金一号", price="1元起", by="li")
    sold = [about(company, "FUND", "理财") for _ in range(12)]
    others = [company.place(f"健康{n}", "健康") for n in range(12)]
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(company.event("read_material", handle, company.place("读过", "理财")))
    assert {item.material for item in company.offer(handle, rep).told()} & set(sold)
    products.take_off_sale("FUND", by="li")
    offered = {item.material for item in company.offer(handle, rep).told()}
    assert offered < {*others, *offered} - set(sold)
    assert len(offered) == 10
    products.put_on_sale("FUND", by="li")
    assert {item.material for item in company.offer(handle, rep).told()} & set(sold)
