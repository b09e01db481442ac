"""Lines (直写): a plain item of Segment's wire as the journal keeps it, without an event between.

The same bytes that `schemas.segment.turn` and `kernel.events.pack` come to, or None for whatever
is not plainly fine, and then they have the word. Only there because it is three times as fast.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from data_hub.intake import is_bot
from kernel.errors import Invalid
from schemas.events import Plan, Told
from schemas.taking import EVENT_LIMIT, Call, Kinds, text

_MARGIN = 2_048
"""A line this close to the limit is measured as its sender wrote it."""
_HERS = {"page": "viewed_page", "screen": "viewed_page", "track": ""}
_KEPT = ("campaign", "page", "device", "os", "app", "library", "locale")


def line(
    call: Call,
    account: str,
    ecosystem: str,
    received: datetime,
    kinds: Kinds,
    plan: Plan,
    told: Any,
    when: Any,
) -> bytes | None:
    """``when`` answers the moment of a loaded item (`schemas.segment.happened`)."""
    loaded = plan(told) if type(told) is dict else None
    if loaded is None or loaded["type"] not in _HERS:
        return None
    find = loaded.get
    name, id_, context = find("event") or find("name"), find("messageId"), find("context")
    if (context := context or call.context or _EMPTY).__class__ is not dict:
        context = _EMPTY
    who = _who(loaded, account)
    if not (who and id_) or "externalIds" in context:
        return None
    kind = _HERS[loaded["type"]] or (kinds(told_as) if (told_as := find("event")) else "")
    agent = text(context.get("userAgent"))
    if not kind or (agent and is_bot(agent)):
        return None
    try:
        at = when(loaded, call, received)
    except Invalid:
        return None
    return _packed(
        {"id": id_, "kind": kind, "at": at, "account": account, "handle": who},
        ecosystem, find("properties") or _EMPTY, received, _detail(name, loaded, context, agent),
    )  # fmt: skip


_EMPTY: Told = {}


def _who(loaded: Told, account: str) -> str:
    if user := loaded.get("userId"):
        return f"user:{account}:{user}"
    if anonymous := loaded.get("anonymousId"):
        return f"anonymous:{account}:{anonymous}"
    return ""


def _detail(name: Any, loaded: Told, context: Told, agent: str) -> Told:
    detail: Told = {}
    if name:
        detail["name"] = name
    if properties := loaded.get("properties"):
        detail["properties"] = properties
    if context and (kept := {n: context[n] for n in _KEPT if context.get(n)}):
        detail["context"] = kept
    if agent:
        detail["user_agent"] = agent
    return detail


def _packed(
    told: Told, ecosystem: str, properties: Told, received: datetime, detail: Told
) -> bytes | None:
    if ecosystem:
        told["ecosystem"] = ecosystem
    if material := text(properties.get("material") or properties.get("material_id")):
        told["material"] = material
    if rep := text(properties.get("rep")):
        told["rep"] = rep
    told["received"] = received
    if detail:
        told["detail"] = detail
    try:
        packed = orjson.dumps(told)
    except TypeError:
        return None
    if len(packed) > EVENT_LIMIT - _MARGIN or b"\\u0000" in packed:
        return None
    return packed
