"""The rule of who is who (合并规则): a pure function from links to groups of handles. No store.

Links are taken in one canonical order, the strongest first and then by the moment of the event that
showed them, so the groups do not depend on what arrived first. A link that would put two people
into one group, or two handles that somebody has parted, is refused and kept for review.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import IntEnum

from data_hub.identities.handles import ADDRESSES, DEVICES, LOGIN, PERSONS
from kernel.values import dataclass


class Strength(IntEnum):
    """How much it takes for a link to be wrong. Told by the two kinds of handle alone."""

    TOGETHER = 1
    """Seen on one device: whoever holds it next is seen there too."""
    DECLARED = 2
    """Somebody said so: a phone, a mail address, a card."""
    PROVEN = 3
    """A platform says so, or she signed in there."""
    RULED = 4
    """Somebody of ours said so: the guards do not ask further."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Two handles that an event shows to be one person's; the earliest such event counts."""

    at: datetime
    event: str
    one: str
    other: str
    ruled: bool = False
    """Somebody of ours has said so: taken before all others, and stronger than the guards."""

    @property
    def strength(self) -> Strength:
        return Strength.RULED if self.ruled else strength(self.one, self.other)


def strength(one: str, other: str) -> Strength:
    """How strong a link between two handles is that an event shows."""
    kinds = {one.split(":", 1)[0], other.split(":", 1)[0]}
    if kinds & DEVICES:
        return Strength.PROVEN if LOGIN in kinds else Strength.TOGETHER
    return Strength.PROVEN if kinds <= PERSONS else Strength.DECLARED


@dataclass(frozen=True, slots=True)
class Parting:
    """Two handles of which somebody of ours has said that they are two people's."""

    one: str
    other: str


class _Groups:
    """Union-find that knows whom each group holds and what may not come together."""

    def __init__(self, handles: Iterable[str], partings: Collection[Parting]) -> None:
        self.leader: dict[str, str] = {}
        self.members: dict[str, list[str]] = {}
        self.persons: dict[str, set[str]] = {}
        """Kinds and scopes of which everybody has one."""
        self.addresses: dict[str, set[str]] = {}
        self.apart: dict[str, set[str]] = {}
        for parting in partings:
            self.apart.setdefault(parting.one, set()).add(parting.other)
            self.apart.setdefault(parting.other, set()).add(parting.one)
        for handle in handles:
            kind, scope, _ = handle.split(":", 2)
            self.leader[handle] = handle
            self.members[handle] = [handle]
            self.persons[handle] = {f"{kind}:{scope}"} if kind in PERSONS else set()
            self.addresses[handle] = {kind} if kind in ADDRESSES else set()

    def join(self, link: Link) -> bool:
        """Put the two together, unless something forbids it."""
        big, small = self.leader[link.one], self.leader[link.other]
        if big == small:
            return True
        if len(self.members[big]) < len(self.members[small]):
            big, small = small, big
        if self._parted(big, small) or self._two_people(big, small, link.strength):
            return False
        for handle in self.members.pop(small):
            self.leader[handle] = big
            self.members[big].append(handle)
        self.persons[big] |= self.persons.pop(small)
        self.addresses[big] |= self.addresses.pop(small)
        return True

    def _two_people(self, one: str, other: str, strong: Strength) -> bool:
        """Do the two hold different ones of what everybody has one of? A device may join two
        phones or mail addresses no more than that: whoever holds it next types her own."""
        if strong == Strength.RULED:
            return False
        if not self.persons[one].isdisjoint(self.persons[other]):
            return True
        return strong == Strength.TOGETHER and not self.addresses[one].isdisjoint(
            self.addresses[other]
        )

    def _parted(self, one: str, other: str) -> bool:
        if not self.apart:
            return False
        theirs = set(self.members[other])
        return any(not theirs.isdisjoint(self.apart.get(h, ())) for h in self.members[one])


def partition(
    handles: Collection[str], links: Iterable[Link], partings: Collection[Parting] = ()
) -> tuple[list[Sequence[str]], list[Link]]:
    """The groups, and the links that were refused. The same for any order of the arguments."""
    groups = _Groups(handles, partings)
    ordered = sorted(links, key=lambda link: (-link.strength, link))
    refused = [link for link in ordered if not groups.join(link)]
    return list(groups.members.values()), refused


def regions(handles: Collection[str], links: Iterable[Link]) -> list[Sequence[str]]:
    """What hangs together by any link at all, refused ones too: nothing outside matters to it."""
    groups = _Groups(handles, ())
    for link in links:
        groups.join(Link(link.at, link.event, link.one, link.other, ruled=True))
    return list(groups.members.values())
