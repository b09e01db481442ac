"""Callbacks, new followers, preferences and the app: what comes back, and what she allows."""

import threading
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta

import pytest

from channels.acquaintances import Acquaintances
from channels.allowances import Allowances
from channels.app import OwnApp
from channels.base import Allowed, Busy, Callback, Progress, Receipt, Received, Stop
from channels.contract import SendingContract
from channels.deliveries import Lane, State
from channels.preferences import Preferences
from data_hub.consents import MARKETING
from data_hub.intake import Intake
from kernel.errors import Conflict, Forbidden, NotFound, Overloaded
from kernel.events import Event, Handle, Refusal, unpack_any
from stores.sqlite.history import SqliteHistory
from tests.channels.house import BoardChannel
from tests.channels.wechat.conftest import AES_KEY, APPID, FOLLOW, TOKEN, Postman

HER = Handle("openid", "acc_1", "o1")


class Kept:
    """A journal in memory: durable as long as the test."""

    def __init__(self):
        self.packed = []

    def put(self, packed, **_):
        self.packed += packed
        done = Future()
        done.set_result(None)
        return done

    @property
    def told(self):
        return [unpack_any(each) for each in self.packed]


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def intake(kept, clock):
    return Intake(kept, clock)


@pytest.fixture
def callbacks(house, intake):
    return house.door(intake)


@pytest.fixture
def oa(house):
    return house.account(
        code="oa", kind="wechat_oa",
        settings={"app_id": APPID, "base_url": "https://api.weixin.qq.com"},
        secrets={"app_secret": "s", "token": TOKEN, "aes_key": AES_KEY},
    )  # fmt: skip


def test_a_genuine_repeat_gets_the_first_answer_and_adds_nothing(callbacks, kept, oa, clock):
    callback = Postman(clock).sealed()
    assert callbacks.take("oa", callback) == callbacks.take(oa.id, callback) == b"success"
    first, again = kept.told
    assert (first.account, first.id) == (again.account, again.id)
    assert first.handle == Handle("openid", oa.id, "o7")


def test_what_platforms_tell_is_counted_at_their_own_door(house, kept, oa, clock):
    counted = []
    intake = Intake(kept, clock, counted=lambda *told: counted.append(told))
    house.door(intake).take("oa", Postman(clock).sealed())

    assert counted == [("callback", 1, 0)]


def test_what_the_platform_did_not_send_is_forbidden_and_leaves_no_trace(
    callbacks, kept, oa, clock
):
    with pytest.raises(Forbidden):
        callbacks.take("oa", Postman(clock).sealed(token="guess"))
    with pytest.raises(Forbidden):
        callbacks.take("oa", Callback(query={}, body=b"<xml/>"))
    with pytest.raises(NotFound):
        callbacks.take("nobody", Postman(clock).sealed())
    assert kept.told == []


def test_what_cannot_be_read_is_kept_as_it_came_and_answered(callbacks, kept, oa, clock):
    callback = Postman(clock).sealed(b"<xml><Event>SCAN</Event></xml>")
    assert callbacks.take("oa", callback) == b"success"
    (refusal,) = kept.told
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.account) == ("callback_unreadable", oa.id)
    assert "<Event>SCAN" in refusal.sample


def test_a_finished_job_moves_its_delivery_once(house, callbacks, oa, clock):
    house.deliveries.queue(account=oa.id, occasion="plc_1", by="li")
    delivery, _ = house.deliveries.claim(lambda delivery: None, lane=Lane.POST)
    house.deliveries.note(delivery, Receipt(ref="publish:9", progress=Progress.SUBMITTED))
    job = FOLLOW.replace(b"subscribe", b"PUBLISHJOBFINISH").replace(
        b"</xml>",
        b"<PublishEventInfo><publish_id>9</publish_id><publish_status>0</publish_status>"
        b"</PublishEventInfo></xml>",
    )
    for _ in range(2):
        callbacks.take("oa", Postman(clock).sealed(job))
    assert house.deliveries.one(delivery.id).progress == Progress.SHOWN
    acts = [change.act for change in house.changes.latest("delivery", delivery.id)]
    assert acts == ["published", "submitted"]


