"""Segments counted again (人群复核): who must be in and who must not, by what the history counts.

Asks no profile. What a rule asks besides (tags, stages, lists) is left open: whoever is decided by
counts alone, whatever the rest may say, is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeGuard

from data_hub import ordering
from data_hub.catalogue import KINDS, MACHINE
from data_hub.segments.behaviour import Did
from data_hub.segments.being import In
from data_hub.segments.book import Book, Entry
from data_hub.segments.subject import Counted, Deed
from data_hub.segments.tree import OPS, AllOf, AnyOf, Leaf, Not, Rule, leaves

Open = bool | None
"""Yes, no, or that counts do not tell."""


def deeds(book: Book) -> set[Deed]:
    """All that rules count by kind and day."""
    rules = (entry.rule for entry in book.entries if entry.rule is not None)
    return {leaf.deed for rule in rules for leaf in leaves(rule) if _countable(leaf)}


def told(
    book: Book, hers: Mapping[Deed, Counted], *, made_up: bool = True
) -> Iterator[tuple[str, bool]]:
    """The segments that counts decide about, and whether she is in.

    ``made_up``: her profile tells kinds apart that a client made up.
    """
    for entry in book.entries:
        if (inside := _inside(book, entry, hers, made_up)) is not None:
            yield entry.id, inside


def _inside(book: Book, entry: Entry, hers: Mapping[Deed, Counted], made_up: bool) -> Open:
    def leaf(asked: Leaf) -> Open:
        if _countable(asked):
            if not (made_up or asked.far is not None or asked.kind in KINDS):
                return None
            return _holds(asked, hers.get(asked.deed, Counted()).times)
        if isinstance(asked, In) and (other := book.by_key.get(asked.segment)) is not None:
            return _inside(book, other, hers, made_up)
        return None

    return None if entry.rule is None else _decided(entry.rule, leaf)


def _countable(leaf: Leaf) -> TypeGuard[Did]:
    """Machines are told of and never counted; a purchase's product stands in no column."""
    return isinstance(leaf, Did) and leaf.kind != MACHINE and (leaf.counted or leaf.far is not None)


def _holds(leaf: Did, times: int) -> Open:
    """Of what happened to orders no column says whether it had been told before: it may be less."""
    fewest = 0 if leaf.kind in ordering.KINDS and leaf.far is None else times
    answers = {OPS[leaf.op](each, leaf.times) for each in range(fewest, times + 1)}
    return answers.pop() if len(answers) == 1 else None


def _decided(rule: Rule, leaf: Callable[[Leaf], Open]) -> Open:
    match rule:
        case AllOf(parts):
            return _every([_decided(part, leaf) for part in parts])
        case AnyOf(parts):
            none = _every([_not(_decided(part, leaf)) for part in parts])
            return _not(none)
        case Not(part):
            return _not(_decided(part, leaf))
        case _:
            return leaf(rule)


def _every(parts: list[Open]) -> Open:
    if False in parts:
        return False
    return None if None in parts else True


def _not(part: Open) -> Open:
    return None if part is None else not part
