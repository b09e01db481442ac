"""What a company's rules do to a list: exclude > pin > quota > boost, with a window and a trial."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.consents import PERSONALISATION
from kernel.actors import Actor, Role
from kernel.errors import Forbidden, Invalid
from matching.assembly import Chosen, best
from matching.offers import Offer
from matching.rules import Wanted
from matching.scoring import total_of
from matching.steering import Act, Ruling, Steering
from tests.matching.conftest import row, slice_of

LEAD = Actor(id="zhao", role=Role.ADMIN, staff="zhao")
TAGS = ("a", "b", "c")
SHELF = slice_of(*(row(f"mat_{n}", TAGS[n % 3], f"n{n}") for n in range(15)))
FIRST = 6

rulings = st.lists(
    st.builds(
        Ruling,
        id=st.uuids().map(str),
        name=st.text(min_size=1, max_size=5),
        act=st.sampled_from(Act),
        aim=st.one_of(
            st.sampled_from([f"tag:{tag}" for tag in TAGS]),
            st.integers(0, 16).map(lambda n: f"material:mat_{n}"),
        ),
        number=st.integers(1, 4).map(float),
    ),
    max_size=6,
)
scores = st.lists(st.floats(-1, 1), min_size=15, max_size=15).map(np.array)
barred = st.sets(st.integers(0, 14), max_size=8)


def listed(own, total, barred):
    """What assembly and the rules make of it, and what was left to choose from."""
    steering = Steering.of(own, total, SHELF)
    total = steering.raised(total).copy()
    for places in steering.excluded:
        total[places] = -np.inf
    total[list(barred)] = -np.inf
    plain = [Chosen(int(each)) for each in best(total, SHELF, FIRST)]
    chosen, _ = steering.steer(plain, total, SHELF, FIRST)
    return [each.place for each in chosen], np.isfinite(total), len(plain)


def aimed(ruling):
    return set(ruling.aimed(SHELF).tolist())


@settings(max_examples=400, deadline=None)
@given(own=rulings, total=scores, barred=barred)
def test_exclude_outweighs_pin_pin_outweighs_quota_quota_outweighs_boost(own, total, barred):
    places, free, plain = listed(own, total, barred)
    assert len(places) == len(set(places)) == plain
    excluded = set().union(*(aimed(each) for each in own if each.act is Act.EXCLUDE))
    assert not set(places) & (excluded | barred)
    pins = sorted((r for r in own if r.act is Act.PIN), key=lambda r: (r.number, r.id))
    allowed = {place for place in range(15) if free[place]}
    for at, pin in enumerate(pins[:FIRST]):
        others = set().union(*(aimed(each) for each in pins if each is not pin))
        alone = [each for each in aimed(pin) - others if each in allowed]
        if alone and len(pins) == 1:
            where = min(int(pin.number), len(places)) - 1
            assert places[where] in aimed(pin)
        elif alone:
            assert set(places) & aimed(pin), at
    quotas = [each for each in own if each.act is Act.QUOTA]
    if len(quotas) == 1 and not pins:
        there = aimed(quotas[0]) & allowed
        asked = min(int(quotas[0].number), len(there), FIRST)
        assert len(set(places) & there) >= asked
    steered = [each for each in own if each.act is not Act.BOOST]
    if not steered and not barred:
        raised = Steering.of(own, total, SHELF).raised(total)
        assert places == best(raised, SHELF, FIRST).tolist()


def ruling(act, aim, number=0.0, key="r"):
    return Ruling(id=key, name=key, act=act, aim=aim, number=number)


def ordered(own):
    """The list of six, where the first material scores best and so on."""
    return listed(own, np.linspace(1, 0, 15), set())[0]


def test_every_pin_holds_its_own_place_whichever_rule_is_older():
    later, first = ruling(Act.PIN, "material:mat_9", 3, "a"), ruling(Act.PIN, "material:mat_8", 1)
    assert ordered([later, first]) == [8, 0, 9, 1, 2, 3]


def test_one_quota_takes_nothing_from_another_and_a_pin_takes_from_no_quota():
    quotas = [ruling(Act.QUOTA, "material:mat_14", 1, "q1"), ruling(Act.QUOTA, "tag:n13", 1, "q2")]
    quotas += [ruling(Act.QUOTA, f"tag:n{n}", 1, f"q{n}") for n in (10, 11, 12)]
    assert {10, 11, 12, 13, 14} < set(ordered(quotas))
    pinned = ordered([*quotas, ruling(Act.PIN, "material:mat_7", 1)])
    assert set(pinned) == {7, 10, 11, 12, 13, 14}
    assert pinned[0] == 7


def test_what_is_pinned_counts_for_a_quota_and_a_pin_of_nothing_takes_no_place():
    quota = ruling(Act.QUOTA, "tag:a", 3, "q")  # mat_0, mat_3, mat_6, mat_9, mat_12
    pinned = ordered([quota, ruling(Act.PIN, "material:mat_12", 6)])
    assert pinned == [0, 1, 2, 3, 4, 12]
    gone = [ruling(Act.PIN, f"material:gone_{n}", 1, f"a{n}") for n in range(FIRST)]
    assert ordered([*gone, ruling(Act.PIN, "material:mat_12", 1, "b")])[0] == 12


def test_where_quotas_ask_for_more_than_a_list_holds_the_first_ones_stand():
    quotas = [ruling(Act.QUOTA, f"tag:n{n}", 1, f"q{n}") for n in range(8, 15)]
    by_name = sorted(quotas, key=lambda each: each.id)
    assert set(ordered(quotas)) == {int(each.id[1:]) for each in by_name[:FIRST]}


def test_a_boost_helps_what_scores_below_zero_too():
    total = np.full(15, -0.5)
    own = [Ruling(id="r", name="推", act=Act.BOOST, aim="material:mat_4", number=2.0)]
    steering = Steering.of(own, total, SHELF)
    assert steering.raised(total)[4] == 0.0
    (reason,) = steering.reasons(4)
    assert (reason.kind, reason.weight) == ("boosted", 0.5)


@pytest.fixture
def rep(company):
    company.made = company.library(each=3)
    return company.hire("li")


def order(company, handle, rep, first=6):
    return [item.material for item in company.offer(handle, rep, first).told()]


def test_a_rule_holds_in_its_window_for_its_unit_and_its_segment_only(company, rep, clock):
    handle = company.meet(rep=rep)
    last = order(company, handle, rep, 18)[-1]
    hour = timedelta(hours=1)
    rule = company.rules.add(
        Wanted(name="开放日", act="pin", material=last, number=1, owner="王编辑",
               opens=clock() + hour, closes=clock() + 2 * hour), by="wang",
    )  # fmt: skip
    seen = []
    for _ in range(3):
        seen.append(order(company, handle, rep)[0] == last)
        clock.move(hour)
    assert seen == [False, True, False]
    assert [each.id for each in company.rules.all()] == [rule.id]
    assert (rule.owner, rule.by) == ("王编辑", "wang")
    other = company.rules.add(
        Wanted(name="别家", act="pin", material=last, number=1, unit="unt_x"), by="wang"
    )
    assert order(company, handle, rep)[0] != last
    company.rules.end(other.id, by="wang")
    vip = company.segments.create("想养老的", code="keen", by="li")
    company.rules.add(
        Wanted(name="给她们", act="pin", material=last, number=1, segment=vip.id), by="wang"
    )
    assert order(company, handle, rep)[0] != last
    company.segments.put(vip.id, [handle], by="li")
    company.tell()
    assert order(company, handle, rep)[0] == last


@pytest.mark.rule("R133.1")
def test_a_membership_is_offered_by_how_often_she_bought_and_by_her_stage(company, rep, clock):
    offers = {
        stage: company.place(f"储值会员卡 {stage}", "理财") for stage in ("active", "churned")
    }
    for stage, card in offers.items():
        hers = company.segments.create(
            stage, rule=f"did bought >= 2 in 90d and stage = {stage}", by="li"
        )
        company.rules.add(
            Wanted(name="会员绑定下次购买", act="pin", material=card, number=1, segment=hers.id),
            by="wang",
        )
    once, twice = company.meet("13800138001", rep=rep), company.meet("13800138002", rep=rep)
    for handle in (once, twice, twice):
        company.tell(company.event("bought", handle, amount=100, product="茶"))
        clock.move(timedelta(days=1))

    def pinned(handle):
        listed = company.offer(handle, rep).told()
        return [each.material for each in listed if each.slot == "pinned"]

    assert pinned(twice) == [offers["active"]]
    assert pinned(once) == []


def test_every_applied_rule_is_named_and_the_reasons_still_sum_to_the_score(company, rep):
    handle = company.meet(rep=rep)
    company.tell(company.event("read_material", handle, company.made["健康"][0]))
    company.rules.add(
        Wanted(name="推健康", act="boost", tag=company.tag("健康"), number=2), by="wang"
    )
    company.rules.add(
        Wanted(name="两份理财", act="quota", tag=company.tag("理财"), number=2), by="wang"
    )
    items = company.offer(handle, rep).told()
    for item in items:
        assert item.score == pytest.approx(total_of(item.reasons), abs=1e-9)
        weights = [abs(reason.weight) for reason in item.reasons]
        assert weights == sorted(weights, reverse=True)
    texts = [reason.text("zh") for item in items for reason in item.reasons]
    assert "公司规则「推健康」加权（wang）" in texts
    assert texts.count("公司规则「两份理财」要求占位（wang）") == 2
    assert any("pushed" in r.text("en").lower() for i in items for r in i.reasons)


def test_what_a_rule_excludes_is_explained(company, rep):
    handle = company.meet(rep=rep)
    first = order(company, handle, rep)[0]
    rule = company.rules.add(Wanted(name="停", act="exclude", material=first), by="wang")
    assert first not in order(company, handle, rep, 18)
    why = company.recommender.why_not(company.id_of(handle), rep, first)
    assert why.text("zh") == "公司规则不让推荐它"
    company.rules.end(rule.id, by="wang")
    company.rules.end(rule.id, by="wang")
    assert first in order(company, handle, rep, 18)


def test_a_trial_shows_before_and_after_and_keeps_nothing(company, rep):
    handle = company.meet(rep=rep)
    customer = company.id_of(handle)
    last = order(company, handle, rep, 18)[-1]
    with company.records.read() as session:
        kept = session.query(Offer).count()
    tried = company.recommender.tried(
        customer, LEAD, Wanted(name="试", act="pin", material=last, number=2), first=5
    )
    assert last not in [item.material for item in tried.before]
    assert [item.material for item in tried.after][1] == last
    with company.records.read() as session:
        assert session.query(Offer).count() == kept
    assert company.rules.all() == []


def test_a_trial_changes_nothing_for_whom_the_rule_is_not(company, rep):
    """What is tried is what the rule would do once it is kept."""
    handle = company.meet(rep=rep)
    keen = company.segments.create("想养老的", code="keen", by="li").id
    last = order(company, handle, rep, 18)[-1]

    def first(**for_whom):
        wanted = Wanted(name="试", act="pin", material=last, number=1, **for_whom)
        after = company.recommender.tried(company.id_of(handle), LEAD, wanted).after
        rule = company.rules.add(wanted, by="wang").id
        kept = order(company, handle, rep, 10)
        company.rules.end(rule, by="wang")
        assert [item.material for item in after] == kept
        return kept[0]

    assert first(segment=keen) != last
    assert first(unit="unt_elsewhere") != last
    company.segments.put(keen, [handle], by="li")
    company.tell()
    assert first(segment=keen) == last
    company.staff.leave(rep.staff, by="wang")
    wanted = Wanted(name="试", act="pin", material=last, number=1)
    tried = company.recommender.tried(company.id_of(handle), LEAD, wanted).after
    assert tried[0].material == last, "and of who works here no more the asker tries it"


def test_a_machine_asks_by_the_rules_of_the_rep_who_will_speak(company):
    company.library(each=2)
    east = company.staff.add_unit("east", "华东", by="li").id
    rep = company.staff.actor(company.staff.add("li", "李丽", unit=east, by="li").id)
    handle = company.meet(rep=rep)
    company.rules.add(
        Wanted(name="华东不讲", act="exclude", tag=company.tag("健康"), unit=east), by="wang"
    )
    machine = Actor(id="svc", staff="", role=Role.SERVICE, name="S", reach=None)
    for asker in (rep, machine):
        topics = [company.topic_of(item) for item in company.offer(handle, asker, 12).told()]
        assert topics
        assert not any("健康" in each for each in topics)


def test_of_who_opted_out_a_segment_places_nothing_and_still_keeps_things_off(company, rep):
    handle = company.meet(rep=rep)
    keen = company.segments.create("看养老的", code="keen", by="li").id
    last, *_, first = reversed(order(company, handle, rep, 18))
    company.segments.put(keen, [handle], by="li")
    company.tell()
    for act, material in (("pin", last), ("exclude", first)):
        wanted = Wanted(name=act, act=act, material=material, number=1, segment=keen)
        company.rules.add(wanted, by="wang")
    assert order(company, handle, rep)[0] == last
    company.consents.withdraw([handle], PERSONALISATION, source="page")
    refused = order(company, handle, rep, 18)
    assert refused[0] != last
    assert first not in refused


def test_a_rule_ended_before_it_begins_never_holds(company, rep, clock):
    opens = clock() + timedelta(days=1)
    rule = company.rules.add(
        Wanted(name="停", act="exclude", tag=company.tag("健康"), opens=opens), by="wang"
    )
    assert company.rules.end(rule.id, by="wang").closes == opens  # not before it opens
    for _ in range(3):
        assert company.rules.in_force(clock(), {""}, ()) == []
        clock.move(timedelta(days=1))
    with pytest.raises(Invalid) as refused:
        company.rules.add(
            Wanted(name="空", act="exclude", tag=company.tag("健康"), opens=opens, closes=opens),
            by="wang",
        )
    assert [flaw.field for flaw in refused.value.flaws] == ["closes"]


def test_whoever_reaches_some_units_only_makes_and_ends_rules_of_these(company, rep):
    wanted = Wanted(name="停", act="exclude", tag=company.tag("健康"), unit="unt_east")
    rule = company.rules.add(wanted, by="zhao", reach={"unt_east"})
    for reach in ({"unt_west"}, set()):
        with pytest.raises(Forbidden):
            company.rules.end(rule.id, by="wu", reach=reach)
        with pytest.raises(Forbidden):
            company.rules.add(wanted, by="wu", reach=reach)
    (kept,) = company.rules.all()
    assert kept.closes is None
    assert company.rules.end(rule.id, by="zhao", reach={"unt_east"}).closes is not None


def test_what_is_excluded_is_on_no_list_whoever_pinned_it(company, rep):
    handle = company.meet(rep=rep)
    last = order(company, handle, rep, 18)[-1]
    company.rules.add(Wanted(name="顶", act="pin", material=last, number=1), by="wang")
    company.rules.add(Wanted(name="停", act="exclude", material=last), by="wang")
    assert last not in order(company, handle, rep, 18)
    assert company.recommender.why_not(company.id_of(handle), rep, last).key == "why_excluded"


def test_a_trial_is_of_the_list_that_her_rep_gets_under_the_rules_that_stand(company, rep):
    aunt = company.hire("wang", "老阿姨", "理财")
    handle = company.meet(rep=aunt)
    gone, *_ = order(company, handle, aunt, 5)
    company.rules.add(Wanted(name="停", act="exclude", material=gone), by="wang")
    wanted = Wanted(name="试", act="boost", tag=company.tag("健康"), number=1.5)
    tried = company.recommender.tried(company.id_of(handle), LEAD, wanted, first=5)
    before, after = ([item.material for item in each] for each in (tried.before, tried.after))
    assert before == order(company, handle, aunt, 5)
    assert gone not in after
    assert after[:3] == before[:3]  # what her rep's persona leads with


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(name="", act="exclude", tag="健康"), "name"),
        (Wanted(name="x", act="hide", tag="健康"), "act"),
        (Wanted(name="x", act="pin", tag="健康", number=0), "number"),
        (Wanted(name="x", act="boost", tag="健康", number=11), "number"),
        (Wanted(name="x", act="exclude"), "aim"),
        (Wanted(name="x", act="exclude", tag="健康", type="script"), "aim"),
        (Wanted(name="x", act="exclude", type="nothing"), "type"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_field(company, rep, clock, wanted, field):
    health = company.tag("健康")
    wanted = replace(wanted, tag=health if wanted.tag else "")
    with pytest.raises(Invalid) as refused:
        company.rules.add(wanted, by="wang")
    assert [flaw.field for flaw in refused.value.flaws] == [field]
    with pytest.raises(Invalid):
        company.rules.add(
            replace(wanted, name="x", act="exclude", tag=health, type="", number=0,
                    closes=clock() - timedelta(days=1)), by="wang",
        )  # fmt: skip
