"""Answers kept for the next asker (应答缓存). Decides nothing about what may be kept.

Nothing in here ever goes stale: whatever could change an answer is part of its key, so an edit or
a shelf boundary asks for another key. What is no longer asked for falls out at the end.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

import orjson

from kernel.actors import Actor
from kernel.values import dataclass


class Freshness(Protocol):
    """What `content_hub.shelf.Shelf.freshness` answers."""

    @property
    def version(self) -> int: ...
    @property
    def epoch(self) -> int: ...


class Outcome(Enum):
    """What became of a question, for the door to translate."""

    ANSWERED = "answered"
    UNCHANGED = "unchanged"
    """The asker holds this very answer already."""
    REFUSED = "refused"
    """Nothing was executed; the body says why."""
    NOT_KNOWN = "not_known"
    """A hash we hold no document for: to be sent again with its text."""
    NOT_A_QUESTION = "not_a_question"
    """A mutation came by a way that only reads."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL response: its JSON, and its name if the same will be answered again."""

    body: bytes
    etag: str = ""
    outcome: Outcome = Outcome.ANSWERED


def key_of(
    edition: str,
    document: str,
    variables: Mapping[str, Any],
    actor: Actor,
    language: str,
    base_url: str,
    freshness: Freshness,
) -> str:
    """The name of an answer made of content alone: everything that it may depend on.

    ``trackedUrl`` is signed for an account and a rep, so both are in it, beside the visibility
    class; the role is, because it decides whether there is an answer at all.
    """
    parts = [
        edition, document, dict(variables), actor.role.value, actor.sight, actor.account,
        actor.staff, language, base_url, freshness.version, freshness.epoch,
    ]  # fmt: skip
    told = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(told).hexdigest()[:40]


class Answers:
    """The answers asked for last, bounded by their bytes. Safe to use from several threads."""

    def __init__(self, *, size: int = 8_388_608, largest: int = 524_288) -> None:
        self._size = size
        self._largest = largest
        self._held = 0
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: str) -> Answer | None:
        with self._lock:
            answer = self._kept.get(key)
            if answer is not None:
                self._kept.move_to_end(key)
            return answer

    def keep(self, key: str, answer: Answer) -> None:
        if len(answer.body) > self._largest:
            return
        with self._lock:
            if before := self._kept.pop(key, None):
                self._held -= len(before.body)
            self._kept[key] = answer
            self._held += len(answer.body)
            while self._held > self._size:
                _, dropped = self._kept.popitem(last=False)
                self._held -= len(dropped.body)

    def __len__(self) -> int:
        return len(self._kept)
