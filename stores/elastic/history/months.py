"""Months that are written anew (换形): in another shape, or with other labels.

A month of an older shape takes no writes until its events lie in the new one, which then takes its
place: whoever asks is answered all the while, whoever folds waits. Killed anywhere, it goes on.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kernel.errors import Overloaded
from kernel.events import Event, unpack
from stores.elastic.cluster import Cluster, beside
from stores.elastic.history.arrivals import head_of
from stores.elastic.history.shapes import EVENT_MAPPING, EVENT_SETTINGS, EVENTS, EVENTS_SHAPE
from stores.told import Label, Said, amended

_PAGE = 1_000
_THERE: dict[str, Any] = {"ignore_unavailable": True}
"""There may be no month yet."""


class Months:
    """The events' indices, as they are brought up to date."""

    def __init__(self, cluster: Cluster, label: Label) -> None:
        self._cluster = cluster
        self._label = label

    def there(self) -> dict[str, str]:
        """The index of each month, by its name: ``2026.03``."""
        name, begin = self._cluster.name(f"{EVENTS}-all"), len(self._cluster.name(f"{EVENTS}-"))
        told = self._cluster.found(lambda client: client.indices.get_alias(name=name)) or {}
        return {index[begin:].split("-")[0]: index for index in sorted(told)}

    def renew(self) -> list[str]:
        """Write those of an older shape anew; what was done."""
        done = []
        for month, index in self.there().items():
            alias = f"{EVENTS}-{month}"
            if self._cluster.shape(alias) != EVENTS_SHAPE:
                self._renew(alias, index)
                done.append(f"{self._cluster.name(alias)}: made anew")
        return done

    def _renew(self, alias: str, index: str) -> None:
        part = f"{alias}-v{EVENTS_SHAPE}"
        fresh = self._cluster.name(part)
        with self._cluster.asked() as client:
            client.indices.put_settings(index=index, settings={"index.blocks.write": True})
            client.indices.refresh(index=index)
        self._cluster.make(
            part, EVENT_MAPPING, EVENTS_SHAPE, aliases={beside(fresh): {}}, settings=EVENT_SETTINGS
        )
        for page in self._pages(index):
            self._write([(beside(fresh), hit) for hit in page])
        with self._cluster.asked() as client:
            client.indices.refresh(index=fresh)
        self._cluster.swap(alias, fresh, f"{EVENTS}-all")

    def relabel(self, tell: Callable[[int], None]) -> int:
        """Work out anew who did each event and its label; how many events there are."""
        done, names = 0, {index: month for month, index in self.there().items()}
        for page in self._pages(self._cluster.name(f"{EVENTS}-all")):
            other = [hit for hit in page if self._acted(hit) != hit["_source"]]
            self._write([
                (self._cluster.name(f"{EVENTS}-{names[hit['_index']]}"), hit)
                for hit in other
                if hit["_index"] in names
            ])  # fmt: skip
            done += len(page)
            tell(done)
        with self._cluster.asked() as client:
            client.indices.refresh(index=self._cluster.name(f"{EVENTS}-all"), **_THERE)
        return done

    def amend(self, told: Mapping[int, Event]) -> int:
        """Write events anew, by their numbers, as `stores.history.History` says; how many."""
        done, names = 0, {index: month for month, index in self.there().items()}
        numbers, every = sorted(told), self._cluster.name(f"{EVENTS}-all")
        for begin in range(0, len(numbers), _PAGE):
            few = {"terms": {"seq": numbers[begin : begin + _PAGE]}}
            for page in self._pages(every, {"query": few}):
                fresh = [
                    (self._cluster.name(f"{EVENTS}-{names[hit['_index']]}"), _amended(hit, told))
                    for hit in page if hit["_index"] in names
                ]  # fmt: skip
                self._write(fresh)
                done += len(fresh)
        with self._cluster.asked() as client:
            client.indices.refresh(index=every, **_THERE)
        return done

    def _pages(
        self, index: str, asked: Mapping[str, Any] = MappingProxyType({})
    ) -> Iterator[Sequence[Any]]:
        after: dict[str, Any] = {**asked}
        while True:
            with self._cluster.asked() as client:
                answer = client.search(
                    index=index, size=_PAGE, sort=[{"seq": "asc"}], track_total_hits=False,
                    **_THERE, **after,
                )  # fmt: skip
            hits = answer["hits"]["hits"]
            if hits:
                yield hits
            if len(hits) < _PAGE:
                return
            after["search_after"] = hits[-1]["sort"]

    def _acted(self, hit: Any) -> dict[str, Any]:
        said = Said.of(unpack(base64.b64decode(hit["_source"]["packed"])))
        return {**hit["_source"], "own": said.handle, "label": self._label(said)}

    def _write(self, told: Sequence[tuple[str, Any]]) -> None:
        """Under the versions they have: what was written or erased meanwhile stays so."""
        outcomes = self._cluster.bulk([
            (head_of(place, hit["_id"], hit["_source"]["seq"]), self._acted(hit))
            for place, hit in told
        ])  # fmt: skip
        if any(each.status >= 400 and each.status != 409 for each in outcomes):
            raise Overloaded("store_is_unavailable", seconds=5)


def _amended(hit: Any, told: Mapping[int, Event]) -> Any:
    source = hit["_source"]
    packed = amended(base64.b64decode(source["packed"]), told[source["seq"]])
    return {**hit, "_source": {**source, "packed": base64.b64encode(packed).decode()}}
