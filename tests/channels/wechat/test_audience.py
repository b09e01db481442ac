"""An official account's fans, their tags, its codes and the platform's counts: adapter and sandbox.

The product's adapter over HTTP against the product's own twin of the platform.
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Refused
from channels.catching_up import Counts, KnowsPeople
from channels.live_codes import MakesCodes
from channels.vocabularies import Words
from channels.wechat import fans, messages
from kernel.calendar import Zone
from kernel.events import Handle
from tests.channels.sandboxed import following

BEIJING = Zone("Asia/Shanghai")


@pytest.fixture
def channel(sandboxed):
    return sandboxed


def test_it_can_be_asked_for_people_tags_codes_and_counts(channel):
    for can in (KnowsPeople, Words, MakesCodes, Counts):
        assert isinstance(channel, can)


def test_a_walk_tells_every_follow_under_the_id_that_its_callback_had(channel, sandbox):
    sandbox.knobs(callbacks="late")
    (stranger, *_) = [each for each in sandbox.ask("followers")["followers"]
                      if not each["followed"]]  # fmt: skip
    code = channel.make_code("lc_door", [], remark="门店", confirm=False)
    assert code == channel.make_code("lc_door", [], remark="门店", confirm=False)
    sandbox.post(f"followers/{stranger['openid']}/follow", scene="lc_door")
    body = sandbox.ask("callbacks")["callbacks"][0]["body"].encode()
    (called,) = messages.events(messages.fields(body), "acc_oa", body)
    sandbox.knobs(callbacks="never")

    told, onward = channel.people("")
    hers = {event.kind: event for event in told if event.handle.value == stranger["openid"]}
    assert onward == ""
    assert hers["followed"].id == called.id
    assert hers["followed"].detail["State"] == called.detail["State"] == "lc_door"
    assert {event.handle.value for event in told} == {each["openid"] for each in following(sandbox)}
    assert [event.id for event in told] == [event.id for event in channel.people("")[0]]


def test_her_unionid_comes_as_one_event_whoever_asks(channel, sandbox):
    (person, *_) = following(sandbox)
    told, _ = channel.people("")
    (walked,) = [each for each in told if each.id.startswith(f"recognised:{person['openid']}:")]
    asked = channel.introduce(Handle("openid", "acc_oa", person["openid"]), walked.at)
    assert (asked.id, asked.links) == (walked.id, walked.links)


def test_tags_of_the_platform_come_in_by_group_and_stand_on_her_as_a_trait(channel, wire, sandbox):
    (person, *_) = following(sandbox)
    number = fans.add_tag(wire, "高净值")
    assert fans.add_tag(wire, "高净值") == number
    wire.ask("/cgi-bin/tags/members/batchtagging", openid_list=[person["openid"]],
             tagid=int(number))  # fmt: skip

    group, word = channel.vocabulary()
    assert (word.code, word.label, word.parent) == (f"wechat.tag{number}", "高净值", group.code)
    told, _ = channel.people("")
    traits = {each.handle.value: each.detail["traits"] for each in told if "traits" in each.detail}
    assert traits.pop(person["openid"]) == {"wechat_tags": ["高净值"]}
    assert set(map(str, traits.values())) == {"{'wechat_tags': []}"}


@pytest.mark.parametrize(
    ("label", "reason"), [("十一个汉字的标签名太长", "platform_tag_name_long"), ("", None)]
)
def test_a_tag_that_the_platform_will_not_have_is_refused_by_its_reason(wire, label, reason):
    with pytest.raises(Refused) as no:
        fans.add_tag(wire, label)
    assert no.value.reason == (reason or "platform_refused")


def test_a_code_is_drawn_and_carries_its_scene(channel, sandbox):
    from urllib.request import urlopen

    made = channel.make_code("lc_drawn", [], remark="", confirm=False)
    assert made.picture.startswith(f"{sandbox.url}/cgi-bin/showqrcode?ticket=")
    with urlopen(made.picture) as drawn:
        assert b"lc_drawn" in drawn.read()


def test_yesterdays_counts_are_one_event_of_the_account_that_repeats_as_itself(channel, sandbox):
    today = BEIJING.local(channel._clock()).date()
    moved = BEIJING.at(today + timedelta(days=1)) + timedelta(hours=9) - channel._clock()
    sandbox.post("clock", seconds=moved.total_seconds())
    account, *articles = channel.figures(today)
    assert account.kind == "platform_figures"
    assert account.id == f"figures:account:{today.isoformat()}"
    assert account.detail["cumulate_user"] == len(following(sandbox))
    assert account.detail["new_user"] >= 1
    assert articles == []
    assert channel.figures(today) == [account]
    sandbox.post("clock", seconds=-moved.total_seconds())


def test_a_day_that_is_not_over_is_refused_as_the_platform_refuses_it(channel):
    with pytest.raises(Refused) as no:
        channel.figures(BEIJING.local(channel._clock()).date())
    assert no.value.facts["errcode"] == 61501


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["openid", "subscribe", "subscribe_time", "unionid", "tagid_list", "qr_scene_str"]
        ),
        JSON,
    )
)
def test_whatever_stands_in_a_fans_row_it_is_read_or_passed_over(row):
    now = datetime(2026, 3, 2, tzinfo=BEIJING.info)
    for event in fans.fan(row, "acc_oa", {"100": "甲"}, now):
        assert event.handle is not None
        assert event.handle.value
