"""Systems outside are told what comes onto shelves, leaves them and changes: once, signed, late at
worst."""

from datetime import datetime, timedelta

import orjson
import pytest

from channels.accounts import Sealer
from channels.base import Busy, Unanswered
from channels.notices import KINDS, Carrying, Subscription, Subscriptions, Telling, Told
from channels.notices.records import KEPT, PAUSES
from channels.outbound import Answer, Outbound
from content_hub.crossings import Crossings
from content_hub.licences import Licences
from content_hub.scheduling import ScheduledEdits
from kernel.errors import Conflict, Invalid, NotFound
from kernel.webhooks import genuine
from tests.names import somewhere_public

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHELF = ("material.on_shelf", "material.off_shelf")


class Receiver:
    """A system outside: it keeps what it was told, and answers as it is bid."""

    def __init__(self):
        self.heard, self.answers, self.silent = [], [], set()

    def request(self, method, url, *, body=b"", headers=None):
        self.heard.append((url, headers, body))
        answer = self.answers.pop(0) if self.answers else 200
        if url in self.silent:
            raise Unanswered("platform_did_not_answer", host="erp")
        if isinstance(answer, BaseException):
            raise answer
        if answer >= 500:
            raise Busy("platform_busy", down=True, status=answer)
        return Answer(answer)

    def told(self, kind=""):
        told = [(h["webhook-id"], orjson.loads(body)) for _, h, body in self.heard]
        return [each for each in told if not kind or each[1]["type"] == kind]


class Desk:
    def __init__(self, house):
        h, self.http = house, Receiver()
        self.house, self.clock = house, house.clock
        self.crossings = Crossings(h.records, h.shelf, h.clock)
        self.subscriptions = Subscriptions(
            records=h.records, changes=h.changes, accounts=h.accounts, crossings=self.crossings,
            sealer=Sealer({"k": bytes(32)}), clock=h.clock,
            allows=Outbound(look_up=somewhere_public).allows,
        )  # fmt: skip
        self.begin_anew()

    def begin_anew(self):
        """Another worker: whatever the last one remembered is gone."""
        h = self.house
        self.telling = Telling(
            records=h.records, changes=h.changes, subscriptions=self.subscriptions,
            crossings=Crossings(h.records, h.shelf, h.clock), shelf=h.shelf,
            materials=h.materials, accounts=h.accounts, clock=h.clock,
        )  # fmt: skip
        self.carrying = Carrying(h.records, h.changes, self.subscriptions, self.http, h.clock)

    def work(self):
        while self.telling.follow() + self.telling.watch() + self.subscriptions.again():
            pass
        self.carrying.carry()

    def place(self, title, opens, closes):
        material = self.house.material(title)
        now = self.clock()
        return self.house.shelf.place(
            material.id, self.app, opens=now + opens, closes=now + closes, by="li"
        )  # fmt: skip


@pytest.fixture
def desk(house):
    made = Desk(house)
    made.app = house.account("app").id
    return made


@pytest.fixture
def told(desk):
    subscription, secret = desk.subscriptions.subscribe(
        "https://erp.example.com/hook?key=1", name="ERP", by="li"
    )
    desk.secret = secret
    return subscription


def kinds(desk):
    return [told["type"] for _, told in desk.http.told()]


def test_a_boundary_that_nobody_caused_is_told_once_and_signed(desk, told, clock):
    placement = desk.place("养老", HOUR, 2 * HOUR)
    desk.work()
    assert [each for each in kinds(desk) if each in SHELF] == []

    clock.move(HOUR)
    desk.work()
    desk.begin_anew()
    desk.work()
    (on,) = desk.http.told(SHELF[0])
    assert on[1]["data"]["placement"] == placement.id
    assert on[1]["data"]["channel"] == {"id": desk.app, "code": "app"}
    assert on[1]["data"]["material"]["title"] == "养老"
    assert datetime.fromisoformat(on[1]["timestamp"]) == placement.opens
    url, headers, body = next(each for each in desk.http.heard if each[1]["webhook-id"] == on[0])
    assert url == told.url
    assert genuine(desk.secret.reveal(), headers, body, clock())

    clock.move(HOUR)
    desk.work()
    assert [each[1]["data"]["placement"] for each in desk.http.told(SHELF[1])] == [placement.id]
    clock.move(DAY)
    desk.work()
    assert len(desk.http.told(SHELF[1])) == 1


