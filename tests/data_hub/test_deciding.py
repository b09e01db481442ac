"""People decide who is who: merge, part, retract, split; each is audited and can be undone."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_hub.identities import Doubt, Says
from data_hub.identities.regrouping import told
from data_hub.invariants import identity_flaws
from kernel.errors import Conflict, Invalid, NotFound
from kernel.events import Handle
from tests.data_hub.telling import ACTS, act, device, event, mobile, openid, unionid, user

PEOPLE = [user("a"), user("b"), openid("o1"), unionid("w1"), mobile(), mobile("13900139000")]
PEOPLE += [device("d1"), unionid("w2")]


def customers(hub):
    return hub.identities.customers_of(PEOPLE)


def state(hub):
    """Who is who, what waits for a person, and every profile."""
    found = customers(hub)
    parked = [(each.one, each.other) for each in hub.identities.parked()]
    profiles = hub.profiles.many(set(found.values()))
    return found, parked, {customer: each.pack() for customer, each in profiles.items()}


def linked(hub):
    """Two who were met apart and then linked by one event."""
    hub.tell(
        event("identified", user("a"), minutes=0, detail={"traits": {"name": "林秀兰"}}),
        event("followed", openid("o1"), minutes=1),
    )
    before = state(hub)
    hub.tell(event("identified", user("a"), openid("o1"), minutes=2, id="link"))
    assert hub.identities.customer_of(user("a")) == hub.identities.customer_of(openid("o1"))
    return before


def test_retracting_the_link_gives_back_exactly_the_two_who_were_there(hub, people):
    before = linked(hub)
    decision = hub.identities.decisions.retract(user("a"), openid("o1"), by="li", why="错绑")
    hub.settle()
    found, parked, profiles = state(hub)
    assert (found, parked) == before[:2]
    assert list(identity_flaws(people)) == []
    assert profiles[hub.identities.customer_of(openid("o1"))] in before[2].values()
    assert hub.profiles.of(hub.identities.customer_of(user("a"))).events == 2

    hub.identities.decisions.undo(decision, by="li")
    hub.settle()
    assert hub.identities.customer_of(user("a")) == hub.identities.customer_of(openid("o1"))


def test_only_what_an_event_linked_can_be_retracted(hub):
    hub.tell(event("signed_in", user("a")), event("followed", openid("o1")))
    with pytest.raises(Invalid) as refused:
        hub.identities.decisions.retract(user("a"), openid("o1"), by="li")
    assert refused.value.reason == "nothing_links_them"


def test_a_merge_by_hand_is_undone_to_the_two_who_were_there(hub):
    hub.tell(event("signed_in", user("a")), event("signed_in", user("b"), minutes=1))
    before = state(hub)
    decision = hub.identities.decisions.merge(user("a"), user("b"), by="li", why="同一人")
    hub.settle()
    assert len(set(customers(hub).values())) == len(PEOPLE) - 1
    with pytest.raises(Conflict):
        hub.identities.decisions.merge(user("b"), user("a"), by="wang")

    hub.identities.decisions.undo(decision, by="wang")
    hub.identities.decisions.undo(decision, by="wang")
    hub.settle()
    assert state(hub) == before
    [told] = hub.identities.decisions.about([user("a")])
    assert (told.act, told.by, told.why, told.lifted_by) == ("merged", "li", "同一人", "wang")
    with pytest.raises(NotFound):
        hub.identities.decisions.undo("dec_none", by="li")


def test_every_decision_is_audited(hub, changes):
    hub.tell(event("signed_in", user("a")), event("signed_in", user("b"), minutes=1))
    decision = hub.identities.decisions.merge(user("a"), user("b"), by="li")
    hub.identities.decisions.part(user("a"), user("b"), by="wang")
    hub.identities.decisions.undo(decision, by="zhao")
    told = [(each.act, each.by) for each in changes.after("").changes if each.kind == "ruling"]
    assert told == [("merged", "li"), ("parted", "wang")]  # the merge had been replaced already


def test_a_split_makes_two_and_keeps_each_together_though_the_links_ran_across(hub):
    hub.tell(
        event("identified", user("a"), mobile(), minutes=0),
        event("identified", openid("o1"), mobile(), minutes=1),
        event("identified", unionid("w1"), user("a"), minutes=2),
    )
    before = state(hub)
    her = hub.identities.customer_of(mobile())
    handles = hub.identities.handles(her)
    assert len(handles) == 4
    off = [openid("o1"), unionid("w1")]
    decision = hub.identities.decisions.split(handles, off, by="li", why="母女")
    hub.settle()
    assert hub.identities.customer_of(user("a")) == hub.identities.customer_of(mobile())
    assert hub.identities.customer_of(openid("o1")) == hub.identities.customer_of(unionid("w1"))
    assert hub.identities.customer_of(mobile()) != hub.identities.customer_of(openid("o1"))

    hub.tell(event("identified", openid("o1"), mobile(), minutes=9))
    assert hub.identities.customer_of(mobile()) != hub.identities.customer_of(openid("o1"))
    hub.identities.decisions.undo(decision, by="li")
    hub.settle()
    assert state(hub)[0] == before[0]


@pytest.mark.parametrize("off", [[], [user("a"), mobile()], [user("b")]])
def test_a_split_takes_some_and_leaves_some(hub, off):
    hub.tell(event("identified", user("a"), mobile()))
    with pytest.raises(Invalid):
        hub.identities.decisions.split([user("a"), mobile()], off, by="li")


def test_undoing_a_split_lets_the_merge_that_it_lifted_count_again(hub):
    hub.tell(event("signed_in", user("a")), event("signed_in", user("b"), minutes=1))
    hub.identities.decisions.merge(user("a"), user("b"), by="li")
    hub.settle()
    both = hub.identities.handles(hub.identities.customer_of(user("a")))
    decision = hub.identities.decisions.split(both, [user("b")], by="li")
    hub.settle()
    assert hub.identities.customer_of(user("a")) != hub.identities.customer_of(user("b"))
    hub.identities.decisions.undo(decision, by="li")
    hub.settle()
    assert hub.identities.customer_of(user("a")) == hub.identities.customer_of(user("b"))


@pytest.mark.parametrize(
    ("shared", "doubt"),
    [
        (mobile(), Doubt.FAMILY_PHONE),
        (device("tablet"), Doubt.SHARED_DEVICE),
        (unionid("w1"), Doubt.CLAIMED_TWICE),
    ],
)
def test_a_refused_link_waits_for_a_person_with_the_doubt_it_raises(hub, shared, doubt):
    hub.tell(
        event("identified", user("mother"), shared),
        event("identified", user("daughter"), shared, minutes=1),
    )
    [waiting] = hub.identities.parked()
    assert waiting.doubt is doubt
    hub.identities.decisions.part(waiting.one, waiting.other, by="li", why="两个人")
    hub.settle()
    assert hub.identities.parked() == []


def test_a_doubt_may_be_settled_by_saying_that_they_are_one(hub):
    hub.tell(
        event("identified", user("old"), mobile()),
        event("identified", user("new"), mobile(), minutes=1),
    )
    [waiting] = hub.identities.parked()
    hers, others = (hub.identities.handles(each) for each in waiting.customers)
    hub.identities.decisions.unite(hers, others, by="li")
    hub.settle()
    assert hub.identities.parked() == []
    assert hub.identities.customer_of(mobile()) == hub.identities.customer_of(user("new"))
    assert hub.identities.customer_of(user("old")) == hub.identities.customer_of(user("new"))


def test_two_wechats_of_one_person_are_made_one_with_all_that_hangs_on_them(hub):
    first = [openid("o1"), unionid("w1"), mobile(), device("d1")]
    second = [openid("o2"), unionid("w2"), mobile("13900139000"), device("d2")]
    for minutes, (opened, united, number, held) in enumerate((first, second)):
        hub.tell(
            event("followed", opened, united, number, minutes=minutes),
            event("viewed_page", held, number, minutes=minutes + 5),
        )
    hers, others = (
        hub.identities.handles(hub.identities.customer_of(each[0])) for each in (first, second)
    )
    assert len(hers) == len(others) == 4

    decision = hub.identities.decisions.unite(hers, others, by="li", why="换了微信")
    hub.settle()
    assert len(set(hub.identities.customers_of([*first, *second]).values())) == 1
    assert hub.identities.parked() == []

    hub.identities.decisions.undo(decision, by="li")
    hub.settle()
    again = hub.identities.customers_of([*first, *second])
    assert again[str(first[0])] != again[str(second[0])]
    assert len(set(again.values())) == 2


def without(event, pair):
    """The event as if it had never shown these two to be one person's; None where no event is: what
    it tells hangs on the one of the two that it is not about."""
    if pair not in told([event])[1]:
        return event
    one, other = map(Handle.parse, pair)
    gone = other if one == event.handle else one
    if event.handle not in (one, other):
        counted = [each for link in told([event])[1] for each in link]
        gone = one if counted.count(str(one)) == 1 else other
    left = replace(event, links=tuple(link for link in event.links if link != gone))
    return left if told([left])[1].keys() == told([event])[1].keys() - {pair} else None


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_retracting_gives_what_never_having_seen_the_link_gives(data, fresh_hub):
    some = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True)
    whom = st.one_of(st.just(PEOPLE[:1]), some)  # half of it is one person's
    said = data.draw(st.lists(st.tuples(st.sampled_from([*ACTS]), whom), min_size=1, max_size=9))
    heard = [event("signed_in", each, minutes=20 + n) for n, each in enumerate(PEOPLE)]
    heard += [
        act(what, n, *handles, minutes=(n * 7) % 50) for n, (what, handles) in enumerate(said)
    ]
    pairs = [
        pair
        for pair in sorted(told(heard)[1])
        if all(without(each, pair) is not None for each in heard)
    ]
    if not pairs:
        return
    pair = data.draw(st.sampled_from(pairs))
    one, other = map(Handle.parse, pair)
    never = [without(each, pair) for each in heard]
    late = data.draw(st.integers(0, len(heard)))

    with fresh_hub() as hub:
        hub.tell(*never)
        hub.let_go()
        expected = state(hub)
    with fresh_hub() as hub:
        hub.tell(*heard[late:])
        hub.let_go()
        hub.tell(*heard[:late])
        hub.let_go()
        joined = state(hub)
        decision = hub.identities.decisions.retract(one, other, by="li")
        hub.settle()
        assert state(hub) == expected
        hub.identities.decisions.undo(decision, by="li")
        hub.settle()
        assert state(hub) == joined
        hub.identities.decisions.retract(other, one, by="li")
        hub.digest.rebuild()
        assert state(hub) == expected


def test_rulings_of_each_sort_are_kept_with_what_they_say(hub):
    linked(hub)
    hub.identities.decisions.retract(user("a"), openid("o1"), by="li")
    hub.identities.decisions.merge(user("a"), openid("o1"), by="li")
    [first, second] = hub.identities.decisions.about([user("a")])
    assert (first.act, second.act) == ("merged", "retracted")
    assert second.lifted is not None
    assert [each.says for each in hub.identities.decisions.live([str(user("a"))])] == [Says.SAME]


def test_a_device_that_many_held_is_one_thing_to_look_at_and_one_decision_that_is_undone(hub):
    """Of seven who signed in on it the first has it; a family's phone is another cause."""
    names = [user(f"guest{n}") for n in range(7)]
    hub.tell(
        *(event("signed_in", her, device("tablet"), minutes=n) for n, her in enumerate(names)),
        event("identified", user("a"), mobile(), minutes=20),
        event("identified", user("b"), mobile(), minutes=21),
    )
    tablet, family = hub.identities.causes()
    assert (tablet.shared, len(tablet.parked), len(tablet.customers)) == (device("tablet"), 6, 7)
    assert (family.shared, family.doubt) == (mobile(), Doubt.FAMILY_PHONE)

    pairs = [(each.one, each.other) for each in tablet.parked]
    decision = hub.identities.decisions.part_all(pairs, by="li", why="网点平板")
    hub.settle()
    assert [each.shared for each in hub.identities.causes()] == [mobile()]
    assert len({hub.identities.customer_of(her) for her in names}) == 7
    with pytest.raises(Conflict):
        hub.identities.decisions.part_all(pairs, by="li")
    hub.identities.decisions.undo(decision, by="li")
    hub.settle()
    assert len(hub.identities.causes()) == 2
