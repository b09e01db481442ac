"""What arrives in the history (入库): repeats known, events written under numbers of their own.

An event's name is its digest and its day of arrival, its version its number: told again after a
crash it gets a greater one, so that followers, who read only what is settled, meet it once.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from typing import Any

from kernel.errors import Overloaded
from stores.elastic.cluster import Cluster
from stores.elastic.history.shapes import (
    BLOCK,
    EVENT_MAPPING,
    EVENT_SETTINGS,
    EVENTS,
    EVENTS_SHAPE,
    HEARD,
    HEARD_MAPPING,
    SHAPE,
    month_of,
)
from stores.elastic.history.state import Marks
from stores.told import REMEMBERED, Told


class Arrivals:
    """The events' indices, as they are written."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._made: set[str] = set()

    def unheard(self, told: Sequence[Told], newest: int) -> tuple[list[Told], int]:
        """Those not heard within the days remembered, the first of each; and the newest day."""
        if not told:
            return [], newest
        today = max(*(each.arrived for each in told), newest)
        first = {each.digest: each for each in reversed(told)}
        blocks = sorted({day // BLOCK for day in (today - REMEMBERED, today)})
        asked = [
            {"_index": self._cluster.name(f"{HEARD}-{block}"), "_id": digest}
            for block in blocks
            for digest in first
        ]
        with self._cluster.asked() as client:
            answer = client.mget(docs=asked)["docs"]
        known = {
            each["_id"]
            for each in answer
            if each.get("found") and each["_source"]["day"] >= today - REMEMBERED
        }
        return [told for digest, told in reversed(first.items()) if digest not in known], today

    def insert(self, fresh: Sequence[Told], first: int) -> tuple[int, list[tuple[Told, str]]]:
        """Write them, numbered from ``first``; how many were not there, and who was refused."""
        months = {f"{EVENTS}-{month_of(told)}" for told in fresh}
        known = months <= self._made
        self._make(months, EVENT_MAPPING, EVENTS)
        items = [
            (head_of(self._place(told), name_of(told), seq), source_of(told, seq))
            for seq, told in enumerate(fresh, first)
        ]
        try:
            outcomes = self._written(items)
        except Overloaded:
            if not known:
                raise
            return self.insert(fresh, first)  # somebody may have dropped a month that was there
        refused = [
            (told, each.reason)
            for told, each in zip(fresh, outcomes, strict=True)
            if each.status >= 400 and each.status != 409
        ]
        return sum(each.result == "created" for each in outcomes), refused

    def remember(self, fresh: Sequence[Told], today: int) -> None:
        block = today // BLOCK
        alias = f"{HEARD}-{block}"
        if fresh and alias not in self._made:
            self._make({alias}, HEARD_MAPPING, HEARD)
            self._forget_before(block - 1)
        place = self._cluster.name(alias)
        self._written([(head_of(place, told.digest, today), {"day": today}) for told in fresh])

    def unhear(self, digests: Sequence[str]) -> None:
        """Know nothing of these any more: the same may come again."""
        every = self._cluster.name(f"{HEARD}-all")
        with self._cluster.asked() as client:
            client.indices.refresh(index=every, ignore_unavailable=True)
            there = client.search(
                index=every, query={"ids": {"values": list(digests)}}, size=4 * len(digests),
                source=False, version=True, ignore_unavailable=True,
            )["hits"]["hits"]  # fmt: skip
        under = [
            {
                "_index": hit["_index"], "_id": hit["_id"], "version": hit["_version"],
                "version_type": "external_gte",
            }
            for hit in there
        ]  # fmt: skip
        self._cluster.bulk([({"delete": each}, None) for each in under])

    def unsettled(self, told: Sequence[Told], fresh: Sequence[Told], marks: Marks) -> list[Told]:
        """Those that are under void numbers, and the fresh ones that are not there at all."""
        first = list({each.digest: each for each in reversed(told)}.values())[::-1]
        asked = [{"_index": self._place(each), "_id": name_of(each)} for each in first]
        if not asked:
            return []
        with self._cluster.asked() as client:
            there = client.mget(docs=asked, source=["seq"])["docs"]
        new = {each.digest for each in fresh}
        return [
            each
            for each, kept in zip(first, there, strict=True)
            if (marks.is_void(kept["_source"]["seq"]) if kept.get("found") else each.digest in new)
        ]

    def refresh(self, fresh: Sequence[Told]) -> None:
        if fresh:
            with self._cluster.asked() as client:
                client.indices.refresh(index=sorted({self._place(told) for told in fresh}))

    def _place(self, told: Told) -> str:
        return self._cluster.name(f"{EVENTS}-{month_of(told)}")

    def _make(self, parts: Collection[str], mapping: dict[str, Any], family: str) -> None:
        """Make what is not there yet. A name that stands for nothing is never written to, nor an
        index of another shape, which waits for `juzhen migrate`."""
        shape, settings = (EVENTS_SHAPE, EVENT_SETTINGS) if family == EVENTS else (SHAPE, {})
        for alias in sorted(set(parts) - self._made):
            with self._cluster.asked():
                there = self._cluster.shape(alias)
            if there is None:
                names = (self._cluster.name(alias), self._cluster.name(f"{family}-all"))
                aliases: dict[str, Any] = {name: {} for name in names}
                self._cluster.make(
                    f"{alias}-v{shape}", mapping, shape, aliases=aliases, settings=settings
                )
            elif there != shape:
                raise Overloaded("store_is_unavailable", seconds=5)
            self._made.add(alias)

    def _written(self, items: Sequence[tuple[dict[str, Any], Any]]) -> list[Any]:
        try:
            return self._cluster.bulk(items)
        except Overloaded:
            self._made.clear()
            raise

    def _forget_before(self, block: int) -> None:
        """Days that nobody remembers any more go whole."""
        name = self._cluster.name(f"{HEARD}-all")
        there = self._cluster.found(lambda client: client.indices.get_alias(name=name)) or {}
        begin = len(self._cluster.name(f"{HEARD}-"))
        old = [each for each in there if int(each[begin:].split("-")[0]) < block]
        if old:
            with self._cluster.asked() as client:
                client.indices.delete(index=old, ignore_unavailable=True)


def name_of(told: Told) -> str:
    return f"{told.digest}-{told.arrived}"


def head_of(index: str, id_: str, version: int) -> dict[str, Any]:
    told: dict[str, Any] = {"_index": index, "_id": id_, "require_alias": True}
    return {"index": told | {"version": version, "version_type": "external_gte"}}


def source_of(told: Told, seq: int) -> dict[str, Any]:
    return {
        "seq": seq, "at": told.at, "id": told.id, "account": told.account, "kind": told.kind,
        "material": told.material, "day": told.day, "handles": sorted(told.names),
        "own": told.own, "label": told.label,
        "packed": base64.b64encode(told.packed).decode(),
    }  # fmt: skip
