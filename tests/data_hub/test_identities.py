"""Handles become one customer once something links them, in whatever order it is heard."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from data_hub.identities import (
    Doubt,
    Edge,
    Known,
    Link,
    Parting,
    Strength,
    own_id,
    partition,
    phone,
    strength,
)
from data_hub.identities.handles import PERSONS
from data_hub.invariants import identity_flaws
from data_hub.regrouping import Regrouping
from kernel.errors import Invalid, NotFound
from kernel.events import Handle
from tests.data_hub.telling import ACTS, MONDAY, act, device, event, mobile, openid, unionid, user


def test_a_handle_is_a_customer_of_her_own_until_something_links_it(hub):
    hub.tell(event("followed", openid("o1")), event("signed_in", user("u1"), minutes=1))

    assert hub.identities.customer_of(openid("o1")) != hub.identities.customer_of(user("u1"))


@pytest.mark.rule("R10.2")
def test_known_by_phone_in_the_app_and_by_unionid_in_wechat_she_becomes_one_profile(hub):
    hub.tell(
        event("identified", user("u1"), mobile(), detail={"traits": {"name": "林秀兰"}}),
        event("bought", user("u1"), minutes=1, detail={"amount": 5000, "product": "稳盈一号"}),
        event("followed", openid("o1"), unionid("w1"), minutes=2, account="acc_oa"),
        event("messaged", openid("o1"), minutes=3, account="acc_oa"),
    )
    app, wechat = (hub.identities.customer_of(h) for h in (mobile(), unionid("w1")))
    assert app != wechat

    hub.tell(event("identified", openid("o1"), mobile(), minutes=4, account="acc_oa"))

    one = hub.identities.customer_of(unionid("w1"))
    assert one == hub.identities.customer_of(mobile()) == hub.identities.resolve(wechat) == app
    profile = hub.profiles.of(wechat)
    assert profile.events == 5
    assert profile.name == "林秀兰"
    assert [each.product for each in profile.bought()] == ["稳盈一号"]


def test_she_is_named_by_her_oldest_handle_even_if_that_is_heard_of_last(hub):
    hub.tell(event("identified", user("u1"), mobile(), minutes=10))
    young = hub.identities.customer_of(user("u1"))

    hub.tell(event("followed", openid("o1"), unionid("w1"), minutes=1))
    hub.tell(event("identified", openid("o1"), mobile(), minutes=20))

    assert hub.identities.customer_of(user("u1")) == own_id(openid("o1"))
    assert hub.identities.resolve(young) == own_id(openid("o1"))
    assert hub.identities.handles(young)[0] == openid("o1")


def test_an_id_that_nobody_ever_had_leads_nowhere(hub):
    with pytest.raises(NotFound):
        hub.identities.resolve("cus_nobody")


def test_a_family_phone_does_not_make_two_logins_one_person(hub):
    hub.tell(
        event("identified", user("mother"), mobile()),
        event("identified", user("daughter"), mobile(), minutes=5),
    )

    mother, daughter = (hub.identities.customer_of(user(n)) for n in ("mother", "daughter"))
    assert mother != daughter
    assert hub.identities.customer_of(mobile()) == mother
    [parked] = hub.identities.parked()
    assert set(parked.customers) == {mother, daughter}
    assert "parked" in hub.kinds_found()


@pytest.mark.parametrize("first", ["what she did before", "the new name", "both at once"])
def test_a_login_that_is_said_to_be_anothers_new_name_is_put_up_for_review(hub, first):
    """The wire's alias names a device or a login and does not say which; whoever has the public
    key could write one, so two logins are joined by people alone."""
    old = event("viewed_page", user("old"), minutes=5)
    alias = event("identified", user("new"), device("old"), minutes=9)
    for stretch in {"what she did before": [[old], [alias]], "the new name": [[alias], [old]]}.get(
        first, [[old, alias]]
    ):
        hub.tell(*stretch)

    before, after = (hub.identities.customer_of(user(n)) for n in ("old", "new"))
    assert before != after
    assert hub.identities.customer_of(device("old")) == after
    [parked] = hub.identities.parked()
    assert (parked.doubt, {*parked.customers}) == (Doubt.CLAIMED_TWICE, {before, after})
    assert {parked.one, parked.other} == {user("old"), user("new")}
    assert hub.kinds_found().count("parked") == 1
    hub.identities.decisions.merge(user("old"), user("new"), why="she changed it", by="stf_1")
    hub.settle()
    assert hub.identities.customer_of(user("old")) == hub.identities.customer_of(user("new"))
    assert hub.identities.parked() == []


def test_who_is_said_to_have_been_a_device_before_raises_no_doubt(hub):
    """Nor does a device that bears the login's own name, or a login of another account."""
    hub.tell(
        event("viewed_page", device("d1")),
        event("identified", user("new"), device("d1"), minutes=1),
        event("identified", user("same"), device("same"), minutes=2),
        event("viewed_page", user("d1", "acc_shop"), minutes=3, account="acc_shop"),
    )

    assert hub.identities.customer_of(device("d1")) == hub.identities.customer_of(user("new"))
    assert hub.identities.parked() == []


