"""What a rep is recommended: for this rep, this customer, this moment, and why."""

from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest
from sqlalchemy import text

from data_hub.profiles import Profile
from kernel.actors import VIPS, Actor, Role
from kernel.errors import Forbidden, NotFound
from kernel.wording import say
from matching.needs import salutation, shown
from matching.offers import Offer
from matching.rules import Wanted
from matching.scoring import Weights, total_of
from stores.changes import Changes
from tests.company import TOPICS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def titles(company, offer):
    found = company.materials.many([item.material for item in offer.told()])
    return [found[item.material].title for item in offer.told()]


@pytest.mark.rule("R21.1", "R21.2")
def test_a_rep_who_is_old_aunt_and_wealth_leads_with_retirement_communities(company):
    company.library(each=3)
    aunt = company.hire("li", "老阿姨", "理财")
    other = company.hire("wang", "退役军人")
    for number, rep in enumerate((aunt, other)):
        handle = company.meet(f"1380013800{number}", rep)
        offer = company.offer(handle, rep)
        leading = [company.topic_of(item) for item in offer.told()[:3]]
        assert all("养老社区" in topics for topics in leading) == (rep is aunt)


@pytest.mark.rule("R157.2")
def test_what_opens_for_vips_first_is_offered_for_them_alone(company):
    company.library(each=1)
    rep = company.hire("li")
    her, him = (company.meet(f"1380013800{n}", rep) for n in range(2))
    company.vips.add(company.id_of(her))
    new = company.materials.create("image_text", "新品", tags=[company.tag("理财")], by="li").id
    company.shelf.place(
        new, "acc_app", opens=company.clock(), closes=company.clock() + DAY, unit=VIPS, by="li"
    )
    offered = [new in {each.material for each in company.offer(each, rep, 50).told()}
               for each in (her, him)]  # fmt: skip
    assert offered == [True, False]


@pytest.mark.rule("R21.1")
def test_nothing_a_customer_has_read_or_likes_moves_the_leading_three(company):
    made = company.library(each=3)
    aunt = company.hire("li", "老阿姨", "理财", "宝妈")
    handle = company.meet(rep=aunt)
    crowd = [company.meet(f"1390000000{n}") for n in range(8)]
    read = made["子女教育"] + made["养老社区"]
    company.tell(
        *(company.event("read_material", who, each) for who in [handle, *crowd] for each in read),
        *(company.event("disliked", handle, each) for each in made["养老社区"]),
    )
    offer = company.offer(handle, aunt)
    assert all("养老社区" in company.topic_of(item) for item in offer.told()[:3])
    persona = next(r for r in offer.told()[0].reasons if r.kind == "persona")
    assert persona.text("zh") == "符合你的人设：老阿姨、理财适合讲养老社区"


@pytest.mark.rule("R20.1")
def test_opening_a_customer_gives_scripts_and_product_notes_with_reasons(company):
    company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    items = company.offer(handle, rep).told()
    kinds = {m.type for m in company.materials.many([i.material for i in items]).values()}
    assert {"script", "product_note"} <= kinds
    assert len(items) == 10
    assert all(item.reasons and item.script for item in items)
    assert [item.position for item in items] == list(range(1, 11))


def test_the_reasons_of_every_item_sum_to_its_score_and_survive_being_kept(company):
    made = company.library()
    rep = company.hire("li", "老阿姨")
    handle = company.meet(rep=rep, birthday="1960-03-03")
    company.tell(*(company.event("read_material", handle, each) for each in made["健康"][:2]))
    offer = company.offer(handle, rep)
    with company.records.read() as session:
        kept = session.get(Offer, offer.id).told()
    assert kept == offer.told()
    for item in kept:
        assert total_of(item.reasons) == pytest.approx(item.score, abs=1e-9)
        assert all(reason.text("zh") and reason.text("en") for reason in item.reasons)


