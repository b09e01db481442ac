"""The state of the history (历史状态): how far the fold is, what was refused. Holds no event.

A cluster has no transactions, so everything is written in an order that a repeat completes, and
the marks move last, only if nobody else moved them meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from kernel.errors import Overloaded
from kernel.events import Handle, Refusal
from stores.elastic.cluster import Cluster
from stores.elastic.history.shapes import SHAPE, STATE, STATE_MAPPING
from stores.history import ANY, KEPT, Sort
from stores.naming import naming
from stores.told import Told, micros, moment

_MARKS = "marks"
_MOST = 10_000


_VOID = 20
_STRETCH = 1_000_000
"""More than one stretch of the journal can hold, so that their numbers never meet."""
_PAGE = 500


class Marks(NamedTuple):
    """How far things are.

    Whoever writes events first claims numbers for them, and settles the claim once they can be
    found. Who claims while another's claim is unsettled makes its numbers void: nobody reads what
    lies under them, and whoever folds those events next gives them numbers of his own.
    """

    watermark: int = 0
    """The journal position up to which everything is in."""
    seq: int = 0
    """The last number given out; some may never have been used."""
    visible: int = 0
    """The last number that followers may read: nothing appears below it any more."""
    arrival: int = 0
    """The newest arrival day so far."""
    void: Sequence[int] = ()
    """The first and the last of void numbers, one pair after the other, the newest at the end."""

    def claim(self, count: int) -> Marks:
        unsettled = [self.visible + 1, self.seq] if self.seq > self.visible else []
        return self._replace(
            seq=self.seq + count, visible=self.seq, void=[*self.void, *unsettled][-2 * _VOID :]
        )

    def voids(self) -> list[tuple[int, int]]:
        return list(zip(self.void[::2], self.void[1::2], strict=True))

    def is_void(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self.voids())


class State:
    """What is not an event."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._index = cluster.name(STATE)

    def prepare(self) -> str:
        return self._cluster.prepare(STATE, STATE_MAPPING, SHAPE)

    def marks(self) -> tuple[Marks, dict[str, int]]:
        """They, and the version that a change must find them in."""
        told = self._cluster.found(lambda client: client.get(index=self._index, id=_MARKS))
        if not told:
            return Marks(), {}
        kept = {name: told["_source"][name] for name in Marks._fields}
        version = {"if_seq_no": told["_seq_no"], "if_primary_term": told["_primary_term"]}
        return Marks(**kept), version

    def move(self, marks: Marks, version: dict[str, int]) -> dict[str, int] | None:
        """Keep them; the new version, or None if somebody else was first."""
        from elasticsearch import ConflictError

        with self._cluster.asked() as client:
            how: dict[str, Any] = version or {"op_type": "create"}
            try:
                told = client.index(
                    index=self._index, id=_MARKS, document={"what": "marks", **marks._asdict()},
                    require_alias=True, **how,
                )  # fmt: skip
            except ConflictError:
                return None
        return {"if_seq_no": told["_seq_no"], "if_primary_term": told["_primary_term"]}

    def refuse(self, refusals: Sequence[Refusal], upto: int) -> None:
        """Count what was refused, once for each stretch of the journal."""
        sorts: dict[str, list[Refusal]] = {}
        for each in refusals:
            sorts.setdefault(_sort(each), []).append(each)
        numbers = {id(each): n for n, each in enumerate(refusals, upto * _STRETCH)}
        if not sorts:
            return
        with self._cluster.asked() as client:
            known = client.mget(index=self._index, ids=list(sorts))["docs"]
        counted = {each["_id"]: each["_source"] for each in known if each.get("found")}
        items = []
        for sort, told in sorts.items():
            before = counted.get(sort, {"count": 0, "upto": 0})
            if before["upto"] < upto:
                source = _refusal(told[-1], before["count"] + len(told), upto)
                items.append((self._head(sort), source))
                items += [
                    (self._head(f"refused:{numbers[id(each)]}"), _kept(each, numbers[id(each)]))
                    for each in told
                    if each.again
                ]
        self._write(items)
        for told in sorts.values():
            self._trim(Sort(told[0].door, told[0].reason, told[0].field))

    def _trim(self, sort: Sort) -> None:
        """Only the newest of a sort are kept to be tried again."""
        newest = [{"seq": "desc"}]
        kept = self._found("refused", only=sort, sort=newest, from_=KEPT, size=_MOST - KEPT)
        self.settle([told["seq"] for _, told in kept])

    def bury(self, refused: Sequence[tuple[Told, str]]) -> None:
        """Keep events that the cluster will not take for what they are, with its reason."""
        self._write([
            (
                self._head(f"dead:{told.digest}"),
                {"what": "dead", "reason": why[:200], "packed": _base64(told.packed)},
            )
            for told, why in refused
        ])  # fmt: skip

    def refusals(self, limit: int) -> list[tuple[Refusal, int]]:
        order = [{"at": "desc"}, {"door": "asc"}, {"reason": "asc"}, {"field": "asc"}]
        return [
            (_read(told), told["count"])
            for _, told in self._found("refusal", sort=order, size=limit)
        ]

    def waiting(self) -> dict[Sort, int]:
        """Sorts are few: asked one after the other, each count is exact."""
        sorts = [Sort(told.door, told.reason, told.field) for told, _ in self.refusals(_MOST)]
        with self._cluster.asked() as client:
            counted = {
                sort: client.count(index=self._index, query=_wanted("refused", sort))["count"]
                for sort in sorts
            }
        return {sort: count for sort, count in counted.items() if count}

    def refused(self, only: Sort, after: int, limit: int) -> list[tuple[int, Refusal]]:
        oldest = [{"seq": "asc"}]
        kept = self._found("refused", only=only, after=after, sort=oldest, size=limit)
        return [(told["seq"], _again(told)) for _, told in kept]

    def settle(self, numbers: Collection[int]) -> None:
        self._drop([f"refused:{number}" for number in numbers])

    def blank(self, handles: Collection[Handle]) -> None:
        """What was refused is shown as it came in, so it may name her too."""
        named = naming(handles)
        self.unsample(lambda told: named(told.sample))
        mark = 0
        while page := self.refused(ANY, mark, _PAGE):
            mark = page[-1][0]
            self.settle([number for number, told in page if named(told.again)])

    def unsample(self, these: Callable[[Refusal], bool]) -> None:
        """Show the sample of none of these any more."""
        self._write([
            (self._head(id_), told | {"sample": ""})
            for id_, told in self._found("refusal")
            if these(_read(told))
        ])  # fmt: skip

    def dead(self) -> Iterator[str]:
        for _, told in self._found("dead"):
            event = base64.b64decode(told["packed"])[:80].decode("utf-8", "replace")
            yield f"the cluster refused an event ({told['reason']}): {event}…"

    def _found(
        self, what: str, *, only: Sort = ANY, after: int = -1, size: int = _MOST, **how: Any
    ) -> list[tuple[str, dict[str, Any]]]:
        query = _wanted(what, only, after)
        with self._cluster.asked() as client:
            answer = client.search(index=self._index, query=query, size=min(size, _MOST), **how)
        return [(each["_id"], each["_source"]) for each in answer["hits"]["hits"]]

    def _head(self, id_: str) -> dict[str, Any]:
        return {"index": {"_index": self._index, "_id": id_, "require_alias": True}}

    def _drop(self, ids: Sequence[str]) -> None:
        """Deleting what is gone already is no failure."""
        self._write([({"delete": {"_index": self._index, "_id": id_}}, None) for id_ in ids])

    def _write(self, items: Sequence[tuple[dict[str, Any], Any]]) -> None:
        if not items:
            return
        for outcome in self._cluster.bulk(items):
            if outcome.status >= 400 and outcome.reason:
                raise Overloaded("store_is_unavailable", seconds=5)
        with self._cluster.asked() as client:
            client.indices.refresh(index=self._index)


