"""What was kept long enough is let go of, purpose by purpose, and the profile with it."""

import json
import signal
from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_hub.invariants import identity_flaws
from data_hub.regrouping import Regrouping
from data_hub.retention import EVERYTHING, PURPOSES, Retention, periods
from data_hub.taking_back import TakingBack
from juzhen.settings import begin, load
from juzhen.settings.expected import PERIODS
from kernel.errors import Invalid
from kernel.events import Refusal
from stores.history import Axis
from tests.conftest import place
from tests.data_hub.telling import MONDAY, device, event, mobile, user
from tests.dying import died

DAY = 24 * 60


def kept(hub):
    return {kind: count for (kind,), count in hub.history.counts([Axis.KIND])}


def held(hub, people, clock, told):
    return Retention(
        hub.history, people, hub.profiles, hub.digest, hub.emptying, clock, days=periods(told)
    )


def test_where_she_was_goes_after_thirty_days_and_what_she_bought_stays(hub, people, clock):
    clock.move(MONDAY - clock())
    place = {"lat": 31.2, "lng": 121.5}
    hub.tell(
        event("located", user("u1"), minutes=-40 * DAY, detail=place),
        event("located", user("u1"), minutes=-31 * DAY, detail=place),
        event("located", user("u1"), minutes=-29 * DAY, detail=place),
        event("bought", user("u1"), minutes=-900 * DAY, detail={"amount": 1}),
        event("viewed_page", user("u2"), minutes=-40 * DAY),
    )
    rule = held(hub, people, clock, "")
    assert rule.run(1) == 1
    assert rule.run() == 1
    assert rule.run() == 0
    assert kept(hub) == {"located": 1, "bought": 1, "viewed_page": 1}
    assert hub.profiles.of(hub.id_of(user("u1"))).events == 2
    clock.move(timedelta(days=3))
    assert rule.run() == 1
    assert list(hub.history.flaws()) == []


def test_what_was_refused_waits_no_longer_than_a_place_is_kept_if_it_tells_one(hub, people, clock):
    def refused(days, item):
        again = json.dumps({"item": item})
        at = clock() - timedelta(days=days)
        return Refusal(at=at, door="segment", reason="odd", again=again)

    places = {"properties": {"$latitude": 31.2e6}}, {"traits": {"location": {"lat": 1, "lng": 2}}}
    places = (*places, "<Location_X>23.1</Location_X>", {"body": json.dumps({"lat": 31.2})})
    told = [refused(days, each) for days in (40, 31, 29) for each in (*places, {"userId": "u"})]
    hub.history.put(told, upto=1)
    rule = held(hub, people, clock, "")
    assert rule.run() == 8
    assert rule.run() == 0
    left = [orjson.loads(each.again)["item"] for _, each in hub.history.refused()]
    assert left == [{"userId": "u"}, {"userId": "u"}, *places, {"userId": "u"}]


def test_what_was_refused_waits_and_is_shown_until_its_own_time_is_over_and_is_counted_on(
    hub, people, clock, tmp_path
):
    """On the day, and not before. A sample that tells a place, no longer than places are kept."""

    def refused(days, field, sample, again=""):
        at = clock() - timedelta(days=days)
        return Refusal(at=at, door="order", reason="odd", field=field, sample=sample, again=again)

    hers = '{"phone": "13800138000"}'
    hub.history.put([
        refused(100, "both", hers, hers), refused(99, "both", hers, hers),
        refused(100, "one", hers, hers), refused(31, "place", '{"lat": 31.2304, "lng": 121.4737}'),
        refused(31, "bare", '{"lat": *}'),
    ], upto=1)  # fmt: skip
    rule = held(hub, people, clock, "refused=99")

    def left():
        shown = {told.field: (told.sample, count) for told, count in hub.history.refusals()}
        return shown, [each.field for _, each in hub.history.refused()]

    assert rule.run() == 4
    assert rule.run() == 0
    gone = {"one": ("", 1), "place": ("", 1), "bare": ('{"lat": *}', 1)}
    assert left() == (gone | {"both": (hers, 2)}, ["both"])
    clock.move(timedelta(days=1))
    assert rule.run() == 2
    assert left() == (gone | {"both": ("", 2)}, [])
    hub.history.emptied()
    assert b"13800138000" not in (tmp_path / "history.db").read_bytes()