def test_who_came_first_keeps_the_phone_even_if_she_is_heard_of_last(hub):
    hub.tell(event("identified", user("daughter"), mobile(), minutes=5))
    hub.tell(event("identified", user("mother"), mobile()))

    assert hub.identities.customer_of(mobile()) == hub.identities.customer_of(user("mother"))


def test_everybody_who_leaves_her_phone_on_the_branchs_tablet_stays_somebody_of_her_own(hub):
    numbers = [f"1380013800{n}" for n in range(5)]
    hub.tell(
        *(
            event("identified", device("tablet"), mobile(number), minutes=n)
            for n, number in enumerate(numbers)
        )
    )

    customers = [hub.identities.customer_of(mobile(number)) for number in numbers]
    assert len(set(customers)) == 5
    assert hub.identities.customer_of(device("tablet")) == customers[0]
    parked = hub.identities.parked()
    assert {each.doubt for each in parked} == {Doubt.SHARED_DEVICE}
    assert {each.other for each in parked} == {mobile(number) for number in numbers[1:]}


def test_what_she_types_on_the_tablet_stays_together_though_the_tablet_is_somebody_elses(hub):
    mails = [Handle("email", "", f"{each}@example.com") for each in ("first", "second")]
    hub.tell(
        event("identified", device("tablet"), mobile("13800138001"), mails[0]),
        event("identified", device("tablet"), mobile("13800138002"), mails[1], minutes=1),
    )

    first, second = (hub.identities.customer_of(mobile(f"1380013800{n}")) for n in (1, 2))
    assert first != second
    assert [hub.identities.customer_of(each) for each in mails] == [first, second]
    assert hub.identities.customer_of(device("tablet")) == first


def test_a_couples_phone_does_not_make_one_of_their_two_wechats(hub):
    hub.tell(
        event("followed", openid("his"), unionid("w1"), minutes=0, account="acc_oa"),
        event("followed", openid("hers"), unionid("w2"), minutes=1, account="acc_oa"),
        event("identified", openid("his"), mobile(), minutes=2, account="acc_oa"),
        event("identified", openid("hers"), mobile(), minutes=3, account="acc_oa"),
    )

    his, hers = (hub.identities.customer_of(unionid(each)) for each in ("w1", "w2"))
    assert his != hers
    assert hub.identities.customer_of(mobile()) == his
    [parked] = hub.identities.parked()
    assert parked.doubt is Doubt.FAMILY_PHONE
    assert parked.strength is Strength.DECLARED


def test_the_weakest_link_gives_way_even_if_it_is_the_oldest(hub):
    """His daughter typed her number on his tablet before either of them signed in."""
    hub.tell(
        event("identified", device("tablet"), mobile()),
        event("identified", user("father"), device("tablet"), minutes=5),
        event("identified", user("daughter"), mobile(), minutes=9),
    )

    father, daughter = (hub.identities.customer_of(user(n)) for n in ("father", "daughter"))
    assert father != daughter
    assert hub.identities.customer_of(device("tablet")) == father
    assert hub.identities.customer_of(mobile()) == daughter
    [parked] = hub.identities.parked()
    assert {parked.one, parked.other} == {device("tablet"), mobile()}


def test_who_signs_in_may_have_two_phones(hub):
    hub.tell(
        event("identified", user("u1"), mobile(), device("d1")),
        event("identified", user("u1"), mobile("13900139000"), device("d2"), minutes=1),
        event("viewed_page", device("d2"), mobile(), minutes=2),
    )

    assert len(set(hub.identities.customers_of([mobile(), mobile("13900139000")]).values())) == 1
    assert hub.identities.parked() == []


