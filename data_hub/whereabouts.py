"""Whereabouts (位置): where she was is an event of its own, `located`, whatever act it came with.

So that it goes when the time for which places are kept is over (`data_hub.retention`), and her acts
stay without it. What is written in words, a city or a district, is no place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from kernel.events import Event

LOCATED = "located"
_PAIRS = (
    ("latitude", "longitude"), ("lat", "lng"), ("lat", "lon"), ("$latitude", "$longitude"),
    ("Latitude", "Longitude"), ("Location_X", "Location_Y"),
)  # fmt: skip
_SYSTEM = "$geo_coordinate_system"
_BESIDE = frozenset(
    {"location", "Precision", "Label", "Scale", _SYSTEM} | {n for p in _PAIRS for n in p}
)
FIRSTS = frozenset({"location"} | {north for north, _ in _PAIRS})
"""Where one of these names is, a place may be told."""
_INSIDE = ("properties", "traits", "traits_once")
_SHIFTED = "Location_X"
"""WeChat's map gives it in the shifted degrees of maps in China, everybody else in WGS-84 unless
the word of 神策's SDKs beside it says otherwise."""
_MILLIONTHS = "$latitude"
"""神策's SDKs tell degrees times a million (their mini-program plugin get-location 1.22.7)."""


_NAMES = "|".join(sorted(re.escape(name) for pair in _PAIRS for name in pair))
_DEGREES = re.compile(
    rf'("(?:{_NAMES})\\{{0,3}}"\s{{0,9}}:\s{{0,9}}(?:\\{{0,3}}")?'
    rf"|<(?:{_NAMES})>(?:<!\[CDATA\[)?)-?[0-9]{{1,20}}(?:\.[0-9]{{1,40}})?"
)


class _Place(NamedTuple):
    latitude: float
    longitude: float
    system: str = ""


def parted(event: Event) -> tuple[Event, Event | None]:
    """The act without the place, and the place as an event of its own if one was told of her."""
    her = event.handle or (event.links[0] if event.links else None)
    if not event.detail or her is None:
        return event, None
    detail, found = _without(event.detail)
    if found is None:
        return event, None
    told: dict[str, Any] = {"latitude": found.latitude, "longitude": found.longitude}
    if found.system:
        told["system"] = found.system
    if event.kind == LOCATED:
        return replace(event, detail={**detail, **told}), None
    marked = {name: detail[name] for name in ("bot",) if name in detail}
    place = replace(
        event, id=f"{event.id[:200]}:place", kind=LOCATED, handle=her, links=(), material="",
        rep="", detail={**marked, **told}, raw=b"",
    )  # fmt: skip
    return replace(event, detail=detail), place


def bare(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What somebody told, without the place."""
    return _without(told)[0]


def unplaced(sample: str) -> str:
    """The text of something that came in, JSON or XML, with a star for each degree in it."""
    return _DEGREES.sub(r"\1*", sample)


def tells_a_place(packed: str) -> bool:
    """May this text of something that came in tell one?"""
    return any(f'"{name}"' in packed for name in FIRSTS) or bool(_DEGREES.search(packed))


def _without(told: Mapping[str, Any]) -> tuple[dict[str, Any], _Place | None]:
    rest, found = _cut(told)
    for name in _INSIDE:
        inside = rest.get(name)
        if isinstance(inside, dict):
            within, there = _cut(inside)
            if there is not None:
                rest, found = {**rest, name: within}, found or there
    return rest, found


def _cut(told: Mapping[str, Any]) -> tuple[dict[str, Any], _Place | None]:
    """What is told besides the place, and the place."""
    found = _place(told)
    if found is None and isinstance(inner := told.get("location"), dict):
        found = _place(inner)
    if found is None:
        return dict(told), None
    return {name: value for name, value in told.items() if name not in _BESIDE}, found


def _place(told: Mapping[str, Any]) -> _Place | None:
    for north, east in _PAIRS:
        latitude, longitude = _number(told.get(north)), _number(told.get(east))
        if latitude is None or longitude is None:
            continue
        if north == _MILLIONTHS and max(abs(latitude), abs(longitude)) > _MOST_EAST:
            latitude, longitude = latitude / 1e6, longitude / 1e6
        if abs(latitude) <= _MOST_NORTH and abs(longitude) <= _MOST_EAST:
            return _Place(latitude, longitude, _system(told, north))
    return None


_MOST_NORTH, _MOST_EAST = 90, 180


def _system(told: Mapping[str, Any], north: str) -> str:
    """How the degrees are shifted; empty where they are not."""
    said = told.get(_SYSTEM)
    shifted = north == _SHIFTED or (isinstance(said, str) and said.upper() == "GCJ02")
    return "gcj02" if shifted else ""


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
