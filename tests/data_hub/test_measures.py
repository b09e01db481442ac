"""Figures come from events, split by ecosystem they sum to the total, and nodes reconcile."""

from concurrent.futures import Future
from datetime import timedelta

import pytest

from data_hub.catalogue import KINDS, MACHINE
from data_hub.intake import Intake
from data_hub.measures import KPIS, MOST, Measures, board, untracked, uplift
from kernel.actors import Role
from kernel.errors import Conflict, Invalid
from kernel.events import unpack
from tests.data_hub.telling import MONDAY, event, openid, user

DAY = 24 * 60
WORLDS = {"acc_app": "own_app", "acc_oa": "wechat", "acc_dy": "video", "acc_shop": "commerce"}


@pytest.fixture
def measures(hub, clock):
    clock.move(MONDAY + timedelta(days=40) - clock())
    return Measures(hub.history, hub.digest._people, clock)


def test_a_figure_is_a_month_of_days_and_the_month_before(hub, measures):
    hub.tell(
        *(event("shared_material", user(f"u{n}"), minutes=n * DAY) for n in (1, 5, 12, 20, 40))
    )
    told = measures.figure(KPIS["shares"], WORLDS)

    assert (told.total, told.before, len(told.series)) == (3, 2, 30)
    assert sum(count for _, count in told.series) == 3
    assert told.change == pytest.approx(0.5)
    assert told.as_of == MONDAY + timedelta(days=40)


@pytest.mark.rule("R7.2", "R7.3")
@pytest.mark.parametrize("code", ["shares", "orders", "followers"])
def test_split_by_the_four_ecosystems_a_figure_sums_to_its_total(hub, measures, code):
    kind = KPIS[code].kinds[0]
    for number, account in enumerate([*WORLDS, "acc_oa", "acc_shop"]):
        hub.tell(event(kind, openid(f"o{number}", account), minutes=30 * DAY, account=account))
    told = measures.figure(KPIS[code], WORLDS)

    assert set(told.by_ecosystem) == set(WORLDS.values())
    assert sum(told.by_ecosystem.values()) == told.total == 6


def test_what_a_machine_fetched_is_in_no_figure_but_its_own(hub, measures):
    agent = {"user_agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"}
    heard = []
    for kind in _READ:
        told = event(kind, user("spider"), minutes=39 * DAY, detail=agent)
        Intake(_Commit(heard), hub.clock).begin([told, event(kind, user("u1"), minutes=39 * DAY)])
    hub.tell(*map(unpack, heard))
    for kpi in KPIS.values():
        if kpi.tracked:
            figure = measures.figure(kpi, WORLDS)
            machines = 3 * (MACHINE in kpi.kinds)
            assert figure.total == machines + sum(kind in kpi.kinds for kind in _READ), kpi.code
    assert hub.profiles.of(hub.id_of(user("spider"))).active_at is None


_READ = ("opened_link", "read_material", "viewed_page")


class _Commit:
    """Keeps what it is given."""

    def __init__(self, kept):
        self._kept = kept

    def put(self, packed, **_):
        self._kept.extend(packed)
        done = Future()
        done.set_result(None)
        return done


@pytest.mark.rule("R14.1", "R14.2")
def test_every_kpi_says_from_which_events_it_comes_or_is_listed_as_untracked():
    assert {kpi.code for kpi in untracked()} == {"footfall", "call_minutes"}
    told = {kind for kpi in KPIS.values() for kind in kpi.kinds}
    assert told <= KINDS.keys()


@pytest.mark.rule("R15.1")
def test_no_board_holds_more_than_five_figures():
    for role in Role:
        assert 0 < len(board(role)) <= MOST
    with pytest.raises(Conflict):
        board(Role.ADMIN, list(KPIS)[:6])


@pytest.mark.rule("R116.2", "R116.3")
def test_step_rates_and_time_in_node_reconcile(hub, measures, clock):
    clock.move(timedelta(days=-40))
    for number in range(8):
        hub.tell(event("viewed_page", user(f"u{number}")))
    for number in range(4):
        hub.tell(event("read_material", user(f"u{number}"), minutes=2 * DAY, material="mat_1"))
    hub.tell(event("bought", user("u0"), minutes=5 * DAY, detail={"amount": 1}))
    hub.tell(event("bought", user("u0"), minutes=9 * DAY, detail={"amount": 1}))
    told = measures.funnel()

    assert [(step.here, step.reached) for step in told.steps] == [
        (4, 8), (3, 4), (0, 1), (0, 1), (1, 1),
    ]  # fmt: skip
    assert sum(step.here for step in told.steps) == told.customers == 8
    assert [step.rate for step in told.steps] == [None, 0.5, 0.25, 1.0, 1.0]
    assert [step.days for step in told.steps] == [2, 3, 4, None, None]
    for step, following in zip(told.steps, told.steps[1:], strict=False):
        assert step.reached - step.here == following.reached


@pytest.mark.rule("R150.1", "R150.2")
@pytest.mark.parametrize(
    ("people", "before", "after", "worth"), [(100, 3, 5, 100_000), (1_000, 30, 50, 1_000_000)]
)
def test_what_more_deals_are_worth_is_the_price_at_which_a_tool_breaks_even(
    people, before, after, worth
):
    told = uplift(people, before, after, 50_000)
    assert (told.uplift, told.break_even, told.points) == (worth, worth, 2)


@pytest.mark.parametrize("odd", [(0, 0, 0, 1), (10, 11, 2, 1), (10, 2, 11, 1), (10, 2, 3, -1)])
def test_arithmetic_about_nobody_is_refused(odd):
    with pytest.raises(Invalid):
        uplift(*odd)
