"""F14: out of order and a week late, everybody stands where the sorted replay has her."""

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from data_hub import ordering
from data_hub.standings import StandingRow
from tests.data_hub.telling import MONDAY, event, mobile, user
from tests.sizes import sized

KINDS = ("viewed_page", "read_material", "searched", "bought", "messaged", "left_contact",
         "shared_material", "invited", "complained", "refunded", "ordered", "redeemed",
         "cancelled_order")  # fmt: skip
TELLERS = ("acc_app", "acc_web", "acc_shop", "acc_other")
"""Two front ends, and two shops that number their orders alike."""
DAY = 24 * 60
ARRIVED = MONDAY + timedelta(days=40)
_SAME = ("customer", "node", "node_since", "stage", "stage_since", "grade", "desire", "began",
         "occasions", "first_bought", "last_bought", "spent", "gaps")  # fmt: skip


def heard(seed):
    """Some weeks of a few people, two of whom turn out to be one."""
    dice = Random(seed)
    told = []
    for n in range(sized(150, 2_000)):
        who = dice.randrange(8)
        links = (mobile(f"1380013800{who % 3}"),) if dice.random() < 0.1 and who < 4 else ()
        kind = dice.choice(KINDS if dice.random() < 0.4 else sorted(ordering.KINDS))
        account = dice.choice(TELLERS)
        shop = account in TELLERS[2:] and kind in ordering.KINDS
        told.append(
            event(
                kind, user(f"u{who}"), *links, minutes=dice.randrange(40 * DAY), received=ARRIVED,
                id=f"order:{n}" if shop else f"e{n}", account=account,
                detail={"amount": dice.choice((20, 30, dice.randrange(1, 900))),
                        "order_id": dice.choice(("", "1001", "1002"))},
            )
        )  # fmt: skip
    return told


def standing(hub, people):
    with people.read() as session:
        rows = session.scalars(select(StandingRow))
        return sorted(tuple(getattr(row, name) for name in _SAME) for row in rows)


def state(hub):
    people = hub.identities._people
    found = hub.identities.customers_of([user(f"u{n}") for n in range(8)])
    profiles = {c: p.pack() for c, p in hub.profiles.many(set(found.values())).items()}
    return found, profiles, standing(hub, people), [hub.members(each) for each in ASKED]


ASKED = {"once": "did ordered = 1", "again": "did refunded >= 2 in 30d",
         "long": "did redeemed >= 3 in 300d", "spent": "spent > 300"}  # fmt: skip


def asked(hub):
    for code, rule in ASKED.items():
        hub.segments.create(code, rule=rule, code=code, by="li")


@pytest.mark.parametrize("most", [1, 9])
def test_a_week_late_and_shuffled_gives_what_the_sorted_replay_gives(
    fresh_hub, any_hub, clock, most
):
    """With ``most`` at one everything is late, so that all is folded anew; else some of it is."""
    told = sorted(heard(7), key=lambda each: each.at)
    clock.move(told[-1].at - clock())
    asked(any_hub)
    with fresh_hub() as hub:
        asked(hub)
        hub.tell(*told)
        expected = state(hub)
    assert all(0 < len(members) < len(expected[1]) for members in expected[3])
    dice = Random(8)
    late = sorted(told, key=lambda each: each.at.timestamp() + dice.random() ** most * 7 * 86_400)
    for begin in range(0, len(late), 25):
        any_hub.tell(*late[begin : begin + 25], *late[max(0, begin - 3) : begin])
    assert state(any_hub) == expected
    any_hub.digest.rebuild()
    any_hub.settle()
    assert state(any_hub) == expected