def test_of_who_does_more_than_is_kept_counts_are_told_as_the_least_that_they_are(company):
    company.place("新的养老社区", "养老社区")
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    read = company.place("看过的养老社区", "养老社区")
    looks = [
        company.event("read_material", handle, read, ago=n * timedelta(hours=3)) for n in range(60)
    ]
    company.tell(*looks[:40])
    assert "近 7 天看了 40 次" in why_of_topic(company, handle, rep)
    company.tell(*looks[40:])
    assert "近 7 天至少看了 50 次" in why_of_topic(company, handle, rep)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ([1, 2, 16.9], "你的客户本周看了 3 次养老社区内容"),
        ([1, 2, 17.1], "你的客户近 7 天看了 3 次养老社区内容"),
        ([167.9, 169], "你的客户近 7 天看了 1 次养老社区内容"),
        ([168.1, 719.9, 721], "你的客户近 30 天看了 2 次养老社区内容"),
        ([720.1, 900], "你的客户一共看过 2 次养老社区内容"),
    ],
)
def test_this_week_began_on_monday_and_what_was_before_it_is_told_by_days(company, hours, told):
    """It is Monday, five in the afternoon where the company is: 17 hours of the week are over."""
    company.place("新的养老社区", "养老社区")
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    read = company.place("看过的养老社区", "养老社区")
    looks = [
        company.event("read_material", handle, read, ago=timedelta(hours=ago)) for ago in hours
    ]
    company.tell(*looks)
    assert why_of_topic(company, handle, rep) == told


def why_of_topic(company, handle, rep):
    listed = company.offer(handle, rep).told()
    return next(each.text("zh") for each in listed[0].reasons if each.kind == "tag")


@pytest.mark.rule("R23.1", "R23.2")
def test_her_history_moves_the_list_and_the_reason_names_the_habit(company):
    made = company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    before = company.offer(handle, rep)
    looks = [
        company.event("read_material", handle, each, ago=n * DAY)
        for n, each in enumerate(made["养老社区"][:3])
    ]
    company.tell(*looks, company.event("read_material", handle, made["养老社区"][0], ago=40 * DAY))
    after = company.offer(handle, rep)
    assert [i.material for i in before.told()] != [i.material for i in after.told()]
    told = next(
        r for item in after.told() for r in item.reasons
        if r.kind == "tag" and r.evidence["tag"] == company.tags["养老社区"]
    )  # fmt: skip
    assert told.text("zh") == "你的客户近 7 天看了 3 次养老社区内容"
    assert told.evidence == {"tag": company.tags["养老社区"], "count": 3, "days": 7}
    company.history.forget([handle])
    company.digest.rebuild()
    company.counters.rebuild()
    company.tell(company.event("identified", handle))
    again = company.offer(handle, rep)
    assert [i.material for i in again.told()] == [i.material for i in before.told()]


def test_her_tags_say_the_less_the_fewer_contents_they_come_from(company):
    made, rep = company.library(each=4), company.hire("li")
    handle = company.meet(rep=rep)
    for read in (1, 2):
        looked = company.event("read_material", handle, made["养老社区"][read - 1], ago=HOUR)
        again = company.event("liked_material", handle, made["养老社区"][read - 1])
        company.tell(looked, again)
        pulls = company.recommender.scored(company.id_of(handle), rep).question.pulls
        told = sum(pull.weight for pull in pulls if pull.reason.kind == "tag")
        assert (
            told == pytest.approx(Weights().tags_of(read)) == pytest.approx(0.3 * read / (read + 6))
        )
    company.tell(*(company.event("disliked", handle, each) for each in made["健康"][:1]))
    pulls = company.recommender.scored(company.id_of(handle), rep).question.pulls
    told = [pull.weight for pull in pulls if pull.reason.kind == "tag"]
    assert sum(map(abs, told)) == pytest.approx(Weights().tags_of(3))
    assert min(told) < 0, "what she dislikes is met, too"
    assert Weights().tags_of(0) == Weights(tag_shrink=0).tags_of(0) == 0


def test_a_reps_own_customers_speak_for_whom_she_hardly_knows_alone(company):
    made, rep = company.library(each=3), company.hire("li")
    readers = [company.meet(f"1390000000{n}", rep) for n in range(3)]
    company.tell(*(company.event("read_material", each, made["健康"][0], rep=rep.staff)
                   for each in readers))  # fmt: skip
    her = company.meet(rep=rep)
    lifted = []
    for each in made["理财"]:
        lifted.append(bool(company.recommender.scored(company.id_of(her), rep).question.lifts))
        company.tell(company.event("read_material", her, each))
    lifted.append(bool(company.recommender.scored(company.id_of(her), rep).question.lifts))
    assert lifted == [True, True, True, False]  # by two readings she is still hardly known


def test_the_next_click_changes_the_list_at_once(company):
    made = company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    before = company.offer(handle, rep)
    company.tell(company.event("opened_link", handle, made["子女教育"][1]))
    after = company.offer(handle, rep)
    assert [i.score for i in before.told()] != [i.score for i in after.told()]


