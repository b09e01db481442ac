"""Mass sends: one task a rep for all of hers, one delivery a customer, nothing said twice."""

import signal
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from channels.base import Busy, Stop
from channels.broadcasts.record import Phase
from channels.deliveries import Lane, State
from channels.mailings.record import Mailing, Step
from channels.preferences import Preferences
from data_hub.consents import MARKETING
from kernel.crash import POINTS
from kernel.errors import Conflict
from kernel.events import Handle
from tests.channels.mailer import Mailer
from tests.dying import died
from tests.rounds import send_due

POINTS_OF_MAILINGS = {
    "mailings.gathered": 0, "wecom.tasked": 1, "mailings.asked": 1, "mailings.kept": 1,
    "mailings.told": 1,
}  # fmt: skip
"""By crash point, how many tasks there were when the worker died in the first mailing."""


@pytest.fixture
def corp(platform, clock):
    """The sandbox at a noon, with some customers of zhang's and two of li's."""
    now = platform.world.clock()
    noon = now.replace(hour=4, minute=0, second=0, microsecond=0)  # in Shanghai
    noon += timedelta(days=noon <= now)
    platform.control("clock", {"seconds": (noon - now).total_seconds()})
    clock.now = noon
    rows = platform.seen["friends"]
    known = {each["external"] for each in rows}
    others = [each["external"] for each in platform.seen["people"] if each["external"] not in known]
    for external in others[:2]:
        platform.act("add", userid="li", external=external)
    return platform


@pytest.fixture
def house(records, people, corp, clock):
    made = Mailer(records, people, clock, corp.url)
    made.friends(corp.seen["friends"])
    yield made
    made.close()


@pytest.fixture
def any_house(any_records, any_people, corp, clock):
    """The same on each engine in turn."""
    made = Mailer(any_records, any_people, clock, corp.url)
    made.friends(corp.seen["friends"])
    yield made
    made.close()


def broadcast(house, **more):
    return house.broadcasts.create(
        "三月问候", "wecom", everybody="人人有份", words="春天好", by="t", **more
    )


def tasks(corp):
    return {
        task["sends"][0]["userid"]: {send["external"] for send in task["sends"]}
        for task in corp.seen["tasks"]
    }


def confirm(corp, userid):
    for task in corp.seen["tasks"]:
        if any(send["userid"] == userid for send in task["sends"]):
            corp.act("confirm", userid=userid, msgid=task["msgid"])


def states(house):
    return Counter(each.state for each in house.deliveries.page(first=100).items)


def later(house, clock, **by):
    clock.move(timedelta(**by))
    house.mail()


def test_each_rep_is_given_one_task_for_all_her_customers(any_house, corp):
    house = any_house
    broadcast(house)
    house.mail()
    hers = {rep: set() for rep in ("zhang", "li")}
    for row in corp.seen["friends"]:
        hers[row["userid"]].add(row["external"])
    assert len(corp.seen["tasks"]) == 2
    assert tasks(corp) == hers
    assert states(house) == {State.AWAITING_PERSON: len(corp.seen["friends"])}
    assert {each.rep for each in house.deliveries.page(first=100).items} == {
        house.staff.one("zhang").id, house.staff.one("li").id,
    }  # fmt: skip


def test_she_confirms_once_and_every_customer_is_told_apart(house, corp, clock):
    made = broadcast(house)
    house.mail()
    (lost, *_), (gone, *_) = tasks(corp)["zhang"], tasks(corp)["li"]
    corp.act("leave", userid="li", external=gone)
    confirm(corp, "zhang")
    later(house, clock, minutes=10)
    assert states(house)[State.DONE] == len(tasks(corp)["zhang"])
    confirm(corp, "li")
    later(house, clock, minutes=10)
    assert states(house) == {
        State.DONE: len(corp.seen["tasks"][0]["sends"]) + len(corp.seen["tasks"][1]["sends"]) - 1,
        State.REFUSED: 1,
    }  # fmt: skip
    counts = house.broadcasts.counts([made.id])[made.id]
    assert counts.reasons == {"recipient_gone": 1}
    assert house.broadcasts.phase(house.broadcasts.one(made.id), counts) is Phase.FINISHED
    heard = Counter(row["external"] for row in corp.seen["heard"])
    assert set(heard.values()) == {1}
    assert lost in heard
    steps = house.mailings.of_broadcasts([made.id])[made.id]
    assert [each.step for each in steps] == [Step.OVER, Step.OVER]


