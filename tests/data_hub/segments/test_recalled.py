"""What a profile keeps only the last of is asked of the history where a rule needs more: answers
are those of somebody who walks through all that she ever did.
"""

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_hub.details import details, order
from data_hub.lifecycle import Cycles, standing
from data_hub.profiles import fold, rows_of
from data_hub.profiles.folding import KEPT_MATERIALS, KEPT_PURCHASES, lived
from data_hub.profiles.strands import TRAIL
from data_hub.segments import Book, Entry, Subject, read
from data_hub.segments.recalling import Recalling, affordable
from kernel.calendar import Zone
from kernel.events import Event, Handle
from tests.data_hub.telling import MONDAY, event, openid, user

KINDS = ("viewed_page", "read_material", "asked_quote", "bought")
DAY, ZONE = timedelta(days=1), Zone()


def acts(seed, many, rare):
    """So many acts of half a year, of which the kinds named are rare."""
    dice = random.Random(seed)
    weights = [1 if kind in rare else 30 for kind in KINDS]
    told = []
    for number, kind in enumerate(dice.choices(KINDS, weights, k=many)):
        detail = {}
        if kind == "bought":
            detail = {"amount": dice.randrange(100), "product": dice.choice(("p1", "p2"))}
        if dice.randrange(40) == 0:
            detail["bot"] = True
        at = MONDAY - timedelta(minutes=dice.randrange(180 * 24 * 60))
        told.append(
            Event(
                id=f"e{number:05}", kind=kind, at=at,
                account="acc_app", handle=Handle("user", "acc_app", "u1"), received=MONDAY,
                material=dice.choice(("m1", "m2", "m3", "")), detail=detail,
            )
        )  # fmt: skip
    return sorted(told, key=lambda each: (each.at, each.id))


def chained(events, kinds, hours, days):
    """Walks from every beginning to the next of each kind."""
    hers = [each for each in events if not each.detail.get("bot")]
    for place, first in enumerate(hers):
        if first.kind != kinds[0] or (days and first.at <= MONDAY - days * DAY):
            continue
        steps = [first]
        for later in hers[place + 1 :]:
            if len(steps) < len(kinds) and later.kind == kinds[len(steps)]:
                steps.append(later)
        if len(steps) == len(kinds) and (
            not hours or steps[-1].at - first.at <= timedelta(hours=hours)
        ):
            return True
    return False


def since(events, kind, days):
    return [
        each for each in events
        if each.kind == kind and not each.detail.get("bot")
        and (not days or each.at > MONDAY - days * DAY)
    ]  # fmt: skip


def walked(events, hours, days, kinds, times):
    """Rules, and what somebody says of them who looks at every act."""
    then, within = " then ".join(kinds), f" within {hours}h" if hours else ""
    window = f" in {days}d" if days else ""
    near = f" in {min(days, 90)}d" if days else ""
    yield f"did {then}{within}{window}", chained(events, kinds, hours, days)
    reads = since(events, "read_material", min(days, 90))
    yield (
        f"did read_material of m1 >= {times}{near}",
        times <= sum(each.material == "m1" for each in reads),
    )
    orders = [order(details(each)) for each in since(events, "bought", days)]
    yield f"did bought of p1 >= {times}{window}", times <= sum(o.product == "p1" for o in orders)
    yield f"spent >= {50 * times}{window}", 50 * times <= sum(o.amount for o in orders)


def read_on(events, asked):
    """What is read of all she did: no more than any rule asks for."""
    return [
        each for each in events
        if each.kind in asked.kinds and (not asked.days or each.at >= MONDAY - asked.days * DAY)
    ]  # fmt: skip


def seen(events):
    profile = fold(events, lambda _: (), zone=ZONE)
    stands = standing(profile, MONDAY, Cycles(), ZONE)
    return Subject(customer="cus_1", profile=profile, now=MONDAY, zone=ZONE, standing=stands)


@given(
    st.integers(), st.integers(0, 600), st.sets(st.sampled_from(KINDS), max_size=3),
    st.sampled_from((0, 1, 6, 48)), st.sampled_from((0, 1, 7, 30, 90, 120)),
    st.permutations(KINDS).flatmap(lambda kinds: st.integers(2, 4).map(lambda n: kinds[:n])),
    st.integers(1, 150),
)  # fmt: skip
@example(934460, 242, {"read_material"}, 1, 0, KINDS[:2], 2)
def test_a_rule_says_what_all_her_acts_say(seed, many, rare, hours, days, kinds, times):
    events = acts(seed, many, rare)
    her = seen(events)
    for text, right in walked(events, hours, days, kinds, times):
        book = Book([Entry("s", "s", "s", read(text))])
        her.learn(her.profile)  # of this rule alone: what the last one recalled is not known here
        if book.beyond(her):
            her.learn(lived(read_on(events, book.one_by_one)))
        assert book.check(her) == (right,), text