@pytest.mark.parametrize(
    ("one", "other", "strong"),
    [
        (user("u1"), unionid("w1"), Strength.PROVEN),
        (user("u1"), device("d1"), Strength.PROVEN),
        (openid("o1"), Handle("external_userid", "acc_wecom", "x"), Strength.PROVEN),
        (user("u1"), mobile(), Strength.DECLARED),
        (mobile(), Handle("email", "", "lin@example.com"), Strength.DECLARED),
        (openid("o1"), Handle("member_card", "acc_app", "8"), Strength.DECLARED),
        (device("d1"), mobile(), Strength.TOGETHER),
        (Handle("cookie", "", "c1"), unionid("w1"), Strength.TOGETHER),
        (device("d1"), device("d2"), Strength.TOGETHER),
    ],
)
def test_a_link_is_as_strong_as_what_shows_it(one, other, strong):
    assert strength(str(one), str(other)) is strength(str(other), str(one)) is strong


def test_logins_of_two_accounts_may_be_one_person(hub):
    hub.tell(
        event("identified", user("u1"), mobile()),
        event("identified", user("m7", "acc_shop"), mobile(), minutes=1),
    )

    assert hub.identities.customer_of(user("u1")) == hub.identities.customer_of(
        user("m7", "acc_shop")
    )


def test_what_people_ruled_is_stronger_than_what_events_say(hub):
    hub.tell(
        event("identified", user("mother"), mobile()),
        event("viewed_page", openid("o1"), mobile(), minutes=1),
    )
    assert len(hub.identities.handles(hub.identities.customer_of(mobile()))) == 3

    hub.identities.decisions.part(openid("o1"), mobile(), by="stf_1")
    hub.tell()
    parted = hub.identities.customer_of(openid("o1"))
    assert parted != hub.identities.customer_of(mobile())
    assert hub.profiles.of(parted).events == 1

    hub.identities.decisions.merge(openid("o1"), user("mother"), by="stf_1")
    hub.tell()
    assert hub.identities.customer_of(openid("o1")) == hub.identities.customer_of(user("mother"))
    assert hub.identities.customer_of(mobile()) == own_id(mobile())  # parted from her, so from both
    assert hub.profiles.of(parted).events == 2


def test_a_ruling_may_join_two_logins_that_the_guard_keeps_apart(hub):
    hub.tell(event("signed_in", user("old")), event("signed_in", user("new"), minutes=1))

    hub.identities.decisions.merge(user("new"), user("old"), by="stf_1")
    hub.tell()

    assert hub.identities.customer_of(user("new")) == hub.identities.customer_of(user("old"))
    assert hub.profiles.of(own_id(user("new"))).events == 2


def test_a_ruling_speaks_of_two_different_handles_that_were_seen(hub):
    hub.tell(event("signed_in", user("u1")))
    with pytest.raises(Invalid):
        hub.identities.decisions.merge(user("u1"), user("u1"), by="stf_1")
    with pytest.raises(Invalid):
        hub.identities.decisions.merge(user("u1"), user("ghost"), by="stf_1")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86-13800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("+852 9123 4567", "+85291234567"),
        ("12345", None),
        ("call me", None),
        ("", None),
    ],
)
def test_a_phone_has_one_spelling(typed, value):
    handle = phone(typed)
    assert (handle.value if handle else None) == value


