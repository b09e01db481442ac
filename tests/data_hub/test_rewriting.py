"""What earlier versions kept inside acts goes, wherever it lies, and nothing else changes."""

import signal
from concurrent.futures import Future
from datetime import date, timedelta

import orjson
import pytest

from channels.orders import as_kept
from data_hub.intake import Intake
from data_hub.retention import Retention, periods
from data_hub.rewriting import Rewriting
from kernel.events import Handle, unpack
from stores.history import Axis
from stores.records import Folded
from stores.watermarks import Watermarks
from tests.conftest import place
from tests.data_hub.telling import MONDAY, event, mobile, user
from tests.dying import died

DAY = 24 * 60
SHANGHAI = {"latitude": 31.2, "longitude": 121.5}
BEIJING = {"latitude": 39.9, "longitude": 116.4}


class Commit:
    """What intake takes is heard at once."""

    def __init__(self, hub):
        self._hub = hub

    def put(self, packed, *, gather=False):
        self._hub.tell(*map(unpack, packed))
        done = Future()
        done.set_result(None)
        return done

    def now(self):
        pass


def rewriting(hub, people, clock, commit=None):
    return Rewriting(
        hub.history, people, hub.identities, hub.profiles, hub.digest, hub.emptying,
        Intake(commit or Commit(hub), clock), clock, places=30, amends=(as_kept,),
    )  # fmt: skip


def before():
    """As an earlier version kept it."""
    order = {
        "order_id": "7", "amount": 9.0, "product": "礼盒", "receiver_address": "静安寺路 1 号",
        "recipientName": "李雷", "items": [{"sku": "a", "remark": "放门口"}],
    }  # fmt: skip
    at_home = {"location": dict(BEIJING), "Precision": "40", "name": "x"}
    return [
        event("identified", user("old"), mobile(), minutes=-500 * DAY,
              detail={"traits": {"city": "上海", **SHANGHAI}}),
        event("viewed_page", user("old"), minutes=-90 * DAY,
              detail={"properties": {"$latitude": 31.2, "$longitude": 121.5, "title": "a"}}),
        event("viewed_page", user("old"), minutes=-10 * DAY, detail={"properties": {**BEIJING}}),
        event("messaged", user("wx"), minutes=-60 * DAY,
              detail={"Location_X": "31.2", "Location_Y": "121.5", "Label": "寺", "text": "在吗"}),
        event("searched", user("wx"), minutes=-59 * DAY, detail={"words": "年金"}),
        event("located", user("wx"), minutes=-3 * DAY, detail={"lat": 31.2, "lng": 121.5}),
        event("bought", user("buyer"), id="order:7:bought", minutes=-80 * DAY, detail=order,
              raw=orjson.dumps(order)),
        event("searched", user("buyer"), minutes=-70 * DAY, detail=at_home),
        event("bought", user("buyer"), id="order:8:bought", minutes=-60 * DAY,
              detail={"order_id": "8", "amount": 1.0, "address": {**SHANGHAI}, **SHANGHAI}),
        event("viewed_page", user("new"), minutes=-DAY, detail={"properties": {"title": "b"}}),
    ]  # fmt: skip


def told(hub):
    return {each.id: each for _, each in hub.history.after(0, 5_000)}


def whole(hub, *names):
    """Profiles say what a fold of everything would say, and a rebuilt one too."""
    ids = [hub.id_of(user(name)) for name in names]
    kept = hub.profiles.many(ids)
    assert kept == hub.digest.counted_again(ids)
    hub.digest.rebuild()
    assert hub.profiles.many(ids) == kept
    assert list(hub.history.flaws()) == []
    return [kept[her] for her in ids]


def until_done(rule, limit=10_000):
    while rule.run(limit):
        pass


def test_a_home_that_looked_through_its_history_before_places_came_in_millionths_does_so_again(
    hub, people, clock
):
    clock.move(MONDAY - clock())
    here = {"$latitude": 31_200_000, "$longitude": 121_500_000}
    hub.tell(
        event("viewed_page", user("old"), minutes=-90 * DAY, detail={"properties": dict(here)})
    )
    with people.write("retention"):
        Watermarks(people, Folded).move("rewriting", str(hub.history.newest()))
    until_done(rewriting(hub, people, clock))
    assert "31200000" not in str([each.detail for each in told(hub).values()])


@pytest.mark.parametrize("sealed", [date(1990, 1, 1), date(2099, 1, 1)])
@pytest.mark.parametrize("slice_", [1, 4, 500])
def test_places_and_recipients_go_from_what_was_kept_before(hub, people, clock, sealed, slice_):
    """Unsealed and sealed, in slices of any size; what is younger than thirty days is apart."""
    clock.move(MONDAY - clock())
    hub.tell(*before())
    old, kinds = told(hub), hub.history.counts([Axis.KIND, Axis.DAY])
    hub.history.seal(sealed, 1_000)
    assert hub.profiles.of(hub.id_of(user("old"))).place[:2] == [39.9, 116.4]
    rule = rewriting(hub, people, clock)
    until_done(rule, slice_)

    kept = told(hub)
    new = {id_: kept.pop(id_) for id_ in kept.keys() - old.keys()}
    (apart,) = new.values()
    assert (apart.kind, apart.handle, apart.detail) == ("located", user("old"), BEIJING)
    text = str([(e.detail, e.raw.decode()) for e in kept.values() if e.kind != "located"])
    for word in ("寺", "李雷", "门口", "Precision", "atitude", "ongitude", "Location", "location"):
        assert word not in text, word
    same = {id_: (e.kind, e.at, e.handle, e.links, e.received) for id_, e in kept.items()}
    assert same == {id_: (e.kind, e.at, e.handle, e.links, e.received) for id_, e in old.items()}
    assert kept["order:7:bought"].detail == {
        "order_id": "7", "amount": 9.0, "product": "礼盒", "items": [{"sku": "a"}],
    }  # fmt: skip
    counted = dict(hub.history.counts([Axis.KIND, Axis.DAY]))
    assert counted.pop(("located", apart.at.date().isoformat())) == 1
    assert counted == dict(kinds)
    was, wx, buyer, _ = whole(hub, "old", "wx", "buyer", "new")
    assert (was.place[:2], wx.place[:2], buyer.place) == ([39.9, 116.4], [31.2, 121.5], [])
    assert set(was.traits) == {"city"}
    assert buyer.buying[3] == 10.0
    assert rule.run() == 0
    assert told(hub) == kept | new