def test_whom_the_platform_does_not_take_is_refused_and_the_rest_is_a_task(house, corp):
    stranger = min(tasks_of(corp, "zhang"))
    corp.act("leave", userid="zhang", external=stranger)
    broadcast(house)
    house.mail()
    refused = house.deliveries.page(state=State.REFUSED).items
    assert [(each.handle.value, each.reason) for each in refused] == [(stranger, "recipient_gone")]
    assert stranger not in tasks(corp)["zhang"]
    assert set(states(house)) == {State.AWAITING_PERSON, State.REFUSED}


def tasks_of(corp, rep):
    return {row["external"] for row in corp.seen["friends"] if row["userid"] == rep}


def test_a_slice_at_a_time_still_makes_one_task_a_rep(house, corp):
    house.mailings.slice = house.mail_post.slice = house.planning.slice = 2
    broadcast(house)
    house.mail()
    assert tasks(corp) == {rep: tasks_of(corp, rep) for rep in ("zhang", "li")}
    assert set(states(house)) == {State.AWAITING_PERSON}


def test_a_task_is_reminded_of_three_times_a_day(house, corp):
    made = broadcast(house)
    house.mail()
    first, *_ = house.mailings.of_broadcasts([made.id])[made.id]
    for _ in range(3):
        house.mailings.remind(first.id, by="t")
    with pytest.raises(Busy):
        house.mailings.remind(first.id, by="t")


def test_what_is_taken_back_reaches_nobody_who_has_not_got_it(house, corp, clock):
    made = broadcast(house)
    house.mail()
    zhangs, lis = house.mailings.of_broadcasts([made.id])[made.id]
    if zhangs.rep != house.staff.one("zhang").id:
        zhangs, lis = lis, zhangs
    house.mailings.cancel(zhangs.id, by="t")
    house.mailings.cancel(zhangs.id, by="t")
    house.mail()
    with pytest.raises(OSError, match="404"):
        confirm(corp, "zhang")
    confirm(corp, "li")
    later(house, clock, minutes=10)
    assert states(house) == {
        State.WITHDRAWN: len(tasks_of(corp, "zhang")), State.DONE: len(tasks_of(corp, "li")),
    }  # fmt: skip
    with pytest.raises(Conflict, match="over"):
        house.mailings.cancel(zhangs.id, by="t")
    assert house.mailings.one(lis.id).step is Step.OVER


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_the_tasks_of_a_broadcast_that_is_over_are_taken_back(house, corp, clock, how):
    made = broadcast(house, expires=clock() + timedelta(hours=2))
    house.mail()
    if how == "cancelled":
        house.broadcasts.cancel(made.id, by="t")
        house.mail()
    else:
        later(house, clock, hours=3)
    assert all(task["cancelled"] for task in corp.seen["tasks"])
    ended = State.WITHDRAWN if how == "cancelled" else State.EXPIRED
    assert states(house) == {ended: len(corp.seen["friends"])}


def test_a_lost_answer_is_looked_for_and_not_asked_again(house, corp, clock):
    corp.control("knobs", {"lose_answer": {"path": "add_msg_template"}})
    broadcast(house)
    house.mail()
    corp.control("knobs", {"lose_answer": None})
    later(house, clock, minutes=1)
    assert tasks(corp) == {rep: tasks_of(corp, rep) for rep in ("zhang", "li")}
    assert len(corp.seen["tasks"]) == 2
    assert set(states(house)) == {State.AWAITING_PERSON}


def test_a_busy_platform_is_asked_later_and_once(house, corp, clock):
    corp.control("knobs", {"busy": {"path": "add_msg_template"}})
    broadcast(house)
    house.mail()
    assert set(states(house)) == {State.SENDING}
    corp.control("knobs", {"busy": None})
    later(house, clock, minutes=10)
    assert len(corp.seen["tasks"]) == 2
    assert set(states(house)) == {State.AWAITING_PERSON}