def test_what_is_lived_ends_with_what_a_profile_keeps():
    events = acts(1, 2_000, ())
    events += [event("refunded", user("u1"), minutes=n, detail={"amount": 5 * n}) for n in range(9)]
    told, profile = lived(events), fold(events, lambda _: (), zone=ZONE)
    assert len(told.trail) > TRAIL
    assert told.trail[-TRAIL:] == profile.trail
    assert told.materials[-KEPT_MATERIALS:] == profile.materials
    assert told.purchases[-KEPT_PURCHASES:] == profile.purchases


RULES = (
    "did asked_quote then bought", "did asked_quote then bought within 2h in 60d",
    "did read_material of m1 >= 70 in 90d", "did read_material of m9",
    "did bought of p1 in 120d", "spent >= 230 in 120d", "did bought then asked_quote",
)  # fmt: skip


@pytest.fixture
def hub(hub, clock):
    clock.move(MONDAY - clock())
    return hub


def busy(who, hours=0):
    """A quote and a purchase long ago, and hundreds of acts afterwards."""
    minutes = -50 * 1_440 - 60 * hours
    first = [
        event("read_material", who, minutes=minutes - 5, material="m9"),
        event("asked_quote", who, minutes=minutes),
        event("bought", who, minutes=minutes + 60, detail={"amount": 25, "product": "p1"}),
    ]
    reads = [
        event("read_material", who, minutes=-n * 60, material=f"m{1 + n % 4}") for n in range(320)
    ]
    buys = [
        event("bought", who, minutes=-n * 60, detail={"amount": 1, "product": "p2"})
        for n in range(205)
    ]
    return [*first, *reads, *buys]


def test_membership_preview_and_explanation_know_all_she_did(hub, clock):
    made = [hub.segments.create(rule, rule=rule, by="li").id for rule in RULES]
    hub.settle()
    hub.tell(*busy(user("u1")), event("read_material", user("u2"), minutes=-5, material="m1"))
    her = hub.id_of(user("u1"))
    inside = {RULES[0], RULES[1], RULES[2], RULES[3], RULES[4], RULES[5]}
    for rule, segment in zip(RULES, made, strict=True):
        expected = {her} if rule in inside else set()
        assert hub.members(segment) == expected, rule
        assert hub.previews.preview(rule).count == len(expected), rule
        assert hub.previews.explain(segment, her, "en").inside == bool(expected), rule
    why = hub.previews.explain(made[2], her, "en").because[0].sentence
    assert "80 times" in why
    clock.move(9 * DAY)  # the quote of fifty days ago is within sixty
    hub.settle()
    assert hub.members(made[1]) == {her}
    clock.move(2 * DAY)
    hub.settle()
    assert hub.members(made[1]) == set()
    assert hub.members(made[0]) == {her}


def test_acts_of_all_her_handles_are_one_story(hub):
    made = hub.segments.create("quoted", rule="did asked_quote then bought", by="li").id
    quote = event("asked_quote", user("u1"), minutes=-60 * 1_440)
    buys = event("bought", openid("o1"), minutes=-59 * 1_440, detail={"amount": 1})
    later = [event("viewed_page", user("u1"), minutes=-n) for n in range(2 * TRAIL)]
    hub.tell(quote, buys, *later)
    assert hub.members(made) == set()
    hub.tell(event("identified", user("u1"), openid("o1")))
    assert hub.members(made) == {hub.id_of(user("u1"))}
    hub.identities.decisions.part(user("u1"), openid("o1"), by="li")
    hub.settle()
    assert hub.members(made) == set()
    assert all(one.at <= other.at for one, other in pairwise(hub.history.of([user("u1")])))


class Listened:
    """The history, and how often all of somebody's was asked for."""

    def __init__(self, history):
        self.history, self.read = history, 0

    def __getattr__(self, name):
        return getattr(self.history, name)

    def of(self, handles, **how):
        self.read += 1
        return self.history.of(handles, **how)


