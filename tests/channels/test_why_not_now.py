"""A rep is told in one sentence why no marketing goes to a customer now, and from when it may."""

from datetime import datetime, timedelta

import pytest

from tests.channels.touching import SHANGHAI, Gate, moods_of

HER = "phone::1"


@pytest.fixture
def gate(records, clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI.info)
    return Gate(records, clock)


def said(gate, handle=HER, **more):
    return tuple(gate.policy.why_not_now(handle, each, **more) for each in ("zh", "en"))


def test_where_nothing_speaks_against_it_nothing_is_said(gate):
    assert said(gate) == (None, None)


def test_what_she_had_today_is_counted_and_the_morning_named(gate):
    gate.policy.tune({"day": 2}, by="t")
    for _ in range(2):
        gate.say(channel="sms")
        gate.say(channel="app")
    assert said(gate) == (
        "她今天已收到 2 条营销内容，营销内容明天 9:00 后可发",
        "Marketing messages she has had today: 2; marketing may go from 9:00 tomorrow.",
    )


def test_what_she_had_this_week_and_month_names_the_day(gate):
    gate.policy.tune({"week": 1}, by="t")
    gate.say()
    gate.days(1)
    assert said(gate) == (
        "她 7 天内已收到 1 条营销内容，营销内容 3 月 9 日 9:00 后可发",
        "Marketing messages she has had within 7 days: 1; marketing may go from 9:00 on 9 Mar.",
    )
    gate.policy.tune({"week": 3, "month": 1}, by="t")
    gate.days(20)
    assert said(gate)[0] == "她 30 天内已收到 1 条营销内容，营销内容 4 月 1 日 9:00 后可发"


def test_service_counted_in_is_told_so(gate):
    gate.policy.tune({"all_day": 1}, by="t")
    gate.say(purpose="service")
    assert said(gate) == (
        "她今天已收到 1 条消息（含服务），营销内容明天 9:00 后可发",
        "Messages she has had today, service counted in: 1; marketing may go from 9:00 tomorrow.",
    )


@pytest.mark.parametrize("cap", ["day", "channel_day"])
def test_a_cap_of_nothing_names_no_day(gate, cap):
    gate.policy.tune({cap: 0}, by="t")
    assert said(gate) == (
        "公司规定不给她发营销内容（触达上限为 0），暂不发营销内容",
        "The company's cap leaves no room for marketing to her; no marketing for now.",
    )


def test_the_channel_is_named_where_its_cap_is_the_one(gate):
    gate.policy.tune({"day": 9, "channel_day": 1}, by="t")
    gate.say(channel="")
    chinese, english = said(gate)
    assert chinese == "她今天在这个渠道已收到 1 条营销内容，营销内容明天 9:00 后可发"
    assert english.startswith("Marketing messages she has had on this channel today: 1; ")


def test_at_night_it_waits_for_the_morning(gate):
    gate.clock.move(timedelta(hours=10))
    assert said(gate) == (
        "现在是勿扰时段，营销内容明天 9:00 后可发",
        "These are quiet hours; marketing may go from 9:00 tomorrow.",
    )
    gate.clock.move(timedelta(hours=3))
    assert said(gate)[0] == "现在是勿扰时段，营销内容今天 9:00 后可发"


def test_of_several_reasons_the_one_that_lasts_is_told(gate):
    gate.say()
    gate.policy.tune({"week": 1}, by="t")
    gate.clock.move(timedelta(hours=10))
    assert said(gate)[0] == "她 7 天内已收到 1 条营销内容，营销内容 3 月 9 日 9:00 后可发"


def test_who_is_upset_is_left_in_peace_until_a_day(gate, people):
    moods = moods_of(gate, people)
    moods.hold(HER, "open_complaint", days=3, by="li")
    assert said(gate) == (
        "她正在情绪保护期，营销内容 3 月 5 日 12:00 后可发",
        "She is upset and left in peace; marketing may go from 12:00 on 5 Mar.",
    )


def test_of_two_that_last_the_one_that_lasts_longer_is_told(gate, people):
    moods = moods_of(gate, people)
    moods.hold(HER, "open_complaint", days=3, by="li")
    gate.policy.tune({"week": 1}, by="t")
    gate.say(purpose="marketing", override="t")
    found = said(gate)[0]
    assert found == "她 7 天内已收到 1 条营销内容，营销内容 3 月 9 日 9:00 后可发"


def test_who_does_not_allow_it_is_told_as_such(gate):
    gate.consents.withdraw([HER], "marketing", by="t", source="t")
    assert said(gate) == (
        "她没有同意接收营销内容，暂不发营销内容",
        "She has not agreed to marketing; no marketing for now.",
    )


def test_to_who_sleeps_only_a_large_promotion_goes(gate):
    gate.circle.add(HER, lifecycle="sleeping")
    assert said(gate) == (
        "她在沉睡期，只适合大力度促销，暂不发营销内容",
        "She sleeps, and only a large promotion goes to her; no marketing for now.",
    )


def test_a_rep_may_answer_who_has_just_written(gate):
    gate.say()
    gate.circle.add(HER, active=gate.clock())
    assert said(gate)[0]
    assert said(gate, rep="stf_1") == (None, None)
