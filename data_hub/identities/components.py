"""The rule of who is who (合并规则): a pure function from links to groups of handles. No store.

Links are taken in one canonical order, by the moment of the event that showed them, so the groups
do not depend on what arrived first. A link that would put two logins of one account, or two
handles that somebody has parted, into one group is refused and kept for review.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from data_hub.identities.handles import LOGIN
from kernel.values import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Two handles that an event shows to be one person's; the earliest such event counts."""

    at: datetime
    event: str
    one: str
    other: str
    ruled: bool = False
    """Somebody of ours has said so: taken before all others, and stronger than the login guard."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Two handles of which somebody of ours has said that they are two people's."""

    one: str
    other: str


class _Groups:
    """Union-find that knows the logins in each group and what may not come together."""

    def __init__(self, handles: Iterable[str], partings: Collection[Parting]) -> None:
        self.leader: dict[str, str] = {}
        self.members: dict[str, list[str]] = {}
        self.logins: dict[str, dict[str, str]] = {}
        self.apart: dict[str, set[str]] = {}
        for parting in partings:
            self.apart.setdefault(parting.one, set()).add(parting.other)
            self.apart.setdefault(parting.other, set()).add(parting.one)
        for handle in handles:
            self.leader[handle] = handle
            self.members[handle] = [handle]
            kind, scope, _ = handle.split(":", 2)
            self.logins[handle] = {scope: handle} if kind == LOGIN else {}

    def join(self, link: Link) -> bool:
        """Put the two together, unless something forbids it."""
        big, small = self.leader[link.one], self.leader[link.other]
        if big == small:
            return True
        if len(self.members[big]) < len(self.members[small]):
            big, small = small, big
        if self._parted(big, small) or (not link.ruled and self._two_logins(big, small)):
            return False
        for handle in self.members.pop(small):
            self.leader[handle] = big
            self.members[big].append(handle)
        self.logins[big] |= self.logins.pop(small)
        return True

    def _two_logins(self, one: str, other: str) -> bool:
        return not self.logins[one].keys().isdisjoint(self.logins[other])

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
    ordered = sorted(links, key=lambda link: (not link.ruled, link))
    refused = [link for link in ordered if not groups.join(link)]
    return list(groups.members.values()), refused


def regions(handles: Collection[str], links: Iterable[Link]) -> list[Sequence[str]]:
    """What hangs together by any link at all, refused ones too: nothing outside matters to it."""
    groups = _Groups(handles, ())
    for link in links:
        groups.join(Link(link.at, link.event, link.one, link.other, ruled=True))
    return list(groups.members.values())
