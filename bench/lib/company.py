"""A believable company (样本公司): a year of customers on five accounts, in any size.

A third of a hundred events a customer, a few of them very busy, half known on two accounts; a
quarter of all in the last thirty days; ids, openids and moments as random as real ones.
"""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from kernel.events import Event, Handle

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EACH, DAYS, LATELY = 33, 410, 30
EVENTS_A_MATERIAL = 1_700
KINDS = {
    "viewed_page": 30, "read_material": 17, "opened_link": 9, "viewed_product": 8, "searched": 6,
    "finished_material": 5, "recommended": 5, "messaged": 5, "signed_in": 3, "clicked_menu": 3,
    "shared_material": 2.5, "liked_material": 2, "asked_quote": 2, "bought": 1.2, "located": 1,
}  # fmt: skip
_ABOUT = {"read_material", "opened_link", "finished_material", "shared_material", "liked_material"}
_ACCOUNTS = (
    ("acc_app", "user", "own_app"), ("acc_oa", "openid", "wechat"),
    ("acc_mini", "openid", "wechat"), ("acc_shop", "buyer", "commerce"),
    ("acc_video", "open_id", "video"),
)  # fmt: skip
_CITIES = ("上海", "北京", "苏州", "杭州", "成都")
_SAID = ("在吗", "多少钱", "想了解一下保险", "谢谢", "明天可以吗")
_SOUGHT = ("重疾险", "养老", "教育金", "年金", "意外险", "理财", "基金")


class Company:
    """Tells its events in the order in which they arrive."""

    def __init__(self, events: int, seed: int = 1) -> None:
        self._dice = dice = random.Random(seed)
        self.events, self.people = events, max(events // EACH, 1)
        self._materials = max(events // EVENTS_A_MATERIAL, 10)
        busy = [dice.lognormvariate(0, 1.4) for _ in range(self.people)]
        for _ in range(self.people // 2_000 + 1):
            busy[dice.randrange(self.people)] *= 60
        self.busiest = sorted(range(self.people), key=busy.__getitem__)[
            -max(self.people // 50, 1) :
        ]
        self._who = dice.choices(range(self.people), busy, k=events)
        self._on = [[dice.randrange(5) for _ in range(1 + (n % 9 < 4))] for n in range(self.people)]
        self._known: dict[tuple[int, int], Handle] = {}

    def handle(self, who: int, on: int = -1) -> Handle:
        """By what she is known on an account, or on her first."""
        on = self._on[who][0] if on < 0 else on
        if (who, on) not in self._known:
            account, way, _ = _ACCOUNTS[on]
            told = f"{10_000_000 + 7 * who}"
            if way != "user":
                told = f"o{base64.urlsafe_b64encode(self._dice.randbytes(20)).decode()[:27]}"
            self._known[who, on] = Handle(way, account, told)
        return self._known[who, on]

    def __iter__(self) -> Iterator[Event]:
        moments = sorted(self._moment() for _ in range(self.events))
        kinds = self._dice.choices(list(KINDS), list(KINDS.values()), k=self.events)
        for who, at, kind in zip(self._who, moments, kinds, strict=True):
            yield self._event(who, at, kind)

    def _moment(self) -> datetime:
        back = self._dice.random() * LATELY
        if self._dice.random() > 0.25:
            back = LATELY + (DAYS - LATELY) * (1 - self._dice.random() ** 0.5)
        ms = int(back * 86_400_000) + 1
        return NOW - timedelta(milliseconds=ms)

    def _event(self, who: int, at: datetime, kind: str) -> Event:
        dice = self._dice
        on = dice.choice(self._on[who])
        account, _, ecosystem = _ACCOUNTS[on]
        ours, lately = kind == "recommended", NOW - at < timedelta(days=LATELY)
        if kind == "located" and not lately:
            kind = "viewed_page"  # where somebody was is not kept for longer
        material = ""
        if kind in _ABOUT:
            place = min(int(dice.paretovariate(0.9) * 40) - 40, 10**6) % self._materials
            material = f"mat_{place:021}"
        waited = dice.expovariate(1 / 28_800 if dice.random() < 0.01 else 0.5)
        arrived = at + timedelta(milliseconds=int(waited * 1_000))
        return Event(
            id=str(uuid.UUID(int=dice.getrandbits(128), version=4)), kind=kind, at=at,
            account="juzhen" if ours else account, handle=self.handle(who, on),
            links=(Handle("phone", "", f"139{who:08}"),) if kind == "signed_in" else (),
            ecosystem="" if ours else ecosystem, material=material,
            rep=f"stf_{who % 500:021}" if ours else "", received=arrived,
            detail=self._detail(kind, who),
        )  # fmt: skip

    def _detail(self, kind: str, who: int) -> dict[str, Any]:
        n = self._dice.randrange(1 << 30)
        match kind:
            case "recommended":
                return {"place": n % 9 + 1}
            case "signed_in":
                return {"traits": {"city": _CITIES[who % 5], "age": 20 + who % 50}}
            case "messaged":
                return {"MsgType": "text", "Content": _SAID[n % 5], "MsgId": str(10**17 + n)}
            case "located":
                return {"latitude": 31.1 + n % 997 / 4_000, "longitude": 121.3 + who % 991 / 3_000}
            case "bought":
                told = {"order_id": f"O{n}", "amount": n % 900 + 10, "product": f"prd_{n % 60}"}
                return {"properties": told | {"category": f"cat_{n % 7}"}}
            case "searched":
                return {"properties": {"query": _SOUGHT[n % 7]}}
            case "viewed_product":
                return {"properties": {"product": f"prd_{n % 60}", "price": n % 900 + 10}}
            case _:
                return {"properties": {"path": f"/p/{n % 400}", "seconds": n % 97}}
