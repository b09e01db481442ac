"""A list (清单): what of the scored is shown for one question, in which order, with which words.

Pure: told the question as it was asked, it answers with places of the list and their reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from matching.arrays import Floats, Places, keys_of
from matching.asked import Asked, Listed
from matching.assembly import Manner, best, explored, varied, with_needed
from matching.offers import Item
from matching.scoring import Reason, total_of
from matching.steering import Act

_SCRIPTS = 60
"""How many of the best scripts are looked at for the words beside a content."""
_WORN = 1e-9
"""Of scripts that are equally near the one that was used less, then the one that scores best."""


def chosen(asked: Asked, manner: Manner, first: int, barred: Collection[str] = ()) -> Listed:
    """The list, without what must not be on it, as the rules have it.

    ``barred`` names materials: another question has other places.
    """
    total = asked.total.copy()
    total[asked.sight.unseen] = -np.inf
    for places in asked.barriers.values():
        total[places] = -np.inf
    total[asked.candidates.places(keys_of(barred))[1]] = -np.inf
    led = _led(asked, manner, total)
    candidates, seed = asked.candidates, asked.seed
    top = best(total, candidates, max(manner.pool, first), seed)
    plain = varied(top, total, candidates, first, manner, led)
    total[led] += asked.scores.weights.lead
    steered, by_rule = asked.steering.steer(plain, total, candidates, first, seed)
    handed = with_needed(steered, total, candidates, first, seed=seed, manner=manner, kept=by_rule)
    listed = explored(
        handed, top, total, candidates, first, chance=asked.chance, seed=seed, manner=manner,
        fit=asked.scores.tag_part, kept=by_rule,
    )  # fmt: skip
    stages = tuple(frozenset(each.place for each in stage) for stage in (plain, steered, handed))
    return Listed(listed, by_rule, total, frozenset(led.tolist()), stages)


def _led(asked: Asked, manner: Manner, total: Floats) -> Places:
    """The best of what her rep's persona puts at the top: as many as lead a list, and no more,
    so that the rest of it is the customer's."""
    leading = asked.scores.leading
    if not len(leading):
        return leading
    return best(total, asked.candidates, manner.leading, asked.seed, among=leading)


def why_not_listed(listed: Listed, place: int) -> tuple[str, dict[str, Any]]:
    """(a key of `kernel.wording`, its facts): where something that may be shown stands on the list,
    or what took its place."""
    for position, each in enumerate(listed.chosen, 1):
        if each.place == place:
            return "why_on_list", {"position": position}
    total, (plain, steered, handed) = listed.total, listed.stages
    facts = {"rank": int((total > total[place]).sum()) + 1, "score": f"{total[place]:.3f}"}
    if place in handed:
        return "why_explored", facts
    if place in steered:
        return "why_needed", facts
    if place in plain:
        rules = {rule.name: None for at, rule in listed.by_rule.items() if at not in plain}
        return "why_ruled_out", {**facts, "rules": [*rules]}
    last = min((float(total[at]) for at in plain), default=0.0)
    key = "why_too_alike" if total[place] > last else "why_outscored"
    return key, {**facts, "last": f"{last:.3f}"}


def nearest_reads(asked: Asked, listed: Listed) -> set[str]:
    """What she read that brought each of them nearest: their reasons name it."""
    nearest = asked.scores.nearest_reads([each.place for each in listed.chosen])
    return {read.material for read in nearest.values()}


def items(asked: Asked, listed: Listed, titles: Mapping[str, str]) -> list[Item]:
    """The places of a list as they are told. ``titles`` are those of `nearest_reads`."""
    candidates = asked.candidates
    scripts = _scripts(asked, listed)
    found = []
    for position, each in enumerate(listed.chosen, 1):
        reasons = asked.reasons(each.place, titles, leads=each.place in listed.led)
        if ruling := listed.by_rule.get(each.place):
            reasons.append(ruling.reason("pinned" if ruling.act is Act.PIN else "quota"))
        elif each.slot != "best":
            reasons.append(Reason(each.slot, f"reason_{each.slot}", {}, 0.0))
        found.append(
            Item(
                position=position, material=str(candidates.ids[each.place]),
                script=scripts.get(each.place), score=total_of(reasons),
                propensity=each.propensity, slot=each.slot, reasons=tuple(reasons),
            )
        )  # fmt: skip
    return found


def _scripts(asked: Asked, listed: Listed) -> dict[int, str]:
    """The script that goes best with each content: about the same, good for her.

    One that stands beside another content already counts half as near, a third for two.
    """
    candidates = asked.candidates
    offered = candidates.of_type("script")
    if not len(offered):
        return {}
    pool = best(listed.total, candidates, _SCRIPTS, asked.seed, among=offered)
    if not len(pool):
        return {}
    places = np.array([each.place for each in listed.chosen], np.int64)
    worn = candidates.worn(np.concatenate((places, pool)))
    shared = worn[: len(places)] @ worn[len(places) :].T
    used, own = np.zeros(len(pool)), {at: each for each, at in enumerate(pool.tolist())}
    found = {}
    for place, alike in zip(places.tolist(), shared, strict=True):
        speaks = candidates.type_at(place) == "script"
        at = own.get(place) if speaks else int(np.argmax(alike / (1 + used) - _WORN * used))
        if at is not None:
            used[at] += 1
        found[place] = str(candidates.ids[place if at is None else pool[at]])
    return found


def without(listed: Sequence[Item], gone: Collection[str]) -> list[Item]:
    """What is left of a list, and of the scripts beside it."""
    return [
        replace(item, script=None) if item.script in gone else item
        for item in listed
        if item.material not in gone
    ]