# new followers


class Platform:
    """Knows everybody's unionid, when it is not busy."""

    def __init__(self):
        self.trouble, self.asked = [], []

    def introduce(self, handle, at):
        self.asked.append(handle)
        if self.trouble:
            raise self.trouble.pop()
        return Event(
            id=f"recognised:{handle.value}", kind="identified", at=at, account=handle.scope,
            handle=handle, links=(Handle("unionid", "", f"u-{handle.value}"),),
        )  # fmt: skip


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def history(tmp_path):
    kept = SqliteHistory(tmp_path / "history.db", durability="process")
    yield kept
    kept.close()


@pytest.fixture
def acquaintances(records, history, platform, intake, clock):
    class Registry:
        def of(self, account):
            return platform

    return Acquaintances(records, history, Registry(), intake, clock)


def followed(clock, name="o1", kind="followed"):
    handle = Handle("openid", "acc_1", name)
    return Event(id=f"{kind}{name}", kind=kind, at=clock(), account="acc_1", handle=handle)


def test_whoever_follows_is_asked_about_once(acquaintances, history, platform, kept, clock):
    history.put([followed(clock), followed(clock, "o2", "messaged")], upto=1)
    while acquaintances.follow():
        pass
    assert platform.asked == [HER]
    assert [event.links[0].value for event in kept.told] == ["u-o1"]


def test_a_busy_platform_is_asked_again_later(acquaintances, history, platform, kept, clock):
    platform.trouble = [Busy("platform_busy", seconds=60)]
    history.put([followed(clock)], upto=1)
    acquaintances.follow()
    assert kept.told == []
    assert acquaintances.follow() == 0
    clock.move(timedelta(seconds=61))
    acquaintances.follow()
    assert len(kept.told) == 1


def test_after_ten_tries_she_stays_a_stranger(acquaintances, history, platform, kept, clock):
    platform.trouble = [Busy("platform_busy", seconds=0) for _ in range(10)]
    history.put([followed(clock)], upto=1)
    asked = 0
    for _ in range(30):
        asked += acquaintances.follow() - (asked == 0)
        clock.move(timedelta(seconds=301))
    assert (asked, platform.trouble, kept.told) == (10, [], [])


def test_while_our_own_stores_are_away_nobody_is_put_off(
    acquaintances, history, platform, kept, clock
):
    platform.trouble = [Overloaded("records_are_busy", seconds=1)]
    history.put([followed(clock)], upto=1)
    with pytest.raises(Overloaded):
        acquaintances.follow()
    acquaintances.follow()
    assert len(kept.told) == 1


# preferences


def test_opting_out_cancels_what_is_queued_for_any_of_her_handles(house):
    app = house.account(code="app", kind="app", ecosystem="own_app")
    hers = [Handle("user", app.id, "u1"), Handle("phone", "", "13800000000")]
    queued = [
        house.publishing.send(
            handle, "app", occasion="x", purpose=purpose, words="您好", by="stf_1"
        )
        for handle, purpose in zip(hers, ("marketing", "service"), strict=True)
    ]
    preferences = Preferences(house.records, house.consents, house.deliveries, house.identities)
    assert preferences.opt_out(hers, "marketing", source="page").cancelled == 1
    states = [house.deliveries.one(delivery.id).state for delivery in queued]
    assert states == [State.CANCELLED, State.DUE]
    assert not house.consents.allows(hers, "marketing")
    preferences.opt_in(hers, "marketing", source="page")
    assert house.consents.allows(hers, "marketing")


# the app


class TestSendingContract(SendingContract):
    @pytest.fixture
    def friend(self):
        return Handle("user", "acc_app", "u1")

    @pytest.fixture
    def channel(self, house):
        return OwnApp(house.inbox, account="acc_app")

    @pytest.fixture
    def platform(self, house, friend):
        class Phone:
            @property
            def heard(self):
                return [f"{m.text} {m.link}" for m in house.inbox.page([friend]).items]

        return Phone()


