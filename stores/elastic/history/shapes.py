"""The indices of the history (历史索引): what their documents look like, and how they are called.

Events lie in an index a month of event time, so that a month can be dropped whole. What was heard
lies in an index for every few arrival days, for the same reason. State is one small index.
"""

from __future__ import annotations

from typing import Any

from stores.told import Told

SHAPE = 1
"""Of the state and of what was heard; counted up when one of their mappings below changes."""
EVENTS_SHAPE = 3
"""Of a month; counted up when its mapping or its order changes: `juzhen migrate` writes it anew."""
STATE, EVENTS, HEARD = "history-state", "history", "history-heard"
_KEYWORD, _LONG = {"type": "keyword"}, {"type": "long"}
_SOUGHT = {"type": "keyword", "doc_values": False}
"""Asked for by its value, and in no order nor count."""
_TOLD = {"type": "keyword", "index": False}
"""The other way round."""
_UNREAD = {"type": "keyword", "index": False, "doc_values": False}
EVENT_MAPPING: dict[str, Any] = {
    "properties": {
        "seq": _LONG,
        "at": _LONG,
        "id": _TOLD,
        "account": _KEYWORD,
        "kind": _KEYWORD,
        "material": _KEYWORD,
        "day": _KEYWORD,
        "handles": _SOUGHT,
        "own": _KEYWORD,
        "label": _TOLD,
        "packed": {"type": "binary"},
    }
}
ACT = ("own", "kind", "at", "label")
"""Who did what when, and its label: what everybody's acts are read by."""
EVENT_SETTINGS: dict[str, Any] = {
    "index.sort.field": list(ACT[:3]),
    "index.sort.order": ["asc"] * 3,
    "index.refresh_interval": "60s",
}
"""A month lies in the order of its acts, so that a page of them begins where the last one ended
and goes no further than it must. Whoever writes into it makes it seen himself: seeing to that
every second besides only makes more pieces that must be put in order."""
HEARD_MAPPING: dict[str, Any] = {"properties": {"day": _LONG}}
STATE_MAPPING: dict[str, Any] = {
    "properties": {
        "what": _KEYWORD,
        "watermark": _LONG,
        "seq": _LONG,
        "visible": _LONG,
        "void": _LONG,
        "arrival": _LONG,
        "door": _KEYWORD,
        "reason": _KEYWORD,
        "field": _KEYWORD,
        "account": _KEYWORD,
        "sample": _UNREAD,
        "packed": {"type": "binary"},
        "at": _LONG,
        "count": _LONG,
        "upto": _LONG,
    }
}
BLOCK = 4
"""Arrival days in one index of what was heard: the days that are remembered touch two of them."""


def month_of(told: Told) -> str:
    """``2026.03``, the month of the company's day on which it happened: days are dropped whole."""
    return told.day[:7].replace("-", ".")
