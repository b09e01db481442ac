"""Parameters of a campaign: bounds, timetables, locks, rollback; prizes and prices under race."""

import multiprocessing
import random
from datetime import timedelta
from threading import Barrier, Thread
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_hub.campaigns import Draws, Parameters, Purchases
from content_hub.campaigns.forms import FORMS, begin
from content_hub.campaigns.prices import price
from kernel.calendar import Zone
from kernel.clock import utc_now
from kernel.errors import Conflict, Invalid
from kernel.events import Handle
from stores.changes import Changes
from stores.claims import Quotas
from stores.records import Records
from tests.sizes import sized

HOUR = timedelta(hours=1)


@pytest.fixture
def quotas(records):
    return Quotas(records)


@pytest.fixture
def parameters(records, changes, quotas, clock):
    return Parameters(records, changes, quotas, clock, Zone())


@pytest.fixture
def draws(records, changes, quotas, clock):
    return Draws(records, changes, quotas, clock)


@pytest.fixture
def drive(campaigns, clock):
    return campaigns.create("春季", opens=clock(), closes=clock() + 1000 * HOUR, by="li").id


def who(n):
    return Handle("user", "app", f"u{n}")


def test_a_value_stays_within_its_bounds(parameters, drive):
    parameters.declare(drive, "discount", 5, low=0, high=20, by="li")

    for wrong in (21, -1, "five", True, float("nan"), None, [1]):
        with pytest.raises(Invalid):
            parameters.set(drive, "discount", wrong, by="li")
    assert parameters.value(drive, "discount") == 5
    parameters.set(drive, "discount", 20, by="li")
    assert parameters.value(drive, "discount") == 20


@pytest.mark.rule("R122.1")
@pytest.mark.parametrize(
    ("local", "value"),
    [("18:59", None), ("19:00", 10), ("21:30", 30), ("23:29", 30), ("23:30", 100), ("00:00", None)],
)
def test_a_timetable_is_worked_out_by_the_local_clock(parameters, drive, clock, local, value):
    steps = [("19:00", 10), ("21:00", 30), ("23:30", 100)]
    table = [{"at": at, "value": percent} for at, percent in steps]
    parameters.declare(drive, "discount", table, low=0, high=100, by="li")
    hour, minute = map(int, local.split(":"))
    zone = Zone()
    now = zone.local(clock()).replace(hour=hour, minute=minute)

    assert parameters.value(drive, "discount", now) == value


@pytest.mark.parametrize(
    "table",
    [[], [{"at": "24:00", "value": 1}], [{"at": "9:00", "value": 1}], [{"value": 1}],
     [{"at": "19:00", "value": 1}, {"at": "18:00", "value": 2}], [{"at": "19:00", "value": "x"}]],
)  # fmt: skip
def test_a_timetable_out_of_order_is_refused(parameters, drive, table):
    with pytest.raises(Invalid):
        parameters.declare(drive, "discount", table, by="li")


@pytest.mark.rule("R11.1", "R11.2", "R11.3")
def test_a_rule_tunes_within_bounds_leaves_a_row_and_is_rolled_back(parameters, drive, clock):
    parameters.declare(drive, "discount", 5, low=0, high=20, by="li")
    asked = {"rule": "slow_start", "evidence": {"since": "2026-03-01", "draws": 3}, "by": "worker"}

    dry = parameters.tune(drive, "discount", 8, dry_run=True, **asked)
    assert (dry.old, dry.new) == (5, 8)
    assert parameters.value(drive, "discount") == 5
    heard = clock() - HOUR
    done = parameters.tune(drive, "discount", 8, heard=heard, **asked)
    with pytest.raises(Invalid):
        parameters.tune(drive, "discount", 21, **asked)

    row = parameters.history(drive)[0]
    assert (row.parameter, row.old, row.new, row.rule) == ("discount", 5, 8, "slow_start")
    assert row.evidence == {"since": "2026-03-01", "draws": 3}
    noted = parameters._changes.after("").changes[-1]
    assert (noted.act, noted.detail["heard"]) == ("changed_parameter", heard.isoformat())
    back = parameters.roll_back(done.id, by="li")
    assert parameters.value(drive, "discount") == 5
    assert back.undoes == done.id
    with pytest.raises(Conflict):
        parameters.roll_back(done.id, by="li")


def test_what_a_person_set_no_rule_touches_for_a_day(parameters, drive, clock):
    parameters.declare(drive, "discount", 5, low=0, high=20, by="li")
    parameters.set(drive, "discount", 6, by="li")
    asked = {"rule": "r", "evidence": {}, "by": "worker"}

    clock.move(timedelta(hours=23, minutes=59))
    with pytest.raises(Conflict) as refusal:
        parameters.tune(drive, "discount", 8, **asked)
    assert refusal.value.reason == "parameter_is_locked"
    clock.move(timedelta(minutes=1))
    parameters.tune(drive, "discount", 8, **asked)