def test_she_reads_what_she_was_told_once(house, clock):
    channel = OwnApp(house.inbox, account="acc_app")
    from channels.base import Message

    for number in range(3):
        channel.send(Message(handle=HER, text=f"{number}"), key=f"dlv_{number}")
    page = house.inbox.page([HER], first=2)
    assert [message.text for message in page.items] == ["2", "1"]
    (oldest,) = house.inbox.page([HER], after=page.next).items

    house.inbox.note_read(oldest.id, [HER])
    clock.move(timedelta(hours=1))
    house.inbox.note_read(oldest.id, [HER])
    house.inbox.note_read("dlv_1", ["openid:acc_1:somebody else"])
    read = {message.id: message.read for message in house.inbox.page([HER]).items}
    assert read == {"dlv_0": clock() - timedelta(hours=1), "dlv_1": None, "dlv_2": None}


def test_the_app_has_nothing_to_call_back_with(house):
    house.account(code="app", kind="app", ecosystem="own_app")
    with pytest.raises(Exception, match="did not send this"):
        house.channels.of("app").receive(Callback())


class Ears(BoardChannel):
    """Where she says that she wants no more, or that she wants one message."""

    def __init__(self, board, account, clock):
        super().__init__(board)
        self.account, self.clock = account, clock

    def receive(self, callback):
        hers = Handle("openid", self.account, "o1")
        if callback.body == b"stop":
            stops = (Stop(handle=hers, purpose=MARKETING, channel="ears"),)
            return Received(stops=stops, answer=b"success")
        one = Allowed(id=callback.body.decode(), handle=hers, template="T", at=self.clock())
        return Received(allowed=(one,), answer=b"success")


@pytest.fixture
def ears(any_house, clock):
    any_house.channels._factories["ears"] = lambda account, _: Ears(
        any_house.board, account.id, clock
    )
    return any_house.account("ears", "ears")


@pytest.fixture
def listening(any_house, ears, intake):
    return any_house.door(intake)


@contextmanager
def held(records, *about):
    """Somebody else writes, and does not finish."""
    begun, over = threading.Event(), threading.Event()

    def hold():
        with records.write(*about):
            begun.set()
            over.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(30)
    yield
    over.set()
    thread.join()


@pytest.mark.rule("R46.2")
def test_when_the_platform_is_answered_her_opt_out_holds_from_the_next_send_on(
    any_house, listening, ears
):
    hers = Handle("openid", ears.id, "o1")
    delivery = any_house.deliveries.queue(
        account=ears.id, target=hers, occasion="x", purpose=MARKETING, words="您好", by="li"
    )
    assert listening.take("ears", Callback(body=b"stop")) == b"success"
    assert any_house.deliveries.one(delivery.id).state == State.CANCELLED
    with pytest.raises(Conflict):
        any_house.publishing.send(
            hers, "ears", occasion="y", purpose=MARKETING, words="您好", by="li"
        )
    any_house.work()
    assert any_house.board.said == []


@pytest.mark.parametrize("body", [b"stop", b"a1"])
def test_no_callback_waits_for_what_another_decides(any_house, listening, ears, body):
    """The thread that reads goes on to the next one; who told is answered once it is durable."""
    hers = Handle("openid", ears.id, "o1")
    with held(any_house.records, f"handle:{hers}"):
        heard = listening.begin("ears", Callback(body=body))
        if not any_house.records.on_postgres or body == b"stop":
            assert not heard.kept[-1].done()
    heard.kept[-1].result(30)
    allows = any_house.consents.allows([hers], MARKETING, "ears")
    left = Allowances(any_house.records, any_house.clock).left(hers, "T")
    assert (allows, left) == ((False, 0) if body == b"stop" else (True, 1))


def test_each_allow_counts_once_when_the_platform_is_answered(any_house, listening, ears):
    for body in (b"a1", b"a1", b"a2"):
        assert listening.take("ears", Callback(body=body)) == b"success"
    hers = Handle("openid", ears.id, "o1")
    assert Allowances(any_house.records, any_house.clock).left(hers, "T") == 2
