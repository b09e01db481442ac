"""Rules that ask the history itself: further back than profiles count, or on one account.

And `juzhen check`, which counts memberships again by it.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from data_hub.invariants import membership_flaws
from data_hub.profiles.folding import KEPT_KINDS
from data_hub.segments import written
from data_hub.segments.records import Member
from kernel.calendar import Zone
from kernel.errors import Invalid
from tests.data_hub.telling import MONDAY, event, mobile, openid, user

DAY = timedelta(days=1)
MINUTES = 24 * 60


@pytest.fixture
def hub(hub, clock):
    clock.move(MONDAY - clock())
    return hub


def read(who, days, **more):
    return event("read_material", who, minutes=-days * MINUTES, **more)


def segment(hub, rule):
    made = hub.segments.create(rule, rule=rule, by="li").id
    hub.settle()
    return made


def test_an_account_is_named_by_its_code_or_id_and_one_that_is_not_there_is_refused(hub):
    hub.segments._accounts = {"oa": "acc_oa", "app": "acc_app"}.copy
    hub.tell(read(openid("o1"), 1, account="acc_oa"), read(user("u1"), 1))
    for rule in ("did read_material on oa", "did read_material on acc_oa in 30d", "seen on oa"):
        made = segment(hub, rule)
        assert hub.members(made) == {hub.id_of(openid("o1"))}
        assert hub.previews.preview(rule).count == 1
        assert "acc_oa" in written(hub.segments.one(made))
    either = segment(hub, "not (did bought on app or seen on juzhen) and seen on app")
    assert hub.members(either) == {hub.id_of(user("u1"))}
    for ask in (hub.previews.preview, lambda rule: hub.segments.edit(either, rule=rule, by="li")):
        with pytest.raises(Invalid) as refused:
            ask("everyone and did read_material on typo in 5d")
        [flaw] = refused.value.flaws
        assert (flaw.field, flaw.reason) == ("rule", "no_account_called_so")
        assert flaw.facts == {"account": "typo", "there": ["app", "oa"]}


def flaws(hub, people, **how):
    return sorted(
        membership_flaws(
            hub.history, people, hub.digest, hub.profiles, hub.segments, hub.clock(), Zone(), **how
        )
    )


def test_what_lies_further_back_than_profiles_count_is_counted_by_the_history(hub, people):
    made = segment(hub, "did read_material >= 3 in 180d")
    hub.tell(read(user("u1"), 0), read(user("u1"), 100), read(user("u2"), 0), read(user("u2"), 1))
    assert hub.members(made) == set()
    late = read(user("u1"), 179)
    hub.tell(late, late, read(user("u2"), 180))  # one twice, one a day too old
    assert hub.members(made) == {hub.id_of(user("u1"))}
    assert hub.previews.preview("did read_material >= 3 in 180d").count == 1
    why = hub.previews.explain(made, hub.id_of(user("u1")), "en")
    assert why.inside
    assert "3 times within 180 days" in why.because[0].sentence
    assert flaws(hub, people) == []


def test_all_that_a_rule_asks_of_the_history_is_asked_in_one_walk(hub):
    """However many conditions and customers: columns are gone through once."""
    hub.tell(*(read(user(f"u{n}"), days) for n in range(30) for days in (0, 100, 130)))
    hub.history.seal(MONDAY.date() - 40 * DAY, 10_000)
    one = "did read_material >= 2 in 180d"
    many = "did viewed_page < 9 in 365d and (did bought of p1 < 1 or did read_material in 120d)"
    rules = (one, f"{one} and {many}")
    asked = []
    with hub.history._file.read() as file:
        file.set_trace_callback(asked.append)
    told = []
    for rule in rules:
        asked.clear()
        count = hub.previews.preview(rule).count
        told.append((count, sum("select body" in each for each in asked)))
    assert told == [(30, 1)] * 2


def test_handles_of_one_customer_count_together(hub, people):
    made = segment(hub, "did read_material >= 3 in 200d")
    hub.tell(read(user("u1"), 150), read(openid("o1"), 120), read(openid("o1"), 3))
    assert hub.members(made) == set()
    hub.tell(event("identified", user("u1"), openid("o1")))
    her = hub.id_of(user("u1"))
    assert hub.members(made) == {her}
    assert flaws(hub, people) == []
    hub.identities.decisions.part(user("u1"), openid("o1"), by="li")
    hub.settle()
    assert hub.members(made) == set()
    assert flaws(hub, people) == []


def test_time_alone_moves_her_out(hub, people, clock):
    made = segment(hub, "did read_material >= 2 in 120d")
    never = segment(hub, "did read_material < 1 in 120d")
    hub.tell(read(user("u1"), 100), read(user("u1"), 0))
    her = hub.id_of(user("u1"))
    clock.move(19 * DAY)
    hub.settle()
    assert hub.members(made) == {her}
    clock.move(DAY)
    assert flaws(hub, people) == []  # nobody has looked at her yet
    hub.settle()
    assert (hub.members(made), hub.members(never)) == (set(), set())
    clock.move(100 * DAY)
    hub.settle()
    assert hub.members(never) == {her}
    assert flaws(hub, people) == []


def test_one_account_is_counted_apart(hub, people):
    made = segment(hub, "did read_material on acc_oa >= 2 in 30d")
    ever = segment(hub, "did read_material of m1 on acc_oa")
    assert hub.segments.one(made).rule["on"] == "acc_oa"
    oa = {"account": "acc_oa"}
    hub.tell(
        *(read(user("u1"), n) for n in range(3)), read(user("u1"), 0, **oa),
        read(openid("o2"), 0, **oa), read(openid("o2"), 29, **oa),
        read(openid("o3"), 900, material="m1", **oa), read(openid("o4"), 900, material="m1"),
    )  # fmt: skip
    assert hub.members(made) == {hub.id_of(openid("o2"))}
    assert hub.members(ever) == {hub.id_of(openid("o3"))}
    assert flaws(hub, people) == []


@pytest.mark.parametrize("window", ["", " in 90d", " in 120d"])
def test_an_order_that_a_page_and_its_shop_tell_of_is_bought_once(hub, people, window):
    twice, chain = (
        segment(hub, rule)
        for rule in (f"did bought >= 2{window}", "did bought then bought" + window)
    )
    told = {"order_id": "1001", "amount": 99}
    shop = event("bought", openid("o1"), minutes=1, detail=told, id="order:1001:bought")
    page = event("bought", user("u1"), detail=told)
    hub.tell(event("identified", user("u1"), openid("o1")), page, replace(shop, account="acc_shop"))
    assert (hub.members(twice), hub.members(chain)) == (set(), set())
    assert flaws(hub, people) == []
    hub.tell(replace(shop, account="acc_other", at=shop.at + timedelta(hours=1)))
    her = {hub.id_of(user("u1"))}
    assert (hub.members(twice), hub.members(chain)) == (her, her)
    assert flaws(hub, people) == []


def test_who_is_let_go_of_is_out(hub):
    made = segment(hub, "did viewed_page >= 2 in 300d")
    hub.tell(*(event("viewed_page", user("u1"), minutes=-n * MINUTES) for n in (0, 200)))
    assert len(hub.members(made)) == 1
    gone = hub.history.let_go("viewed_page", (MONDAY - 100 * DAY).date(), 10)
    hub.digest.let_go({each for each in gone if each})
    assert hub.members(made) == set()


def test_a_preview_asks_what_its_own_rule_asks(hub):
    """Also where no segment asks it yet: of the history, and of a tag by its code."""
    hub.topics.names = {"pension": ["tag_1"]}
    hub.topics.tags = {"m1": ["tag_1"]}
    hub.tell(read(user("u1"), 0, material="m1"), read(user("u2"), 120), read(user("u2"), 0))
    assert hub.previews.preview('tag "pension"').count == 1
    assert hub.previews.preview("did read_material >= 2 in 150d").count == 1


def test_a_membership_that_the_history_counts_otherwise_is_told(hub, people):
    counts = segment(hub, "did read_material >= 2 in 60d")
    mixed = segment(hub, "(did read_material >= 2 in 60d and vip) or did bought in 80d")
    other_way = segment(hub, f"not in {counts}")
    silent = segment(hub, "silent for 5d")
    hub.tell(read(user("u1"), 0), read(user("u1"), 40), read(mobile(), 0))
    one, other = hub.id_of(user("u1")), hub.id_of(mobile())
    assert flaws(hub, people) == []
    with people.write() as session:
        session.delete(session.get_one(Member, (counts, one)))
        for wrong, who in ((mixed, other), (mixed, one), (other_way, one), (silent, one)):
            session.add(Member(segment=wrong, customer=who, since=MONDAY))
    says = "and the history counts otherwise"
    assert flaws(hub, people) == sorted([
        f"{one} is not in {counts}, {says}", f"{one} is in {other_way}, {says}",
        f"{other} is in {mixed}, {says}",
    ])  # fmt: skip


def test_names_beyond_those_that_a_profile_tells_apart_are_no_flaw(hub, people):
    last = segment(hub, f"did track.n{KEPT_KINDS} in 60d")
    ours = segment(hub, "did read_material in 60d")
    made_up = [event(f"track.n{n}", user("u1"), minutes=n - 1_000) for n in range(KEPT_KINDS + 1)]
    hub.tell(read(user("u1"), 0), *made_up)
    assert hub.members(last) == set()  # a profile counts it as one of many others
    assert hub.members(ours) == {hub.id_of(user("u1"))}
    assert flaws(hub, people) == []
    with people.write() as session:
        session.delete(session.get_one(Member, (ours, hub.id_of(user("u1")))))
    assert len(flaws(hub, people)) == 1


def test_of_many_customers_some_are_drawn(hub, people):
    made = segment(hub, "did read_material >= 2 in 60d")
    hub.tell(*(read(user(f"u{n}"), n % 2) for n in range(6)))
    with people.write() as session:
        session.add(Member(segment=made, customer=hub.id_of(user("u1")), since=MONDAY))
    assert len(flaws(hub, people, many=6)) == 1


def test_nothing_is_said_while_there_is_something_to_digest(hub, people):
    made = segment(hub, "did read_material in 60d")
    hub.history.put([read(user("u1"), 0)], upto=99)
    assert flaws(hub, people) == []
    hub.settle()
    hub.segments.edit(made, rule="did read_material >= 2 in 60d", by="li")
    assert flaws(hub, people) == []  # it has not been asked again yet
