"""Codes, welcomes and the nightly walk: from a scan to the first words, whatever goes wrong."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.allowances import Allowances
from channels.base import Greeting, SignedOut
from channels.callbacks import Callbacks
from channels.catching_up import CatchingUp
from channels.deliveries import Deliveries
from channels.health import Health
from channels.live_codes import LiveCodes
from channels.outbound import Breakers
from channels.preferences import Preferences
from channels.roll import Roll
from channels.welcoming import Welcome, Welcoming
from content_hub.compliance import Compliance
from data_hub.consents import Consents
from data_hub.identities import Identities
from data_hub.intake import Intake
from kernel.calendar import Zone
from kernel.errors import Conflict, Invalid
from kernel.events import Handle
from stores.gathered import Gathered
from stores.sqlite.history import SqliteHistory
from tests.channels.test_callbacks import Kept
from tests.flows.company import eventually


class Words:
    """A composer with nothing but words."""

    def message(self, material, account, handle, words, rep):
        from channels.base import Message

        return Message(handle=handle, text=words, rep=rep)


@pytest.fixture
def accounts(records, changes, clock):
    return Accounts(records, changes, Sealer({"k": bytes(32)}), clock)


@pytest.fixture
def account(accounts):
    return accounts.add(
        code="wecom", name="长河", kind="wecom", ecosystem="wechat",
        settings={"welcome": "您好，我是您的客户经理"}, by="t",
    )  # fmt: skip


@pytest.fixture
def channels(accounts, adapted, channel, account):
    made = adapted(channel.wire._http, channel.wire._host, account.id)
    return Channels(accounts, {"wecom": lambda *_: made, "app": lambda *_: object()})


@pytest.fixture
def codes(records, changes, accounts, channels, clock):
    return LiveCodes(records, changes, accounts, channels, clock)


@pytest.fixture
def welcoming(records, changes, accounts, channels, codes, clock):
    return Welcoming(
        records=records, changes=changes, accounts=accounts, channels=channels, codes=codes,
        materials=None, shelf=None, composer=Words(), clock=clock, patience=30,
    )  # fmt: skip


@pytest.fixture
def callbacks(records, people, changes, accounts, channels, welcoming, clock):
    deliveries = Deliveries(records, changes, clock)
    health = Health(
        records, accounts, channels, deliveries, Breakers(records, clock), clock,
        zone=Zone("Asia/Shanghai"),
    )  # fmt: skip
    wishes = Preferences(
        records, Consents(records, changes, clock), deliveries,
        Identities(people, records, changes, clock),
    )  # fmt: skip
    return Callbacks(
        accounts=accounts, channels=channels, intake=Intake(Kept(), clock), deliveries=deliveries,
        welcoming=welcoming, preferences=wishes, allowances=Allowances(records, clock),
        health=health, gathered=Gathered(records), clock=clock,
    )  # fmt: skip


def heard(platform):
    return platform.seen["heard"]


def scanned(platform, codes, stranger, account, staff, told, callbacks, post, **more):
    code = codes.create(account.id, "门店", reps=[staff.one("li").id], by="t", **more)
    platform.act("scan", state=code.state, external=stranger.value)
    callbacks.take(account.id, post(told()[-1]))
    return code


def test_whoever_scans_a_code_hears_its_own_words_once(
    platform, codes, stranger, account, staff, told, callbacks, post, welcoming
):
    code = scanned(
        platform, codes, stranger, account, staff, told, callbacks, post, words="门店欢迎您"
    )
    assert (code.ref != "", code.reason, code.next_at) == (True, "", None)
    callbacks.take(account.id, post(told()[-1]))
    assert welcoming.greet_due() == 1
    assert welcoming.greet_due() == 0
    (said,) = heard(platform)
    assert "门店欢迎您" in said["told"]


def test_a_code_without_words_says_the_accounts_own(
    platform, codes, stranger, account, staff, told, callbacks, post, welcoming, records
):
    scanned(platform, codes, stranger, account, staff, told, callbacks, post)
    welcoming.greet_due()
    (said,) = heard(platform)
    assert "我是您的客户经理" in said["told"]
    with records.read() as session:
        (kept,) = session.query(Welcome).all()
    assert (kept.outcome, kept.code) == ("greeted", "")


def test_words_that_are_barred_since_they_were_written_are_not_said(
    platform, codes, stranger, account, staff, told, callbacks, post, welcoming, records, changes,
    clock,
):  # fmt: skip
    """The account's own stand in for a code's; where these are barred, too, she hears nothing and
    the welcome says why."""
    scanned(platform, codes, stranger, account, staff, told, callbacks, post, words="必涨，欢迎您")
    words = Compliance(records, changes, clock)
    words.set_rule("必涨", kind="forbidden", severity="block", by="boss")
    welcoming.greet_due()
    (said,) = heard(platform)
    assert "我是您的客户经理" in said["told"]
    assert "必涨" not in said["told"]
    words.set_rule("客户经理", kind="forbidden", severity="block", by="boss")
    her = Handle("external_userid", account.id, "wm7")
    welcoming.note(account, [Greeting(code="later", handle=her, at=clock())])
    welcoming.greet_due()
    assert len(heard(platform)) == 1
    with records.read() as session:
        assert {each.outcome for each in session.query(Welcome)} == {
            "greeted", "welcome_words_barred"
        }  # fmt: skip


def test_a_lost_answer_is_asked_again_and_said_once(
    platform, codes, stranger, account, staff, told, callbacks, post, welcoming, clock, records
):
    scanned(platform, codes, stranger, account, staff, told, callbacks, post)
    platform.control("knobs", {"lose_answer": {"path": "send_welcome_msg", "times": 1}})
    welcoming.greet_due()
    clock.move(timedelta(seconds=2))
    welcoming.greet_due()
    assert len(heard(platform)) == 1
    with records.read() as session:
        assert [each.outcome for each in session.query(Welcome)] == ["greeted"]


def test_after_twenty_seconds_it_stays_unsaid_and_says_so(
    platform, codes, stranger, account, staff, told, callbacks, post, welcoming, clock, records
):
    scanned(platform, codes, stranger, account, staff, told, callbacks, post)
    clock.move(timedelta(seconds=20))
    welcoming.greet_due()
    assert heard(platform) == []
    with records.read() as session:
        assert [each.outcome for each in session.query(Welcome)] == ["welcome_too_late"]


def test_a_platform_that_hangs_holds_up_its_own_welcomes_alone(
    records, changes, accounts, account, codes, clock
):
    said, let_go = [], threading.Event()

    class Hanging:
        def greet(self, greeting, message):
            assert let_go.wait(60)

    class Lively:
        def greet(self, greeting, message):
            said.append(greeting.code)

    lively = accounts.add(
        code="lively", name="另一家", kind="app", ecosystem="own_app", settings={"welcome": "您好"},
        by="t",
    )  # fmt: skip
    welcoming = Welcoming(
        records=records, changes=changes, accounts=accounts, codes=codes, materials=None,
        channels=Channels(accounts, {"wecom": lambda *_: Hanging(), "app": lambda *_: Lively()}),
        shelf=None, composer=Words(), clock=clock,
    )  # fmt: skip
    for each, codes_ in ((account, ["h1", "h2"]), (lively, ["l1", "l2"])):
        her = Handle("external_userid", each.id, "wm1")
        welcoming.note(each, [Greeting(code=code, handle=her, at=clock()) for code in codes_])

    def outcomes():
        welcoming.greet_due()
        with records.read() as session:
            return sorted(each.outcome for each in session.query(Welcome))

    assert eventually(lambda: outcomes() == ["", "", "greeted", "greeted"])
    assert sorted(said) == ["l1", "l2"]
    let_go.set()
    assert eventually(lambda: outcomes() == ["greeted"] * 4)


def test_who_is_erased_while_she_is_welcomed_costs_the_others_nothing(
    records, changes, accounts, account, codes, clock
):
    class Erases:
        def greet(self, greeting, message):
            if greeting.handle.value == "wm1":
                with records.write() as session:
                    session.query(Welcome).filter_by(handle=str(greeting.handle)).delete()

    welcoming = Welcoming(
        records=records, changes=changes, accounts=accounts, codes=codes, materials=None,
        channels=Channels(accounts, {"wecom": lambda *_: Erases()}), shelf=None,
        composer=Words(), clock=clock, patience=30,
    )  # fmt: skip
    for name in ("wm1", "wm2"):
        her = Handle("external_userid", account.id, name)
        welcoming.note(account, [Greeting(code=f"c-{name}", handle=her, at=clock())])
    assert welcoming.greet_due() == 2
    with records.read() as session:
        (kept,) = session.query(Welcome).all()
    assert (Handle.parse(kept.handle).value, kept.outcome) == ("wm2", "greeted")


def test_a_code_whose_answer_was_lost_is_found_and_not_made_twice(
    platform, codes, account, staff, clock
):
    platform.control("knobs", {"lose_answer": {"path": "add_contact_way", "times": 1}})
    code = codes.create(account.id, "展会", reps=[staff.one("li").id], by="t")
    assert code.ref == ""
    clock.move(timedelta(minutes=1))
    assert codes.finish() == 1
    (way,) = platform.seen["ways"]
    assert codes.one(code.id).ref == way["config_id"]
    assert codes.finish() == 0


def test_a_dropped_code_leads_nowhere(platform, codes, account, staff):
    code = codes.create(account.id, "展会", reps=[staff.one("li").id], by="t")
    codes.drop(code.id, by="t")
    codes.drop(code.id, by="t")
    assert platform.seen["ways"] == []
    assert [each.id for each in codes.page().items] == [code.id]


def test_a_channel_without_codes_says_so(codes, accounts):
    accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    with pytest.raises(Conflict):
        codes.create("app", "展会", by="t")


@pytest.fixture
def history(tmp_path):
    kept = SqliteHistory(tmp_path / "history.db", durability="process")
    yield kept
    kept.close()


def test_a_code_leads_into_a_group_and_who_came_by_it_is_known(codes, channel, platform, stranger):
    platform.act("group", userid="zhang", name="客户福利群")
    chat = platform.seen["groups"][-1]["chat"]
    made = codes.create("wecom", "门店海报", kind="group", groups=[chat], by="li")
    assert (bool(made.ref), bool(made.picture), made.reason) == (True, True, "")

    platform.act("scan_group", state=made.state, external=stranger.value)
    told, mark = [], ""
    while True:
        events, mark = channel.people(mark)
        told += [each for each in events if each.kind == "joined_group"]
        if not mark:
            break
    (came,) = [each for each in told if each.handle.value == stranger.value]
    assert came.detail["State"] == made.state

    codes.drop(made.id, by="li")
    assert platform.seen["joining"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"kind": "group"}, "groups"), ({"groups": ["g"]}, "groups"),
     ({"kind": "group", "groups": list("abcdef")}, "groups"),
     ({"kind": "group", "groups": ["g"], "reps": ["r"]}, "reps")],
)  # fmt: skip
def test_a_code_into_groups_names_a_few_and_no_rep(codes, asked, field):
    with pytest.raises(Invalid) as refused:
        codes.create("wecom", "海报", by="li", **asked)
    assert [flaw.field for flaw in refused.value.flaws] == [field]


@pytest.fixture
def night(records, accounts, channels, clock, account, history):
    """Everything that the walk of the next night tells, in the history afterwards."""
    kept, zone = Kept(), Zone("Asia/Shanghai")
    nightly = CatchingUp(
        records, accounts, channels, Intake(kept, clock), Roll(records, history, clock), clock, zone
    )

    def walked():
        before = len(kept.told)
        clock.now = zone.at(zone.day(clock()) + timedelta(days=1)) + timedelta(hours=10)
        while nightly.run():
            pass
        told = kept.told[before:]
        history.put(told, upto=0)
        return told

    return walked


def test_once_a_night_every_relation_and_yesterdays_figures_are_told(night, platform):
    kinds = [event.kind for event in night()]
    assert kinds.count("followed") == len(platform.seen["friends"])
    assert kinds.count("platform_figures") == 2


def test_a_platform_that_says_no_is_left_alone_for_an_hour(
    records, accounts, clock, account, history
):
    asked = []

    class Shut:
        def people(self, mark):
            asked.append(mark)
            raise SignedOut("channel_signed_out")

    shut, zone = Channels(accounts, {"wecom": lambda *_: Shut()}), Zone("Asia/Shanghai")
    roll = Roll(records, history, clock)
    nightly = CatchingUp(records, accounts, shut, Intake(Kept(), clock), roll, clock, zone)
    clock.now = zone.at(zone.day(clock()) + timedelta(days=1)) + timedelta(hours=4)
    for _ in range(61):
        assert nightly.run() == 0
        clock.move(timedelta(minutes=1))
    assert len(asked) == 2


def test_a_relation_is_told_on_one_night_only_however_many_come_after(night):
    assert "followed" in {event.kind for event in night()}
    for _ in range(5):  # the history itself forgets an id within days
        assert {event.kind for event in night()} == {"platform_figures"}


def test_whom_a_callback_told_of_is_not_counted_as_new_once_more(
    night, platform, stranger, channels, account, history, post, told, clock
):
    platform.act("add", userid="li", external=stranger.value, state="")
    body = next(each for each in told() if b"add_external_contact" in each)
    (called, *_) = channels.of(account).receive(post(body)).events
    history.put([replace(called, at=called.at + timedelta(seconds=2), received=clock())], upto=0)
    assert [event.kind for event in night() if event.handle == called.handle] == ["identified"]
    assert [event.kind for event in night() if event.handle == called.handle] == []


def test_a_follow_of_which_no_callback_came_is_made_good(night, platform, stranger):
    night()
    platform.act("add", userid="li", external=stranger.value, state="")
    hers = [each.kind for each in night() if each.handle and each.handle.value == stranger.value]
    assert hers == ["followed", "identified"]