def test_what_came_before_thirty_days_is_never_told_apart_and_the_rest_goes_in_time(
    hub, people, clock
):
    clock.move(MONDAY - clock())
    hub.tell(*before())
    until_done(rewriting(hub, people, clock))
    clock.move(timedelta(days=40))
    held = Retention(
        hub.history, people, hub.profiles, hub.digest, hub.emptying, clock, days=periods(""),
    )  # fmt: skip
    while held.run():
        pass
    assert not any("latitude" in str(each.detail) for each in told(hub).values())
    assert [each.place for each in whole(hub, "old", "wx", "buyer")] == [[], [], []]


def test_an_event_of_today_is_left_as_it_is_and_looked_at_once(hub, people, clock):
    clock.move(MONDAY - clock())
    plain = [event("viewed_page", user(f"u{n}"), detail={"properties": {"n": n}}) for n in range(9)]
    hub.tell(*plain)
    written = []
    hub.history.amend = written.append
    rule = rewriting(hub, people, clock)
    assert (rule.run(4), rule.run(4), rule.run(4), rule.run(4)) == (4, 4, 1, 0)
    hub.tell(event("viewed_page", user("u1")))
    assert (rule.run(), rule.run(), written) == (1, 0, [])


class Later(Commit):
    """What intake takes is not folded yet."""

    def put(self, packed, *, gather=False):
        done = Future()
        done.set_result(None)
        return done


def test_a_digest_that_read_an_event_before_brings_nothing_of_it_back(hub, people, clock):
    """It folds just then, from what it had read; its word is not kept, and it reads again."""
    clock.move(MONDAY - clock())
    hub.tell(*before())
    rule, ask, late = rewriting(hub, people, clock, Later(hub)), hub.history.of, []

    def asked(handles):
        found = list(ask(handles))
        if not late:
            late.append(True)
            until_done(rule)
        return found

    hub.history.of = asked
    hub.history.put([event("searched", user("old"), minutes=-400 * DAY)], upto=99)
    while hub.digest.run() or hub.digest.mark() < hub.history.newest():
        pass
    del hub.history.of
    (her,) = whole(hub, "old")
    assert (set(her.traits), her.events, late) == ({"city"}, 4, [True])


KILLED = """
from datetime import datetime
from pathlib import Path
from stores.changes import Changes
from stores.records import Folded, Record
from tests.blank import kept_at
from tests.data_hub.conftest import Hub
from tests.data_hub.test_rewriting import rewriting
folder, clock = Path({folder!r}), lambda: datetime.fromisoformat({now!r})
records, people = kept_at({records!r}, Record), kept_at({people!r}, Folded)
hub = Hub(folder, records, people, Changes(records, clock), clock)
hub._upto = iter(range({upto}, 10_000))
rewriting(hub, people, clock).run({slice})
"""


@pytest.mark.parametrize("sealed", [date(1990, 1, 1), date(2099, 1, 1)])
@pytest.mark.parametrize("slice_", [3, 500])
@pytest.mark.parametrize("point", ["rewriting.took", "rewriting.wrote"])
def test_killed_half_way_it_goes_on_where_it_was(
    hub, people, clock, tmp_path, point, slice_, sealed, request
):
    clock.move(MONDAY - clock())
    hub.tell(*before())
    hub.history.seal(sealed, 1_000)
    old = told(hub)
    kept = request.config.getoption("--records")
    child = KILLED.format(
        folder=str(tmp_path), now=clock().isoformat(),
        upto=next(hub._upto), slice=slice_,
        **{part: place(request, kept, part) for part in ("records", "people")},
    )  # fmt: skip
    assert died(child, JUZHEN_CRASH_AT=point) == -signal.SIGKILL
    hub._upto = iter(range(100, 10_000))
    until_done(rewriting(hub, people, clock), 2)
    kept = told(hub)
    fresh = kept.keys() - old.keys()
    assert len(fresh) == 1
    acts = [each.detail for each in kept.values() if each.kind != "located"]
    assert "atitude" not in str(acts)
    was, wx, buyer = whole(hub, "old", "wx", "buyer")
    assert (was.place[:2], wx.place[:2], buyer.place) == ([39.9, 116.4], [31.2, 121.5], [])
    assert set(was.traits) == {"city"}


def test_who_only_links_handles_has_a_place_too(hub, people, clock):
    clock.move(MONDAY - clock())
    both = (Handle("openid", "acc_1", "o1"), mobile())
    hub.tell(event("identified", None, *both, minutes=-DAY, detail={"traits": dict(SHANGHAI)}))
    until_done(rewriting(hub, people, clock))
    (act, there) = told(hub).values()
    assert (act.handle, act.links, act.detail) == (None, both, {"traits": {}})
    assert (there.kind, there.handle, there.detail) == ("located", both[0], SHANGHAI)
    her = hub.profiles.of(hub.id_of(both[0]))
    assert (her.place[:2], her.events) == ([31.2, 121.5], 2)