@pytest.mark.rule("R4.1")
def test_nothing_is_recommended_outside_its_window(company, clock):
    company.library(each=1)
    short = company.place("限时养老", "养老社区", days=1)
    aunt = company.hire("li", "老阿姨", "理财")
    handle = company.meet(rep=aunt)
    assert short in [i.material for i in company.offer(handle, aunt).told()]
    clock.move(DAY - timedelta(microseconds=1))
    assert short in [i.material for i in company.offer(handle, aunt).told()]
    clock.move(timedelta(microseconds=1))
    assert short not in [i.material for i in company.offer(handle, aunt).told()]


@pytest.mark.rule("R4.1")
def test_what_is_retired_or_placed_is_seen_by_the_very_next_question(company):
    company.library(each=1)
    aunt = company.hire("li", "老阿姨", "理财")
    handle = company.meet(rep=aunt)
    company.offer(handle, aunt)
    fresh = company.place("刚上架的养老社区", "养老社区")
    assert fresh in [i.material for i in company.offer(handle, aunt).told()]
    company.shelf.retire(fresh, by="li")
    assert fresh not in [i.material for i in company.offer(handle, aunt).told()]
    other = company.place("换了标签", "健康")
    company.materials.tag(other, [company.tags["养老社区"]], by="li")
    assert "换了标签" in titles(company, company.offer(handle, aunt))


def test_a_list_for_one_account_holds_what_stands_on_its_shelf_alone(company):
    company.library(each=2)
    there = {company.place(f"朋友圈{n}", "健康", account="acc_wecom") for n in range(4)}
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    her = company.id_of(handle)

    def listed(account):
        told = company.recommender.for_contact(her, rep, 30, account).told()
        return {item.material for item in told}

    assert listed("acc_wecom") == there
    assert not listed("acc_app") & there
    assert listed("") == listed("acc_app") | there
    shelves = company.recommender.offered(her, rep, 30, "acc_wecom").items
    assert {item.script for item in shelves} == {None}, "nor words of another's"


def test_another_units_content_is_not_recommended(company):
    company.library(each=1)
    branch = company.staff.add_unit("east", "华东", by="li").id
    theirs = company.place("华东专属", "健康", unit=branch)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    rep = Actor(id=rep.id, role=Role.REP, staff=rep.staff, reach=frozenset())
    assert theirs not in [i.material for i in company.offer(handle, rep, 30).told()]
    assert company.recommender.why_not(company.id_of(handle), rep, theirs).key == (
        "why_out_of_sight"
    )


def test_what_only_another_branch_is_shown_is_neither_counted_nor_told_of(company):
    """Lists of all branches are made from one set of candidates."""
    company.library(each=1)
    rep = company.hire("li")
    branch = company.staff.add_unit("east", "华东", by="li").id
    others = [company.place(f"华东大促{n}", "健康", unit=branch) for n in range(3)]
    company.rules.add(Wanted(name="不要健康", act="exclude", tag=company.tag("健康")), by="li")
    handle = company.meet(rep=rep)
    offer = company.offer(handle, rep, 50)
    assert {each.key: each.count for each in offer.absent()} == {"why_excluded": 3}
    told = company.recommender.why_not(company.id_of(handle), rep, others[0])
    assert (told.key, told.reasons) == ("why_out_of_sight", ())
    lead = replace(rep, role=Role.TEAM_LEAD)
    assert company.recommender.unshown(lead, 99).standing == 3 * len(TOPICS)


def test_what_stood_beside_a_content_was_recommended_too(company):
    company.library(each=4)
    rep = company.hire("li")
    lead = replace(rep, role=Role.TEAM_LEAD)
    handle = company.meet(rep=rep)
    items = company.offer(handle, rep).told()
    (noted,) = [each for each in company.changes.after("").changes if each.act == "recommended"]
    company.tell(replace(company.event("recommended", handle, **noted.detail), account="juzhen"))
    company.clock.move(DAY)
    named = {each for item in items for each in (item.material, item.script)}
    assert len(named) > len(items)
    never = company.recommender.unshown(lead, 99)
    assert never.never == never.standing - len(named)
    assert named.isdisjoint(never.materials)