def test_profiles_say_nothing_of_what_was_let_go_of(hub, people, clock):
    """Also of whom nothing is left, and by another of her handles than what is left; and if others
    digest meanwhile."""
    clock.move(MONDAY - clock())
    hub.tell(
        event("viewed_page", user("gone"), minutes=-40 * DAY),
        event("identified", user("two"), mobile(), minutes=-50 * DAY),
        event("viewed_page", mobile(), minutes=-40 * DAY),
        event("viewed_page", user("both"), minutes=-40 * DAY),
        event("viewed_page", user("both"), minutes=-DAY),
    )
    ids = [hub.id_of(user(name)) for name in ("gone", "two", "both")]
    assert [hub.profiles.of(her).events for her in ids] == [1, 2, 2]

    ask, meanwhile = hub.history.of, [event("viewed_page", user("both"), minutes=-1)]

    def asked(handles):
        found = list(ask(handles))
        if meanwhile:
            hub.tell(meanwhile.pop())
        return found

    hub.history.of = asked
    assert held(hub, people, clock, "browsing=30").run() == 3
    assert not meanwhile

    kept = {her: each.events for her, each in hub.profiles.many(ids).items()}
    assert kept == {ids[1]: 1, ids[2]: 2}
    assert kept == {her: each.events for her, each in hub.digest.counted_again(ids).items()}


def test_of_what_only_links_her_nothing_is_said_either(hub, people, clock):
    """It is told of the first of the links."""
    clock.move(MONDAY - clock())
    hub.tell(
        event(
            "viewed_page", None, user("u1"), minutes=-40 * DAY, detail={"traits": {"city": "宁"}}
        ),
        event("bought", user("u1"), minutes=-DAY),
    )
    assert hub.profiles.of(hub.id_of(user("u1"))).events == 2
    assert held(hub, people, clock, "browsing=30").run() == 1
    profile = hub.profiles.of(hub.id_of(user("u1")))
    assert (profile.events, profile.told()) == (1, {})


@pytest.mark.parametrize("purpose", [each for each in PURPOSES if PURPOSES[each]])
def test_every_purpose_has_its_own_days(hub, people, clock, purpose):
    """S38, a purpose a time."""
    clock.move(MONDAY - clock())
    kind = PURPOSES[purpose][0]
    hub.tell(*(event(kind, user("u1"), minutes=-n * DAY) for n in (1, 8, 20)))
    held(hub, people, clock, f"{purpose}=7").run()
    assert kept(hub) == {kind: 1}


def test_months_are_dropped_whole_and_profiles_say_only_what_is_kept(hub, people, clock):
    """Slice by slice, going on where it was; of whom nothing is left, no profile is."""
    clock.move(MONDAY - clock())
    old, new = -100 * DAY, -5 * DAY
    hub.tell(
        event("bought", user("both"), minutes=old, detail={"amount": 7}),
        event("bought", user("both"), minutes=new, detail={"amount": 9}),
        event("bought", user("new"), minutes=new, detail={"amount": 1}),
        event("viewed_page", user("old"), minutes=old),
    )
    ids = [hub.id_of(user(name)) for name in ("both", "new", "old")]

    def rule():
        return held(hub, people, clock, "everything=60")

    while rule().run(1):
        pass
    assert rule().run() == 0
    assert [hub.profiles.of(her).events for her in ids] == [1, 1, 0]
    before = hub.profiles.many(ids)
    assert set(before) == set(ids[:2])
    hub.tell(event("viewed_page", user("new"), minutes=old + 1))  # late, for a month that is gone
    clock.move(timedelta(days=1))
    while rule().run(1):
        pass
    assert hub.profiles.many(ids) == before
    hub.digest.rebuild()
    assert hub.profiles.many(ids) == before
    assert list(hub.history.flaws()) == []


KILLED = """
from datetime import datetime
from pathlib import Path
from data_hub.retention import Retention, periods
from stores.changes import Changes
from stores.records import Folded, Record
from tests.blank import kept_at
from tests.data_hub.conftest import Hub
folder, clock = Path({folder!r}), lambda: datetime.fromisoformat({now!r})
records, people = kept_at({records!r}, Record), kept_at({people!r}, Folded)
hub = Hub(folder, records, people, Changes(records, clock), clock)
Retention(
    hub.history, people, hub.profiles, hub.digest, hub.emptying, clock, days=periods({told!r})
).run(2)
"""


@pytest.mark.parametrize("told", ["browsing=30", "everything=30"])
def test_a_run_that_was_killed_leaves_no_profile_behind(
    hub, people, clock, tmp_path, told, request
):
    """Its events are gone when it dies; the next ones mend what it had not come to."""
    clock.move(MONDAY - clock())
    names = ("gone", "both", "new")
    hub.tell(
        event("viewed_page", user("gone"), minutes=-80 * DAY),
        event("viewed_page", user("both"), minutes=-80 * DAY),
        event("bought", user("both"), minutes=-DAY, detail={"amount": 1}),
        event("viewed_page", user("new"), minutes=-DAY),
    )
    ids = [hub.id_of(user(name)) for name in names]
    child = KILLED.format(
        folder=str(tmp_path), told=told, now=clock().isoformat(),
        **{part: place(request, request.config.getoption("--records"), part)
           for part in ("records", "people")},
    )  # fmt: skip
    assert died(child, JUZHEN_CRASH_AT="retention.gone") == -signal.SIGKILL
    while_dead = [hub.profiles.of(her).events for her in ids]
    hub.history.put([event("liked_material", user("both"))], upto=99)  # as many wait as are gone
    rule = held(hub, people, clock, told)
    while rule.run(1):
        pass
    hub.settle()
    kept = {her: each.events for her, each in hub.profiles.many(ids).items()}
    assert (while_dead, kept) == ([1, 2, 1], {ids[1]: 2, ids[2]: 1})
    assert rule.run() == 0