def _sort(refusal: Refusal) -> str:
    told = "\0".join((refusal.door, refusal.reason, refusal.field))
    return f"refusal:{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"


def _wanted(what: str, only: Sort = ANY, after: int = -1) -> dict[str, Any]:
    filters: list[dict[str, Any]] = [{"term": {"what": what}}]
    filters += [{"term": {name: value}} for name, value in only._asdict().items() if value]
    if after >= 0:
        filters.append({"range": {"seq": {"gt": after}}})
    return {"bool": {"filter": filters}}


def _kept(refusal: Refusal, number: int) -> dict[str, Any]:
    return {
        "what": "refused", "door": refusal.door, "reason": refusal.reason, "field": refusal.field,
        "account": refusal.account, "at": micros(refusal.at), "seq": number,
        "packed": _base64(refusal.again.encode()),
    }  # fmt: skip


def _again(told: dict[str, Any]) -> Refusal:
    again = base64.b64decode(told["packed"]).decode()
    names = ("door", "reason", "field", "account")
    return Refusal(at=moment(told["at"]), again=again, **{name: told[name] for name in names})


def _refusal(refusal: Refusal, count: int, upto: int) -> dict[str, Any]:
    return {
        "what": "refusal", "door": refusal.door, "reason": refusal.reason, "field": refusal.field,
        "account": refusal.account, "sample": refusal.sample, "at": micros(refusal.at),
        "count": count, "upto": upto,
    }  # fmt: skip


def _read(told: dict[str, Any]) -> Refusal:
    names = ("door", "reason", "field", "account", "sample")
    return Refusal(at=moment(told["at"]), **{name: told[name] for name in names})


def _base64(packed: bytes) -> str:
    return base64.b64encode(packed).decode()
