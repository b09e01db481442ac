"""WeCom: what a rep confirms, whom it reaches, and what the platform tells of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.base import REP, Busy, Greets, Message, Progress, Refused, SignedOut, TellsReps
from channels.catching_up import Counts, KnowsPeople
from channels.contract import ChannelContract, SendingContract
from channels.live_codes import MakesCodes, MakesLinks
from channels.vocabularies import Words
from kernel.calendar import Zone
from kernel.events import Handle
from tests.channels.wecom.conftest import query_of

BEIJING = Zone("Asia/Shanghai")

POST = ChannelContract.post
FOLLOW = (
    b"<xml><ToUserName>ww</ToUserName><FromUserName>sys</FromUserName>"
    b"<CreateTime>1772442000</CreateTime><MsgType>event</MsgType>"
    b"<Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>"
    b"<UserID>zhang</UserID><ExternalUserID>wmAAAAAAAAAAAAAAAAAAAA</ExternalUserID>"
    b"<State>lc1</State><WelcomeCode>code1</WelcomeCode></xml>"
)


class TestContract(ChannelContract):
    @pytest.fixture
    def genuine(self, post):
        return post(FOLLOW)

    @pytest.fixture
    def forged(self, post):
        return post(FOLLOW, token="guess")


class TestSendingContract(SendingContract):
    pass


def test_it_can_do_what_only_wecom_can(channel):
    assert isinstance(channel, Greets)
    assert isinstance(channel, TellsReps)
    assert isinstance(channel, MakesCodes)
    assert isinstance(channel, KnowsPeople)
    assert isinstance(channel, Counts)
    assert isinstance(channel, Words)


def test_its_corporate_tags_are_told_with_their_groups(channel, platform):
    wire = channel.wire
    told = wire.do(
        "/cgi-bin/externalcontact/add_corp_tag", group_name="客户等级",
        tag=[{"name": "重要"}, {"name": "一般"}],
    )["tag_group"]  # fmt: skip
    group, (first, second) = channel.vocabulary()[0], channel.vocabulary()[1:]
    assert (group.label, group.parent) == ("客户等级", "")
    assert {first.label, second.label} == {"重要", "一般"}
    assert first.parent == group.code == f"wecom.{told['group_id'].lower()}"


# moments


def test_a_moment_is_shown_once_a_rep_has_posted_it(channel, platform):
    receipt = channel.publish(POST, key="k1")
    assert receipt.progress is Progress.AWAITING_PERSON
    assert channel.outcome(receipt.ref).progress is Progress.AWAITING_PERSON
    (moment,) = platform.seen["moments"]
    platform.act("post", userid="li", moment=moment["moment_id"])
    assert channel.outcome(receipt.ref).progress is Progress.SHOWN


def test_a_moment_that_nobody_confirms_in_three_days_is_refused(channel, platform, clock):
    receipt = channel.publish(POST, key="k1")
    clock.move(timedelta(days=3, hours=1))
    told = channel.outcome(receipt.ref)
    assert (told.progress, told.reason) == (Progress.REFUSED, "no_rep_confirmed")


def test_a_cover_is_uploaded_again_before_it_expires(channel, platform, clock):
    channel.publish(POST, key="k1")
    channel.publish(POST, key="k2")
    uploads = "media/upload_attachment"
    assert platform.control("journal")["counts"][uploads] == 1
    clock.move(timedelta(days=2, hours=21))
    channel.publish(POST, key="k3")
    assert platform.control("journal")["counts"][uploads] == 2


# one customer


def sent(channel, friend, **more):
    return channel.send(Message(handle=friend, text="您好", **more), key="k")


def test_a_message_waits_for_the_rep_and_is_sent_when_she_confirms(channel, platform, friend):
    receipt = sent(channel, friend)
    assert receipt.progress is Progress.AWAITING_PERSON
    assert platform.seen["heard"] == []
    assert channel.outcome(receipt.ref).progress is Progress.AWAITING_PERSON
    assert len(platform.heard) == 1
    assert channel.outcome(receipt.ref).progress is Progress.SHOWN


def test_it_goes_in_the_name_of_the_rep_who_is_meant(channel, platform, friend, staff):
    with pytest.raises(Refused) as no:
        sent(channel, friend, rep=staff.one("li").id)
    assert no.value.reason == "recipient_unknown"
    sent(channel, friend, rep=staff.one("zhang").id)
    (task,) = platform.seen["tasks"]
    assert [send["userid"] for send in task["sends"]] == ["zhang"]


def test_whoever_deletes_the_rep_before_she_confirms_is_not_reached(channel, platform, friend):
    receipt = sent(channel, friend)
    platform.act("leave", userid="zhang", external=friend.value)
    assert platform.heard == []
    told = channel.outcome(receipt.ref)
    assert (told.progress, told.reason) == (Progress.REFUSED, "recipient_gone")


def test_a_customer_who_has_had_enough_this_month_is_told_by_that_name(channel, platform, friend):
    platform.control("knobs", {"wecom_a_month": 1})
    sent(channel, friend)
    assert len(platform.heard) == 1
    receipt = sent(channel, friend)
    assert len(platform.heard) == 1
    told = channel.outcome(receipt.ref)
    assert (told.progress, told.reason) == (Progress.REFUSED, "recipient_had_enough")


def test_what_was_cancelled_is_never_sent(channel, platform, friend):
    receipt = sent(channel, friend)
    channel.withdraw(receipt.ref)
    channel.withdraw(receipt.ref)
    (task,) = platform.seen["tasks"]
    with pytest.raises(OSError, match="404"):
        platform.act("confirm", userid="zhang", msgid=task["msgid"])
    assert platform.seen["heard"] == []


def test_a_rep_is_reminded_three_times_a_day(channel, friend):
    receipt = sent(channel, friend)
    for _ in range(3):
        channel.remind(receipt.ref)
    with pytest.raises(Busy):
        channel.remind(receipt.ref)


def test_a_card_to_a_customer_holds_title_words_cover_and_link(channel, platform, friend):
    sent(
        channel,
        friend,
        kind="card",
        title="开放日",
        link="https://e.cn/t/1",
        cover="https://e.cn/c",
    )
    (told,) = platform.heard
    assert all(each in told for each in ("您好", "开放日", "https://e.cn/t/1", "https://e.cn/c"))


def test_a_group_is_written_to_by_its_owner(channel, platform, staff):
    group = Handle("wecom_group", "acc_w", "wrAAAA")
    sent(channel, group, rep=staff.one("zhang").id)
    (task,) = platform.seen["tasks"]
    assert (task["kind"], task["told"]["chat_id_list"]) == ("group", ["wrAAAA"])


# reps


def card(channel, staff, text="推荐发给客户：开放日"):
    handle = Handle(REP, "acc_w", staff.one("zhang").id)
    message = Message(
        handle=handle, text=text, title="客户生日周", link="https://e.cn/w", kind="card",
        button="标记已处理",
    )  # fmt: skip
    return channel.send(message, key="rem_1")


def test_a_rep_gets_a_card_once_and_it_is_closed_when_handled(channel, platform, staff):
    receipt = card(channel, staff)
    card(channel, staff)
    (kept,) = platform.seen["cards"]
    assert (kept["userid"], kept["closed"]) == ("zhang", "")
    assert kept["told"]["template_card"]["main_title"]["title"] == "客户生日周"

    channel.settle_card(receipt.ref, "已处理")
    channel.settle_card(receipt.ref, "已处理")
    (kept,) = platform.seen["cards"]
    assert kept["closed"] == "已处理"


def test_a_member_is_linked_to_staff_of_another_code(channel, platform, reps, staff):
    wang = staff.add("wang", "王", by="t")
    with pytest.raises(Refused):
        card_to(channel, wang.id)
    reps.link("acc_w", "li", wang.id, by="t")
    card_to(channel, wang.id)
    (kept,) = platform.seen["cards"]
    assert kept["userid"] == "li"


def card_to(channel, rep):
    message = Message(handle=Handle(REP, "acc_w", rep), text="您好")
    return channel.send(message, key="k")


# codes and welcomes


def test_a_code_is_made_found_again_and_dropped(channel, platform, staff, clock):
    begun = clock()
    made = channel.make_code("lc1", [staff.one("li").id], remark="门店", confirm=False)
    assert channel.find_code("lc1", begun) == made
    assert channel.find_code("lc2", begun) is None
    channel.drop_code(made.ref)
    channel.drop_code(made.ref)
    assert platform.seen["ways"] == []


def test_a_link_is_made_found_again_clicked_and_dropped(
    channel, platform, staff, clock, stranger, told, post
):
    assert isinstance(channel, MakesLinks)
    made = channel.make_link("lc1", [staff.one("li").id], remark="短信" * 20, confirm=False)
    assert channel.find_link("lc1", clock()) == made
    assert channel.find_link("lc2", clock()) is None
    assert query_of(made.address)["customer_channel"] == "lc1"
    platform.act("click", link=made.ref, external=stranger.value, channel="lc1")
    (event,) = channel.receive(post(told()[-1])).events
    assert (event.kind, event.detail["State"], event.rep) == ("followed", "lc1", staff.one("li").id)
    channel.drop_link(made.ref)
    channel.drop_link(made.ref)
    assert platform.seen["links"] == []


def test_who_scans_a_code_is_heard_of_with_its_state_and_welcomed_once(
    channel, platform, staff, stranger, told, post
):
    channel.make_code("lc1", [staff.one("li").id], remark="门店", confirm=False)
    platform.act("scan", state="lc1", external=stranger.value)
    received = channel.receive(post(told()[-1]))
    (event,), (greeting,) = received.events, received.greetings
    assert (event.kind, event.handle, event.rep) == ("followed", stranger, staff.one("li").id)
    assert (event.detail["State"], greeting.state) == ("lc1", "lc1")
    assert greeting.code not in str(event)
    assert greeting.code not in repr(greeting)

    channel.greet(greeting, Message(handle=stranger, text="欢迎"))
    with pytest.raises(Refused) as no:
        channel.greet(greeting, Message(handle=stranger, text="欢迎"))
    assert no.value.reason == "already_greeted"
    assert [each["external"] for each in platform.seen["heard"]] == [stranger.value]


# people


def test_the_nightly_walk_tells_every_relation_once_with_her_unionid(channel, platform, clock):
    first, mark = channel.people("")
    again, _ = channel.people("")
    assert channel.people(mark) == ([], "")  # no groups
    assert first == again
    friends = platform.seen["friends"]
    assert {event.handle.value for event in first} == {each["external"] for each in friends}
    assert {event.links[0].value for event in first} == {each["unionid"] for each in friends}
    assert [event.kind for event in first] == ["followed", "identified"] * len(friends)


def test_tags_that_reps_gave_her_stand_on_her_as_a_trait_by_their_names(channel, platform, friend):
    wire, at = channel.wire, "/cgi-bin/externalcontact"
    wire.ask(f"{at}/add_corp_tag", group_name="兴趣", tag=[{"name": "养老"}, {"name": "理财"}])
    (number, *_) = [each["id"] for each in platform.seen["tags"]]
    userid = next(
        each["userid"] for each in platform.seen["friends"] if each["external"] == friend.value
    )
    wire.ask(f"{at}/mark_tag", userid=userid, external_userid=friend.value, add_tag=[number])
    told = {each.handle: each.detail["traits"] for each in channel.people("")[0]
            if each.kind == "identified"}  # fmt: skip
    assert told.pop(friend) == {"wecom_tags": ["养老"]}
    assert all(each == {"wecom_tags": []} for each in told.values())


def test_after_the_relations_come_the_groups_with_the_customers_in_them(
    channel, platform, friend, stranger, staff
):
    platform.act("group", userid="zhang", name="养老规划群")
    (group,) = platform.seen["groups"]
    for who in (friend, stranger):
        platform.act("join", chat=group["chat"], external=who.value)
    _, mark = channel.people("")
    found, onward = channel.people(mark)
    assert onward == ""
    assert [(each.kind, each.handle, each.rep) for each in found] == [
        ("joined_group", who, staff.one("zhang").id) for who in (friend, stranger)
    ]
    assert {each.detail["group"] for each in found} == {group["chat"]}
    assert channel.people(mark)[0] == found
    platform.act("quit", chat=group["chat"], external=stranger.value)
    assert [each.handle for each in channel.people(mark)[0]] == [friend]


def test_she_is_introduced_with_unionid_and_the_phone_that_her_rep_noted(
    channel, platform, friend, clock
):
    platform.world.friends.remark(
        platform.world.accounts.corp("wecom"), "zhang", friend.value,
        {"remark": "老客户", "remark_mobiles": ["+86 138 0000 0000"]},
    )  # fmt: skip
    told = channel.introduce(friend, clock())
    assert told == channel.introduce(friend, clock())
    assert [link.kind for link in told.links] == ["unionid", "phone"]
    assert told.links[1].value == "13800000000"
    assert "13800000000" not in told.id


def test_the_platforms_own_counts_become_events_for_the_boards(channel, clock, staff):
    told = channel.figures(BEIJING.local(clock()).date())
    assert [event.rep for event in told] == [staff.one("li").id, staff.one("zhang").id] or len(
        told
    ) == 2
    assert {event.kind for event in told} == {"platform_figures"}
    assert told == channel.figures(BEIJING.local(clock()).date())


def test_posted_moments_and_who_liked_them_are_told_by_rep(channel, platform, friend, staff, clock):
    channel.publish(POST, key="k9")
    (moment,) = platform.seen["moments"]
    platform.act("post", userid="zhang", moment=moment["moment_id"])
    platform.act("like", userid="zhang", external=friend.value, moment=moment["moment_id"])
    platform.act(
        "comment", userid="zhang", external=friend.value, moment=moment["moment_id"], text="不错"
    )
    clock.now = platform.world.clock() + timedelta(seconds=1)

    told = [
        each
        for each in channel.figures(BEIJING.local(clock()).date())
        if each.kind != "platform_figures"
    ]
    assert [each.kind for each in told] == ["posted_moment", "liked_material", "commented"]
    assert {each.rep for each in told} == {staff.one("zhang").id}
    assert [each.handle for each in told] == [None, friend, friend]
    assert {each.detail["delivery"] for each in told} == {"k9"}
    assert "不错" not in str(told)


def test_what_groups_came_to_is_told_by_owner(channel, platform, friend, staff, clock):
    platform.act("group", userid="li", name="客户福利群")
    group = platform.seen["groups"][-1]
    platform.act("join", chat=group["chat"], external=friend.value)
    (told,) = [
        each
        for each in channel.figures(BEIJING.local(clock()).date())
        if "member_total" in each.detail
    ]
    assert told.rep == staff.one("li").id
    assert (told.detail["member_total"] >= 1, told.detail["chat_total"] >= 1) == (True, True)


# hearing, and what goes wrong


def test_a_wrong_receiver_is_refused(channel, post):
    with pytest.raises(Refused):
        channel.receive(post(FOLLOW, corp="wwsomebodyelse"))


def test_signed_nonsense_is_kept_and_answered(channel, post):
    for body in (b"<html><body>502</body></html>", b"nothing", b"[]", b"{}", b"<xml/>"):
        received = channel.receive(post(body))
        assert (received.events, received.unreadable, received.answer) == ((), body, b"success")


def test_a_dead_token_is_replaced_without_a_word(channel, platform):
    channel.publish(POST, key="k1")
    platform.control("knobs", {"token_dies": True})
    channel.publish(replace(POST, title="第二个"), key="k2")
    assert len(platform.shown) == 2


def test_a_wrong_secret_signs_us_out(platform, adapted, channel):
    wrong = adapted(channel.wire._http, f"{platform.url}/wecom", "acc_x", "guess")
    with pytest.raises(SignedOut):
        wrong.publish(POST, key="k1")


@pytest.mark.parametrize("manner", ["opitons", "options"])
def test_what_was_chosen_on_a_card_is_read_in_either_spelling(manner):
    from channels.wechat.wecom.hearing import answered

    outer, inner = ("OpitonIds", "OpitonId") if manner == "opitons" else ("OptionIds", "OptionId")
    told = {"SelectedItems": {"SelectedItem": {"QuestionKey": "q", outer: {inner: ["a", "b"]}}}}
    assert answered(told) == ("a", "b")


def test_the_same_fact_in_the_envelope_of_a_suite_is_the_same_event(
    channel, platform, friend, post, told
):
    userid = platform.seen["friends"][0]["userid"]
    platform.control("knobs", {"callback_oddity": "suite"})
    platform.act("leave", userid=userid, external=friend.value)
    body = told()[-1]
    assert b"InfoType" in body
    assert b"<Event>" not in body
    (event,) = channel.receive(post(body)).events
    assert (event.kind, event.handle) == ("unfollowed", friend)
