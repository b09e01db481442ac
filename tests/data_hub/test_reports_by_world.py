"""R7 in every report: its part in each ecosystem, and the parts make up the whole."""

import pytest

from data_hub.ad_quality import AdQuality
from data_hub.leaderboards import Leaderboards
from data_hub.measures import Measures
from data_hub.reports.base import End
from data_hub.reports.keeping import CODES, OF_CUSTOMERS, Reports
from kernel.events import Ecosystem, Handle
from tests.data_hub.telling import MONDAY, event

ENDS = tuple(End(f"acc_{world}", world, world, owned=True) for world in Ecosystem)
WORLDS = (*(world.value for world in Ecosystem), "")
"""The four, and what happened in none of them."""
ACCOUNTS = (*(end.id for end in ENDS), "juzhen")


@pytest.fixture
def reports(hub, people, records, changes, clock):
    """Everything that a report counts, told in each ecosystem and by ourselves; in each twice as
    often as in the one before."""
    clock.move(MONDAY.replace(hour=15) - clock())
    anna = hub.staff.add("anna", "anna", by="li").id
    kinds = ("bought", "done", "praised", "liked_material", "opened_form", "left_contact",
             "viewed_page", "opened_app_link", "installed_app", "followed", "posted_moment",
             "sent", "messaged")  # fmt: skip
    hub.tell(*(
        each
        for place, account in enumerate(ACCOUNTS)
        for turn in range(2**place)
        for each in told_by(account, turn, kinds, anna)
    ))  # fmt: skip
    left = Leaderboards(hub.history, records, hub.staff, changes, clock)
    ads = AdQuality(hub.history, people, records, hub.identities, changes, clock)
    return Reports(
        hub.history, people, hub.identities, hub.profiles, ads, left, lambda _: (), clock
    )


def told_by(account, turn, kinds, rep):
    """All that one person does there, a reminder that was heard, a figure of the platform."""
    her = Handle("openid", account, f"o{turn}")
    for minute, kind in enumerate(kinds):
        detail = {"page": "/a", "group": "g", "amount": 5, "campaign": "618", "clickid": "c"}
        yield event(kind, her, account=account, minutes=minute, rep=rep, detail=detail)
    heard = MONDAY.isoformat()
    yield event(
        "reminded", her, account=account, minutes=1, detail={"heard": heard, "reason": "read"}
    )
    yield event("platform_figures", account=account, minutes=turn, rep=rep, detail={"chat_cnt": 3})


def sums(report):
    """What its columns of plain counts come to."""
    uncounted = {"rank", "active_members"}
    places = [n for n, column in enumerate(report.columns)
              if column.kind == "count" and column.name not in uncounted]  # fmt: skip
    return [sum(row[place] or 0 for row in report.rows) for place in places]


@pytest.mark.rule("R7.2", "R7.3")
@pytest.mark.parametrize("code", [code for code in CODES if code not in OF_CUSTOMERS])
def test_a_report_is_split_by_the_four_ecosystems_and_its_parts_make_up_the_whole(reports, code):
    whole = sums(reports.of(code, ENDS))
    parts = [sums(reports.of(code, ENDS, world)) for world in WORLDS]
    assert [sum(part[n] for part in parts if part) for n in range(len(whole))] == whole
    assert any(whole)
    told_of = [part for part in parts if any(part)]
    assert len(told_of) == 5 or code == "chain"  # which tells of the app alone
    assert all(part != whole for part in told_of) or code == "chain"


@pytest.mark.rule("R7.2", "R7.3")
def test_who_is_in_several_ecosystems_counts_in_each_and_once_in_the_whole(hub, reports):
    one, other = (Handle("openid", end.id, "both") for end in ENDS[:2])
    hub.tell(event("followed", one, other, account=ENDS[0].id, minutes=60))
    parts = [reports.of("tiers", ENDS, world).totals[-1] for world in WORLDS]
    assert parts == [2, 3, 4, 8, 16]
    assert reports.of("tiers", ENDS).totals[-1] == sum(parts) - 1
    weeks = [sum(row[1] for row in reports.of("retention", ENDS, world).rows) for world in WORLDS]
    assert weeks == parts
    reach = [[row[4] for row in reports.of("reach", ENDS, world).rows] for world in WORLDS]
    assert reach == [[2], [3], [4], [8], []]


@pytest.mark.rule("R7.2", "R7.3", "R10.3")
def test_where_customers_stand_and_who_bought_are_split_by_the_four_and_make_up_the_whole(
    hub, people, reports, clock
):
    measures = Measures(hub.history, people, clock)

    def told(world=None):
        among = reports.among(ENDS, world)
        stands = measures.funnel(among)
        bought = measures.buyers(hub.profiles, paid={}, reps=1, among=among)
        assert sum(step.here for step in stands.steps) == stands.customers
        return [
            stands.customers, *(step.here for step in stands.steps),
            *(stands.grades.get(grade, 0) for grade in (*"ABCDE", "unknown")),
            bought.fit.buyers, sum(each.worth for each in bought.cohorts),
            sum(each.buyers for each in bought.cohorts),
        ]  # fmt: skip

    whole, parts = told(), [told(world) for world in WORLDS]
    assert [part[0] for part in parts] == [1, 2, 4, 8, 16]
    assert [sum(column) for column in zip(*parts, strict=True)] == whole
    assert whole[-2:] == [31 * 5, 31]


@pytest.mark.rule("R7.2", "R7.3")
def test_a_funnel_of_events_is_split_by_the_four_and_its_parts_make_up_the_whole(
    hub, people, reports, clock
):
    measures = Measures(hub.history, people, clock)

    def told(world=None):
        among = reports.among(ENDS, world)
        found = measures.event_funnel(["opened_form", "left_contact"], 7, hub.identities, among)
        return [found.looked_at, *(step.reached for step in found.steps)]

    parts = [told(world) for world in WORLDS]
    assert parts == [[2 * n, n, n] for n in (1, 2, 4, 8, 16)]
    assert told() == [sum(column) for column in zip(*parts, strict=True)]
