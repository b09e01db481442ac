"""Last month played again under another policy (轻骚扰回放)."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from channels.accounts import Account
from channels.deliveries import Delivery
from channels.touch_policy import Simulations
from kernel.errors import Invalid
from tests.channels.touching import PROMO, SHANGHAI, Gate, moods_of

OPEN = {
    "day": 9, "week": 60, "month": 90, "channel_day": 9, "channel_week": 60, "channel_month": 90,
    "all_day": 90, "all_week": 90, "all_month": 900, "tired_days": 0, "promo_share": 1,
}  # fmt: skip


class Month:
    """A month of marketing that went out under a policy that minded little."""

    def __init__(self, records, clock):
        self.gate = Gate(records, clock)
        self.records, self.clock = records, clock
        self.simulations = Simulations(
            records, self.gate.policy, self.gate.circle, self.gate.contents, clock, SHANGHAI
        )
        with records.write() as session:
            for kind in ("app", "sms"):
                session.add(
                    Account(
                        id=f"acc_{kind}", code=kind, name=kind, kind=kind, ecosystem="own_app",
                        created=clock(),
                    )
                )  # fmt: skip
        self.gate.policy.tune(OPEN, by="t")

    def want(self, handle="phone::1", channel="app", **more):
        """A touch that is asked for, and goes out if the policy of then lets it."""
        touch = self.gate.touch(handle, channel, **more)
        passes = self.gate.policy.reserve([touch], by="t").decisions[touch.key].passes
        delivery = Delivery(
            id=touch.key, account=touch.account, target=handle, occasion=touch.key,
            purpose=touch.purpose, material=touch.material, campaign=touch.campaign,
            priority=touch.priority, expires=touch.expires, created=self.clock(),
            first_sent=self.clock() if passes else None,
        )  # fmt: skip
        with self.records.write() as session:
            session.add(delivery)
        return passes

    def run(self, **changed):
        return self.simulations.run(changed)


@pytest.fixture
def month(any_records, people, clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI.info)
    return Month(any_records, clock)


@pytest.mark.rule("R45.2")
def test_a_stricter_day_sends_less_and_says_why_and_to_whom(month):
    for _ in range(10):
        for _ in range(3):
            month.want()
        month.want("phone::2")
        month.gate.days(1)
    found = month.run(day=1)
    assert (found.persons, found.wanted, found.was) == (2, 40, 40)
    assert found.spared + found.would == 40 + found.added
    assert all(would <= 2 for _, would in found.days.values())
    assert sum(was for was, _ in found.days.values()) == 40
    assert set(found.reasons) <= {"capped_overall"}
    assert found.bands[9] == [2, 2]


def test_the_same_policy_would_have_done_the_same(month):
    for day in range(12):
        month.want(f"phone::{day % 3}")
        month.gate.days(1)
    found = month.run()
    assert (found.was, found.would, found.later, found.spared) == (12, 12, 0, 0)
    assert {day: pair[0] for day, pair in found.days.items()} == {
        day: pair[1] for day, pair in found.days.items()
    }


def test_the_last_place_of_a_day_goes_to_what_matters_more_not_to_what_came_first(month):
    month.gate.contents.matter = {"cmp_big": 90, "cmp_small": 10}
    for _ in range(5):
        late = month.clock() + timedelta(hours=6)
        month.want(campaign="cmp_small", expires=late)
        month.clock.move(timedelta(hours=1))
        month.want(campaign="cmp_big", expires=late)
        month.gate.days(3)
    found = month.run(day=1)
    assert (found.would, found.spared) == (5, 5)
    played = Counter(found.reasons)
    assert played == {"capped_overall": 5}


def test_quiet_hours_put_it_off_and_what_is_stale_by_then_is_dropped(month):
    month.clock.move(timedelta(hours=7))  # 19:00
    month.want("phone::1")
    month.want("phone::2", expires=month.clock() + timedelta(hours=3))
    month.gate.days(2)
    found = month.run(quiet_from="18:00")
    assert (found.would, found.later, found.spared) == (1, 1, 1)
    assert dict(found.reasons) == {"quiet_hours_now": 1}


def test_service_counts_and_passes_and_promotion_has_its_share(month):
    month.gate.contents.known = {"mat_p": PROMO}
    for day in range(4):
        month.want(material="mat_p" if day % 2 else "")
        month.want(purpose="service")
        month.gate.days(1)
    found = month.run(promo_share=0.2, promo_base=4)
    assert found.wanted == 4
    assert found.reasons["too_much_promotion"] >= 1


def test_one_person_is_played_once_whatever_her_handles(month):
    month.gate.circle.add("phone::1", "openid:oa:1")
    for handle in ("phone::1", "openid:oa:1"):
        month.want(handle)
    found = month.run(day=1)
    assert (found.persons, found.was) == (1, 2)
    assert found.spared + found.later == 1


def test_her_mood_of_then_holds_it(month, people):
    moods = moods_of(month.gate, people)
    month.want()
    month.clock.move(timedelta(hours=1))
    moods.hold("phone::1", "open_complaint", days=2, by="li")
    month.clock.move(timedelta(hours=1))
    assert not month.want(expires=month.clock() + timedelta(hours=2))
    month.gate.days(1)
    assert month.run().reasons == {"her_mood_holds_it": 1}


def test_a_sample_is_of_whole_persons_and_says_what_it_leaves_out(month):
    for person in range(20):
        for _ in range(2):
            month.want(f"phone::{person}")
    found = month.simulations.run({}, most=10)
    assert (found.persons, found.wanted, found.left_out) == (5, 10, 30)


def test_it_takes_no_place_and_refuses_what_is_no_setting(month):
    month.want()
    before = len(month.gate.policy.taken(["phone::1"]))
    month.run(day=1)
    assert len(month.gate.policy.taken(["phone::1"])) == before
    with pytest.raises(Invalid):
        month.run(nights=2)
