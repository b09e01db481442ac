"""Retain-consult cards (留资卡片分身): sent in a private talk, filled in by a fan.

What a component's number stands for is the twin's own. Tells nobody that one was filled in: that is
a message of the fan's, which `pages` lets her write.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger

_SCHEMA = """
create table if not exists dy_cards (
    id text primary key, creator text not null, title text not null, media text not null,
    components text not null, deleted real);
create table if not exists dy_offers (
    id integer primary key autoincrement, creator text not null, fan text not null,
    card text not null, at real not null, filled real);
"""
COMPONENTS = {1: "称呼", 2: "手机号", 3: "微信号", 4: "城市"}
TITLE_CHARACTERS = 30


class Cards:
    """Every creator's cards, and who was sent which."""

    def __init__(self, ledger: Ledger, clock: MovableClock) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock = ledger, clock

    def save(self, creator: str, title: str, media: str, components: Sequence[int]) -> str:
        made = f"@crd{secrets.token_hex(12)}"
        with self._ledger.turn() as db:
            db.execute(
                "insert into dy_cards values (?, ?, ?, ?, ?, null)",
                (made, creator, title, media, json.dumps(list(components))),
            )
        return made

    def all(self, creator: str) -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from dy_cards where creator = ? and deleted is null order by rowid desc",
                (creator,),
            ).fetchall()
        return [dict(row) | {"components": json.loads(row["components"])} for row in rows]

    def one(self, creator: str, card: str) -> dict[str, Any] | None:
        return next((each for each in self.all(creator) if each["id"] == card), None)

    def drop(self, creator: str, card: str) -> bool:
        with self._ledger.turn() as db:
            done = db.execute(
                "update dy_cards set deleted = ? where id = ? and creator = ? and deleted is null",
                (self._clock.seconds(), card, creator),
            )
            return bool(done.rowcount)

    def offer(self, creator: str, fan: str, card: str) -> None:
        """It was sent to her."""
        with self._ledger.turn() as db:
            db.execute(
                "insert into dy_offers (creator, fan, card, at) values (?, ?, ?, ?)",
                (creator, fan, card, self._clock.seconds()),
            )

    def offered(self, creator: str, fan: str) -> dict[str, Any] | None:
        """The card that lies before her, with what it asks for; the latest that she has not filled
        in and the creator has not deleted."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select o.id as offer, c.* from dy_offers o join dy_cards c on c.id = o.card"
                " where o.creator = ? and o.fan = ? and o.filled is null and c.deleted is null"
                " order by o.id desc limit 1", (creator, fan),
            ).fetchone()  # fmt: skip
        if row is None:
            return None
        asked = [COMPONENTS[each] for each in json.loads(row["components"])]
        return {"offer": row["offer"], "title": row["title"], "asks": asked}

    def filled(self, offer: int) -> None:
        with self._ledger.turn() as db:
            db.execute(
                "update dy_offers set filled = ? where id = ?", (self._clock.seconds(), offer)
            )