def test_a_worker_that_slept_tells_late_and_nothing_less(desk, told, clock):
    desk.work()
    brief, long = desk.place("短", HOUR, 2 * HOUR), desk.place("长", HOUR, 9 * DAY)
    gone = desk.place("撤", HOUR, 9 * DAY)
    clock.move(3 * HOUR)
    desk.house.shelf.retire(gone.id, by="li")
    clock.move(20 * HOUR)
    desk.begin_anew()
    desk.work()

    on = {each[1]["data"]["placement"]: each[1]["timestamp"] for each in desk.http.told(SHELF[0])}
    off = {each[1]["data"]["placement"]: each[1]["timestamp"] for each in desk.http.told(SHELF[1])}
    assert on.keys() == {brief.id, long.id, gone.id}
    assert off.keys() == {brief.id, gone.id}
    assert datetime.fromisoformat(on[brief.id]) == brief.opens
    assert datetime.fromisoformat(off[brief.id]) == brief.closes
    assert datetime.fromisoformat(off[gone.id]) == clock() - 20 * HOUR


@pytest.mark.parametrize("cause", ["retired", "moved", "embargoed"])
def test_whatever_takes_it_off_is_told(desk, told, clock, cause):
    placement = desk.place("养老", -HOUR, DAY)
    desk.work()
    assert len(desk.http.told(SHELF[0])) == 1
    if cause == "retired":
        desk.house.shelf.retire(placement.material, by="li")
    elif cause == "moved":
        desk.house.shelf.move(placement.id, opens=clock() + HOUR, by="li")
    else:
        Licences(desk.house.records, desk.house.changes).embargo(
            placement.material, clock() + HOUR, by="li"
        )
    desk.work()
    assert len(desk.http.told(SHELF[1])) == 1
    clock.move(HOUR)
    desk.work()
    assert len(desk.http.told(SHELF[0])) == (1 if cause == "retired" else 2)


def test_what_stood_before_anybody_asked_is_no_news(desk, clock):
    for n in range(3):
        desk.place(f"旧{n}", -HOUR, DAY)
    clock.move(HOUR)
    desk.subscriptions.subscribe("https://a.example.com", by="li")
    desk.work()
    assert desk.http.heard == []


def test_acts_are_told_to_whoever_asked_for_their_kind_and_account(desk, clock):
    other = desk.house.account("other").id
    subscribe = desk.subscriptions.subscribe
    subscribe("https://a.example.com", kinds=["material.edited"], by="li")
    subscribe("https://b.example.com", kinds=["placement.placed"], accounts=[other], by="li")
    placed = desk.place("养老", HOUR, DAY)
    desk.house.materials.edit(placed.material, title="新标题", by="wang")
    desk.work()

    ((url, _, body),) = desk.http.heard
    told = orjson.loads(body)
    assert (url, told["type"]) == ("https://a.example.com", "material.edited")
    assert told["data"]["material"] == {
        "id": placed.material, "code": placed.material, "type": "image_text", "title": "新标题",
        "number": 2,
    }  # fmt: skip
    assert (told["data"]["changed"], told["data"]["by"]) == (["title"], "wang")


def test_it_is_tried_again_for_three_days_under_one_id_and_given_up(desk, told, clock):
    desk.http.answers = [500] * 20
    desk.subscriptions.ping(told.id, by="li")
    for pause in (timedelta(), *PAUSES):
        clock.move(pause + timedelta(seconds=31))
        desk.work()
    assert len({headers["webhook-id"] for _, headers, _ in desk.http.heard}) == 1
    assert len(desk.http.heard) == 1 + len(PAUSES)
    assert desk.subscriptions.counts() == {told.id: {Told.GIVEN_UP: 1}}

    desk.http.answers = []
    desk.subscriptions.tell_again(told.id, clock() - KEPT / 2, by="li")
    clock.move(timedelta(minutes=1))
    desk.work()
    assert desk.subscriptions.counts() == {}
    assert len({headers["webhook-id"] for _, headers, _ in desk.http.heard}) == 1


def test_410_ends_it_and_switched_on_it_goes_on_where_it_was(desk, told, clock):
    desk.http.answers = [410]
    desk.place("养老", -HOUR, DAY)
    desk.work()
    ended = desk.subscriptions.one(told.id)
    assert (ended.off, ended.reason) == (clock(), "endpoint_gone")
    heard = len(desk.http.heard)
    desk.work()
    assert len(desk.http.heard) == heard
    with pytest.raises(Conflict):
        desk.subscriptions.tell_again(told.id, clock(), by="li")

    desk.subscriptions.switch(told.id, on=True, by="li")
    clock.move(HOUR)
    desk.work()
    assert desk.subscriptions.counts() == {}


def test_one_that_does_not_answer_delays_no_other(desk, told, clock):
    desk.subscriptions.subscribe("https://b.example.com", by="li")
    desk.http.silent = {told.url}
    desk.place("养老", HOUR, DAY)
    desk.work()

    lost = [url for url, _, _ in desk.http.heard if url == told.url]
    assert len(lost) == 1  # it is left alone for a while
    assert sum(url == "https://b.example.com" for url, _, _ in desk.http.heard) == 2
    desk.http.silent = set()
    clock.move(timedelta(minutes=10))
    desk.work()
    assert desk.subscriptions.counts() == {}


