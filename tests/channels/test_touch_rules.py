"""The rules of a light touch as a table: what objects, in which order, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.touch_policy.policy import Caps, Policy, spelled, tuned
from channels.touch_policy.rules import decide, eligible, objections
from channels.touch_policy.touch import (
    Asked,
    Decision,
    Kind,
    Nature,
    Past,
    Person,
    Touch,
    Verdict,
)
from kernel.errors import Invalid
from tests.channels.touching import CUT, LARGE, PROMO, SHANGHAI

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Monday, 12:00 in Shanghai."""
NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""Monday, 23:00 there."""
MORNING = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
"""Tuesday, 09:00 there."""
HER = Person(customer="cus_1", handles=("phone::1",))
TOUCH = Touch(key="dlv_1", handle="phone::1", account="acc_1", channel="app")


def asked(at=NOON, *, touch=TOUCH, person=HER, policy=None, **more):
    return Asked(
        touch=touch, person=person, at=at, zone=SHANGHAI, policy=policy or Policy(), **more
    )


def said(days_ago=0, *, channel="app", kind="marketing", weight=1.0, at=NOON, **more):
    day = SHANGHAI.day(at) - timedelta(days=days_ago)
    return Past(f"old{days_ago}{channel}{more}", day, channel, kind, weight, **more)


def with_touch(**changed):
    return replace(TOUCH, **changed)


@pytest.mark.rule("R43.1", "R43.2")
@pytest.mark.parametrize(
    ("hour", "verdict", "wakes"),
    [
        ("20:59", "pass", None),
        ("21:00", "delay", "2026-03-03 09:00"),
        ("23:59", "delay", "2026-03-03 09:00"),
        ("00:00", "delay", "2026-03-02 09:00"),
        ("08:59", "delay", "2026-03-02 09:00"),
        ("09:00", "pass", None),
    ],
)
def test_nothing_goes_out_at_night(hour, verdict, wakes):
    at = datetime.fromisoformat(f"2026-03-02 {hour}").replace(tzinfo=SHANGHAI.info)
    decision = decide(asked(at))
    assert decision.verdict == verdict
    if wakes:
        local = SHANGHAI.local(decision.next_at)
        assert f"{local:%Y-%m-%d %H:%M}" == wakes


@pytest.mark.rule("R43.2")
def test_what_would_be_stale_by_the_morning_is_dropped():
    late = with_touch(expires=MORNING)
    assert decide(asked(NIGHT, touch=late)).verdict is Verdict.STALE
    in_time = with_touch(expires=MORNING + timedelta(seconds=1))
    assert decide(asked(NIGHT, touch=in_time)).verdict is Verdict.DELAY


@pytest.mark.rule("R45.2")
@pytest.mark.parametrize(
    ("past", "where", "window", "free"),
    [
        ([said(0)], "overall", "day", 1),
        ([said(0, channel="wechat_oa")], "overall", "day", 1),
        ([said(1), said(2), said(3)], "overall", "week", 4),
        ([said(5), said(4), said(1, channel="sms")], "overall", "week", 2),
        ([said(n) for n in (8, 10, 12, 15, 17, 20, 22, 29)], "overall", "month", 1),
    ],
)
def test_a_cap_objects_until_the_first_day_with_room(past, where, window, free):
    decision = decide(asked(past=past))
    assert (decision.verdict, decision.facts["where"]) == (Verdict.DELAY, where)
    assert decision.facts["window"] == window
    assert SHANGHAI.day(decision.next_at) == SHANGHAI.day(NOON) + timedelta(days=free)
    assert f"{SHANGHAI.local(decision.next_at):%H:%M}" == "09:00"


@pytest.mark.rule("R45.2")
def test_channels_have_caps_of_their_own_and_the_platforms_are_stricter():
    roomy = Policy(day=5, week=9, month=9, channel_day=2)
    sms = with_touch(channel="sms")
    twice = [said(0, channel="sms"), said(0, channel="sms", material="m")]
    assert decide(asked(touch=sms, policy=roomy, past=twice)).reason == "capped_channel"
    assert decide(asked(touch=TOUCH, policy=roomy, past=twice)).passes
    strict = asked(touch=sms, policy=roomy, past=twice[:1], platform=Caps(month=1))
    decision = decide(strict)
    assert (decision.facts["window"], decision.facts["cap"]) == ("month", 1)


@pytest.mark.rule("R113.1")
def test_a_group_message_weighs_a_fifth():
    group = with_touch(handle="wecom_group:acc_w:wr1", channel="wecom")
    past = [said(0, weight=0.2, material=str(n)) for n in range(4)]
    assert decide(asked(touch=group, past=past)).passes
    assert decide(asked(touch=group, past=[*past, said(0, weight=0.2)])).reason == "capped_overall"
    assert decide(asked(past=past)).reason == "capped_overall"
    assert decide(asked(touch=group, past=past)).weight == 0.2


def test_service_passes_and_is_counted_where_all_is_counted():
    service = with_touch(purpose="service")
    full = [said(0), said(1), said(2), said(3)]
    decision = decide(asked(NIGHT, touch=service, past=full, held=("open_case", MORNING)))
    assert (decision.verdict, decision.kind, decision.weight) == (
        Verdict.PASS, Kind.SERVICE, 1.0,
    )  # fmt: skip
    served = [said(0, kind="service", material=str(n)) for n in range(6)]
    assert decide(asked(past=served)).reason == "capped_all"
    assert decide(asked(past=served[:5])).passes


@pytest.mark.rule("R130.2")
def test_a_rep_who_answers_is_never_stopped_and_otherwise_is():
    hers = with_touch(rep="stf_1")
    wrote = replace(HER, active=NIGHT - timedelta(hours=24), lifecycle="churned")
    full = [said(0), said(1), said(2)]
    answer = decide(asked(NIGHT, touch=hers, person=wrote, past=full, nature=PROMO))
    assert (answer.verdict, answer.kind) == (Verdict.PASS, Kind.ANSWER)
    silent = replace(wrote, active=NIGHT - timedelta(hours=24, seconds=1))
    assert not decide(asked(NIGHT, touch=hers, person=silent, past=full)).passes
    assert not decide(asked(NIGHT, touch=TOUCH, person=wrote, past=full)).passes


def test_a_person_may_insist_and_what_spoke_against_it_stays_told():
    insists = with_touch(rep="stf_1", override="她昨天在电话里要的")
    decision = decide(asked(NIGHT, touch=insists, past=[said(0)]))
    assert decision.passes
    assert decision.forced
    assert [each.rule for each in decision.against] == ["quiet_hours", "caps"]


@pytest.mark.rule("R46.1")
def test_consent_is_above_everything_and_nobody_may_insist():
    for touch in (with_touch(override="x", rep="stf_1"), with_touch(purpose="service"), TOUCH):
        decision = decide(asked(touch=touch, allowed=False))
        assert (decision.verdict, decision.reason) == (Verdict.REFUSE, "she_does_not_allow_it")


@pytest.mark.rule("R44.1", "R44.2")
def test_marketing_waits_while_she_is_upset():
    until = NOON + timedelta(days=3)
    decision = decide(asked(held=("open_complaint", until)))
    assert (decision.verdict, decision.next_at) == (Verdict.DELAY, until)
    assert decision.facts == {"why": "open_complaint"}
    assert decide(asked(held=("open_complaint", NOON))).passes
    assert decide(asked(touch=with_touch(purpose="service"), held=("x", until))).passes


def test_the_same_content_is_not_shown_again_within_its_days():
    twice = with_touch(material="mat_1")
    decision = decide(asked(touch=twice, past=[said(20, material="mat_1")]))
    assert decision.reason == "she_had_it_lately"
    assert SHANGHAI.day(decision.next_at) == SHANGHAI.day(NOON) + timedelta(days=10)
    assert decide(asked(touch=twice, past=[said(30, material="mat_1")])).passes
    assert decide(asked(touch=twice, past=[said(20, material="mat_2")])).passes


@pytest.mark.rule("R124.1", "R124.2")
@pytest.mark.parametrize(
    ("past", "passes"),
    [
        ([], True),  # one of at least four
        ([said(9, promo=True)], False),
        ([said(9, promo=True), *(said(n) for n in (10, 12, 14))], False),  # 2 of 5
        ([said(9, promo=True), *(said(n) for n in (10, 12, 14, 17, 19))], True),  # 2 of 7
        ([said(30, promo=True)], True),
    ],
)
def test_not_too_much_of_what_she_hears_is_promotion(past, passes):
    decision = decide(asked(past=past, nature=PROMO))
    assert decision.passes is passes
    if not passes:
        assert decision.reason == "too_much_promotion"
        assert decide(asked(past=past)).passes  # only promotion is too much


LIVES = [
    # (lifecycle, vip, nature, mega sale, past) → reason, "" passes
    ("active", False, Nature(), False, [], ""),
    ("active", False, PROMO, False, [], "active_wants_no_promotion"),
    ("silent", False, PROMO, False, [], ""),
    ("silent", False, PROMO, False, [said(13, promo=True), *(said(n) for n in (15, 20))], ""),
    ("sleeping", False, Nature(), False, [], "sleeping_needs_large_promotion"),
    ("sleeping", False, PROMO, False, [], "sleeping_needs_large_promotion"),
    ("sleeping", False, LARGE, False, [], ""),
    ("churned", False, PROMO, False, [], "churned_only_big_sales"),
    ("churned", False, LARGE, False, [], "churned_only_big_sales"),
    ("churned", False, PROMO, True, [], ""),
    ("churned", False, Nature(), False, [], ""),
    ("active", True, CUT, False, [], "no_price_cut_for_vip"),
    ("sleeping", True, LARGE, False, [], "vip_is_called_instead"),
    ("churned", True, PROMO, True, [], "vip_is_called_instead"),
    ("", True, PROMO, False, [], ""),
    ("", False, CUT, False, [], ""),
]


@pytest.mark.rule(
    "R127.1", "R127.2", "R128.2", "R129.2", "R130.1", "R158.1"
)  # fmt: skip
@pytest.mark.parametrize(("lifecycle", "vip", "nature", "mega", "past", "reason"), LIVES)
def test_what_fits_the_point_of_her_life(lifecycle, vip, nature, mega, past, reason):
    person = replace(HER, lifecycle=lifecycle, vip=vip)
    lenient = Policy(promo_share=1, silent_week=9, silent_month=9)
    question = asked(person=person, nature=nature, mega_sale=mega, past=past, policy=lenient)
    if lifecycle == "silent" and past:
        reason = "silent_had_promotion"
    assert decide(question).reason == reason


@pytest.mark.rule("R158.2")
def test_a_price_cut_for_a_vip_needs_somebody_who_insists():
    vip = replace(HER, vip=True)
    assert decide(asked(person=vip, nature=CUT)).verdict is Verdict.REFUSE
    insists = with_touch(override="总经理特批")
    assert decide(asked(person=vip, nature=CUT, touch=insists)).forced


@pytest.mark.rule("R128.1", "R129.1", "R127.1")
@pytest.mark.parametrize(
    ("lifecycle", "days_ago", "passes"),
    [
        ("active", (1, 2), True),
        ("silent", (1,), True),
        ("silent", (1, 2), False),
        ("sleeping", (3,), False),
        ("churned", (20,), False),
    ],
)
def test_the_budget_shrinks_as_she_drifts_away(lifecycle, days_ago, passes):
    person = replace(HER, lifecycle=lifecycle)
    past = [said(n) for n in days_ago]
    nature = LARGE if lifecycle == "sleeping" else Nature()
    assert decide(asked(person=person, past=past, nature=nature)).passes is passes


IN_ORDER = [
    ("consent", {"allowed": False}),
    ("quiet_hours", {"at": NIGHT}),
    ("mood", {"held": ("open_case", NIGHT + timedelta(days=2))}),
    ("caps", {"past": [said(0, at=NIGHT)]}),
    ("tired", {"past": [said(12, material="mat_1")], "touch": with_touch(material="mat_1")}),
    ("promo_share", {"past": [said(9, promo=True)], "nature": PROMO}),
    ("vip", {"person": replace(HER, vip=True), "nature": CUT}),
    ("lifecycle", {"person": replace(HER, lifecycle="sleeping")}),
]


def merged(one, other):
    """Two situations at once."""
    both = {"at": NOON} | one | other
    for name in ("past",):
        both[name] = [*one.get(name, ()), *other.get(name, ())]
    if "person" in one and "person" in other:
        both["person"] = replace(HER, vip=True, lifecycle="sleeping")
    if "nature" in one and "nature" in other:
        both["nature"] = CUT
    return both


@pytest.mark.parametrize(("higher", "lower"), list(combinations(range(len(IN_ORDER)), 2)))
def test_of_two_objections_the_weightier_is_the_reason(higher, lower):
    (first, one), (second, other) = IN_ORDER[higher], IN_ORDER[lower]
    decision = decide(asked(**merged(one, other)))
    assert decision.against[0].rule == first
    if first != "consent":
        assert second in [each.rule for each in decision.against]


moments = st.integers(0, 60 * 24 * 7).map(lambda n: NOON + timedelta(minutes=n))
pasts = st.lists(
    st.builds(
        said, st.integers(0, 31), weight=st.sampled_from([0.2, 1.0]), promo=st.booleans(),
        kind=st.sampled_from(["marketing", "service", "answer"]),
    ),
    max_size=12,
)  # fmt: skip
questions = st.builds(
    asked, moments, past=pasts, nature=st.sampled_from([Nature(), PROMO, LARGE]),
    person=st.builds(
        replace, st.just(HER), vip=st.booleans(),
        lifecycle=st.sampled_from(["", "active", "silent", "sleeping", "churned"]),
    ),
    held=st.none() | st.tuples(st.just("x"), moments),
)  # fmt: skip


@given(questions)
def test_the_next_moment_is_one_at_which_nothing_objects(question):
    decision = decide(question)
    moment = eligible(question)
    assert (moment == question.at) is decision.passes
    if moment is not None:
        assert not list(objections(replace(question, at=moment)))
        assert decision.verdict in (Verdict.PASS, Verdict.DELAY, Verdict.REFUSE)
    if decision.verdict is Verdict.DELAY:
        assert decision.next_at == moment > question.at


@given(questions)
def test_more_past_never_lets_more_through(question):
    if decide(question).passes and question.nature == Nature():
        fewer = replace(question, past=question.past[1:])
        assert decide(fewer).passes


def test_every_number_is_a_setting_and_a_bad_one_is_named():
    policy = tuned(Policy(), {"day": "2", "quiet_from": "22:30", "group_weight": 0.5})
    assert (policy.day, spelled(policy)["quiet_from"], policy.group_weight) == (2, "22:30", 0.5)
    with pytest.raises(Invalid) as refused:
        tuned(Policy(), {"day": -1, "week": "x", "quiet_from": "25:00", "nights": 1})
    assert sorted(flaw.field for flaw in refused.value.flaws) == [
        "day", "nights", "quiet_from", "week",
    ]  # fmt: skip


def test_a_decision_without_objection_has_no_reason():
    assert (Decision(Verdict.PASS, Kind.SERVICE, 1.0).reason, decide(asked()).facts) == ("", {})
