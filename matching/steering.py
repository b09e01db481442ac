"""Steering (人工干预): what a company's own rules do to a scored list, and in which order. Pure.

Exclude > pin > quota > boost: what is excluded is on no list, whoever pinned it; a pin holds its
place, whatever a quota wants; a quota counts what stands there, whatever was boosted. A boost is a
part of the score like any other, with its own reason. None of them brings back what may not be
offered: they choose among what the hard filters left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from kernel.values import dataclass
from matching.arrays import Floats, Places, Slice
from matching.assembly import Chosen, best
from matching.scoring import Reason


class Act(StrEnum):
    """What a rule does; the first outweighs the second, and so on."""

    EXCLUDE = "exclude"
    PIN = "pin"
    QUOTA = "quota"
    BOOST = "boost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One rule as it applies now."""

    id: str
    name: str
    act: Act
    aim: str
    """``material:<id>``, ``tag:<id>`` or ``type:<code>``."""
    number: float = 0.0
    """A pin's place from 1, how many a quota asks for, by how much a boost multiplies."""
    owner: str = ""

    def aimed(self, candidates: Slice) -> Places:
        """Where the candidates stand that it is about."""
        kind, _, key = self.aim.partition(":")
        if kind == "type":
            return candidates.of_type(key)
        if kind == "tag":
            return candidates.wearing([key])
        place = candidates.place(key)
        return np.array([] if place is None else [place], np.int64)

    def reason(self, kind: str, weight: float = 0.0) -> Reason:
        facts = {"rule": self.name, "owner": self.owner}
        return Reason(kind, f"reason_{kind}", facts, weight, {"rule": self.id})


@dataclass(frozen=True, slots=True)
class Steering:
    """What the rules that apply come to, over one set of candidates."""

    rulings: Sequence[Ruling] = ()
    boosts: Sequence[tuple[Ruling, Places, Floats]] = ()
    excluded: Sequence[Places] = ()

    @classmethod
    def of(cls, rulings: Sequence[Ruling], total: Floats, candidates: Slice) -> Steering:
        """A boost adds in proportion to the score's own size, so that it helps below zero, too."""
        boosts: list[tuple[Ruling, Places, Floats]] = []
        excluded: list[Places] = []
        for ruling in rulings:
            if ruling.act is Act.EXCLUDE:
                excluded.append(ruling.aimed(candidates))
            elif ruling.act is Act.BOOST:
                places = ruling.aimed(candidates)
                boosts.append((ruling, places, (ruling.number - 1) * np.abs(total[places])))
        return cls(rulings, boosts, excluded)

    def raised(self, total: Floats) -> Floats:
        """The scores with what boosts add."""
        if not self.boosts:
            return total
        raised = total.copy()
        for _, places, more in self.boosts:
            raised[places] += more
        return raised

    def reasons(self, place: int) -> list[Reason]:
        """What boosts added to one candidate."""
        found = []
        for ruling, places, more in self.boosts:
            found += [ruling.reason("boosted", each) for each in more[places == place].tolist()]
        return found

    def steer(
        self,
        chosen: Sequence[Chosen],
        total: Floats,
        candidates: Slice,
        first: int,
        seed: int = 0,
    ) -> tuple[list[Chosen], dict[int, Ruling]]:
        """The list with its quotas filled and its pins in place, and which rule placed what.

        ``total`` holds minus infinity for whatever must not be shown.
        """
        listed, by_rule = list(chosen), dict[int, Ruling]()
        pins = self._pins(total, candidates, first, seed)
        for ruling in self._of(Act.QUOTA):
            _fill(listed, by_rule, pins, ruling, total, candidates, first, seed)
        if pins:
            listed = _pinned(listed, pins, by_rule, first)
        return listed, by_rule | pins

    def _pins(self, total: Floats, candidates: Slice, first: int, seed: int) -> dict[int, Ruling]:
        """What is pinned, one content a rule; a rule that finds none takes no place."""
        pins: dict[int, Ruling] = {}
        for ruling in self._of(Act.PIN):
            if len(pins) == first:
                break
            free = np.setdiff1d(ruling.aimed(candidates), list(pins))
            found = best(total, candidates, 1, seed, among=free)
            if len(found):
                pins[int(found[0])] = ruling
        return pins

    def _of(self, act: Act) -> list[Ruling]:
        own = [ruling for ruling in self.rulings if ruling.act is act]
        return sorted(own, key=lambda ruling: (ruling.number, ruling.id))


def _fill(
    listed: list[Chosen],
    by_rule: dict[int, Ruling],
    pins: Mapping[int, Ruling],
    ruling: Ruling,
    total: Floats,
    candidates: Slice,
    first: int,
    seed: int,
) -> None:
    """As many of what a quota is about as it asks for, if there are so many. What is pinned counts,
    too: it will be there."""
    aimed = set(ruling.aimed(candidates).tolist())
    wanted = min(int(ruling.number), first) - len(aimed & pins.keys())
    counted = [each.place for each in listed if each.place in aimed and each.place not in pins]
    kept = {*by_rule, *counted}
    by_rule.update(dict.fromkeys(counted[: max(0, wanted)], ruling))
    lacking = wanted - len(counted)
    if lacking <= 0:
        return
    there = [*pins, *(each.place for each in listed)]
    free = np.setdiff1d(np.array(sorted(aimed), np.int64), there)
    for place in best(total, candidates, lacking, seed, among=free).tolist():
        if len(listed) >= first:
            spare = _spare(listed, kept)
            if spare is None:
                return
            listed.pop(spare)
        listed.append(Chosen(place, 1.0, "quota"))
        by_rule[place] = ruling
        kept.add(place)


_SPARED = ("best", "quota")
"""What gives way first."""


def _spare(listed: Sequence[Chosen], kept: set[int]) -> int | None:
    """The last of the list that no rule speaks for."""
    for slot in _SPARED:
        for at in range(len(listed) - 1, -1, -1):
            if listed[at].slot == slot and listed[at].place not in kept:
                return at
    return None


def _pinned(
    listed: Sequence[Chosen], pins: dict[int, Ruling], by_rule: dict[int, Ruling], first: int
) -> list[Chosen]:
    """The pins at their places, the others around them in their order."""
    rest = [each for each in listed if each.place not in pins]
    room, speaking = first - len(pins), set(by_rule)
    while len(rest) > room:
        spare = _spare(rest, speaking)
        rest.pop(len(rest) - 1 if spare is None else spare)
    last = -1
    for place, ruling in pins.items():
        last = max(int(ruling.number) - 1, last + 1)
        rest.insert(min(last, len(rest)), Chosen(place, 1.0, "pinned"))
    return rest
