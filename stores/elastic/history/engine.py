"""The history on a cluster (历史): events by handle and time, counted where they lie.

Every answer is exact: counts come from composite aggregations, not from the approximate ones.
Nothing needs scripts, ``_delete_by_query`` or lifecycle policies, so any product's cluster will do.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kernel.calendar import Zone
from kernel.errors import Overloaded
from kernel.events import Event, Handle, Refusal, unpack
from kernel.ids import Page, page_of, page_size, read_cursor
from stores.acts import Acts, Often, OneByOne, told_acts
from stores.elastic.cluster import Cluster
from stores.elastic.history.arrivals import Arrivals
from stores.elastic.history.months import Months
from stores.elastic.history.shapes import ACT, EVENTS, EVENTS_SHAPE, SHAPE, STATE
from stores.elastic.history.state import State
from stores.examined import Examined
from stores.history import ANY, Axis, Count, Sort
from stores.told import Label, Told, digest_of, micros, told_of, unlabelled, whose

_PAGE, _MANY = 1_000, 10_000
_RACES, _PATIENCE = 10, 4
"""How often a put is begun, and how often it lets somebody else finish first."""
_ORDER = ("at", "id", "seq")


class ElasticHistory(OneByOne):
    """See `stores.history.History`."""

    def __init__(
        self, cluster: Cluster, *, zone: Zone | None = None, label: Label = unlabelled
    ) -> None:
        self._cluster = cluster
        self.zone = zone or Zone()
        self.label = label
        self._state = State(cluster)
        self._arrivals = Arrivals(cluster)
        self._months = Months(cluster, label)
        self._events = cluster.name(f"{EVENTS}-all")

    def prepare(self) -> str:
        """Make the index of the state if it is not there, and months of an older shape anew; other
        months are made as events come."""
        return "; ".join(filter(None, (self._state.prepare(), *self._months.renew())))

    def examine(self) -> Examined:
        months = f"{EVENTS}-all"
        return self._cluster.examine({STATE: SHAPE, months: EVENTS_SHAPE}, later=(months,))

    def put(self, entries: Sequence[Event | Told | Refusal], *, upto: int) -> int:
        told = [
            told_of(entry, self.zone, self.label)
            for entry in entries
            if not isinstance(entry, Refusal)
        ]
        refusals = [entry for entry in entries if isinstance(entry, Refusal)]
        new = 0
        for turn in range(_RACES):
            marks, version = self._state.marks()
            if turn < _PATIENCE and marks.seq > marks.visible:
                self._cluster.wait(turn)  # somebody folds just now, or died of it
                continue
            fresh, today = self._arrivals.unheard(told, marks.arrival)
            claimed, clean = marks, marks.seq == marks.visible and not (told and marks.void)
            if fresh or not clean:
                claimed = marks.claim(len(fresh if clean else told))
                moved = self._state.move(claimed, version)
                if moved is None:
                    self._cluster.wait(turn)
                    continue  # somebody folds beside us: his numbers are not ours
                version = moved
                if claimed.void:
                    fresh = self._arrivals.unsettled(told, fresh, claimed)
            new += self._insert(fresh, marks.seq + 1, today)
            if upto > marks.watermark:
                self._state.refuse(refusals, upto)
            settled = claimed._replace(
                watermark=max(upto, marks.watermark), visible=claimed.seq, arrival=today
            )
            if settled == marks or self._state.move(settled, version) is not None:
                return new
            self._cluster.wait(turn)
        raise Overloaded("store_is_unavailable", seconds=1)

    def _insert(self, fresh: Sequence[Told], first: int, today: int) -> int:
        """In this order: what is remembered is there; what is told again gets another number."""
        new, refused = self._arrivals.insert(fresh, first)
        self._state.bury(refused)
        self._arrivals.remember(fresh, today)
        self._arrivals.refresh(fresh)
        return new

    def watermark(self) -> int:
        return self._state.marks()[0].watermark

    def newest(self) -> int:
        return self._state.marks()[0].visible

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        marks, _ = self._state.marks()
        void = [{"range": {"seq": {"gte": low, "lte": high}}} for low, high in marks.voids()]
        found: list[tuple[int, Event]] = []
        while len(found) < limit:
            begin = found[-1][0] if found else seq
            wanted = {"range": {"seq": {"gt": begin, "lte": marks.visible}}}
            query = {"bool": {"filter": [wanted], "must_not": void}}
            page = self._found(query, ["seq"], "asc", min(limit - len(found), _PAGE), None)
            found += [(hit["sort"][0], _event(hit)) for hit in page]
            if len(page) < _PAGE:
                break
        return found

    def timeline(
        self,
        handles: Collection[Handle],
        *,
        before: str | None = None,
        limit: int = 20,
        kinds: Collection[str] | None = None,
    ) -> Page[Event]:
        limit = page_size(limit, field="limit")
        key = list(read_cursor(before, int, str, int, field="before")) if before else None
        filters = [_of(handles)]
        if kinds is not None:
            filters.append({"terms": {"kind": sorted(kinds)}})
        found = self._found({"bool": {"filter": filters}}, _ORDER, "desc", limit + 1, key)
        return page_of(found, limit, key=lambda hit: hit["sort"]).map(_event)

    def of(
        self, handles: Collection[Handle], *, since: datetime | None = None,
        until: datetime | None = None, kinds: Collection[str] | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        span = {edge: micros(at) for edge, at in (("gte", since), ("lt", until)) if at}
        filters = [_of(handles), {"range": {"at": span}}]
        filters += [] if kinds is None else [{"terms": {"kind": sorted(kinds)}}]
        key: list[Any] | None = None
        while True:
            page = self._found({"bool": {"filter": filters}}, _ORDER, "asc", _PAGE, key)
            yield from map(_event, page)
            if len(page) < _PAGE:
                return
            key = page[-1]["sort"]

    def _found(
        self,
        query: dict[str, Any],
        order: Sequence[str],
        way: str,
        size: int,
        after: list[Any] | None,
    ) -> list[Any]:
        how: dict[str, Any] = {"search_after": after} if after else {}
        with self._cluster.asked() as client:
            answer = client.search(
                index=self._events, query=query, size=size, source=["packed"],
                sort=[{field: way} for field in order], track_total_hits=False,
                ignore_unavailable=True, **how,
            )  # fmt: skip
        return list(answer["hits"]["hits"])

    def total(self, handles: Collection[Handle]) -> int:
        return self._count(_of(handles))

    def _count(self, query: dict[str, Any]) -> int:
        with self._cluster.asked() as client:
            told = client.count(index=self._events, query=query, ignore_unavailable=True)
        return int(told["count"])

    def counts(
        self,
        by: Sequence[Axis],
        *,
        material: str | None = None,
        account: str | None = None,
        kind: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> list[Count]:
        asked = {"material": material, "account": account, "kind": kind}
        query = {"bool": {"filter": _that(asked, since, until)}}
        if not by:
            count = self._count(query)
            return [Count((), count)] if count else []
        fields = [axis.value for axis in by]
        return sorted(Count(key, count) for key, count in self._buckets(query, fields))

    def of_kinds(
        self,
        kinds: Collection[str],
        *,
        account: str | None = None,
        material: str | None = None,
        since: date | None = None,
        until: date | None = None,
        before: str | None = None,
        limit: int = 20,
    ) -> Page[Event]:
        limit = page_size(limit, field="limit")
        key = list(read_cursor(before, str, int, field="before")) if before else None
        asked = {"account": account, "material": material}
        some = {"terms": {"kind": sorted(kinds)}}
        query = {"bool": {"filter": [some, *_that(asked, since, until)]}}
        found = self._found(query, ("day", "seq"), "desc", limit + 1, key)
        return page_of(found, limit, key=lambda hit: hit["sort"]).map(_event)

    def acts(self, kinds: Sequence[str], *, since: date, until: date) -> Acts:
        days = {"range": {"day": {"gte": since.isoformat(), "lte": until.isoformat()}}}
        query = {"bool": {"filter": [{"terms": {"kind": list(kinds)}}, days]}}
        alike = self._buckets(query, ACT, _MANY)
        return told_acts((key for key, count in alike for _ in range(count)), kinds)

    def stretches(self, kinds: Sequence[str], *, since: date, until: date) -> Iterator[Acts]:
        yield self.acts(kinds, since=since, until=until)

    def often(
        self, kind: str, *, handles: Collection[Handle] | None = None,
        account: str | None = None, material: str | None = None,
        since: date | None = None, until: date | None = None,
    ) -> Iterator[Often]:  # fmt: skip
        asked = {"kind": kind, "account": account, "material": material}
        filters = _that(asked, since, until)
        if handles is not None:
            filters.append({"terms": {"own": sorted(map(str, handles))}})
        query = {"bool": {"filter": filters, "must_not": {"term": {"own": ""}}}}
        for bucket in self._pages(query, ["own"], _MANY, {"oldest": {"min": {"field": "at"}}}):
            oldest = int(bucket["oldest"]["value"])
            yield Often(bucket["key"]["own"], bucket["doc_count"], oldest)

    def _buckets(
        self, query: dict[str, Any], by: Sequence[str], size: int = _PAGE
    ) -> Iterator[tuple[Any, int]]:
        """How many events share the values of these fields, those that have all of them."""
        for bucket in self._pages(query, by, size):
            yield tuple(bucket["key"][name] for name in by), bucket["doc_count"]

    def _pages(
        self,
        query: dict[str, Any],
        by: Sequence[str],
        size: int,
        each: Mapping[str, Any] | None = None,
    ) -> Iterator[Any]:
        """The buckets of a composite aggregation, page by page."""
        told: dict[str, Any] = {"size": size, "sources": [{f: {"terms": {"field": f}}} for f in by]}
        asked = {"composite": told} | ({"aggs": each} if each else {})
        while True:
            with self._cluster.asked() as client:
                answer = client.search(
                    index=self._events, query=query, size=0, ignore_unavailable=True,
                    track_total_hits=False, aggs={"by": asked},
                )  # fmt: skip
            page = answer.get("aggregations", {}).get("by", {"buckets": []})
            yield from page["buckets"]
            if "after_key" not in page:
                return
            told["after"] = page["after_key"]

    def forget(self, handles: Collection[Handle]) -> int:
        gone = 0
        self._refresh()
        while hits := self._found(_of(handles), ["seq"], "asc", _PAGE, None):
            gone += self._delete(hits)
        self._state.blank(handles)
        if gone:
            self.scrub()
        return gone

    def scrub(self) -> None:
        """Write segments anew without what was erased.

        A cluster keeps the bytes of the last half minute for its other copies: those go with the
        next erasure, or when segments are merged.
        """
        with self._cluster.asked() as client:
            client.indices.flush(index=self._events, ignore_unavailable=True)
            client.indices.forcemerge(
                index=self._events, only_expunge_deletes=True, ignore_unavailable=True
            )

    def _delete(self, hits: Sequence[Any]) -> int:
        """How many are gone. Raises `Overloaded` if the cluster lets go of nothing now."""
        if not hits:
            return 0
        doomed = [{"delete": {"_index": hit["_index"], "_id": hit["_id"]}} for hit in hits]
        outcomes = self._cluster.bulk([(each, None) for each in doomed])
        self._refresh()
        return sum(each.result == "deleted" for each in outcomes)

    def _refresh(self) -> None:
        with self._cluster.asked() as client:
            client.indices.refresh(index=self._events, ignore_unavailable=True)

    def drop_before(self, day: date) -> list[str]:
        months = self._months.there()
        old = sorted(month for month in months if month < day.strftime("%Y.%m"))
        for month in old:
            with self._cluster.asked() as client:
                client.indices.delete(index=months[month])
        return old

    def refusals(self, *, limit: int = 50) -> list[tuple[Refusal, int]]:
        return self._state.refusals(limit)

    def waiting(self) -> Mapping[Sort, int]:
        return self._state.waiting()

    def refused(
        self, *, only: Sort = ANY, after: int = 0, limit: int = 200
    ) -> list[tuple[int, Refusal]]:
        return self._state.refused(only, after, limit)

    def settle(self, numbers: Collection[int]) -> None:
        self._state.settle(numbers)

    def unsample(self, sorts: Collection[Sort]) -> None:
        self._state.unsample(lambda told: Sort(told.door, told.reason, told.field) in set(sorts))

    def let_go(self, kind: str, before: date, limit: int) -> list[Handle | None]:
        days = {"range": {"day": {"lt": before.isoformat()}}}
        query = {"bool": {"filter": [{"term": {"kind": kind}}, days]}}
        gone: list[Handle | None] = []
        while len(gone) < limit:
            few = min(_PAGE, limit - len(gone))
            page = self._found(query, ("day", "seq"), "asc", few, None)
            self._delete(page)
            gone += [whose(_event(hit)) for hit in page]
            if len(page) < few:
                break
        return gone

    def take_back(self, told: Mapping[int, Event]) -> int:
        done, numbers = 0, sorted(told)
        self._refresh()
        for begin in range(0, len(numbers), _PAGE):
            few = numbers[begin : begin + _PAGE]
            hits = self._found({"terms": {"seq": few}}, ["seq"], "asc", _PAGE, None)
            done += self._delete(hits)
            self._arrivals.unhear([digest_of(told[n].account, told[n].id) for n in few])
        return done

    def amend(self, told: Mapping[int, Event]) -> int:
        return self._months.amend(told)

    def emptied(self) -> bool:
        self.scrub()
        return True

    def seal(self, before: date, limit: int) -> int:
        return 0  # its server packs what it keeps

    def pack(self, tell: Callable[[int, int], None] | None = None) -> int:
        return 0  # as above

    def remake(self, tell: Callable[[int], None] | None = None) -> int:
        """Counts and mentions lie with the events here: only what their labels say is made."""
        return self._months.relabel(tell or (lambda _: None))

    def flaws(self) -> Iterator[str]:
        marks, _ = self._state.marks()
        if marks.visible > marks.seq:
            yield f"history: {marks.visible} may be read, and only {marks.seq} were given out"
        ahead = self._count({"range": {"seq": {"gt": marks.seq}}})
        if ahead:
            yield f"history: {ahead} events lie behind the last number given out, {marks.seq}"
        for complaint in self._state.dead():
            yield f"history: {complaint}"

    def close(self) -> None:
        self._cluster.close()


def _of(handles: Collection[Handle]) -> dict[str, Any]:
    return {"terms": {"handles": sorted(map(str, handles))}}


def _that(
    asked: Mapping[str, str | None], since: date | None, until: date | None
) -> list[dict[str, Any]]:
    """What narrows a question: words that events must say, and days, both included."""
    told: list[dict[str, Any]] = [
        {"term": {name: value}} for name, value in asked.items() if value is not None
    ]
    days = {"gte": since, "lte": until}
    bounds = {name: day.isoformat() for name, day in days.items() if day is not None}
    return [*told, {"range": {"day": bounds}}] if bounds else told


def _event(hit: Any) -> Event:
    return unpack(base64.b64decode(hit["_source"]["packed"]))