def test_s35_who_withdraws_while_her_mailing_waits_is_in_no_task(any_house, corp, clock):
    """The platform was busy when her place in it had been given: it leaves without her."""
    house = any_house
    corp.control("knobs", {"busy": {"path": "add_msg_template"}})
    made = broadcast(house)
    house.mail()
    corp.control("knobs", {"busy": None})
    hers, lis = sorted(tasks_of(corp, "zhang")), tasks_of(corp, "li")
    wishes = Preferences(house.records, house.consents, house.deliveries, house.identities)
    account = house.accounts.one("wecom").id
    for external in (hers[0], *lis):
        told = wishes.take(
            Stop(handle=Handle("external_userid", account, external), purpose=MARKETING),
            source="t",
        )
        assert told.in_flight == 1
    later(house, clock, minutes=10)
    assert tasks(corp) == {"zhang": {*hers[1:]}}
    assert states(house) == {State.AWAITING_PERSON: len(hers) - 1, State.WITHDRAWN: 1 + len(lis)}
    counts = house.broadcasts.counts([made.id])[made.id]
    assert counts.reasons == {"she_does_not_allow_it": 1 + len(lis)}
    steps = house.mailings.of_broadcasts([made.id])[made.id]
    assert {each.step for each in steps} == {Step.AWAITING_PERSON, Step.OVER}


def test_s35_what_waits_for_her_rep_alone_is_taken_back_when_she_opts_out(any_house, corp, clock):
    house = any_house
    account, (her, *_) = house.accounts.one("wecom").id, sorted(tasks_of(corp, "zhang"))
    target = Handle("external_userid", account, her)
    waits = house.deliveries.queue(
        account=account, target=target, occasion="o1", purpose=MARKETING, words="春天好",
        lane=Lane.GATED, rep=house.staff.one("zhang").id, by="t",
    )  # fmt: skip
    send_due(house.publishing)
    assert house.deliveries.one(waits.id).state == State.AWAITING_PERSON
    wishes = Preferences(house.records, house.consents, house.deliveries, house.identities)
    wishes.take(Stop(handle=target, purpose=MARKETING), source="t")
    house.publishing.poll()
    with pytest.raises(OSError, match="404"):
        confirm(corp, "zhang")
    told = house.deliveries.one(waits.id)
    assert (told.state, told.reason) == (State.WITHDRAWN, "opted_out")
    assert corp.seen["heard"] == []


def test_a_mailing_whose_worker_died_while_its_clock_ran_ahead_is_taken_over(
    tmp_path, house, corp, clock
):
    broadcast(house)
    stores = [f"sqlite:///{tmp_path}/{part}.db" for part in ("records", "people")]
    job = (
        f"from tests.channels import mailer; mailer.mail({stores}, {corp.url!r}, {str(clock())!r})"
    )
    assert died(job, JUZHEN_CRASH_AT="mailings.asked") == -signal.SIGKILL
    with house.records.write() as session:
        held = update(Mailing).where(Mailing.lease_until.is_not(None))
        assert session.execute(held.values(lease_until=clock() + timedelta(hours=3))).rowcount == 1
    for _ in range(3):
        later(house, clock, minutes=11)
    assert set(states(house)) == {State.AWAITING_PERSON}
    assert len(corp.seen["tasks"]) == 2


@pytest.mark.parametrize("point", POINTS_OF_MAILINGS)
def test_a_worker_killed_at_any_point_makes_no_second_task(tmp_path, house, corp, clock, point):
    broadcast(house)
    mark = tmp_path / "mark"
    told = {"JUZHEN_CRASH_AT": point, "JUZHEN_CRASH_MARK": str(mark)}
    stores = [f"sqlite:///{tmp_path}/{part}.db" for part in ("records", "people")]
    job = (
        f"from tests.channels import mailer; mailer.mail({stores}, {corp.url!r}, {str(clock())!r})"
    )
    assert died(job, **told) == -signal.SIGKILL
    assert mark.read_text() == f"{point}\n"
    assert len(corp.seen["tasks"]) == POINTS_OF_MAILINGS[point]
    for _ in range(3):
        later(house, clock, minutes=11)
    assert tasks(corp) == {rep: tasks_of(corp, rep) for rep in ("zhang", "li")}
    assert len(corp.seen["tasks"]) == 2
    assert set(states(house)) == {State.AWAITING_PERSON}


def test_every_crash_point_of_mailings_is_hit():
    declared = {name for name in POINTS if name.startswith(("mailings.", "wecom."))}
    assert declared == set(POINTS_OF_MAILINGS)