@pytest.mark.rule("R12.3")
def test_the_shares_of_the_accounts_never_exceed_the_whole(parameters, drive):
    with pytest.raises(Invalid):
        parameters.declare(drive, "prize_quota.oa", 1, by="li")
    parameters.declare(drive, "prize_quota", 10, by="li")
    parameters.declare(drive, "prize_quota.oa", 6, by="li")
    parameters.declare(drive, "prize_quota.app", 4, by="li")

    for name, value in (("prize_quota.app", 5), ("prize_quota", 9)):
        with pytest.raises(Invalid) as refusal:
            parameters.set(drive, name, value, by="li")
        assert refusal.value.reason == "shares_exceed_the_quota"


@pytest.mark.rule("R12.2")
def test_a_quota_is_not_lowered_below_what_is_won(parameters, draws, drive):
    parameters.declare(drive, "prize_quota", 5, by="li")
    assert [draws.draw(drive, who(n)).won for n in range(6)] == [True] * 5 + [False]

    with pytest.raises(Invalid) as refusal:
        parameters.set(drive, "prize_quota", 4, by="li")

    assert refusal.value.reason == "quota_below_what_is_won"
    assert draws.prizes(drive) == (5, 5)
    parameters.set(drive, "prize_quota", 6, by="li")
    assert draws.prizes(drive).left == 1


def test_one_person_draws_once_and_an_account_gives_no_more_than_its_share(
    parameters, draws, drive
):
    parameters.declare(drive, "prize_quota", 3, by="li")
    parameters.declare(drive, "prize_quota.oa", 1, by="li")

    first = draws.draw(drive, who(1), account="oa")
    assert draws.draw(drive, who(1), account="oa").id == first.id
    assert not draws.draw(drive, who(2), account="oa").won
    assert draws.draw(drive, who(3), account="app").won
    assert draws.prizes(drive, "oa") == (1, 1)
    assert draws.prizes(drive) == (3, 2)


def test_nobody_draws_outside_of_the_window(parameters, draws, drive, clock):
    parameters.declare(drive, "prize_quota", 3, by="li")
    clock.move(-HOUR)
    with pytest.raises(Conflict):
        draws.draw(drive, who(1))


def draw_some(url, drive, worker, each):
    """One process of the race."""
    records = Records(url, durability="process")
    changes = Changes(records, utc_now)
    draws = Draws(records, changes, Quotas(records), utc_now)
    for n in range(each):
        draws.draw(drive, who(f"{worker}-{n}"), account="oa" if n % 2 else "app")
    records.close()


@pytest.mark.rule("R12.1")
def test_of_ten_times_as_many_racing_processes_exactly_n_win(records, parameters, draws, campaigns):
    now = utc_now()
    drive = campaigns.create("抽奖", opens=now - HOUR, closes=now + HOUR, by="li").id
    parameters.declare(drive, "prize_quota", 10, by="li")
    parameters.declare(drive, "prize_quota.oa", 4, by="li")
    url = records.engine.url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    racers = [spawn.Process(target=draw_some, args=(url, drive, each, 25)) for each in range(4)]

    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert [racer.exitcode for racer in racers] == [0] * 4
    assert draws.count(drive) == 100
    assert len(draws.of(drive, won=True)) == 10
    assert draws.prizes(drive) == (10, 10)
    assert draws.prizes(drive, "oa").won <= 4


class Serial:
    """Looks for one order of what clients did at once, in which each answer is what one alone would
    have got; what ended before another began stays before it."""

    def __init__(self, done):
        self._done, self._dead = sorted(done, key=lambda each: each[0]), set()

    def found(self, left=None, quota=3, won=0):
        left = frozenset(range(len(self._done))) if left is None else left
        if not left:
            return True
        if (left, quota, won) in self._dead:
            return False
        first = min(self._done[each][1] for each in left)
        for each in sorted(left):
            begun, _, act, told = self._done[each]
            if begun > first:
                break
            after = self._after(act, told, quota, won)
            if after and self.found(left - {each}, *after):
                return True
        self._dead.add((left, quota, won))
        return False

    @staticmethod
    def _after(act, told, quota, won):
        """What is true afterwards; None if it would have been answered otherwise."""
        if act == "draw":
            return (quota, won + told) if told == (won < quota) else None
        if act == "look":
            return (quota, won) if told == (quota, won) else None
        fits = act >= won
        return ((act if fits else quota), won) if told == fits else None


