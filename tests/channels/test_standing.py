"""What the data hub and the platforms say about a person reaches the gate."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from channels.touch_policy import Caps, Nature, Touch
from channels.touch_policy.standing import KnownPersons, standings_of
from juzhen.wiring.adapters import allowed_there
from kernel.events import Handle


@dataclass
class WorkedOut:
    """Where two of three customers stand."""

    def __init__(self, active, chosen):
        self._stages, self._chosen = {active: "active"}, {chosen}

    def stages(self, customers):
        return {key: stage for key, stage in self._stages.items() if key in customers}

    def among(self, customers):
        return self._chosen & set(customers)


@pytest.fixture
def three(house):
    handles = [Handle("openid", "acc_1", each) for each in ("active", "chosen", "neither")]
    customers = [house.identities.customer_of(each) for each in handles]
    return handles, customers


def test_the_gate_knows_her_stage_and_whether_she_is_a_vip(house, three):
    handles, (active, chosen, _) = three
    known = WorkedOut(active, chosen)
    persons = KnownPersons(house.identities, house.profiles, standings_of(known, known))
    told = persons.behind([str(each) for each in handles])
    assert [(told[str(h)].lifecycle, told[str(h)].vip) for h in handles] == [
        ("active", False), ("", True), ("", False),
    ]  # fmt: skip


def test_an_active_customer_hears_no_promotion(house, three):
    handles, (active, chosen, _) = three
    known = WorkedOut(active, chosen)
    house.touch_policy._persons = KnownPersons(
        house.identities, house.profiles, standings_of(known, known)
    )
    house.touch_policy._natures = Promotions()
    touch = Touch(
        key="k", handle=str(handles[0]), account="acc_1", channel="board", material="mat_1"
    )
    assert house.touch_policy.explain(touch).reason == "active_wants_no_promotion"


class Promotions:
    """Everything is promotion."""

    def of(self, materials):
        return dict.fromkeys(materials, Nature(promo=True))

    def mega_sales(self, campaigns):
        return set()


@pytest.mark.parametrize(
    ("kind", "caps"),
    [
        ("wechat_oa", Caps(month=4)),
        ("wecom", Caps(month=30)),
        ("douyin", Caps(day=3)),
        ("app", Caps()),
        ("somebody's own", Caps()),
    ],
)
def test_each_platform_has_caps_of_its_own(kind, caps):
    assert allowed_there(kind, datetime(2026, 3, 2, tzinfo=UTC)) == caps