def test_what_another_branch_had_before_is_new_where_it_opens(company):
    company.library(each=1)
    reps = {"": company.hire("li")}
    branch = company.staff.add_unit("east", "华东", by="li").id
    reps[branch] = company.staff.actor(company.staff.add("wang", "王", unit=branch, by="li").id)
    pilot = company.materials.create(
        "image_text", "试点内容", tags=[company.tag("健康")], by="li"
    ).id
    begun = company.clock()
    company.shelf.place(
        pilot, "acc_app", opens=begun, closes=begun + 10 * DAY, unit=branch, by="li"
    )
    company.clock.move(20 * DAY)
    now = company.clock()
    company.shelf.place(pilot, "acc_app", opens=now - HOUR, closes=now + DAY, by="li")
    fresh = {}
    for at, (unit, rep) in enumerate(reps.items()):
        items = company.offer(company.meet(f"1380013800{at}", rep), rep, 50).told()
        reasons = next(item.reasons for item in items if item.material == pilot)
        fresh[unit] = [each.evidence["opened"] for each in reasons if each.kind == "fresh"]
        assert all(total_of(item.reasons) == pytest.approx(item.score, abs=1e-9) for item in items)
    assert fresh[""] == [(now - HOUR).isoformat()]
    assert fresh[branch] in ([], [begun.isoformat()])


def test_what_was_offered_is_kept_with_positions_and_propensities_and_told_as_an_act(company):
    company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    offer = company.offer(handle, rep)
    assert offer.rep == rep.staff
    assert offer.handle == str(handle)
    assert offer.policy.startswith("blend-")
    explored = [item for item in offer.told() if item.slot == "explored"]
    assert len(explored) == 1
    assert 0 < explored[0].propensity < 1
    acts = [c for c in Changes(company.records, company.clock).after("").changes
            if c.act == "recommended"]  # fmt: skip
    assert [act.subject for act in acts] == [offer.id]
    assert acts[0].detail["materials"] == [item.material for item in offer.told()]
    assert company.recommender.offers(company.id_of(handle), rep) == [offer]


def test_an_offer_takes_a_quarter_of_its_words_and_one_of_an_earlier_version_is_read(company):
    company.library()
    rep = company.hire("li")
    met = [company.meet(f"1380013800{number}", rep) for number in range(2)]
    offers = [company.offer(each, rep) for each in met]
    words = orjson.dumps(offers[0].items).decode()
    ((size,),) = company.records.rows(
        "SELECT length(items) FROM offers WHERE id = ?", [offers[0].id]
    )
    assert size < len(words) / 4
    with company.records.write() as session:
        session.execute(text("UPDATE offers SET items = :words WHERE id = :id"),
                        {"words": words, "id": offers[0].id})  # fmt: skip
    for handle, offer in zip(met, offers, strict=True):
        (kept,) = company.recommender.offers(company.id_of(handle), rep)
        assert kept.told() == offer.told()
        assert company.offer(handle, rep).id == offer.id


def test_the_same_question_on_one_day_gets_the_same_list(company):
    company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    lists = [[i.material for i in company.offer(handle, rep).told()] for _ in range(3)]
    assert lists[0] == lists[1] == lists[2]


def test_another_day_explores_another_content(company, clock):
    company.library(each=6)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    explored = set()
    for _ in range(8):
        told = company.offer(handle, rep).told()
        explored |= {item.material for item in told if item.slot == "explored"}
        clock.move(DAY)
    assert len(explored) > 2


def test_the_same_list_looked_at_again_is_the_same_offer_and_another_is_another(company, clock):
    company.library()
    rep = company.hire("wang")
    her = company.meet(rep=rep)
    first = company.offer(her, rep)

    assert company.offer(her, rep).id == first.id
    assert company.offer(her, rep, 5).id != first.id
    clock.move(timedelta(minutes=6))
    assert company.offer(her, rep).id != first.id
    assert len(company.recommender.offers(company.id_of(her), rep)) == 3


def test_a_customer_of_somebody_else_and_an_unknown_one_look_the_same(company):
    company.library(each=1)
    rep, other = company.hire("li"), company.hire("wang")
    handle = company.meet(rep=other)
    rep = Actor(id=rep.id, role=Role.REP, staff=rep.staff, reach=frozenset())
    with pytest.raises(NotFound):
        company.offer(handle, rep)
    with pytest.raises(NotFound):
        company.recommender.for_contact("cus_nobody", rep)
    with pytest.raises(Forbidden):
        company.offer(handle, Actor(id="x", role=Role.COLLECTOR))


def test_an_empty_shelf_gives_an_empty_offer(company):
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    assert company.offer(handle, rep).told() == []


