"""Customers (客户): a page of whom a lead leads: 50,000, behind fifty reps, out of 300,000.

Each is known by two handles and was heard of at a moment of her own. ``customers_page`` turns ten
pages of thirty, the first included; the baseline asks for everybody she leads before it sorts them,
as whoever wants to know how many there are still does. Judged by this process's own time.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.digest import Hub
from bench.lib.library import phone, write
from bench.lib.line import Round, compared
from data_hub.customers import Customers, Relation
from data_hub.identities import Identities, Known, own_id
from data_hub.profiles import Profile, ProfileRow
from data_hub.staff import StaffBook
from kernel.actors import Actor, Role
from kernel.events import Handle
from stores.changes import Changes

PEOPLE, LED, REPS = 300_000, 50_000, 50
PAGES, FIRST, MOST_MS = 10, 30, 200.0
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_EVERY = PEOPLE // LED


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        hub = Hub(Path(folder), 0)
        changes = Changes(hub.records, lambda: NOW)
        staff = StaffBook(hub.records, changes, lambda: NOW)
        unit = staff.add_unit("north", "北区", by="bench").id
        reps = [staff.add(f"rep{n}", f"代表{n}", unit=unit, by="bench").id for n in range(REPS)]
        write(hub.people, Known, _known(PEOPLE * size))
        write(hub.people, ProfileRow, _profiles(PEOPLE * size))
        write(hub.records, Relation, _relations(PEOPLE * size, reps))
        identities = Identities(hub.people, hub.records, changes, lambda: NOW)
        customers = Customers(
            hub.people, hub.records, identities, hub.history, staff, changes, lambda: NOW
        )
        lead = Actor(id="lead", role=Role.TEAM_LEAD, unit=unit, reach=frozenset({unit}))
        line = compared(
            "customers_page", _turned(customers, lead, count=False),
            _turned(customers, lead, count=True), unit="pages/s", size=LED * size,
            against="asking for everybody she leads", goal=5.0,
        )  # fmt: skip
        yield line | {"most_ms": MOST_MS, "ok": line["ok"] and line["cpu_ms"] <= MOST_MS}
        hub.close()


def _turned(customers: Customers, lead: Actor, *, count: bool) -> Callable[[], Round]:
    def turned() -> Round:
        after, took = None, []
        for _ in range(1 if count else PAGES):
            used = time.process_time()
            page = customers.seen_by(lead).page(first=FIRST, after=after, count=count)
            took.append((time.process_time() - used) * 1_000)
            if len(page.items) != FIRST:
                raise RuntimeError(f"a page of {len(page.items)}")
            after = page.next
        middle, most = sorted(took)[len(took) // 2], max(took)
        return Round(1_000 * len(took) / sum(took), middle, most, sum(took) / len(took))

    return turned


def _handles(number: int) -> tuple[Handle, Handle]:
    return Handle("phone", "", phone(number)), Handle("openid", "acc_oa", f"o{7919 * number:026}")


def _known(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        first, other = _handles(number)
        for handle in (first, other):
            yield {
                "handle": str(handle), "value": handle.value, "own": own_id(handle),
                "customer": own_id(first), "region": str(first), "first_seen": NOW,
                "told_alone": NOW,
            }  # fmt: skip


def _profiles(count: int) -> Iterator[dict[str, Any]]:
    body = Profile().pack()
    for number in range(count):
        first, _ = _handles(number)
        yield {
            "customer": own_id(first), "handle": str(first), "name": f"客户{number}",
            "phone": first.value, "last_at": NOW - timedelta(seconds=7919 * number % count),
            "cell": "", "body": body,
        }  # fmt: skip


def _relations(count: int, reps: list[str]) -> Iterator[dict[str, Any]]:
    """One in six is hers; of the others most are somebody else's."""
    for number in range(count):
        rep = reps[number % REPS] if number % _EVERY == 0 else f"stf_{number % 200:021}"
        yield {
            "id": f"rel_{number:021}", "handle": str(_handles(number)[number % 2]), "staff": rep,
            "since": NOW, "by": "bench",
        }  # fmt: skip