@pytest.mark.parametrize("turn", range(sized(4, 800)))
def test_f34_eight_who_draw_look_and_set_at_once_were_answered_in_some_order(
    records, parameters, draws, drive, turn
):
    parameters.declare(drive, "prize_quota", 3, by="li")
    done, start = [], Barrier(8)

    def act(client):
        chance = random.Random(turn * 8 + client)
        start.wait()
        for n in range(3):
            kind, begun = chance.choice(["draw", "draw", "look", chance.randrange(7)]), monotonic()
            done.append((begun, *told(kind, f"{client}-{n}"), monotonic()))

    def told(kind, name):
        if kind == "draw":
            return kind, draws.draw(drive, who(name)).won
        if kind == "look":
            return kind, tuple(draws.prizes(drive))
        try:
            parameters.set(drive, "prize_quota", kind, by="li")
        except Invalid:
            return kind, False
        return kind, True

    clients = [Thread(target=act, args=(client,)) for client in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    history = [(begun, ended, kind, answer) for begun, kind, answer, ended in done]
    assert len(history) == 24
    assert Serial(history).found(), history


@given(
    quota=st.integers(0, 6),
    steps=st.lists(st.one_of(st.none(), st.integers(0, 8)), max_size=12),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_remainder_is_never_negative_whatever_is_set_in_between(
    campaigns, parameters, draws, clock, quota, steps
):
    drive = campaigns.create("季", opens=clock(), closes=clock() + HOUR, by="li").id
    parameters.declare(drive, "prize_quota", quota, by="li")
    for n, step in enumerate(steps):
        if step is None:
            draws.draw(drive, who(n))
        else:
            try:
                parameters.set(drive, "prize_quota", step, by="li")
            except Invalid:
                assert step < draws.prizes(drive).won
        prizes = draws.prizes(drive)
        assert prizes.won <= prizes.quota


@pytest.mark.rule("R91.1")
@pytest.mark.parametrize(("n", "pays"), [(0, 5000), (99, 5000), (100, 5100), (250, 5200)])
def test_the_price_climbs_with_every_hundred_buyers(n, pays):
    assert price(n, 5000, 100, 100) == pays


@pytest.mark.rule("R91.2")
def test_buyers_at_once_pay_the_price_of_their_own_rank(records, changes, parameters, drive, clock):
    for name, value in (("price_base", 5000), ("price_step", 100), ("price_every", 3)):
        parameters.declare(drive, name, value, by="li")
    start, bought = Barrier(4), []

    def buy(worker):
        purchases = Purchases(records, changes, clock)
        start.wait()
        bought.extend(purchases.buy(drive, who(f"{worker}-{n}")) for n in range(3))

    racers = [Thread(target=buy, args=(each,)) for each in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert sorted(each.rank for each in bought) == list(range(12))
    assert all(each.price == 5000 + 100 * (each.rank // 3) for each in bought)
    purchases = Purchases(records, changes, clock)
    assert purchases.quote(drive) == 5400
    assert purchases.buy(drive, who("0-0")).price == next(
        each.price for each in bought if each.handle.endswith("0-0")
    )


@pytest.mark.rule("R90.1")
@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_form_makes_a_campaign_with_task_proof_reward_and_numbers(
    campaigns, parameters, clock, form
):
    made = begin(
        campaigns, parameters, form, "活动", opens=clock(), closes=clock() + HOUR, quota=7, by="li"
    )
    numbers = {name: each.value for name, each in parameters.of(made.id).items()}

    assert made.task
    assert made.proof
    assert made.reward
    assert numbers.get("prize_quota", 7) == 7
    assert numbers.keys() - {"touch_priority"} == FORMS[form].numbers.keys()


@pytest.mark.parametrize("code", ["", "double11"])
def test_a_form_with_a_number_that_does_not_fit_makes_no_campaign(
    campaigns, parameters, clock, code
):
    window = {"opens": clock(), "closes": clock() + HOUR, "by": "li", "code": code}
    with pytest.raises(Invalid):
        begin(campaigns, parameters, "free_class", "活动", quota=-1, **window)
    assert campaigns.page().items == []
    assert begin(campaigns, parameters, "free_class", "活动", quota=1, **window).name == "活动"


@pytest.mark.rule("R117.1", "R117.2")
def test_a_campaign_says_which_operation_and_which_activity_it_is(campaigns, clock):
    window = {"opens": clock(), "closes": clock() + HOUR, "by": "li"}
    for kind in ("live", "promotion", "group", "new_product", "offline"):
        assert campaigns.create("季", kind=kind, **window).operation == "activity"
    assert campaigns.create("季", kind="service", **window).operation == "content"
    assert campaigns.create("季", operation="data", **window).operation == "data"
    with pytest.raises(Invalid):
        campaigns.create("季", operation="luck", **window)
