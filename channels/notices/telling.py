"""Telling (起草通知): what happened becomes notices, for whoever wants to know. Sends nothing.

Two sources: acts, followed in the order they were committed; and boundaries of the shelf that
nobody caused at that moment (`content_hub.crossings`). A worker that slept tells later, not less.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import insert

from channels.accounts import Accounts
from channels.notices.records import ACTS, OFF_SHELF, ON_SHELF, Notice, Subscription
from channels.notices.subscriptions import FOLLOWER, Subscriptions
from content_hub.crossings import Crossings
from content_hub.materials import Material, Materials
from content_hub.shelf import Shelf
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id
from stores.changes import Change, Changes
from stores.records import Record, Records
from stores.watermarks import Watermarks

_SAID = ("changed", "added", "removed", "opens", "closes", "type", "number")
"""Of what an act remembers, what is told of it."""


class Telling:
    """Two duties of the worker."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        subscriptions: Subscriptions,
        crossings: Crossings,
        shelf: Shelf,
        materials: Materials,
        accounts: Accounts,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._subscriptions = subscriptions
        self._crossings = crossings
        self._shelf = shelf
        self._materials = materials
        self._accounts = accounts
        self._clock = clock
        self._marks = Watermarks(records, Record)

    def follow(self, limit: int = 100) -> int:
        """Acts that were committed since; how many were looked at."""
        mark = self._marks.of(FOLLOWER)
        stretch = self._changes.after(mark, limit)
        if not stretch.changes:
            return 0
        live = self._subscriptions.live()
        known = [each for each in stretch.changes if each.act in ACTS] if live else []
        about = self._materials.many({_material(each) for each in known})
        rows = [row for each in known for row in self._of_act(each, about, live)]
        with self._records.write("notices") as session:
            if self._marks.of(FOLLOWER) != mark:
                return 0
            if rows:
                session.execute(insert(Notice), rows)
            self._marks.move(FOLLOWER, stretch.mark)
        return len(stretch.changes)

    def watch(self, limit: int = 100) -> int:
        """Boundaries of the shelf that were passed since; how many. Nothing while nobody asks."""
        wanted = {ON_SHELF, OFF_SHELF}
        live = [each for each in self._subscriptions.live() if wanted & set(each.kinds)]
        if not live:
            return 0
        look = self._crossings.look(limit)
        if look.before == look.after and not look.crossings:
            return 0
        about = self._materials.many({each.material for each in look.crossings})
        placed = self._shelf.many({each.placement for each in look.crossings})
        rows: list[dict[str, Any]] = []
        for each in look.crossings:
            told: dict[str, Any] = {"placement": each.placement}
            if placement := placed.get(each.placement):
                told |= {"opens": placement.opens, "closes": placement.closes}
                told["slot"] = placement.slot
            told |= self._about(about.get(each.material), each.material, each.account)
            kind = ON_SHELF if each.on else OFF_SHELF
            rows += _rows(live, kind, each.placement, each.account, each.at, told)
        with self._records.write("notices") as session:
            if not self._crossings.take(look):
                return 0
            if rows:
                session.execute(insert(Notice), rows)
        return len(look.crossings)

    def _of_act(
        self, change: Change, about: dict[str, Material], live: Sequence[Subscription]
    ) -> Iterator[dict[str, Any]]:
        key, account = _material(change), str(change.detail.get("account") or "")
        told = {name: change.detail[name] for name in _SAID if name in change.detail}
        if change.kind == "placement":
            told["placement"] = change.subject
        told |= self._about(about.get(key), key, account)
        told["by"] = change.by
        yield from _rows(live, ACTS[change.act], change.subject, account, change.at, told)

    def _about(self, material: Material | None, key: str, account: str) -> dict[str, Any]:
        told: dict[str, Any] = {"material": {"id": key}}
        if material is not None:
            told["material"] |= {
                "code": material.code, "type": material.type, "title": material.title,
                "number": material.number,
            }  # fmt: skip
        if account:
            told["channel"] = {"id": account, "code": self._code(account)}
        return told

    def _code(self, account: str) -> str:
        try:
            return self._accounts.one(account).code
        except NotFound:
            return ""


def _material(change: Change) -> str:
    return change.subject if change.kind == "material" else str(change.detail.get("material") or "")


def _rows(
    live: Collection[Subscription],
    kind: str,
    subject: str,
    account: str,
    at: datetime,
    told: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """One notice for everybody who wants to know, and did so when it happened."""
    body = orjson.dumps({"type": kind, "timestamp": at, "data": told}).decode()
    for each in live:
        whose = not account or not each.accounts or account in each.accounts
        if kind in each.kinds and whose and at >= each.created:
            yield {
                "id": new_id("ntc"), "subscription": each.id, "kind": kind, "subject": subject,
                "body": body, "at": at, "next_at": at, "tries": 0, "status": 0, "reason": "",
            }  # fmt: skip
