"""The outbox: claimed once, fenced, retried with patience, settled after a crash."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from channels.base import Progress, Receipt
from channels.broadcasts.keeper import Broadcasts
from channels.broadcasts.record import stopped
from channels.deliveries import Deliveries, Heartbeat, Lane, State
from channels.deliveries.ledger import said
from channels.deliveries.record import Delivery, overtakes
from channels.deliveries.retries import Retries
from content_hub.compliance import Compliance
from kernel.errors import Conflict, NotFound
from kernel.events import Handle
from tests.channels.house import busy
from tests.sizes import sized

SHOWN = Receipt(ref="r1", progress=Progress.SHOWN)
SUBMITTED = Receipt(ref="r1", progress=Progress.SUBMITTED)
HER = Handle("openid", "acc_1", "o1")


@pytest.fixture
def oa(any_house):
    return any_house.account().id


@pytest.fixture
def deliveries(any_house):
    return any_house.deliveries


def queued(deliveries, account, occasion="plc_1"):
    return deliveries.queue(account=account, occasion=occasion, placement=occasion, by="li")


def claimed(deliveries):
    found = deliveries.claim(lambda delivery: None, lane=Lane.POST)
    return found and found[0]


def test_queueing_the_same_occasion_again_answers_the_one_that_is_there(deliveries, oa):
    assert queued(deliveries, oa).id == queued(deliveries, oa).id
    assert queued(deliveries, oa, "plc_2").id != queued(deliveries, oa).id


def test_what_was_said_today_is_counted_by_its_index(house):
    if house.records.on_postgres:
        pytest.skip("how SQLite finds it")
    asked = said(house.clock()).compile(
        house.records.engine, compile_kwargs={"literal_binds": True}
    )
    with house.records.read() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all()
    assert "SEARCH deliveries USING INDEX ix_deliveries_said" in plan[0][3]


def test_racing_workers_claim_each_delivery_once(any_house, deliveries, oa):
    for number in range(12):
        queued(deliveries, oa, f"plc_{number}")
    mine = []

    def work():
        while delivery := claimed(deliveries):
            mine.append(delivery.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mine) == sorted(set(mine))
    assert len(mine) == 12


def test_racing_producers_queue_one_delivery(deliveries, oa):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(queued(deliveries, oa).id)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_f27_none_is_begun_after_the_act_that_forbids_it_is_committed(any_house, deliveries, oa):
    """Retiring and claiming race; whoever commits first decides."""
    placements = [any_house.placed(any_house.material(f"素材{n}"), any_house.accounts.one(oa))
                  for n in range(sized(6, 1_000))]  # fmt: skip
    any_house.publishing.plan()
    begun, answers = [], {}

    def retire():
        for placement in placements:
            answers[placement.id] = any_house.publishing.retire(placement.id, by="li")

    def work():
        judge = any_house.publishing.last_question.of_posts
        while found := deliveries.claim_some(judge, lane=Lane.POST, most=1):
            begun.append(found[0][0].placement)

    threads = [threading.Thread(target=each) for each in (retire, work, work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for placement in placements:
        retired = answers[placement.id]
        assert retired.cancelled + retired.in_flight + (placement.id not in begun) >= 1
        assert (placement.id in begun) == (retired.in_flight == 1)


def test_who_ends_a_broadcast_is_told_of_everything_that_was_begun(any_house, deliveries, oa):
    """Ending and claiming race: what ends it waits for a mark that was first, and counts it."""
    house = any_house
    broadcasts = Broadcasts(
        records=house.records, changes=house.changes, accounts=house.accounts,
        deliveries=deliveries, segments=None, identities=house.identities,
        policy=house.touch_policy, shelf=house.shelf, clock=house.clock,
        compliance=Compliance(house.records, house.changes, house.clock),
    )  # fmt: skip
    said = broadcasts.create("问候", oa, everybody="年会", words="您好", by="li")
    deliveries.queue_many(
        account=oa, occasion=said.id, broadcast=said.id, by="li", lane=Lane.MESSAGE,
        targets={str(Handle("openid", oa, f"o{n}")): house.clock() for n in range(24)},
    )  # fmt: skip
    begun, ended = [], []

    def last_question(delivery):
        if no := stopped(house.records, delivery.broadcast):
            raise no
        if len(begun) == 4:
            ending.start()
            ending.join(0.3)  # it would be over by then if it did not wait for us

    ending = threading.Thread(target=lambda: ended.append(broadcasts.cancel(said.id, by="li")))
    while found := deliveries.claim(last_question, lane=Lane.MESSAGE):
        begun.append(found[0].id)
    ending.join()

    assert ended == [len(begun)]
    assert 0 < len(begun) < 24


def test_a_late_worker_changes_nothing(any_house, deliveries, oa, clock):
    queued(deliveries, oa)
    late = claimed(deliveries)
    clock.move(timedelta(seconds=31))
    any_house.courier.rescue()
    clock.move(timedelta(hours=1))
    any_house.courier.settle(lambda delivery: None)
    again = claimed(deliveries)
    assert again.id == late.id

    assert not deliveries.note(late, SHOWN)
    assert not deliveries.postpone(late, busy())
    assert not deliveries.park(late, Conflict("x"))
    assert deliveries.one(late.id).state == State.SENDING
    assert deliveries.note(again, SHOWN)


def test_a_worker_that_renews_its_lease_keeps_it(any_house, deliveries, oa, clock):
    queued(deliveries, oa)
    mine = claimed(deliveries)
    for _ in range(4):
        clock.move(timedelta(seconds=20))
        deliveries.renew({mine.id: mine.fence})
        assert any_house.courier.rescue() == 0
    assert deliveries.note(mine, SHOWN)


def test_a_lease_of_a_clock_that_ran_ahead_ends_as_any_other(any_house, deliveries, oa, clock):
    """Its worker was killed, and the clock put back: nobody else would look at it before then."""
    first, second = queued(deliveries, oa), queued(deliveries, oa, "plc_other")
    clock.move(timedelta(hours=3))
    mine, lives = claimed(deliveries), claimed(deliveries)
    clock.move(timedelta(hours=-3))
    assert any_house.courier.rescue() == 0
    clock.move(timedelta(seconds=20))
    deliveries.renew({lives.id: lives.fence})
    clock.move(timedelta(seconds=11))
    assert any_house.courier.rescue() == 1
    assert deliveries.one(mine.id).state == State.UNKNOWN
    assert deliveries.note(lives, SHOWN)
    assert {mine.id, lives.id} == {first.id, second.id}

    clock.move(timedelta(hours=3))
    assert deliveries.in_doubt().id == mine.id
    clock.move(timedelta(hours=-2))
    assert deliveries.in_doubt().id == mine.id


@pytest.mark.postgres
@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_claim_passes_by_what_another_looks_at_and_waits_for_nobody(any_house, deliveries, oa):
    """Whoever waited for the row would be told to come back, and claim nothing."""
    first, second = (queued(deliveries, oa, f"plc_{n}").id for n in range(2))
    looked_at = select(Delivery).where(Delivery.id == first).with_for_update()
    with any_house.records.write() as session, ThreadPoolExecutor(1) as other:
        session.execute(looked_at)
        assert other.submit(claimed, deliveries).result().id == second
    assert claimed(deliveries).id == first


@pytest.mark.postgres
@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_renewal_waits_for_no_answer_that_is_being_written_down(any_house, deliveries, oa):
    """Else the two waited for each other, when each had a row that the other wants."""
    queued(deliveries, oa)
    mine = claimed(deliveries)
    with ThreadPoolExecutor() as heartbeat, deliveries.at_once([mine]):
        heartbeat.submit(deliveries.renew, {mine.id: mine.fence}).result()
        assert deliveries.note(mine, SHOWN)
    assert deliveries.one(mine.id).lease_until is None


def test_the_heartbeat_renews_by_itself(any_house, oa):
    deliveries = Deliveries(
        any_house.records, any_house.changes, any_house.clock, lease=0.03
    )  # fmt: skip
    queued(deliveries, oa)
    mine = claimed(deliveries)
    any_house.clock.move(timedelta(seconds=1))
    with Heartbeat(deliveries).keep(mine):
        renewed = threading.Event()
        for _ in range(200):
            if deliveries.one(mine.id).lease_until > any_house.clock():
                renewed.set()
                break
            renewed.wait(0.01)
    assert renewed.is_set()


def test_what_kills_three_workers_in_a_row_is_set_aside(any_house, deliveries, oa, clock):
    any_house.board.idempotency = "native"
    queued(deliveries, oa)
    for _ in range(3):
        assert claimed(deliveries)
        clock.move(timedelta(seconds=31))
        any_house.courier.rescue()
        clock.move(timedelta(seconds=1))
    (poison,) = deliveries.page().items
    assert (poison.state, poison.reason) == (State.PARKED, "crashes_worker")
    assert claimed(deliveries) is None


def test_an_account_that_cannot_be_used_holds_up_no_other_after_a_crash(
    any_house, deliveries, oa, clock
):
    any_house.board.idempotency = "native"
    gone = any_house.account(code="gone", kind="a_kind_we_no_longer_ship").id
    stuck, sound = queued(deliveries, gone), queued(deliveries, oa)
    assert {claimed(deliveries).id, claimed(deliveries).id} == {stuck.id, sound.id}
    clock.move(timedelta(seconds=31))

    assert any_house.courier.rescue() == 2
    assert deliveries.one(sound.id).state == State.DUE
    assert deliveries.one(stuck.id).state == State.UNKNOWN

    clock.move(timedelta(minutes=1))
    assert any_house.courier.settle(lambda delivery: None) == 1
    kept = deliveries.one(stuck.id)
    assert (kept.state, kept.lease_until) == (State.UNKNOWN, None)
    assert kept.next_at > clock()
    assert not any_house.courier.withdraw(kept)


def test_a_crash_between_other_work_is_no_poison(any_house, deliveries, oa, clock):
    any_house.board.idempotency = "native"
    queued(deliveries, oa)
    for _ in range(4):
        assert claimed(deliveries)
        clock.move(timedelta(seconds=31))
        any_house.courier.rescue()
        back = claimed(deliveries)
        deliveries.postpone(back, busy(seconds=1))
        clock.move(timedelta(seconds=1))
    assert claimed(deliveries)


@pytest.mark.parametrize(
    ("kept", "told", "moves"),
    [
        ("", "submitted", True),
        ("submitted", "shown", True),
        ("shown", "submitted", False),
        ("shown", "withdrawn", True),
        ("shown", "refused", True),
        ("withdrawn", "shown", False),
        ("refused", "shown", False),
        ("withdrawn", "withdrawn", False),
        ("awaiting_person", "shown", True),
    ],
)
def test_older_news_never_overwrite_newer(kept, told, moves):
    assert overtakes(told, kept) is moves


def test_an_outcome_by_callback_is_noted_once(deliveries, oa):
    queued(deliveries, oa)
    deliveries.note(claimed(deliveries), SUBMITTED)
    assert deliveries.note_outcome(oa, SHOWN)
    assert not deliveries.note_outcome(oa, SHOWN)
    assert not deliveries.note_outcome(oa, SUBMITTED)
    assert not deliveries.note_outcome("acc_other", SHOWN)
    (delivery,) = deliveries.up()
    assert delivery.progress == Progress.SHOWN


def test_an_answer_that_comes_after_the_callback_does_not_undo_it(deliveries, oa):
    queued(deliveries, oa)
    mine = claimed(deliveries)
    deliveries.note(mine, SUBMITTED)
    polled = deliveries.borrow(Delivery.id == mine.id)
    deliveries.note_outcome(oa, SHOWN)
    assert deliveries.note(polled, SUBMITTED)
    assert deliveries.one(mine.id).progress == Progress.SHOWN


def test_waiting_grows_by_a_third_up_to_five_minutes_and_what_the_platform_asks_wins():
    rule = Retries(jitter=lambda top: top)
    waits = [round(rule.wait(attempts).total_seconds()) for attempts in (1, 2, 4, 8, 21, 22, 99)]
    assert waits == [1, 2, 3, 8, 247, 300, 300]
    assert rule.wait(9, asked=7.5).total_seconds() == 7.5
    assert not rule.worn_out(2, timedelta(hours=4))
    assert not rule.worn_out(9, timedelta(hours=2))
    assert rule.worn_out(3, timedelta(hours=3))


def test_only_what_is_parked_or_unknown_is_retried(deliveries, oa):
    delivery = queued(deliveries, oa)
    with pytest.raises(Conflict):
        deliveries.retry(delivery.id, by="li")
    with pytest.raises(NotFound):
        deliveries.retry("dlv_none", by="li")


def test_pages_are_newest_first_and_count_only_if_asked(deliveries, oa):
    ids = [queued(deliveries, oa, f"plc_{n}").id for n in range(5)]
    first = deliveries.page(first=3, count=True)
    rest = deliveries.page(first=3, after=first.next)
    assert [d.id for d in (*first.items, *rest.items)] == sorted(ids, reverse=True)
    assert (first.total, rest.total, rest.next) == (5, None, None)


def test_every_delivery_to_her_is_found_by_her_handles(deliveries, oa):
    deliveries.queue(account=oa, occasion="rem_1", target=HER, by="li", words="您好")
    assert [d.words for d in deliveries.of_customer([HER])] == ["您好"]
    assert deliveries.of_customer(["openid:acc_1:o2"]) == []


def test_each_act_is_told_in_the_changes(any_house, deliveries, oa):
    delivery = queued(deliveries, oa)
    deliveries.note(claimed(deliveries), SUBMITTED)
    deliveries.note_outcome(oa, SHOWN)
    acts = [change.act for change in any_house.changes.latest("delivery", delivery.id)]
    assert acts == ["published", "submitted"]