def test_one_whose_secret_cannot_be_opened_delays_no_other(desk, told, clock):
    desk.subscriptions.subscribe("https://b.example.com", by="li")
    with desk.house.records.write() as session:
        session.get_one(Subscription, told.id).sealed = "lost:key"
    desk.place("养老", HOUR, DAY)
    desk.work()

    assert {url for url, _, _ in desk.http.heard} == {"https://b.example.com"}
    waiting = desk.subscriptions.page(told.id, state=Told.WAITING).items
    assert {each.reason for each in waiting} == {"sealing_key_missing"}


def test_a_worker_that_died_while_telling_leaves_it_due_under_the_same_id(desk, told, clock):
    class Killed(BaseException):
        pass

    desk.http.answers = [Killed()]
    desk.subscriptions.ping(told.id, by="li")
    with pytest.raises(Killed):
        desk.carrying.carry()
    desk.carrying.carry()
    assert len(desk.http.heard) == 1
    clock.move(timedelta(minutes=1))
    desk.carrying.carry()
    first, second = (headers["webhook-id"] for _, headers, _ in desk.http.heard)
    assert first == second


def test_how_long_a_busy_receiver_asks_for_is_given_to_it(desk, told, clock):
    desk.http.answers = [Busy("platform_busy", seconds=300, status=429)]
    desk.subscriptions.ping(told.id, by="li")
    desk.work()
    clock.move(timedelta(seconds=299))
    desk.work()
    assert len(desk.http.heard) == 1
    clock.move(timedelta(seconds=2))
    desk.work()
    assert len(desk.http.heard) == 2


def test_old_and_new_secret_sign_side_by_side(desk, told, clock):
    new = desk.subscriptions.renew(told.id, by="li")
    desk.subscriptions.ping(told.id, by="li")
    desk.work()
    ((_, headers, body),) = desk.http.heard
    assert genuine(new.reveal(), headers, body, clock())
    assert genuine(desk.secret.reveal(), headers, body, clock())


@pytest.mark.parametrize(
    ("address", "asked", "field"),
    [
        ("ftp://x", (), "url"), ("", (), "url"), ("https://", (), "url"),
        ("https://user:pw@x.example", (), "url"), ("https://[", (), "url"),
        ("https://127.0.0.1/hook", (), "url"), ("http://10.0.0.8:9000/", (), "url"),
        ("https://inside.example/hook", (), "url"),
        ("https://x.example", ("material.sold",), "kinds"),
    ],
)  # fmt: skip
def test_what_is_no_address_or_kind_is_refused_with_the_field(desk, address, asked, field):
    with pytest.raises(Invalid) as refused:
        desk.subscriptions.subscribe(address, kinds=asked, by="li")
    assert refused.value.flaws[0].field == field


def test_what_is_kept_no_longer_cannot_be_told_again_and_is_swept(desk, told, clock):
    desk.subscriptions.ping(told.id, by="li")
    with pytest.raises(Invalid):
        desk.subscriptions.tell_again(told.id, clock() - KEPT - HOUR, by="li")
    clock.move(KEPT + HOUR)
    assert desk.subscriptions.sweep() == 1
    desk.subscriptions.drop(told.id, by="li")
    with pytest.raises(NotFound):
        desk.subscriptions.one(told.id)


def test_beyond_twenty_addresses_no_more_are_taken(desk):
    for n in range(20):
        desk.subscriptions.subscribe(f"https://x{n}.example", by="li")
    with pytest.raises(Conflict):
        desk.subscriptions.subscribe("https://x.example", by="li")
    assert set(desk.subscriptions.live()[0].kinds) == set(KINDS)


def test_pages_of_what_was_told_by_state(desk, told, clock):
    for _ in range(3):
        desk.subscriptions.ping(told.id, by="li")
    desk.http.answers = [200, 500]
    desk.work()
    assert len(desk.subscriptions.page(told.id, state="told").items) == 1
    page = desk.subscriptions.page(told.id, first=2)
    rest = desk.subscriptions.page(told.id, first=2, after=page.next)
    assert len(page.items) + len(rest.items) == 3
    with pytest.raises(Invalid):
        desk.subscriptions.page(told.id, state="lost")


def test_a_scheduled_edit_is_told_when_it_takes_effect_and_not_when_it_is_written(
    desk, told, clock
):
    material = desk.house.material("养老")
    edits = ScheduledEdits(
        desk.house.records, desk.house.changes, desk.house.materials, desk.house.taxonomy, clock
    )
    desk.work()
    before = len(desk.http.told("material.edited"))
    edits.schedule(material.id, clock() + HOUR, title="新的一年", by="li")
    desk.work()
    assert len(desk.http.told("material.edited")) == before
    clock.move(HOUR)
    assert edits.settle() == 1
    desk.work()
    data = desk.http.told("material.edited")[-1][1]["data"]
    assert (data["material"]["title"], data["number"], data["by"]) == ("新的一年", 2, "li")
    assert data["changed"] == ["title"]