@pytest.mark.parametrize(
    ("told", "found"),
    [("", {"location": 30}), ("location=365", {"location": 30}), ("location=7", {"location": 7}),
     ("browsing=10, advice=3", {"browsing": 10, "advice": 3, "location": 30}),
     ("refused=9", {"refused": 9, "location": 30})],
)  # fmt: skip
def test_location_is_never_kept_over_thirty_days_and_what_was_refused_has_an_end(told, found):
    assert periods(told) == {"refused": 180} | found


def test_every_purpose_may_be_set(tmp_path):
    assert {*PERIODS} == {*PURPOSES, EVERYTHING}
    told = ", ".join(f"{purpose}=9" for purpose in PERIODS)
    begin(tmp_path, company_retention=told)
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    assert periods(settings.company_retention) == dict.fromkeys(PERIODS, 9)


@pytest.mark.parametrize("told", ["mood=3", "location", "location=0", "location=x"])
def test_what_is_no_period_is_refused(told):
    with pytest.raises(Invalid):
        periods(told)


def test_what_was_said_is_let_go_of_whichever_way_it_was_said_on_the_day_it_is_over(
    hub, people, clock
):
    clock.move(MONDAY - clock())
    kinds = ("messaged", "replied", "chatted", "called")
    hub.tell(
        *(event(kind, user("u1"), minutes=-11 * DAY) for kind in kinds),
        *(event(kind, user("u1"), minutes=-10 * DAY) for kind in kinds),
    )
    assert held(hub, people, clock, "conversations=10").run() == 4
    assert kept(hub) == dict.fromkeys(kinds, 1)


LOGINS, DEVICE, PHONES = [user("a"), user("b"), user("c")], device("d"), [mobile(), mobile("139")]
HANDLES = [*LOGINS, DEVICE, device("a"), *PHONES]
PAGES = {"viewed_page", "searched"}


def who_is_who(hub):
    return {each: hub.id_of(each) for each in HANDLES if hub.identities.find(str(each))}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_is_let_go_of_parts_nobody_and_gives_nobody_another_name(data, fresh_hub, clock):
    """Whatever is let go of, folded again, grouped again and taken back, and when: people are who
    they would be if all but what was taken back were kept still."""
    clock.now = MONDAY
    whom = st.lists(st.sampled_from(HANDLES), min_size=1, max_size=3, unique=True)
    kinds = st.sampled_from([*sorted(PAGES), "identified", "bought"])
    days = st.sampled_from([-60, -40, -20, -10])
    said = data.draw(st.lists(st.tuples(kinds, whom, days), min_size=1, max_size=8))
    filed = data.draw(st.lists(st.tuples(kinds, whom, st.just(-5)), max_size=4))
    heard = [
        event(kind, *handles, minutes=day * DAY + n, id=f"said{n}")
        for n, (kind, handles, day) in enumerate(said)
    ]
    file = [
        event(kind, *handles, minutes=day * DAY + n, id=f"filed{n}")
        for n, (kind, handles, day) in enumerate(filed)
    ]
    told = data.draw(st.permutations([*heard, *file]))
    acts = data.draw(st.lists(st.sampled_from(["let go", "rebuild", "regroup"]), max_size=6))
    with fresh_hub() as hub:
        hub.tell(*heard)
        expected = who_is_who(hub)
        hub.tell(*file)
        together = who_is_who(hub)

    with fresh_hub() as hub:
        rule = held(hub, hub.people, clock, "browsing=30")
        again = Regrouping(hub.people, hub.digest)
        does = {"let go": rule.run, "rebuild": hub.digest.rebuild, "regroup": again.again}
        for n, act in enumerate([*acts, "let go"]):
            hub.tell(*told[n : n + 1])
            does[act]()
            while again.run():
                pass
        hub.tell(*told[len(acts) + 1 :])
        while rule.run():
            pass
        hub.digest.rebuild()
        assert who_is_who(hub) == together
        assert not kept(hub).keys() & PAGES or min(days_of(hub)) > -30

        numbered = {n: each for n, each in hub.history.after(0, 99) if each.id.startswith("filed")}
        TakingBack(hub.history, hub.people, hub.digest).take(numbered)
        assert who_is_who(hub) == expected
        hub.digest.rebuild()
        assert who_is_who(hub) == expected
        assert list(identity_flaws(hub.people)) == []


def days_of(hub):
    pages = (each for _, each in hub.history.after(0, 99) if each.kind in PAGES)
    return [(each.at - MONDAY).days for each in pages]
