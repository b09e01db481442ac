"""The touch policy asked and tuned through GraphQL, and deliveries explained and retried."""

import pytest

from channels.base import Busy
from channels.deliveries import Lane
from kernel.actors import Actor, Role
from kernel.events import Handle

ADMIN = Actor(id="stf_boss", role=Role.ADMIN)
TUNE = """mutation { tuneTouchPolicy(input: {settings: [{name: "day", value: "2"}]}) {
  policy { settings { name value } } problems { code field } } }"""
BAD = """mutation { tuneTouchPolicy(input: {settings: [{name: "nights", value: "2"}]}) {
  policy { settings { name } } problems { field } } }"""
STEPS = "query ($id: ID!) { deliverySteps(id: $id) { id steps { at state reason by } } }"
RETRY = "mutation { retryDeliveries(input: {}) { retried { count } problems { code } } }"


@pytest.mark.rule("R45.2")
def test_the_policy_is_read_and_tuned_by_an_admin_alone(house):
    def settings(told):
        return {each["name"]: each["value"] for each in told["settings"]}

    asked = "{ touchPolicy { settings { name value } } }"
    before = settings(house.ask(asked, ADMIN)["touchPolicy"])
    assert (before["day"], before["week"], before["quiet_from"]) == ("1", "3", "21:00")
    told = house.ask(TUNE, ADMIN)["tuneTouchPolicy"]
    assert (settings(told["policy"])["day"], told["problems"]) == ("2.0", [])
    assert house.ask(BAD, ADMIN)["tuneTouchPolicy"]["problems"] == [{"field": "nights"}]
    (error,) = house.errors(TUNE)
    assert error["extensions"]["code"] == "forbidden"


def test_a_delivery_is_explained_step_by_step_and_the_parked_are_retried(house):
    house.deliveries.queue(account=house.app.id, occasion="x", by="li")
    delivery, _ = house.deliveries.claim(lambda _: None, lane=Lane.POST)
    house.deliveries.park(delivery, Busy("our_rate_is_used_up"))
    steps = house.ask(STEPS, ADMIN, id=delivery.id)["deliverySteps"]["steps"]
    assert [step["state"] for step in steps] == ["due", "sending", "parked"]
    assert steps[2]["reason"]
    assert house.ask(RETRY, ADMIN)["retryDeliveries"]["retried"] == {"count": 1}
    assert house.deliveries.one(delivery.id).state == "due"


def test_parked_ones_are_dropped_for_good(house):
    house.deliveries.queue(account=house.app.id, occasion="x", by="li")
    delivery, _ = house.deliveries.claim(lambda _: None, lane=Lane.POST)
    house.deliveries.park(delivery, Busy("our_rate_is_used_up"))
    drop = "mutation { dropDeliveries(input: {}) { dropped { count } problems { code } } }"
    assert house.ask(drop, ADMIN)["dropDeliveries"]["dropped"] == {"count": 1}
    assert house.deliveries.one(delivery.id).state == "cancelled"


SIMULATE = """query ($s: [TouchSettingInput!]) { touchSimulation(settings: $s) {
  persons wanted was would spared leftOut days { day was would }
  reasons { code reason count } } }"""


def test_a_policy_is_tried_on_last_month_before_it_counts(house):
    for number in range(3):
        delivery = house.deliveries.queue(
            account=house.app.id, target=Handle("user", house.app.id, "u1"), by="li",
            occasion=f"x{number}", purpose="marketing", words="您好",
        )  # fmt: skip
        assert delivery.state == "due"
    two = [{"name": name, "value": "2"} for name in ("day", "channel_day")]
    told = house.ask(SIMULATE, ADMIN, s=two)["touchSimulation"]
    assert (told["persons"], told["wanted"], told["was"], told["would"]) == (1, 3, 0, 2)
    assert [(each["code"], each["count"]) for each in told["reasons"]] == [("capped_overall", 1)]
    assert len(told["days"]) == 31
    assert house.touch_policy.policy().day == 1