def test_who_acts_again_is_read_on_and_whatever_else_comes_or_goes_is_seen(hub, people):
    heard = Listened(hub.history)
    recalling = Recalling(heard, people)
    who, upto = user("u1"), iter(range(1, 1_000))

    def told(keep=True):
        her = seen([event("viewed_page", who)])
        recalling.tell({"c": her}, {"c": {str(who)}}, keep=keep)
        right = lived(each for each in hub.history.of([who]) if each.handle == who)
        assert (her.trail, her.materials, her.purchases) == tuple(map(list, right))
        return heard.read

    def arrive(*events):
        hub.history.put(events, upto=next(upto))

    arrive(*busy(who))
    assert [told(), told()] == [1, 1]
    for minutes in range(3):
        bought = event("bought", who, minutes=minutes, detail={"amount": 3, "product": "p1"})
        arrive(bought, event("read_material", user("u2"), who, minutes=minutes))
        assert told() == 1
    arrive(event("refunded", who, minutes=4, detail={"amount": 2}))  # of what was read before
    assert [told(), told()] == [2, 2]
    arrive(event("bought", who, minutes=5, detail={"amount": 2, "order_id": "A"}))
    assert [told(), told()] == [3, 3]  # another account may have told of it
    arrive(event("asked_quote", who, minutes=-40 * 1_440))  # late
    assert [told(), told()] == [4, 4]
    arrive(*(event("viewed_page", who, minutes=10 + n) for n in range(200)))
    assert [told(), told()] == [5, 5]
    hub.history.let_go("read_material", (MONDAY - 10 * DAY).date(), 20)
    arrive(*(event("viewed_page", who, minutes=300 + n) for n in range(30)))
    assert [told(), told()] == [6, 6]
    assert [told(keep=False), told()] == [7, 7]
    hub.digest.note_erasure()
    assert told() == 8


def test_who_is_asked_once_is_read_as_far_as_rules_ask(hub, people):
    who = user("u1")
    hub.history.put(busy(who), upto=1)

    def told(*rules):
        asked = Book([Entry(rule, rule, rule, read(rule)) for rule in rules]).one_by_one
        her = seen([event("viewed_page", who)])
        recalling = Recalling(hub.history, people)
        recalling.tell({"c": her}, {"c": {str(who)}}, keep=False, only=asked)
        return len(her.trail), len(her.materials), len(her.purchases)

    assert told("did asked_quote then bought") == (207, 0, 206)
    assert told("did asked_quote then bought in 30d") == (205, 0, 205)
    assert told("did asked_quote then bought in 30d", "spent > 1 in 60d") == (207, 0, 206)
    assert told("did read_material of m1") == (321, 321, 0)
    assert told("did read_material of m1 in 8d", "did read_material >= 2 in 60d") == (193, 193, 0)


def test_fewer_are_asked_where_much_must_be_read_and_a_few_at_least():
    acts = [20, 0] * 200
    assert affordable(acts, 20 * 200) == 400
    assert affordable(acts, 20 * 150) == 300
    assert affordable(acts, 10) == 200
    assert affordable([0] * 400, 0) == 400


def test_a_preview_over_busy_customers_asks_fewer_and_says_how_far_off_it_may_be(hub, people):
    """Each of them did what must be read, so often that the first few hundred are all."""
    hub.tell(*(event("bought", user("u1"), minutes=n) for n in range(KEPT_PURCHASES + 1)))
    profile = hub.profiles.of(hub.id_of(user("u1")))
    told = {f"cus_{n:04}": profile for n in range(300)}
    with people.write():
        hub.profiles.keep(rows_of(told, dict.fromkeys(told, "user:acc_app:u9")), ())
    for rule in ("spent >= 0 in 365d", 'did bought on "acc_app" in 365d'):
        preview = hub.previews.preview(rule)
        assert (preview.total, preview.exact) == (301, False), rule
    assert hub.previews.preview("did bought").exact


def test_no_more_is_kept_than_there_is_room_for(hub, people):
    heard = Listened(hub.history)
    whom = [user(f"u{n}") for n in range(6)]
    hub.history.put([each for who in whom for each in busy(who)], upto=1)
    recalling = Recalling(heard, people, most=60_000)
    for who in (*whom, *whom, whom[-1]):
        her = seen([event("viewed_page", who)])
        recalling.tell({"c": her}, {"c": {str(who)}}, keep=True)
        assert (len(her.trail), len(her.purchases)) == (528, 206)
    assert heard.read == 12
