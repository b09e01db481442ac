"""How often, by the history (计次): a page of customers, as a rule over half a year asks of them.

Sixty thousand events over eight months, those before the last two sealed. The baseline reads what
each customer did and counts it, as whoever had no such question would; both give the same counts.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.lib.line import Round, compared
from data_hub.digest import SLICE
from data_hub.segments.past import counted
from data_hub.segments.subject import Deed
from kernel.events import Event, Handle
from stores.sqlite.history import SqliteHistory

EVENTS, CUSTOMERS, DAYS = 60_000, 3_000, 240
KINDS = ("viewed_page", "read_material", "opened_link", "bought")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULE = Deed("read_material", 180)
GOAL = 5.0
_PUT = 2_000


def run(size: int) -> Iterator[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteHistory(Path(folder) / "history.db", durability="process")) as history,
    ):
        fill(history, EVENTS * size)
        dice = random.Random(3)
        pages = [[_who(n) for n in dice.sample(range(CUSTOMERS), SLICE)] for _ in range(3)]
        today = history.zone.day(NOW)

        def asked(page: list[Handle]) -> dict[str, int]:
            whose = {str(handle): str(handle) for handle in page}
            return {
                who: told[RULE].times
                for who, told in counted(history, [RULE], whose, today).items()
            }

        def plain(page: list[Handle]) -> dict[str, int]:
            return {who: n for who, n in ((str(h), _counted(history, h, today)) for h in page) if n}

        if asked(pages[0]) != plain(pages[0]):
            raise RuntimeError("counted otherwise")
        yield compared(
            "segments_past", lambda: measured(asked, pages), lambda: measured(plain, pages[:1]),
            unit="customers/s", size=EVENTS * size, goal=GOAL,
            against="all that each of them did, read and counted",
        )  # fmt: skip


def fill(history: SqliteHistory, events: int) -> None:
    dice = random.Random(2)
    for begin in range(0, events, _PUT):
        told = [_event(dice, begin + n) for n in range(min(_PUT, events - begin))]
        history.put(told, upto=begin + _PUT)
    while history.seal((NOW - timedelta(days=60)).date(), _PUT):
        pass


def _event(dice: random.Random, number: int) -> Event:
    at = NOW - timedelta(minutes=dice.randrange(DAYS * 24 * 60))
    return Event(
        id=f"e{number:09}", kind=dice.choice(KINDS), at=at, account="acc_app", received=NOW,
        handle=_who(dice.randrange(CUSTOMERS)),
    )  # fmt: skip


def _who(number: int) -> Handle:
    return Handle("user", "acc_app", f"u{number}")


def _counted(history: SqliteHistory, handle: Handle, today: date) -> int:
    since = history.zone.at(today - timedelta(days=RULE.days - 1))
    return sum(each.kind == RULE.kind and each.at >= since for each in history.of([handle]))


def measured(ask: Callable[[list[Handle]], object], pages: list[list[Handle]]) -> Round:
    """By this process's own time."""
    took = []
    for page in pages:
        used = time.process_time()
        ask(page)
        took.append(time.process_time() - used)
    took.sort()
    asked = sum(map(len, pages))
    spent = sum(took)
    return Round(
        asked / spent, took[len(took) // 2] * 1_000, took[-1] * 1_000, spent * 1_000 / asked
    )
