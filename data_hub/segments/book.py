"""The book (规则手册): all rules of a company compiled into one function. Knows no store.

A condition that several rules share is asked once for all of them; one that only one rule has is
asked where it stands, so that what comes before it can spare it. `tree.holds` is the plain way and
must agree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from data_hub.catalogue import kind_of
from data_hub.segments import tree
from data_hub.segments.behaviour import Did, python
from data_hub.segments.being import In, Leans, Stands, TraitIs
from data_hub.segments.subject import NEVER, Deed, Subject
from data_hub.segments.subject import leaves as leaves_window
from data_hub.segments.tree import AllOf, AnyOf, Leaf, Not, Rule
from kernel.errors import Conflict, Invalid
from kernel.values import dataclass
from kernel.wording import say

Mask = Callable[[str, Any], str]
"""A trait, by its name, as it may be shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment as the book needs it."""

    id: str
    code: str
    name: str
    rule: Rule | None
    """None: a static list."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Because:
    """One condition of a rule, as it is for one customer."""

    holds: bool
    text: str
    """The condition as it is written."""
    sentence: str
    """What is known about her."""


class Book:
    """What every segment says, ready to be asked."""

    def __init__(
        self, entries: Sequence[Entry], under: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        """``under`` tells which tags a name in a rule means. Raises `Conflict` for a circle."""
        self.by_key = {key: each for each in entries for key in (each.code, each.id) if key}
        self.entries = self._ordered(entries)
        self.under = dict(under or {})
        leaves = [leaf for each in self.entries if each.rule for leaf in tree.leaves(each.rule)]
        moving = {leaf for leaf in leaves if type(leaf).until is not Leaf.until}
        counted = {leaf for leaf in moving if isinstance(leaf, Did) and leaf.counted}
        self._moving = [leaf.until for leaf in moving - counted if not _staged(leaf)]
        self.far: frozenset[Deed] = frozenset(
            far for leaf in leaves if isinstance(leaf, Did) and (far := leaf.far) is not None
        )
        """What is asked of the history itself."""
        self.looked_through = frozenset(far.kind for far in self.far if far.of or far.on)
        """The kinds of events that it must look at for that."""
        alone = {leaf: asked for leaf in leaves if (asked := leaf.one_by_one)}
        self.one_by_one = tree.together(alone.values())
        """What she did that is asked for one by one, by any rule."""
        self._beyond = [leaf.beyond for leaf in alone]
        self._staged = any(map(_staged, moving))
        self._windows = _windows(counted)
        self._ids = [each.id for each in self.entries]
        self._check = self._compiled(Counter(leaves))

    def members(self, s: Subject) -> set[str]:
        """The segments she is in now, by id."""
        return {id_ for id_, inside in zip(self._ids, self._check(s), strict=True) if inside}

    def check(self, s: Subject) -> tuple[bool, ...]:
        """The same in the order of `entries`."""
        return self._check(s)

    def beyond(self, s: Subject) -> bool:
        """Does any rule need more of what she did than her profile keeps?"""
        return any(beyond(s) for beyond in self._beyond)

    def until(self, s: Subject) -> float:
        """When time alone may change any of it; infinite if it cannot."""
        first = s.standing.until if self._staged else NEVER
        first = min(first, self._leaving(s))
        return min(first, *[until(s) for until in self._moving]) if self._moving else first

    def _leaving(self, s: Subject) -> float:
        """When something counted now leaves its window first."""
        soonest, day, days = 0, "", 0
        for kind, windows in self._windows.items():
            if not (kept := s.profile.days.get(kind)):
                continue
            ordered = sorted(kept)
            for window in windows:
                place = bisect_left(ordered, s.first_day(window))
                if place < len(ordered):
                    leaves = date.fromisoformat(ordered[place]).toordinal() + window
                    if not soonest or leaves < soonest:
                        soonest, day, days = leaves, ordered[place], window
        return leaves_window(day, days, s.zone) if day else NEVER

    def signature(self, entry: Entry) -> str:
        """Another one whenever the segment, or one it asks of, says something else."""
        parts = [f"{entry.id}:{entry.version}"]
        for leaf in tree.leaves(entry.rule) if entry.rule else ():
            if isinstance(leaf, In) and (other := self.by_key.get(leaf.segment)):
                parts += self.signature(other).split()
        return " ".join(sorted(set(parts)))

    def holds(self, entry: Entry, s: Subject) -> bool:
        """The plain way, for one segment."""
        if entry.rule is None:
            return entry.id in s.lists
        return tree.holds(entry.rule, s, self._leaf)

    def _leaf(self, leaf: Leaf, s: Subject) -> bool:
        if isinstance(leaf, In):
            other = self.by_key.get(leaf.segment)
            return other is not None and self.holds(other, s)
        return leaf.holds(s)

    def because(
        self, entry: Entry, s: Subject, language: str, mask: Mask | None = None
    ) -> list[Because]:
        """Why she is in, or is not: every condition with what is known about her. ``mask``: how a
        trait is shown to who sees her masked."""
        if entry.rule is None:
            key = "rule_on_list" if entry.id in s.lists else "rule_not_on_list"
            return [Because(entry.id in s.lists, entry.name, say(key, language))]
        return [
            Because(
                self._leaf(leaf, s), leaf.text(),
                say(f"rule_{leaf.word}", language, **_worded(_shown(leaf, s, mask), language)),
            )
            for leaf in dict.fromkeys(tree.leaves(entry.rule))
        ]  # fmt: skip

    def _ordered(self, entries: Sequence[Entry]) -> list[Entry]:
        """Whoever is asked of comes before who asks."""
        done: dict[str, Entry] = {}
        under_way: set[str] = set()

        def visit(entry: Entry) -> None:
            if entry.id in done:
                return
            if entry.id in under_way:
                raise Conflict("segments_in_circle", segment=entry.name)
            under_way.add(entry.id)
            for other in self._asked_of(entry):
                visit(other)
            done[entry.id] = entry

        for entry in entries:
            visit(entry)
        return list(done.values())

    def _asked_of(self, entry: Entry) -> Iterator[Entry]:
        for leaf in tree.leaves(entry.rule) if entry.rule else ():
            if isinstance(leaf, In) and leaf.segment in self.by_key:
                yield self.by_key[leaf.segment]

    def _compiled(self, times: Counter[Leaf]) -> Callable[[Subject], tuple[bool, ...]]:
        writer = _Writer({leaf for leaf, n in times.items() if n > 1}, self)
        names: dict[str, str] = {}
        for number, entry in enumerate(self.entries):
            writer.members[entry.id] = names[entry.id] = f"m{number}"
            told = writer.told(entry.rule) if entry.rule else f"{entry.id!r} in s.lists"
            writer.lines.append(f"m{number} = {told}")
        answer = ", ".join(names.values())
        counts = writer.counting()
        body = "\n    ".join(["p = s.profile", "days = p.days", *counts, *writer.lines])
        source = f"def check(s):\n    {body}\n    return ({answer}{',' if answer else ''})"
        scope: dict[str, Any] = {"_none": (None,), **writer.asked}
        exec(compile(source, "<segments>", "exec"), scope)  # noqa: S102 - our own words and reprs
        made: Callable[[Subject], tuple[bool, ...]] = scope["check"]
        return made


class _Writer:
    """Turns rules into lines of Python."""

    def __init__(self, shared: Collection[Leaf], book: Book) -> None:
        self.lines: list[str] = []
        self.asked: dict[str, Any] = {}
        self.members: dict[str, str] = {}
        self._shared = shared
        self._named: dict[Leaf, str] = {}
        self._counts: dict[str, dict[int, str]] = {}
        """By kind, the windows that rules count it in, each with its name."""
        self._book = book

    def counting(self) -> list[str]:
        """Count every window of every kind once, and only what she did at all."""
        firsts = sorted({days for windows in self._counts.values() for days in windows})
        lines = [f"f{days} = s.first_day({days})" for days in firsts]
        for kind, windows in sorted(self._counts.items()):
            names = " = ".join(windows.values())
            lines += [f"d = days.get({kind!r})", f"if not d: {names} = 0", "else:"]
            lines += [
                f"    {name} = sum([n for day, n in d.items() if day >= f{days}])"
                for days, name in windows.items()
            ]
        return lines

    def told(self, rule: Rule) -> str:
        match rule:
            case AllOf(parts):
                return f"({' and '.join(map(self.told, parts))})" if parts else "True"
            case AnyOf(parts):
                return f"({' or '.join(map(self.told, parts))})" if parts else "False"
            case Not(part):
                return f"(not {self.told(part)})"
            case _:
                return self._leaf(rule)

    def _leaf(self, leaf: Leaf) -> str:
        if isinstance(leaf, In):
            other = self._book.by_key.get(leaf.segment)
            return self.members[other.id] if other else "False"
        if isinstance(leaf, Did) and leaf.counted:
            windows = self._counts.setdefault(leaf.kind, {})
            number = sum(map(len, self._counts.values()))
            name = windows.setdefault(leaf.days, f"c{number}")
            return f"{name} {python(leaf.op)} {leaf.times}"
        if leaf in self._named:
            return self._named[leaf]
        source = leaf.source() or self._call(leaf)
        if leaf not in self._shared:
            return source
        name = f"l{len(self._named)}"
        self.lines.append(f"{name} = {source}")
        self._named[leaf] = name
        return name

    def _call(self, leaf: Leaf) -> str:
        name = f"h{len(self.asked)}"
        self.asked[name] = leaf.holds
        guard = "p.tags and " if isinstance(leaf, Leans) else ""
        return f"({guard}{name}(s))"


def _shown(leaf: Leaf, s: Subject, mask: Mask | None) -> Mapping[str, Any]:
    facts = leaf.facts(s)
    if mask is None or not isinstance(leaf, TraitIs):
        return facts
    return facts | {"value": mask(leaf.name, facts["value"])}


def _worded(facts: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What a condition finds, in words for people instead of codes."""
    told = dict(facts)
    if "kind" in told:
        told["kind"] = kind_of(told["kind"]).label(language)
    if "kinds" in told:
        told["kinds"] = " → ".join(kind_of(each).label(language) for each in told["kinds"])
    if "days" in told:
        told["window"] = say("rule_within" if told["days"] else "rule_ever", language, **facts)
    if "hours" in told:
        hours = tree.plain(told["hours"])
        told["hours"] = say("rule_hours", language, hours=hours) if told["hours"] else ""
    if "what" in told:
        for name, key in (("value", f"{told['what']}_{told['value']}"),
                          ("what", f"condition_{told['what']}")):  # fmt: skip
            said = say(key, language)
            told[name] = told[name] if said == key else said
    return told


def _staged(leaf: Leaf) -> bool:
    """Does it change when her stage does?"""
    return isinstance(leaf, Stands) and leaf.what == "stage"


def _windows(counted: Collection[Did]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for leaf in counted:
        found.setdefault(leaf.kind, set()).add(leaf.days)
    return {kind: sorted(windows) for kind, windows in found.items()}


def refers(rule: Rule) -> set[str]:
    """The segments that a rule asks of, as it names them."""
    return {leaf.segment for leaf in tree.leaves(rule) if isinstance(leaf, In)}


def tags_named(rules: Collection[Rule]) -> set[str]:
    """The tags that rules name."""
    return {leaf.tag for rule in rules for leaf in tree.leaves(rule) if isinstance(leaf, Leans)}


def known(rule: Rule, book: Mapping[str, Entry]) -> None:
    """Raises `Invalid` for a rule that asks of a segment nobody made."""
    if missing := refers(rule) - book.keys():
        raise Invalid("rule", "unknown_segment", segment=min(missing))
