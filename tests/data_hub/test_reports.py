"""Reports: what each counts, its totals, its alerts; the same numbers as from the raw events."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.ad_quality import GRADES, AdQuality, Origin, Quality
from data_hub.deeds import Deeds
from data_hub.labels import label
from data_hub.leaderboards import Leaderboards, Period, Points, Ranking, begins, ranked
from data_hub.measures.retention import WEEKS, retention
from data_hub.profiles import Profile
from data_hub.reports.base import End
from data_hub.reports.journeys import (
    LANDING,
    SOURCES,
    landing_page,
    landings,
    percentile,
    source_of,
)
from data_hub.reports.keeping import CODES, Reports, tier_of
from data_hub.terms import Alarms
from kernel.calendar import Zone
from kernel.errors import Invalid, NotFound
from kernel.events import Handle
from kernel.wording import say
from stores.acts import columns
from stores.told import Said
from tests.data_hub.telling import MONDAY, event, openid, user

ENDS = (
    End("acc_app", "App", "own_app", owned=True),
    End("acc_oa", "公众号", "wechat", owned=True),
    End("acc_dy", "抖音", "video", reach_cost=0.5),
)


@pytest.fixture
def boards(hub, records, changes, clock):
    clock.move(MONDAY + timedelta(hours=3) - clock())
    return Leaderboards(hub.history, records, hub.staff, changes, clock)


@pytest.fixture
def ads(hub, people, records, changes, clock):
    clock.move(MONDAY + timedelta(hours=3) - clock())
    return AdQuality(hub.history, people, records, hub.identities, changes, clock)


@pytest.fixture
def reports(hub, people, records, changes, clock, ads):
    left = Leaderboards(hub.history, records, hub.staff, changes, clock)
    return Reports(
        hub.history, people, hub.identities, hub.profiles, ads, left, lambda _: (), clock
    )


def counted(events, kinds):
    """Deeds out of events, for reports that read nothing themselves."""
    return Deeds.of(columns(events, kinds, label), kinds)


# Leaderboards


@pytest.mark.rule("R39.2")
@given(st.lists(st.integers(0, 4), max_size=12))
@settings(max_examples=60, deadline=None)
def test_who_did_as_much_shares_a_rank_and_the_next_is_left_out(points):
    names = {f"s{n}": f"s{n}" for n in range(len(points))}
    told = ranked([Points(f"s{n}", "praised", p) for n, p in enumerate(points) if p], names)
    for each in told:
        assert each.rank == 1 + sum(other.points > each.points for other in told)
    assert sum(each.points for each in told) == sum(points)


@pytest.mark.parametrize(
    ("period", "first"), [(Period.DAY, "2026-03-05"), (Period.WEEK, "2026-03-02"),
                          (Period.MONTH, "2026-03-01")],
)  # fmt: skip
def test_a_board_begins_with_its_day_week_or_month(period, first):
    assert begins(period, (MONDAY + timedelta(days=3)).date()).isoformat() == first


@pytest.mark.rule("R39.1", "R39.3")
def test_boards_are_by_performance_and_by_praise_and_as_of_now(hub, boards, changes):
    anna, bert = (hub.staff.add(code, code, by="li").id for code in ("anna", "bert"))
    hub.tell(
        event("bought", user("u1"), rep=anna), event("done", user("u1"), rep=bert),
        event("bought", user("u2"), rep=anna, minutes=-60 * 24 * 2),
        event("liked_material", user("u3"), rep=bert), event("praised", user("u3"), rep=bert),
        event("commented", user("u4"), rep=anna), event("praised", user("u4")),
        event("praised", user("u4"), rep="nobody"),
        event("praised", user("u4"), rep=anna, minutes=1, detail={"bot": True}),
    )  # fmt: skip

    def board(ranking, period):
        return [(e.rank, e.name, e.points) for e in boards.board(ranking, period)]

    assert board(Ranking.PERFORMANCE, Period.DAY) == [(1, "anna", 1), (1, "bert", 1)]
    assert board(Ranking.PRAISE, Period.WEEK) == [(1, "bert", 2), (2, "anna", 1)]
    hub.tell(event("praised", user("u5"), rep=anna), event("praised", user("u6"), rep=anna))
    assert board(Ranking.PRAISE, Period.MONTH)[0] == (1, "anna", 3)


@pytest.mark.rule("R39.4")
def test_who_left_the_boards_stands_on_none_until_she_comes_back(hub, boards):
    anna, bert = (hub.staff.add(code, code, by="li").id for code in ("anna", "bert"))
    hub.tell(event("praised", user("u1"), rep=anna), event("praised", user("u1"), rep=bert))
    boards.leave("anna", by=anna)
    boards.leave(anna, by=anna)
    for ranking in Ranking:
        for period in Period:
            assert all(e.staff != anna for e in boards.board(ranking, period))
    boards.come_back(anna, by=anna)
    assert [e.staff for e in boards.board(Ranking.PRAISE, Period.DAY)] == [anna, bert]


# Groups


@pytest.mark.rule("R114.1", "R114.2")
def test_a_group_that_mostly_advertises_is_told_of(hub, reports):
    chat = Handle("wecom_group", "acc_oa", "g1")
    hub.tell(
        *(event("sent", chat, detail={"promo": True}, account="acc_oa") for _ in range(3)),
        event("sent", chat, account="acc_oa"),
        event("messaged", openid("o1"), detail={"group": "g1"}, account="acc_oa"),
        event("messaged", openid("o2"), detail={"group": "g2"}, account="acc_oa"),
        event("messaged", openid("o2"), detail={"group": "g2"}, account="acc_oa"),
        event("sent", openid("o2"), detail={"group": "g2", "purpose": "promo"}, account="acc_oa"),
    )
    told = reports.of("groups", ENDS)
    assert told.rows == (("g1", 5, 0.2, 0.6, 1), ("g2", 3, 2 / 3, 1 / 3, 1))
    assert [alert.values["group"] for alert in told.alerts] == ["g1"]


@pytest.mark.rule("R114.2")
def test_how_much_advertising_is_too_much_in_how_many_days_a_company_says(hub, reports):
    def alerts(alarms):
        reports._alarms = alarms
        return [each.values for each in reports.of("groups", ENDS).alerts]

    hub.tell(
        *(event("sent", None, detail={"group": "g", "promo": n < 1}, minutes=-1_440 * 6)
          for n in range(2))
    )  # fmt: skip
    assert alerts(Alarms()) == []  # half of it is not yet too much
    assert alerts(Alarms(group_ads=0.49)) == [{"group": "g", "days": 7, "share": "50%"}]
    assert alerts(Alarms(group_ads=0.49, group_days=6)) == []


# Reach, tiers, sources


@pytest.mark.rule("R115.2")
def test_the_share_on_a_channel_of_our_own_counts_everybody_once(hub, reports):
    hub.tell(
        event(handle=user("u1")), event("followed", openid("o1"), user("u1"), account="acc_oa"),
        event("followed", Handle("openid", "acc_dy", "d1"), account="acc_dy"),
    )  # fmt: skip
    told = reports.of("reach", ENDS)
    assert [(row[0], row[4]) for row in told.rows] == [("App", 1), ("公众号", 1), ("抖音", 1)]
    assert told.totals[-2:] == (1, 0.5)


@pytest.mark.rule("R117.3")
def test_everybody_stands_in_one_tier_and_one_class_which_follow_her_events(hub, reports):
    hub.tell(event(handle=user("u1")), event("bought", user("u2"), detail={"amount": 5}))
    assert reports.of("tiers", ENDS).rows == (
        ("tier_buyer", "stage_active", 1), ("tier_prospect", "node_acquire", 1),
    )  # fmt: skip
    later = event("bought", user("u2"), detail={"amount": 5}, minutes=60 * 48)
    hub.tell(later, event("bought", user("u1"), detail={"amount": 5}))
    told = reports.of("tiers", ENDS)
    assert told.rows == (("tier_buyer", "stage_active", 1), ("tier_repeat", "stage_active", 1))
    assert sum(row[-1] for row in told.rows) == told.totals[-1] == 2


@pytest.mark.rule("R66.1", "R66.2")
def test_every_lead_has_a_source_and_says_what_it_came_by(hub, reports):
    bought = {"clickid": "c1", "campaign": "618", "creative": "video"}
    details = [{}, {"source_type": "purchased"} | bought, bought, {"inviter": "u9"},
               {"source_type": "nonsense"}, {"source_type": None}]  # fmt: skip
    hub.tell(*(event("left_contact", user(f"u{n}"), detail=d) for n, d in enumerate(details)))
    told = reports.of("sources", ENDS)
    assert [row[:5] for row in told.rows] == [
        ("own_platform", "App", "", "", 3), ("purchased", "App", "618", "video", 2),
        ("campaign_fission", "App", "", "", 1),
    ]  # fmt: skip
    assert sum(row[4] for row in told.rows) == told.totals[4] == 6


def test_a_report_counts_everything_however_much_there_is(hub, reports):
    stretch = 5_100
    for upto in range(1, 5):
        hub.history.put(
            [
                event("left_contact", user(f"u{n}"), id=f"{upto}-{n}", minutes=-n,
                      detail={"source_type": SOURCES[n % len(SOURCES)], "page": "/form"})
                for n in range(stretch)
            ],
            upto=upto,
        )  # fmt: skip
    told = reports.of("sources", ENDS)
    assert (told.totals[4], told.whole) == (4 * stretch, True)
    assert [row[4] for row in told.rows] == [6_800] * 3


def test_a_page_of_one_order_is_a_page_like_its_others():
    told = [
        event("viewed_page", None, detail={"page": f"/order/{n}/pay"}) for n in (1234567, 7654321)
    ]
    assert {landing_page(Said.of(each)) for each in told} == {"/order/…/pay"}


# Landing pages


@pytest.mark.rule("R68.1", "R68.2")
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(LANDING), st.sampled_from("ab"),
                          st.integers(0, 60 * 24 * 10)), max_size=25))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_landing_funnel_is_what_the_raw_events_give(told):
    raw = [
        event(kind, user(f"u{who}"), detail={"page": f"/{page}?utm=1"}, minutes=minutes)
        for who, kind, page, minutes in told
    ]
    rows = dict(landings(counted(raw, LANDING), {}))
    for page in ("/a", "/b"):
        hers = {}
        for each in sorted(raw, key=lambda e: (e.at, LANDING.index(e.kind))):
            if each.detail["page"].startswith(page):
                hers.setdefault(str(each.handle), []).append(each)
        reached = [max((_come(events, start) for start in events), default=0)
                   for events in hers.values()]  # fmt: skip
        wanted = tuple(sum(n >= step for n in reached) for step in (1, 2, 3))
        if any(e.kind != LANDING[0] for events in hers.values() for e in events):
            assert rows[page] == wanted
        else:
            assert page not in rows


def _come(events, start):
    """How far somebody comes along from one beginning, counted by hand."""
    if start.kind != LANDING[0]:
        return 0
    step = 1
    for each in events[events.index(start) + 1 :]:
        if each.kind == LANDING[step] and each.at <= start.at + timedelta(days=7):
            step += 1
            if step == len(LANDING):
                break
    return step


def test_landing_pages_are_told_with_their_rate(hub, reports):
    hub.tell(
        event("viewed_page", user("u1"), detail={"page": "/a?x=1"}),
        event("viewed_page", user("u2"), detail={"properties": {"path": "/a"}}),
        event("opened_form", user("u1"), detail={"page": "/a"}, minutes=1),
        event("left_contact", user("u1"), detail={"page": "/a"}, minutes=2),
        event("viewed_page", user("u3"), detail={"page": "/b"}),
    )
    assert reports.of("landing", ENDS).rows == (("/a", 2, 1, 1, 0.5),)


# The app's chain


@pytest.mark.rule("R65.1", "R65.2")
def test_a_step_of_the_app_that_nothing_tells_of_is_a_gap(hub, reports):
    hub.tell(event("viewed_page", user("u1")), event("bought", user("u1"), detail={"amount": 1}))
    told = reports.of("chain", ENDS)
    assert told.rows == (("App", 1, 1, 0, 1, 1, 0),)
    (alert,) = told.alerts
    assert say(alert.key, "zh", **alert.values) == "App：缺少「服务」环节的事件"
    assert say(alert.key, "en", **alert.values) == "App: nothing tells of the step “Service”"
    hub.tell(event("case_opened", user("u1")))
    assert reports.of("chain", ENDS).alerts == ()


# Retention


def test_a_weeks_newcomers_are_followed_through_the_weeks_after(hub, reports, clock):
    week = 60 * 24 * 7
    hub.tell(
        event(handle=user("u1")), event(handle=user("u1"), minutes=week),
        event(handle=user("u2")), event(handle=user("u2"), minutes=2 * week),
        event("sent", user("u2"), minutes=week, account="juzhen"),
        event(handle=user("u3"), minutes=week),
    )  # fmt: skip
    clock.move(timedelta(weeks=3))
    told = reports.of("retention", ENDS)
    first = {row[0]: row[1:] for row in told.rows}
    assert first["2026-03-02"] == (2, 0.5, 0.5, *[None] * 6)
    assert first["2026-03-09"] == (1, 0.0, *[None] * 7)


# Response


@pytest.mark.rule("R19.1")
def test_our_response_is_timed_from_what_happened_to_the_task_or_the_changed_number(hub, reports):
    for seconds in (5, 10, 300):
        heard = {"heard": MONDAY.isoformat(), "reason": "came_back"}
        hub.tell(event("reminded", user("u1"), account="juzhen", detail=heard,
                       minutes=seconds / 60))  # fmt: skip
    late = {"heard": (MONDAY - timedelta(days=9)).isoformat(), "reason": "came_back"}
    hub.tell(event("reminded", user("u2"), account="juzhen", detail=late))
    hub.tell(event("reminded", user("u2"), account="juzhen", detail={"reason": "birthday"}))
    tuned = {"campaign": "cmp_1", "name": "discount", "rule": "slow_start"}
    hub.tell(
        event("changed_parameter", None, account="juzhen", minutes=1,
              detail=tuned | {"heard": MONDAY.isoformat()}),
        event("changed_parameter", None, account="juzhen", minutes=1, detail=tuned),
    )  # fmt: skip
    told = reports.of("latency", ENDS)
    assert told.rows == (("came_back", 3, 10.0, 300.0), ("changed_parameter", 1, 60.0, 60.0))
    assert told.totals == ("", 4, 35.0, 300.0)
    assert [alert.key for alert in told.alerts] == ["response_is_slow"]


def test_the_95th_of_a_hundred_is_the_95th():
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([], 0.95) is None


# Ad quality


def came(name, minutes=0, campaign="c1", creative="x", bidder="wang", **more):
    told = {"campaign": campaign, "creative": creative, "bidder": bidder} | more
    return event("left_contact", user(name), detail=told, minutes=minutes)


@pytest.mark.rule("R161.1", "R161.4", "R89.1", "R89.2")
def test_each_origin_has_its_shares_and_its_costs_beside_each_other(hub, ads, reports):
    hub.tell(
        came("u1"), event("bought", user("u1"), detail={"amount": 900}, minutes=5),
        came("u2"), *(event("messaged", user("u2"), minutes=n) for n in range(1, 8)),
        came("u3"), came("u4", campaign="c2"), event("viewed_page", user("u5")),
    )  # fmt: skip
    ads.note(Origin("acc_app", "c1", "x", "wang"), MONDAY.date(), 400, rebate=100, by="li")
    ads.note(Origin("acc_app", "c1", "x", "wang"), MONDAY.date(), 500, rebate=50, by="li")
    told = ads.qualities()
    first = told[0]
    assert (first.origin.campaign, first.leads, first.deals, first.income) == ("c1", 3, 1, 900)
    assert (first.cost, first.per_lead, first.per_deal, first.roi) == (450, 150, 450, 2.0)
    assert first.break_even == 300
    assert [first.grades[grade] for grade in GRADES] == [1, 1, 0, 1, 0]
    report = reports.of("quality", ENDS)
    names = [column.name for column in report.columns]
    for row in (*report.rows, report.totals):
        cells = dict(zip(names, row, strict=True))
        shares = [cells[f"share_{grade.lower()}"] for grade in GRADES]
        assert None in shares or sum(shares) == pytest.approx(1)
        counted = sum(cells[f"grade_{g.lower()}"] for g in GRADES) + cells["ungraded"]
        assert counted == cells["leads"]
    assert sum(row[5] for row in report.rows) == report.totals[5] == 5


@pytest.mark.rule("R161.2")
def test_an_origin_that_gets_worse_or_loses_most_is_told_of(hub, ads, reports):
    early, late = -60 * 24 * 25, 0
    hub.tell(
        *(e for n in range(15) for e in (
            came(f"a{n}", early), event("bought", user(f"a{n}"), detail={"amount": 1},
                                        minutes=early + 1))),
        *(came(f"b{n}", late) for n in range(9)), event("messaged", user("b0"), minutes=1),
        *(came(f"z{n}", late, campaign="bad") for n in range(25)),
    )  # fmt: skip
    told = {each.origin.campaign: each for each in ads.qualities()}
    assert told["c1"].trend == pytest.approx(1 / 9 - 1)
    assert told["c1"].alert == "quality_fell"
    assert told["bad"].alert == "quality_mostly_lost"
    assert {alert.key for alert in reports.of("quality", ENDS).alerts} == {
        "quality_fell", "quality_mostly_lost",
    }  # fmt: skip


@pytest.mark.rule("R161.1")
def test_who_brings_a_and_b_this_week_is_told_apart_from_the_last_thirty_days(hub, ads, reports):
    hub.tell(came("u1", -60 * 24), came("u2", creative="y"))  # yesterday was a Sunday
    found = {code: reports.of(code, ENDS) for code in ("quality", "quality_week")}
    creatives = {code: [row[2] for row in told.rows] for code, told in found.items()}
    assert creatives == {"quality": ["x", "y"], "quality_week": ["y"]}


@pytest.mark.rule("R161.3")
def test_the_ad_side_is_told_of_clicks_in_its_own_shape(hub, ads):
    hub.tell(
        came("u1", clickid="click-1"),
        event("bought", user("u1"), detail={"amount": 90}, minutes=5),
        came("u2", clickid="click-2"), came("u3"), event("messaged", user("u3")),
    )  # fmt: skip
    told = {each["context"]["ad"]["callback"]: each for each in ads.feedback()}
    assert told == {
        "click-1": {
            "event_type": "active_pay", "event_weight": 90.0, "properties": {"pay_amount": 90.0},
            "context": {"ad": {"callback": "click-1", "match_type": 0}},
            "timestamp": int(MONDAY.timestamp() * 1_000),
        },
        "click-2": {
            "event_type": "form", "event_weight": 0.05,
            "context": {"ad": {"callback": "click-2", "match_type": 0}},
            "timestamp": int(MONDAY.timestamp() * 1_000),
        },
    }  # fmt: skip


@pytest.mark.parametrize(("amount", "rebate"), [(-1, 0), (5, 6), (5, -1), (float("nan"), 0),
                                                (float("inf"), 0)])  # fmt: skip
def test_a_price_that_cannot_be_is_refused(ads, amount, rebate):
    with pytest.raises(Invalid):
        ads.note(Origin("acc_app"), MONDAY.date(), amount, rebate=rebate, by="li")


@pytest.mark.rule("R54.3")
def test_each_rep_is_told_with_contacts_moments_and_what_the_platform_counted(hub, reports):
    def figures(minutes, **counts):
        return event("platform_figures", rep="stf_a", minutes=minutes, detail=counts)

    hub.tell(
        event("followed", user("u1"), rep="stf_a"), event("followed", user("u2"), rep="stf_b"),
        event("followed", user("u3")),
        event("posted_moment", rep="stf_a"), event("posted_moment", rep="stf_a", minutes=1),
        figures(2, chat_cnt=3, reply_percentage="50.0", avg_reply_time="10", message_cnt=9),
        figures(3, chat_cnt=1, reply_percentage=90, avg_reply_time=2, negative_feedback_cnt=1),
        figures(4, chat_total=2, member_total=40, new_member_cnt=5),
    )  # fmt: skip
    told = reports.of("reps", ENDS)
    names = [column.name for column in told.columns]
    hers = dict(zip(names, told.rows[0], strict=True))
    assert {"contacts_added": 1, "moments_posted": 2, "chats": 4, "messages_there": 9,
            "negative": 1, "groups_owned": 2, "group_members": 40, "group_joined": 5,
            "reply_share": 0.6, "reply_seconds": 480.0}.items() <= hers.items()  # fmt: skip
    assert [row[names.index("contacts_added")] for row in told.rows] == [1, 1]
    assert dict(zip(names, told.totals, strict=True))["contacts_added"] == 2


def test_a_report_nobody_knows_is_not_found(reports):
    with pytest.raises(NotFound):
        reports.of("nothing", ENDS)
    assert all(reports.of(code, ENDS).as_of for code in CODES)


# Traffic to the app


@pytest.mark.rule("R56.2")
def test_an_install_is_hers_whom_it_names_or_by_whose_link_she_came(hub, reports):
    li, wang = (hub.staff.add(code, name, by="li").id for code, name in (("l", "李"), ("w", "王")))
    reports = _promising(reports, 5.0)
    cookie, phone = Handle("cookie", "", "c1"), Handle("phone", "", "13800138000")
    hub.tell(
        event("opened_app_link", cookie, account="acc_oa", rep=li, minutes=1),
        event("identified", cookie, user("u1"), minutes=2),
        event("installed_app", user("u1"), minutes=3),  # the shop of apps dropped the address
        event("installed_app", user("u1"), minutes=4, id="again"),  # on a second phone
        event("installed_app", phone, rep=wang, minutes=5),
        event("installed_app", user("u9"), minutes=6),  # nobody led her there
        event("opened_app_link", user("b"), rep=wang, minutes=7, detail={"bot": True}),
    )
    told = reports.of("traffic", ENDS)
    assert told.rows == (("", 0, 1, None, 0.0), ("李", 1, 1, 1.0, 5.0), ("王", 0, 1, None, 5.0))
    assert told.totals == ("", 1, 3, 3.0, 10.0)


def test_an_opening_of_more_than_a_week_ago_led_nobody(hub, reports, clock):
    li = hub.staff.add("l", "李", by="li").id
    hub.tell(event("opened_app_link", user("u1"), rep=li))
    clock.move(timedelta(days=8))
    hub.tell(event("installed_app", user("u1"), minutes=8 * 24 * 60))
    assert [row[:3] for row in reports.of("traffic", ENDS).rows] == [("", 0, 1), ("李", 1, 0)]


def _promising(reports, reward):
    return Reports(
        reports._history, reports._people, reports._identities, reports._profiles, reports._ads,
        reports._leaderboards, lambda _: (), reports._clock, install_reward=reward,
    )  # fmt: skip


def test_shares_are_of_those_graded_and_few_are_no_reason_to_alarm():
    few = Quality(Origin("a"), leads=30, grades=Counter(A=4, D=15, unknown=11))
    assert (few.share("A"), few.alert) == (4 / 19, "")
    assert Quality(Origin("a"), grades=Counter(A=4, D=16)).alert == "quality_mostly_lost"


def test_an_arrival_is_somebody_new_by_the_campaign_she_names_however_often_she_buys(hub, ads):
    days = 24 * 60
    hub.tell(
        event("viewed_page", user("old"), minutes=-60 * days), came("old"),
        event("viewed_page", user("new"), minutes=-5 * days),
        came("new", minutes=5 - 5 * days, campaign="c9"),
        *(event("bought", user("new"), detail={"amount": 5}, minutes=-n * days) for n in (4, 2)),
        came("talks", minutes=2, campaign="c9", clickid="click-9"),
        event("messaged", user("talks"), minutes=3),
    )  # fmt: skip
    [only] = [each for each in ads.qualities() if each.leads]
    assert (only.origin.campaign, only.leads, only.deals, only.income) == ("c9", 2, 1, 10)
    [told] = ads.feedback()
    assert (told["event_type"], told["event_weight"]) == ("consult_effective", 0.6)


def test_everybody_has_one_tier_and_who_brings_most_is_in_the_first():
    told = [tier_of(occasions, vip) for occasions, vip in ((0, False), (1, False), (2, False),
                                                           (1, True))]  # fmt: skip
    assert told == ["tier_prospect", "tier_buyer", "tier_repeat", "tier_vip"]


@pytest.mark.parametrize(
    ("detail", "source"),
    [
        ({"supplier": "x"}, "purchased"), ({"clickid": "x"}, "purchased"),
        ({"inviter": "x", "clickid": "y"}, "campaign_fission"), ({}, "own_platform"),
        ({"source_type": "purchased", "inviter": "x"}, "purchased"),
    ],
)  # fmt: skip
def test_a_contact_is_of_the_source_that_it_names_or_that_brought_it(detail, source):
    assert source_of(Said.of(event("left_contact", user("u1"), detail=detail))) == source


def test_the_oldest_week_that_is_told_is_told_whole_and_the_one_before_not_at_all():
    began = [MONDAY - timedelta(weeks=weeks) for weeks in (0, WEEKS, WEEKS + 1)]
    told = retention([Profile(began=each.timestamp()) for each in began], MONDAY, Zone())
    assert [(each.week, each.size) for each in told] == [
        (MONDAY.date(), 1), ((MONDAY - timedelta(weeks=WEEKS)).date(), 1)
    ]  # fmt: skip
    assert told[1].kept == (0,) * (WEEKS - 1) + (None,)


@pytest.mark.parametrize(
    ("kind", "hers"),
    [("read_material", True), ("track.quiz", True), ("sent", False), ("submitted", False)],
)
def test_a_week_in_which_only_we_did_something_keeps_nobody(kind, hers):
    began = MONDAY - timedelta(weeks=2)
    later = (MONDAY - timedelta(weeks=1)).date().isoformat()
    (told,) = retention([Profile(began=began.timestamp(), days={kind: {later: 3}})], MONDAY, Zone())
    assert told.kept[0] == hers
