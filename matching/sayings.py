"""Sayings (客户原话): what a customer said, and what a rep can say to that.

Finds scripts by the customer's own words (太贵了, 再考虑考虑), only what stands on a shelf that the
rep sees, and fills in who speaks to whom. Which words customers use is read off the scripts
themselves: what stands in quotation marks in their titles.
"""

from __future__ import annotations

import re

from content_hub.finding import Finding
from content_hub.materials import Material
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from kernel.actors import Actor, require
from kernel.clock import Clock
from kernel.values import dataclass
from matching.recommender import Recommender

OBJECTION = "purpose.objection"
_QUOTED = re.compile(r"[“「\"]([^”」\"]{2,20})[”」\"]")
_TRAILING = re.compile(r"(了|啊|吧|呢|呀|啦|哦|嘛|的)+$")
_LEADING = re.compile(r"^(我觉得|觉得|感觉|你们的?|这个|那个|是不是|有点|太|好)+")
_BREAKS = re.compile(r"[，。！？、,.!?;；\s]+")
_LOOKED_AT = 60
_ANSWERS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """One script as it is said to her."""

    script: Material
    text: str


class Sayings:
    """Words for words."""

    def __init__(
        self, finding: Finding, shelf: Shelf, taxonomy: Taxonomy, recommender: Recommender,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._finding = finding
        self._shelf = shelf
        self._taxonomy = taxonomy
        self._recommender = recommender
        self._clock = clock

    def usual(self, actor: Actor, first: int = 8) -> list[str]:
        """What customers often say, as the scripts on the shelf quote it: one tap each."""
        require(actor, "recommend")
        tag = self._taxonomy.now().find(OBJECTION)
        found = self._standing(actor, "", (tag.id,)) if tag else []
        quoted = (match[1] for each in found if (match := _QUOTED.search(each.title)))
        return list(dict.fromkeys(quoted))[:first]

    def answers(self, customer_id: str, actor: Actor, said: str) -> list[Answer]:
        """Scripts for what she said, the closest first, filled with her facts and the rep's.

        Her very words first; if nothing is found, what is left of them without fillers.
        """
        require(actor, "recommend")
        found: list[Material] = []
        for text in _meant(said):
            found = self._standing(actor, text)[:_ANSWERS]
            if found:
                break
        words = self._recommender.words(customer_id, actor, [each.id for each in found])
        return [Answer(each, words[each.id]) for each in found if each.id in words]

    def _standing(self, actor: Actor, text: str, tags: tuple[str, ...] = ()) -> list[Material]:
        found = self._finding.search(
            text, sight=actor.seen_units, types=["script"], tags=tags, first=_LOOKED_AT
        ).items
        ids = self._shelf.standing_ids("", [each.id for each in found], self._clock())
        return [each for each in found if each.id in ids]


def _meant(said: str) -> list[str]:
    """What to look for, the most literal first: 有点太贵了啊 is found by 贵, too."""
    whole = said.strip()[:40]
    parts = [part for part in _BREAKS.split(whole) if part]
    bare = [_LEADING.sub("", _TRAILING.sub("", part)) for part in parts]
    shorter = [_TRAILING.sub("", part) for part in parts]
    tried = [whole, *parts, " ".join(shorter), *shorter, *bare]
    return [each for each in dict.fromkeys(tried) if each]