def test_a_birthday_week_and_a_month_end_habit_are_reasons(company):
    company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep, birthday="1960-03-03")
    ends = [company.clock().replace(month=m, day=d) for m, d in ((1, 30), (2, 27))]
    ends.append(company.clock().replace(year=2025, month=12, day=31))
    company.tell(
        *(company.event("bought", handle, ago=company.clock() - day, amount=1000) for day in ends)
    )
    kinds = {
        o.kind for o in company.recommender.occasions(company.profiles.of(company.id_of(handle)))
    }
    assert kinds - {"festival"} == {"birthday"}
    company.clock.move(timedelta(days=23))
    texts = [r.text("zh") for i in company.offer(handle, rep).told() for r in i.reasons
             if r.kind == "occasion"]  # fmt: skip
    assert "客户近 6 个月有 3 个月在月底购买，适合讲明星题材" in texts


@pytest.mark.rule("R21.3", "R21.4", "R21.5")
def test_what_a_rep_sells_is_learned_shown_to_her_and_hers_to_correct(company):
    made = company.library()
    rep = company.hire("li")
    buyers = [company.meet(f"1390000000{n}", rep) for n in range(4)]
    company.tell(
        *(company.event("bought", who, rep=rep.staff, category="养老社区") for who in buyers[:3]),
        company.event("bought", buyers[3], made["健康"][0], rep=rep.staff),
    )
    handle = company.meet(rep=rep)
    homes = company.tags["养老社区"]
    first, second = company.abilities.of(rep.staff)
    assert (first.name["zh"], first.count, first.deals) == ("养老社区", 3, 4)
    assert second.name["zh"] == "健康"
    reasons = [r for i in company.offer(handle, rep).told() for r in i.reasons]
    learned = {r.text("zh") for r in reasons if r.kind == "ability"}
    assert "这是你的强项：你成交的 4 单里有 3 单是养老社区" in learned
    company.abilities.refuse(rep.staff, homes, by=rep.id)
    assert company.abilities.of(rep.staff)[0].refused
    reasons = [r for i in company.offer(handle, rep).told() for r in i.reasons]
    assert homes not in [r.evidence["tag"] for r in reasons if r.kind == "ability"]
    company.abilities.accept(rep.staff, homes, by=rep.id)
    assert not company.abilities.of(rep.staff)[0].refused


@pytest.mark.rule("R21.3")
def test_what_was_paid_back_speaks_for_no_strength(company):
    company.library()
    rep = company.hire("li")
    for n, paid_back in enumerate((True, False)):
        her = company.meet(f"1390000000{n}", rep)
        order = {"order_id": f"o{n}", "amount": 900.0, "category": ("养老社区", "健康")[n]}
        company.tell(company.event("bought", her, rep=rep.staff, **order))
        if paid_back:
            assert company.abilities.of(rep.staff)[0].name["zh"] == "养老社区"
            company.tell(company.event("refunded", her, order_id="o0"))
    (only,) = company.abilities.of(rep.staff)
    assert (only.name["zh"], only.count, only.deals) == ("健康", 1, 1)


def test_why_not_says_where_a_material_stands(company, clock):
    made = company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    customer = company.id_of(handle)
    listed = company.offer(handle, rep).told()[1].material
    why = company.recommender.why_not(customer, rep, listed)
    assert (why.key, why.facts) == ("why_on_list", {"position": 2})
    off = company.place("过期的", "健康", days=1)
    clock.move(2 * DAY)
    assert company.recommender.why_not(customer, rep, off).key == "why_off_shelf"
    shown = {item.material for item in company.offer(handle, rep).told()}
    every = [each for topic in made.values() if isinstance(topic, list) for each in topic]
    whys = [company.recommender.why_not(customer, rep, each) for each in every if each not in shown]
    took_its_place = {"why_explored", "why_needed"}
    assert {why.key for why in whys} - took_its_place == {"why_outscored"}
    assert all("排第" in why.text("zh") for why in whys)


def test_a_script_is_filled_with_who_is_spoken_to(company):
    made = company.library(each=1)
    rep = company.hire("li")
    handle = company.meet(rep=rep, name="王小明", gender="女")
    script = made["健康", "script"]
    words = company.recommender.words(company.id_of(handle), rep, [script])
    assert words == {script: "王女士您好，聊聊健康吧。"}


def test_who_sees_her_masked_is_not_told_her_name_by_a_script(company):
    made = company.library(each=1)
    handle = company.meet(rep=company.hire("li"), name="王小明", gender="女")
    lead = Actor(id="zhao", role=Role.ADMIN)
    script = made["健康", "script"]
    words = company.recommender.words(company.id_of(handle), lead, [script])
    assert words == {script: f"{say('you')}您好，聊聊健康吧。"}