HANDLES = [f"user:a:{n}" for n in range(4)] + [f"phone::{n}" for n in range(3)] + ["openid:o:1"]
HANDLES += ["unionid::1", "unionid::2", "anonymous:a:1", "cookie::1", "email::1"]
pairs = st.lists(
    st.tuples(st.sampled_from(HANDLES), st.sampled_from(HANDLES)).filter(lambda p: p[0] != p[1]),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(pairs, pairs, st.randoms())
def test_the_order_of_links_changes_nothing_and_the_guard_always_holds(told, parted, shuffle):
    links = [
        Link(MONDAY + timedelta(minutes=n % 5), f"e{n}", *sorted(pair))
        for n, pair in enumerate(told)
    ]
    partings = [Parting(*sorted(pair)) for pair in parted[:3]]
    groups, refused = partition(HANDLES, links, partings)

    shuffled, others = links[:], HANDLES[:]
    shuffle.shuffle(shuffled)
    shuffle.shuffle(others)
    again, refused_again = partition(others, shuffled, partings)

    assert {frozenset(g) for g in groups} == {frozenset(g) for g in again}
    assert refused == refused_again
    for group in groups:
        whose = [handle.rpartition(":")[0] for handle in group]
        assert all(whose.count(each) == 1 for each in whose if each.split(":")[0] in PERSONS)
        for parting in partings:
            assert not {parting.one, parting.other} <= set(group)


@settings(max_examples=60, deadline=None)
@given(pairs, pairs)
def test_what_a_device_shows_changes_nothing_that_stronger_links_show(told, parted):
    links = [
        Link(MONDAY + timedelta(minutes=n % 5), f"e{n}", *sorted(pair))
        for n, pair in enumerate(told)
    ]
    partings = [Parting(*sorted(pair)) for pair in parted[:2]]
    strong = [link for link in links if link.strength > Strength.TOGETHER]
    groups, refused = partition(HANDLES, links, partings)
    without, refused_without = partition(HANDLES, strong, partings)

    assert [link for link in refused if link.strength > Strength.TOGETHER] == refused_without
    for group in without:
        assert any(set(group) <= set(larger) for larger in groups)
    for group in groups:
        parts = [part for part in without if set(part) <= set(group)]
        phones = [part for part in parts if any(each.startswith("phone:") for each in part)]
        assert len(phones) <= 1  # one device joins no two who have told a number of their own


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_people(data, fresh_hub):
    """What they say no to and where they are told apart; whenever what is over is let go of."""
    people = [user("a"), user("b"), openid("o1"), unionid("w1"), mobile(), mobile("13900139000")]
    people += [device("d1"), unionid("w2"), device("a")]
    some = st.lists(st.sampled_from(people), min_size=1, max_size=3, unique=True)
    whom = st.one_of(st.just(people[:1]), st.just(people[:1]), some)  # most is one person's
    told = data.draw(st.lists(st.tuples(st.sampled_from([*ACTS]), whom), min_size=4, max_size=9))
    heard = [act(what, n, *handles, minutes=(n * 7) % 5) for n, (what, handles) in enumerate(told)]
    shuffled = data.draw(st.permutations(heard))
    cut = data.draw(st.integers(0, len(heard)))

    def people_after(*stretches):
        with fresh_hub() as hub:
            for stretch in stretches:
                for some in stretch:
                    hub.tell(*some)
                hub.let_go()
            found = hub.identities.customers_of(people)
            parked = [(each.one, each.other) for each in hub.identities.parked()]
            bodies = {c: p.pack() for c, p in hub.profiles.many(set(found.values())).items()}
            return found, parked, bodies

    one_by_one = [[each] for each in shuffled]
    assert people_after([heard]) == people_after(one_by_one[:cut], one_by_one[cut:])


def test_a_doubt_is_told_once_however_often_and_however_early_its_link_is_heard_again(hub):
    hub.tell(
        event("identified", user("mother"), mobile()),
        event("identified", user("daughter"), mobile(), minutes=9),
    )
    hub.tell(event("identified", user("daughter"), mobile(), minutes=7))
    hub.tell(event("identified", user("daughter"), mobile(), minutes=5))
    assert hub.kinds_found().count("parked") == 1
    [parked] = hub.identities.parked()
    assert parked.at == MONDAY + timedelta(minutes=5)


def test_who_was_grouped_by_an_older_rule_is_grouped_by_todays_in_small_steps(hub, people):
    """As if a version before had made one customer of two who left their phones on one device."""
    hub.tell(
        event("identified", device("tablet"), mobile(), minutes=0),
        event("identified", device("tablet"), mobile("13900139000"), minutes=1),
    )
    right = hub.identities.customers_of([mobile(), mobile("13900139000")])
    assert len(set(right.values())) == 2
    with people.write("digest") as session:
        session.execute(update(Known).values(customer=right[str(mobile())]))
        session.execute(update(Edge).values(refused=False))
    assert len(set(hub.identities.customers_of(right).values())) == 1

    regrouping = Regrouping(people, hub.digest)
    assert regrouping.run() == 3
    assert hub.identities.customers_of(right) == right
    assert [each.shared for each in hub.identities.causes()] == [device("tablet")]
    assert regrouping.run() == 0
    assert list(identity_flaws(people)) == []
