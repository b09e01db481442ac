"""Customers of one rep become another's: asked, waited for, refused, and of a rep who left."""

from datetime import timedelta

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.transfers import HandsOver, Transfer, Transfers
from kernel.errors import Conflict, Invalid
from kernel.events import Handle

DAY = timedelta(days=1, minutes=5)


@pytest.fixture
def account(records, changes, clock):
    accounts = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
    return accounts, accounts.add(
        code="wecom", name="长河", kind="wecom", ecosystem="wechat", by="t"
    )  # fmt: skip


@pytest.fixture
def transfers(records, changes, account, adapted, channel, clock):
    accounts, there = account
    accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    made = adapted(channel.wire._http, channel.wire._host, there.id)
    assert isinstance(made, HandsOver)
    channels = Channels(accounts, {"wecom": lambda *_: made, "app": lambda *_: object()})
    return Transfers(records, changes, accounts, channels, clock)


@pytest.fixture
def hers(platform, account):
    """The handles of zhang's customers."""
    return [
        Handle("external_userid", account[1].id, each["external"])
        for each in platform.seen["friends"] if each["userid"] == "zhang"
    ]  # fmt: skip


@pytest.fixture
def given(transfers, hers, staff):
    """Zhang's first two go to li."""
    return transfers.hand_over(
        "wecom", hers[:2], giver=staff.one("zhang").id, taker=staff.one("li").id,
        words="您好，以后由我为您服务", by="boss",
    )  # fmt: skip


def later(platform, clock, by):
    platform.control("clock", {"seconds": by.total_seconds()})
    clock.move(by)


def told(transfers):
    return [(each.progress, each.reason) for each in transfers.page().items]


def test_after_a_day_they_are_the_other_reps(transfers, given, platform, clock, hers):
    assert [each.progress for each in given] == ["submitted", "submitted"]
    later(platform, clock, DAY)
    assert transfers.finish() == 2
    assert told(transfers) == [("shown", ""), ("shown", "")]
    friends = {each["external"]: each["userid"] for each in platform.seen["friends"]}
    assert [friends[each.value] for each in hers[:2]] == ["li", "li"]
    assert transfers.finish() == 0


def test_what_the_company_bars_is_said_to_nobody_who_is_handed_over(transfers, hers, staff):
    with pytest.raises(Invalid) as refused:
        transfers.hand_over(
            "wecom", hers[:1], giver=staff.one("zhang").id, taker=staff.one("li").id,
            words="以后由我带您稳赚不赔", by="boss",
        )  # fmt: skip
    assert [flaw.field for flaw in refused.value.flaws] == ["words"]
    assert transfers.page().items == []


def test_a_customer_who_says_no_stays(transfers, given, platform, clock, hers):
    platform.act("refuse_transfer", external=hers[0].value)
    later(platform, clock, DAY)
    transfers.finish()
    assert sorted(told(transfers)) == [("refused", "customer_refused_transfer"), ("shown", "")]


def test_who_is_under_way_is_not_asked_for_again(transfers, given, hers, staff):
    again = transfers.hand_over(
        "wecom", hers[:3], giver=staff.one("zhang").id, taker=staff.one("li").id, by="boss"
    )
    assert [each.handle for each in again] == [str(hers[2])]


def test_whom_the_platform_will_not_hand_over_is_refused_alone(
    transfers, hers, staff, account, stranger
):
    nobody = Handle("external_userid", account[1].id, stranger.value)
    made = transfers.hand_over(
        "wecom", [hers[0], nobody], giver=staff.one("zhang").id, taker=staff.one("li").id, by="b"
    )
    assert {each.handle: each.progress for each in made} == {
        str(hers[0]): "submitted", str(nobody): "refused"
    }  # fmt: skip


def test_a_lost_answer_is_settled_by_the_list_of_results_and_nobody_is_asked_for_twice(
    transfers, hers, staff, platform, clock
):
    platform.control("knobs", {"lose_answer": {"path": "transfer_customer", "times": 1}})
    (one,) = transfers.hand_over(
        "wecom", hers[:1], giver=staff.one("zhang").id, taker=staff.one("li").id, by="b"
    )
    assert one.progress == "awaiting_person"
    later(platform, clock, timedelta(minutes=2))
    transfers.finish()
    assert told(transfers) == [("submitted", "")]
    assert len(platform.seen["transfers"]) == 1


def test_a_platform_that_was_away_is_asked_again(transfers, hers, staff, platform, clock):
    platform.control("knobs", {"busy": {"path": "transfer_customer", "times": 1}})
    transfers.hand_over(
        "wecom", hers[:1], giver=staff.one("zhang").id, taker=staff.one("li").id, by="b"
    )
    later(platform, clock, timedelta(minutes=2))
    transfers.finish()
    assert told(transfers) == [("submitted", "")]


def test_who_is_erased_while_the_platform_is_asked_costs_the_others_nothing(
    transfers, given, platform, clock, hers, records
):
    later(platform, clock, DAY)
    asked = transfers._channel

    def erased(transfer):
        with records.write() as session:
            for row in session.query(Transfer).filter_by(handle=str(hers[0])):
                session.delete(row)
        return asked(transfer)

    transfers._channel = erased
    transfers.finish()
    assert told(transfers) == [("shown", "")]


def test_customers_of_a_rep_who_left_go_by_another_door(transfers, hers, staff, platform, clock):
    platform.act("resign", userid="zhang")
    pair = {"giver": staff.one("zhang").id, "taker": staff.one("li").id, "by": "b"}
    (one,) = transfers.hand_over("wecom", hers[:1], resigned=True, **pair)
    assert one.progress == "submitted"
    later(platform, clock, DAY)
    transfers.finish()
    assert told(transfers) == [("shown", "")]


def test_nobody_too_many_herself_and_other_platforms_are_refused(transfers, hers, staff, account):
    li, zhang = staff.one("li").id, staff.one("zhang").id
    many = [Handle("external_userid", account[1].id, f"wm{n}") for n in range(101)]
    for handles, taker in (([], li), (many, li), (hers, zhang)):
        with pytest.raises(Invalid):
            transfers.hand_over("wecom", handles, giver=zhang, taker=taker, by="b")
    with pytest.raises(Conflict):
        transfers.hand_over("app", hers, giver=zhang, taker=li, by="b")