def test_a_script_is_filled_in_its_own_language_whoever_asks(company):
    rep = replace(company.hire("li"), language="en")
    handle = company.meet(rep=rep, name="王小明", gender="女")
    bodies = {
        "{客户称呼}您好": "王女士您好",
        "Dear {salutation}, {rep} here.": f"Dear 王小明, {rep.name} here.",
        "Hello {客户称呼}": "Hello 王小明",
        "{customer}": "王女士",
    }
    made = {
        company.materials.create("script", f"话术{n}", body=body, by="t").id: said
        for n, (body, said) in enumerate(bodies.items())
    }
    assert company.recommender.words(company.id_of(handle), rep, made) == made


def test_the_words_beside_a_content_are_about_the_same(company):
    made = company.library()
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    for item in company.offer(handle, rep).told():
        (topic,) = company.topic_of(item)
        assert item.script == made[topic, "script"]


def test_below_the_three_that_a_persona_leads_with_the_list_is_the_customers(company):
    made = company.library(each=6)
    aunt = company.hire("li", "老阿姨", "理财")
    handle = company.meet(rep=aunt)
    company.tell(*(company.event("read_material", handle, each) for each in made["子女教育"][:3]))
    told = company.offer(handle, aunt).told()
    assert all("养老社区" in company.topic_of(item) for item in told[:3])
    assert "子女教育" in company.topic_of(told[3])
    for item in told[3:]:
        assert item.score < told[2].score
        assert total_of(item.reasons) == pytest.approx(item.score, abs=1e-9)


def test_the_words_beside_the_contents_of_a_list_are_not_always_the_same(company):
    company.library(each=6)
    more = {company.place(f"养老社区话术{n}", "养老社区", kind="script") for n in range(3)}
    aunt = company.hire("li", "老阿姨", "理财")
    told = company.offer(company.meet(rep=aunt), aunt, 40).told()
    about = [item for item in told if "养老社区" in company.topic_of(item)]
    scripts = [item.script for item in about if item.script != item.material][:3]
    assert len(set(scripts)) == len(scripts) == 3
    assert set(scripts) & more


@pytest.mark.parametrize(
    ("name", "called"),
    [("欧阳娜娜", "欧阳女士"), ("司马光", "司马女士"), ("欧阳", "欧女士"), ("王小明", "王女士"),
     ("Ann", "Ann"), ("", "")],
)  # fmt: skip
def test_who_has_a_family_name_of_two_characters_is_called_by_both(name, called):
    profile = Profile(traits={"name": [name, 0.0, ""], "gender": ["女", 0.0, ""]})
    assert salutation(profile) == called


def test_what_was_recommended_day_after_day_in_vain_makes_room_and_an_opening_ends_that(
    company, clock
):
    company.library(each=6)
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    first = company.offer(handle, rep).told()[0].material

    def offered(days):
        for _ in range(days):
            told = company.event("recommended", handle, materials=[first])
            company.tell(replace(told, account="juzhen"))
            clock.move(DAY)

    offered(4)
    her = company.id_of(handle)
    assert company.offer(handle, rep).told()[0].material != first
    why = company.recommender.why_not(her, rep, first, 1).reasons
    (tired,) = [each for each in why if each.kind == "tired"]
    assert tired.text("zh") == "近 30 天里有 4 天推荐过，她没有打开"
    offered(7)
    why = company.recommender.why_not(her, rep, first, 1).reasons
    (tired,) = [each for each in why if each.kind == "tired"]
    assert tired.text("zh") == "近 30 天里至少有 10 天推荐过，她没有打开"
    company.tell(company.event("opened_link", handle, first))
    assert "tired" not in {r.kind for r in company.recommender.why_not(her, rep, first).reasons}


@pytest.mark.parametrize(("contents", "least"), [(59, False), (60, True)])
def test_of_who_was_recommended_more_than_is_kept_days_are_told_as_the_least(contents, least):
    today = date(2026, 3, 2)
    yesterday = [today.toordinal() - 1]
    profile = Profile(offered={f"mat_{n}": yesterday for n in range(contents)})
    assert {each.least for each in shown(profile, today)} == {least}


def test_what_the_first_question_needs_may_be_read_before_it(company):
    company.library(each=2)
    rep = company.hire("li")
    her = company.meet(rep=rep)
    company.recommender.warm()
    read = company.candidates._whole
    assert len(read) == 24
    assert len(company.offer(her, rep).told()) == 10
    company.recommender.warm()
    assert company.candidates._whole is read
