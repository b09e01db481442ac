"""Labels (标记): what reports ask of an act, as one text that history keeps beside it.

A label is the same for all acts that reports do not tell apart, and names nobody. What is labelled
otherwise one day counts for old acts once history is rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from data_hub.ad_quality import ARRIVALS, clickid, origin_of
from data_hub.deeds import ORDERED
from data_hub.details import details, order, told_by
from data_hub.groups import TOLD, advertises, group_of
from data_hub.leaderboards import COUNTED
from data_hub.measures.kpis import KPIS
from data_hub.reports.journeys import CHAIN, LANDING, RESPONSES, landing_page, source_of, waited
from stores.told import Said

_Part = Callable[[Said], Mapping[str, Any]]


def _origin(said: Said) -> Mapping[str, Any]:
    return origin_of(said)._asdict() | {"clicked": bool(clickid(said))}


def _group(said: Said) -> Mapping[str, Any]:
    return {"group": group_of(said), "ad": advertises(said)}


def _rep(said: Said) -> Mapping[str, Any]:
    return {"rep": said.rep}


def _page(said: Said) -> Mapping[str, Any]:
    return {"page": landing_page(said)}


def _end(said: Said) -> Mapping[str, Any]:
    return {"account": said.account}


def _source(said: Said) -> Mapping[str, Any]:
    return {"source": source_of(said)}


def _order(said: Said) -> Mapping[str, Any]:
    """Which order it is, by a mark that is as long for every number and says none; how much it is,
    and whose shop told of it, if one did."""
    told = order(details(said))
    if not told.number:
        return {}
    mark = blake2b(told.number.encode(), digest_size=9).hexdigest()
    shop = told_by(said).shop
    return {"order": mark, "amount": round(told.amount, 2), "shop": shop}


_ASKED: tuple[tuple[tuple[str, ...], _Part], ...] = (
    *((kinds, _rep) for kinds in COUNTED.values()),
    *((kpi.kinds, _rep) for kpi in KPIS.values()), *((kinds, _end) for kinds in CHAIN.values()),
    (ARRIVALS, _origin), (TOLD, _group), (LANDING, _page), (("left_contact",), _source),
    (RESPONSES, waited), (ORDERED, _order),
)  # fmt: skip
_PARTS: Mapping[str, tuple[_Part, ...]] = {
    kind: tuple(dict.fromkeys([_end, *(part for named, part in _ASKED if kind in named)]))
    for kinds, _ in _ASKED
    for kind in kinds
}


def label(said: Said) -> str:
    """What reports ask of it, as a JSON object without what is empty; none asks: an empty text."""
    parts = _PARTS.get(said.kind)
    if parts is None:
        return ""
    told: dict[str, Any] = {"bot": bool(said.detail.get("bot"))}
    for part in parts:
        told.update(part(said))
    return orjson.dumps({name: value for name, value in told.items() if value}).decode()
