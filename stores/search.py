"""Search (搜索): the port of the index that finds documents by words and attributes.

Documents have a fixed shape, so that a new field or content type changes no mapping. The index is
a fold: whoever follows the changes writes it, and it can be emptied and written again at any time.
Does not know what a document stands for, nor who may see it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime
from typing import NamedTuple, Protocol

from kernel.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One thing that can be found."""

    id: str
    texts: Mapping[str, str]
    """``title`` and ``body``; a hit in the title weighs three times as much."""
    attributes: Collection[str] = ()
    """Exact tokens to filter by: ``tag:tag_1``, ``type:script``, ``unit:``."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """What a search may lift documents by, 0 or more: ``quality``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which documents come into question, by their attributes."""

    all: tuple[str, ...] = ()
    """Every one of these."""
    any: tuple[tuple[str, ...], ...] = ()
    """At least one out of each group; nothing has one of an empty group."""
    none: tuple[str, ...] = ()
    """Not one of these."""


EVERYTHING = Filter()
"""Every document passes."""


class Hits(NamedTuple):
    """One page of what was found, best first."""

    ids: list[str]
    total: int
    next: str | None
    """Where the next page begins; None behind the last hit."""


class SearchIndex(Protocol):
    """An index of documents. What `put` or `drop` returned from is found, or no longer found.

    ``seq`` says which state of the world was written, and only grows (the content version read in
    the same snapshot as the documents): what is older never overwrites what is newer, even if it
    arrives later, and even after a drop. Repeating does no harm. ``mark`` is how far the follower
    had read; it is kept in the transaction of the last of these documents, under the same rule,
    and left alone if None.
    """

    def put(self, seq: int, documents: Sequence[Document], *, mark: str | None = None) -> None: ...

    def drop(self, seq: int, ids: Collection[str], *, mark: str | None = None) -> None: ...

    def seen(self) -> str:
        """The mark last kept; empty if there is nothing yet, or no longer (begin again then)."""
        ...

    def beside(self) -> AbstractContextManager[SearchIndex]:
        """An index to be written anew; at the end it stands where this one stood, with nothing
        that was not written. This one answers meanwhile, and as before if the writing breaks off.
        The embedded one already tells of what was written over."""
        ...

    def sweep(self, until: datetime) -> int:
        """Drop what was begun beside this one before then and never took its place; how many.

        Whoever is still writing it fails.
        """
        ...

    def search(
        self,
        text: str,
        where: Filter = EVERYTHING,
        *,
        boost: str = "quality",
        first: int = 20,
        after: str | None = None,
    ) -> Hits:
        """Documents that hold every word of the text, in title or body, and pass the filter.

        An empty text finds all that pass; one without any letter or digit finds nothing. Whatever
        the text, it is no error. Best first: relevance x (1 + the number named ``boost``), then
        by id. Raises `Invalid` for a cursor that is not ours, `Overloaded` while the index
        cannot be asked.
        """
        ...

    def counts(
        self, text: str, where: Filter = EVERYTHING, *, families: Collection[str]
    ) -> dict[str, int]:
        """How many of the documents that `search` finds have each attribute that begins with one
        of ``families``; what none of them has is left out. Attributes of up to 200 bytes are
        counted. Raises `Overloaded` while the index cannot be asked.
        """
        ...

    def flaws(self) -> Iterator[str]:
        """What is wrong with the index, in sentences for the operator."""
        ...

    def close(self) -> None: ...
