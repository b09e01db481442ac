"""Made-up segments and customers: rules of six shapes, and people whom they tell apart."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from data_hub.lifecycle import Cycles, standing
from data_hub.profiles import fold
from data_hub.segments import Entry, Subject, read
from kernel.calendar import Zone
from kernel.events import Event, Handle

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KINDS = (
    "bought", "opened_link", "viewed_product", "asked_quote", "messaged", "read_material",
    "finished_material", "viewed_page",
)  # fmt: skip


def rules(count: int, seed: int = 3) -> list[Entry]:
    """So many rules, of six shapes."""
    dice = random.Random(seed)
    shapes = (
        "did {a} >= {n} in {w}d and not did {b} in 30d",
        'stage in (silent, sleeping) and did {a} in {w}d and trait city = "上海"',
        "(did {a} or did {b} >= 2) and node = operate and not vip",
        "grade in (B, C) and silent for {m}d",
        'trait city = "北京" or did {c} >= 3 in 30d',
        "did {a} >= {n} in 7d and desire = asked",
    )
    made = []
    for number in range(count):
        a, b, c = dice.sample(KINDS, 3)
        text = dice.choice(shapes).format(
            a=a, b=b, c=c, n=number % 5 + 1, w=dice.choice((7, 30, 90)), m=number % 20 + 1
        )
        made.append(Entry(f"seg_{number}", f"s{number}", text, read(text)))
    return made


def customers(count: int, seed: int = 5) -> list[Subject]:
    """Customers with thirty acts of sixty days each."""
    dice, zone = random.Random(seed), Zone()
    made = []
    for number in range(count):
        handle = Handle("user", "acc_app", f"u{number}")
        events = sorted(
            (
                Event(
                    id=f"e{n:02}", kind=dice.choice(KINDS), account="acc_app", handle=handle,
                    at=NOW - timedelta(minutes=dice.randrange(60 * 1_440)),
                    detail={"traits": {"city": dice.choice(("上海", "北京", "苏州"))}},
                )
                for n in range(30)
            ),
            key=lambda each: (each.at, each.id),
        )  # fmt: skip
        profile = fold(events, lambda _: (), zone=zone)
        made.append(
            Subject(
                customer=f"cus_{number}", profile=profile, now=NOW, zone=zone,
                standing=standing(profile, NOW, Cycles(), zone), grade=dice.choice("ABCD"),
            )
        )  # fmt: skip
    return made
