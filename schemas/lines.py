"""Lines (直写): a plain item of Segment's wire as the journal keeps it, without an event between.

The same bytes that `schemas.segment.turn` and `kernel.events.pack` come to, or None for whatever
is not plainly fine, and then they have the word. Only there because it is four times as fast: what
is the same for a whole call is worked out once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from data_hub.identities import somebodys
from data_hub.intake import is_bot
from data_hub.whereabouts import FIRSTS
from schemas.events import Told, plan
from schemas.taking import EVENT_LIMIT, RIGHT, Call, Kinds, Turns, clock, text

_MARGIN = 2_048
"""A line this close to the limit is measured as its sender wrote it."""
_PLAIN = {"track": "", "page": "viewed_page", "screen": "viewed_page"}
_KEPT = frozenset(("campaign", "page", "device", "os", "app", "library", "locale"))
_EARLIEST = datetime(1990, 1, 2, tzinfo=UTC)
_EMPTY: Told = {}


class Lines:
    """What writes the items of one call."""

    def __init__(
        self,
        call: Call,
        account: str,
        ecosystem: str,
        received: datetime,
        kinds: Kinds,
        turns: Turns,
    ) -> None:
        self._call = call
        self._turns = turns
        self._account = account
        self._ecosystem = ecosystem
        self._received = received
        self._kinds = kinds
        self._context = call.context if type(call.context) is dict else _EMPTY
        self._usual = clock(call.sent, received, imported=call.imported)
        self._user, self._stranger = f"user:{account}:", f"anonymous:{account}:"

    def write(self, told: Any) -> bytes | None:
        """One item, if it is plainly fine."""
        loaded = plan(told) if type(told) is dict and not self._call.machine else None
        if loaded is None or (kind := _PLAIN.get(loaded["type"])) is None:
            return None
        find = loaded.get
        name, id_, context = find("event"), find("messageId"), find("context") or self._context
        kind = kind or (self._kinds(name) if name else "")
        if not (kind and id_) or find("category") or "externalIds" in context:
            return None
        who, at = self._who(loaded), self._at(loaded)
        if not who or at is None:
            return None
        given = self._turns.of(at)
        packed = {"id": id_, "kind": kind, "at": given, "account": self._account, "handle": who}
        if self._ecosystem:
            packed["ecosystem"] = self._ecosystem
        detail = {"name": name} if (name := name or find("name")) else {}
        if properties := find("properties"):
            if not FIRSTS.isdisjoint(properties):
                return None  # where she was is told apart: `data_hub.whereabouts`
            detail["properties"] = properties
            _about(packed, properties)
        if context and (agent := _around(detail, context)) and is_bot(agent):
            return None
        packed["received"] = self._received
        if detail:
            packed["detail"] = detail
        if (line := self._written(packed)) is not None:
            self._turns.took(at, given)
        return line

    def _who(self, loaded: Told) -> str:
        if user := somebodys(loaded.get("userId") or ""):
            return f"{self._user}{user}"
        if anonymous := somebodys(loaded.get("anonymousId") or ""):
            return f"{self._stranger}{anonymous}"
        return ""

    def _at(self, loaded: Told) -> datetime | None:
        """When it happened, by our clock; None if that is to be looked at closely."""
        at: datetime | None = loaded.get("originalTimestamp") or loaded.get("timestamp")
        if at is None:
            return self._received
        latest, shift = self._usual
        if sent := loaded.get("sentAt"):
            latest, shift = clock(sent, self._received, imported=self._call.imported)
        if not _EARLIEST <= at <= latest:
            return None
        if shift is not RIGHT:
            at += shift
        if at > self._received:
            return self._received
        return at if at.tzinfo is UTC else at.astimezone(UTC)

    def _written(self, packed: Told) -> bytes | None:
        try:
            line = orjson.dumps(packed)
        except TypeError:
            return None
        if len(line) > EVENT_LIMIT - _MARGIN or (not self._call.clean and b"\\u0000" in line):
            return None
        return line


def _about(packed: Told, properties: Told) -> None:
    """The material and the rep, if they are told."""
    material = properties.get("material") or properties.get("material_id")
    if material and (material := text(material)):
        packed["material"] = material
    if (rep := properties.get("rep")) and (rep := text(rep)):
        packed["rep"] = rep


def _around(detail: Told, context: Told) -> str:
    """What is kept of the context, and by which program it came."""
    if kept := about(context):
        detail["context"] = kept
    if agent := text(context.get("userAgent")):
        detail["user_agent"] = agent
    return agent


def about(context: Told) -> Told:
    """What is kept of a context, as its sender ordered it."""
    return {name: value for name, value in context.items() if value and name in _KEPT}
