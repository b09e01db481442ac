"""Nodes, stages and desire: where a customer stands, what moves her, and what is written down."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from data_hub.identities import Noted
from data_hub.lifecycle import NEVER, Cycles, Node, Stage, overdue, stage_of, standing
from data_hub.profiles import fold
from data_hub.standings import Transition
from data_hub.standings.records import parted
from kernel.calendar import Zone
from tests.data_hub.telling import MONDAY, event, user

DAY = 24 * 60
HER = user("u1")
ZONE = Zone()


def folded(*events):
    return fold(sorted(events, key=lambda e: (e.at, e.id)), lambda _: (), zone=ZONE)


def bought(day, category="", **more):
    detail = {"amount": 100, "category": category} | more
    return event("bought", HER, minutes=day * DAY, detail=detail)


def stage(profile, day, cycles=None):
    return stage_of(profile, MONDAY + timedelta(days=day), cycles or Cycles(), ZONE)[0]


@pytest.mark.rule("R116.1")
@pytest.mark.parametrize(
    ("kinds", "node"),
    [
        (["viewed_page"], Node.ACQUIRE), (["read_material"], Node.ACQUIRE),
        (["viewed_page", "read_material"], Node.OPERATE),
        (["viewed_page", "bought"], Node.CONVERT), (["bought"], Node.CONVERT),
        (["bought", "shared_material"], Node.FISSION),
        (["shared_material", "bought"], Node.CONVERT),
        (["bought", "shared_material", "bought"], Node.REPURCHASE),
        (["bought", "bought"], Node.REPURCHASE), ([], Node.ACQUIRE),
    ],
)  # fmt: skip
def test_everybody_has_the_furthest_node_she_reached(kinds, node):
    profile = folded(*(event(kind, HER, minutes=n) for n, kind in enumerate(kinds)))

    assert standing(profile, MONDAY, Cycles(), ZONE).node == node


@pytest.mark.rule("R126.1")
@pytest.mark.parametrize(
    ("day", "where"),
    [(0, Stage.ACTIVE), (29, Stage.ACTIVE), (30, Stage.SILENT), (59, Stage.SILENT),
     (60, Stage.SLEEPING), (119, Stage.SLEEPING), (120, Stage.CHURNED), (900, Stage.CHURNED)],
)  # fmt: skip
def test_a_buyer_is_in_exactly_one_stage_by_the_days_since_she_bought(day, where):
    assert stage(folded(bought(0)), day) is where


def test_who_never_bought_is_in_no_stage():
    assert stage(folded(event("viewed_page", HER)), 40) is None


@pytest.mark.rule("R126.2")
def test_every_category_has_its_own_cycle_and_the_one_most_alive_counts():
    cycles = Cycles(by_category={"insurance": (365, 500, 700), "snack": (7, 14, 30)})

    assert stage(folded(bought(0, "snack")), 8, cycles) is Stage.SILENT
    assert stage(folded(bought(0, "snack"), bought(0, "insurance")), 40, cycles) is Stage.ACTIVE
    assert stage(folded(bought(0, "other")), 40, cycles) is Stage.SILENT


@pytest.mark.rule("R126.2")
@pytest.mark.parametrize(
    ("detail", "day", "where"),
    [
        ({"matures": "2027-03-01"}, 200, Stage.SILENT), ({}, 900, Stage.SILENT),
        ({"matures": "2026-04-01"}, 200, Stage.CHURNED),
        ({"matures": "2027-03-01"}, 10, Stage.ACTIVE),
        ({"matures": "2027-03-01", "category": "toys"}, 200, Stage.CHURNED),
        ({"matures": "2027-03-01", "category": ""}, 200, Stage.SILENT),
    ],
)  # fmt: skip
def test_a_holder_in_force_is_never_below_silent(detail, day, where):
    policy = event("policy_issued", HER, detail={"policy": "P1", "category": "insurance"} | detail)

    assert stage(folded(policy), day) is where


def test_a_holding_that_ends_lets_her_sink_at_that_midnight():
    policy = {"policy": "P1", "category": "insurance", "matures": "2026-09-30"}
    profile = folded(event("policy_issued", HER, detail=policy))
    _, _, until = stage_of(profile, MONDAY + timedelta(days=150), Cycles(), ZONE)

    assert until == Zone().at(MONDAY.date().replace(month=10, day=1)).timestamp()
    assert stage(profile, 150) is Stage.SILENT
    assert stage(profile, 220) is Stage.CHURNED
    ended = folded(
        event("policy_issued", HER, detail=policy),
        event("policy_matured", HER, minutes=DAY, detail={"policy": "P1"}),
    )
    assert stage(ended, 150) is Stage.CHURNED


def test_since_when_she_is_silent_or_churned_is_told_over_categories_and_holdings():
    cycles = Cycles(by_category={"insurance": (365, 500, 700), "snack": (7, 14, 30)})
    held = {"policy": "P1", "category": "insurance", "matures": "2029-03-01"}
    profile = folded(event("policy_issued", HER, detail=held), bought(400, "snack"))

    def told(day):
        where, since, _ = stage_of(profile, MONDAY + timedelta(days=day), cycles, ZONE)
        return where, (since - MONDAY.timestamp()) / 86_400

    assert told(401) == (Stage.ACTIVE, 400)
    for day in (408, 440, 800):  # whichever of the two is the more alive, and when both have sunk
        assert told(day) == (Stage.SILENT, 407)
    ends = (Zone().at(date(2029, 3, 2)) - MONDAY).total_seconds() / 86_400
    assert told(ends + 1) == (Stage.CHURNED, ends)  # held until then, however long ago she bought


def test_a_regular_buyer_may_be_measured_by_her_own_rhythm():
    cycles = Cycles(by_rhythm=frozenset({""}))
    profile = folded(*(bought(day) for day in range(0, 61, 10)))

    assert stage(profile, 60 + 14, cycles) is Stage.ACTIVE
    assert stage(profile, 60 + 16, cycles) is Stage.SILENT
    assert stage(profile, 60 + 29, cycles) is Stage.SILENT
    assert stage(profile, 60 + 31, cycles) is Stage.SLEEPING
    assert stage(profile, 60 + 59, cycles) is Stage.SLEEPING
    assert stage(profile, 60 + 61, cycles) is Stage.CHURNED
    assert overdue(profile, MONDAY + timedelta(days=75)) == pytest.approx(5)
    assert overdue(folded(bought(0), bought(3)), MONDAY) is None


@pytest.mark.rule("R126.2")
@pytest.mark.parametrize(("category", "where"), [("tea", Stage.SILENT), ("snack", Stage.ACTIVE)])
def test_the_rhythm_of_all_others_is_not_asked_where_a_category_has_its_own_days(category, where):
    cycles = Cycles(by_category={"snack": (20, 40, 60)}, by_rhythm=frozenset({""}))
    profile = folded(*(bought(day, category) for day in range(0, 61, 10)))

    assert stage(profile, 60 + 16, cycles) is where


@pytest.mark.parametrize("days", [range(0, 41, 10), (0, 10, 20, 30, 40, 50, 81)])
def test_few_gaps_and_one_long_silence_are_no_rhythm(days):
    cycles = Cycles(by_rhythm=frozenset({""}))
    profile = folded(*(bought(day) for day in days))

    assert stage(profile, days[-1] + 16, cycles) is Stage.ACTIVE
    assert overdue(profile, MONDAY + timedelta(days=100)) is None


def test_the_moment_named_is_the_one_at_which_the_stage_changes():
    profile = folded(bought(0))
    now = MONDAY
    for expected in Stage:
        found, _, until = stage_of(profile, now, Cycles(), ZONE)
        assert found is expected
        if until == NEVER:
            break
        now = MONDAY + timedelta(seconds=until - MONDAY.timestamp())
    assert expected is Stage.CHURNED


@pytest.mark.rule("R110.1")
@pytest.mark.parametrize(
    ("kinds", "desire"),
    [
        ([("viewed_product", {})], "viewed"),
        ([("read_material", {"seconds": 29})], "viewed"),
        ([("read_material", {"seconds": 30})], "dwelled"),
        ([("viewed_product", {}), ("finished_material", {}), ("asked_quote", {})], "asked"),
        ([("used_tool", {}), ("viewed_product", {})], "tried"),
        ([("used_tool", {}), ("bought", {})], ""),
        ([("used_tool", {}), ("bought", {}), ("viewed_product", {})], "viewed"),
    ],
)
def test_watching_dwelling_asking_and_trying_raise_desire_and_buying_stills_it(kinds, desire):
    profile = folded(
        *(event(kind, HER, minutes=n, detail=detail) for n, (kind, detail) in enumerate(kinds))
    )

    assert standing(profile, MONDAY, Cycles(), ZONE).desire == desire


def moves(hub, what):
    with hub.digest._people.read() as session:
        wanted = select(Transition).where(Transition.what == what).order_by(Transition.seq)
        return [(each.before, each.after) for each in session.scalars(wanted)]


@pytest.mark.rule("R126.3", "R126.4")
def test_every_move_is_written_down_and_told_also_when_time_alone_makes_it(hub, clock):
    clock.move(MONDAY - clock())
    hub.tell(event("viewed_page", HER), bought(0))
    for days in (31, 30, 60):
        clock.move(timedelta(days=days))
        hub.settle()
    hub.tell(bought(121))

    assert moves(hub, "stage") == [
        ("active", "silent"), ("silent", "sleeping"), ("sleeping", "churned"),
        ("churned", "active"),
    ]  # fmt: skip
    assert moves(hub, "node") == [("", "convert"), ("convert", "repurchase")]
    told = [each for each in hub.findings.after(0) if each.kind == "moved_stage"]
    assert [each.evidence["after"] for each in told] == [
        "silent", "sleeping", "churned", "active"
    ]  # fmt: skip
    row = hub.standings.rows([hub.id_of(HER)])[hub.id_of(HER)]
    assert (row.stage, row.node, row.occasions) == ("active", "repurchase", 2)


def test_each_step_of_desire_is_told_so_that_a_task_can_follow(hub, clock):
    clock.move(MONDAY - clock())
    hub.tell(event("viewed_page", HER))
    hub.tell(event("finished_material", HER, minutes=1))
    hub.tell(event("asked_quote", HER, minutes=2))

    told = [each.evidence["after"] for each in hub.findings.after(0) if each.kind == "moved_desire"]
    assert told == ["dwelled", "asked"]


def test_where_she_stands_is_written_only_where_it_differs(any_hub):
    any_hub.tell(bought(0), event("read_material", HER, minutes=1))
    her = any_hub.identities.customer_of(HER)

    def written(*more):
        profile = fold(more, lambda _: (), zone=ZONE, onto=any_hub.profiles.of(her))
        stood = any_hub.standings.work_out({her: profile}, {her: str(HER)}, Noted(), {})
        return [each["customer"] for each in stood.rows]

    assert written() == []
    assert written(event("viewed_page", HER, minutes=5)) == []
    assert written(event("asked_quote", HER, minutes=5)) == [her]


def test_what_stays_in_an_index_is_not_written_again(any_hub):
    """And what is kept then is what was worked out."""
    any_hub.tell(bought(0), event("read_material", HER, minutes=1))
    her = any_hub.identities.customer_of(HER)
    more = [event("asked_quote", HER, minutes=5)]
    profile = fold(more, lambda _: (), zone=ZONE, onto=any_hub.profiles.of(her))

    def looked():
        return any_hub.standings.work_out({her: profile}, {her: str(HER)}, Noted(), {})

    stood = looked()
    fresh, [[told]] = parted(stood.rows, stood.were)
    assert (fresh, told["customer"], told["desire"]) == ([], her, "asked")
    assert "node" not in told
    assert parted(stood.rows, {})[0] == stood.rows
    with any_hub.people.write("digest"):
        any_hub.standings.keep(stood)
    assert looked().rows == []
