"""Previews (人群预览): how many a rule would take in before it is made; and why somebody is in.

Small companies are counted whole. Of large ones a sample is asked: ids are digests of handles, so
the first of them by id are a fair sample of all; the answer then says how far off it may be. The
sample is smaller where much must be read of what its customers did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from data_hub.profiles import Profile, ProfileRow, Profiles
from data_hub.segments.book import Because, Book, Entry, Mask, known, refers
from data_hub.segments.keeping import Segments
from data_hub.segments.subject import Subject
from data_hub.segments.tree import Rule
from kernel.clock import Clock
from kernel.values import dataclass
from stores.records import Records

SAMPLE = 2_000
"""So many customers are asked at most."""
_SHOWN = 10
_SURE = 1.96
"""Standard errors that hold 95 of 100 samples."""

Look = Callable[[Mapping[str, Profile], Book], Sequence[Subject]]
"""Customers as these rules see them; fewer, the first of them, where it would take too long."""


@dataclass(frozen=True, slots=True)
class Preview:
    """How many a rule takes in now."""

    count: int
    exact: bool
    margin: int
    """With 95 % certainty no further off than this; 0 when everybody was asked."""
    total: int
    """How many customers there are."""
    examples: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether a customer is in a segment, and what each condition says of her."""

    inside: bool
    because: tuple[Because, ...]
    at: datetime


class Previews:
    """Asks rules of customers without keeping anything."""

    def __init__(
        self, people: Records, profiles: Profiles, segments: Segments, look: Look, clock: Clock
    ) -> None:
        self._people = people
        self._profiles = profiles
        self._segments = segments
        self._look = look
        self._clock = clock

    def preview(self, rule: str | Mapping[str, Any], *, most: int = SAMPLE) -> Preview:
        """At most ``most`` are asked. Raises `Invalid` for a rule that cannot be read."""
        entry, book = self._candidate(rule)
        with self._people.read() as session:
            total = session.scalar(select(func.count(ProfileRow.last_at))) or 0
            wanted = select(ProfileRow.customer, ProfileRow.body).order_by(ProfileRow.customer)
            asked = {
                customer: Profile.unpack(body)
                for customer, body in session.execute(wanted.limit(most))
            }
        place = book.entries.index(entry)
        looked = self._look(asked, book)
        inside = [each.customer for each in looked if book.check(each)[place]]
        share = len(inside) / len(looked) if looked else 0.0
        exact = total <= len(looked)
        spread = math.sqrt(share * (1 - share) / len(looked)) if looked else 0.0
        missed = math.sqrt(1 - len(looked) / total) if total else 0.0
        return Preview(
            len(inside) if exact else round(share * total), exact,
            0 if exact else math.ceil(_SURE * spread * missed * total), total,
            tuple(inside[:_SHOWN]), self._clock(),
        )  # fmt: skip

    def explain(
        self, key: str, customer: str, language: str, *, mask: Mask | None = None
    ) -> Explained:
        """Why she is in a segment, or is not; nobody is in one that was retired. ``mask``: how her
        traits are shown to who sees her masked. Raises `NotFound`."""
        segment = self._segments.one(key)
        if segment.retired:
            return Explained(False, (), self._clock())
        book = self._segments.book()
        entry = book.by_key[segment.id]
        [her] = self._look({customer: self._profiles.of(customer)}, book)
        told = tuple(book.because(entry, her, language, mask))
        return Explained(book.holds(entry, her), told, her.now)

    def _candidate(self, rule: str | Mapping[str, Any]) -> tuple[Entry, Book]:
        tree, now = self._segments.asked(rule), self._segments.book()
        known(tree, now.by_key)
        entry = Entry("", "", "", tree)
        named = self._segments.under_of(tree)
        return entry, Book([*_asked_of(tree, now), entry], {**now.under, **named})


def _asked_of(rule: Rule, book: Book) -> list[Entry]:
    """The segments that a rule asks of, and those that they ask of: no other need be asked."""
    found: dict[str, Entry] = {}
    ahead = [book.by_key[key] for key in refers(rule)]
    while ahead:
        entry = ahead.pop()
        if entry.id not in found:
            found[entry.id] = entry
            ahead += [book.by_key[key] for key in refers(entry.rule)] if entry.rule else []
    return list(found.values())
