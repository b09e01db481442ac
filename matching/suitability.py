"""Suitability (适当性): what must not be offered to this customer by this rep, whatever it scores.

A product's risk above the customer's own valid assessment, a category the rep holds no licence for,
a price cut for somebody who cares for experience, promotion for whom it would be too much, what she
has read already. Pure: told the facts, it answers with places. What stands on the shelf is not
asked here, and caps are the touch policy's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from channels.touch_policy.standing import PROMOTION
from data_hub.profiles import Profile
from kernel.calendar import Zone
from kernel.values import dataclass
from matching.arrays import Places, Slice, keys_of

Mask = npt.NDArray[np.bool_]
PROMO, LARGE, PRICE_CUT = 1, 2, 4
_RISK = 3
"""Bits by which the level of risk is shifted in a content's nature; the licence lies above."""
_LICENCE = 6
UNASSESSED = 2
"""Up to this level anybody may be offered a product."""
LICENCES: Mapping[str, str] = {
    "基金": "基金从业资格",
    "保险": "保险销售从业资格",
    "证券": "证券从业资格",
}
"""Which licence a product needs, by a tag on it or above it."""
PRODUCTS = frozenset({"product_note", "proposal"})


class Sold(NamedTuple):
    """The product that a content speaks of, as far as it matters who may be offered it."""

    category: str
    risk_level: str


def nature_of(
    type_: str, fields: Mapping[str, Any], tags: Collection[str], sold: Sold | None = None
) -> int:
    """What a content is, as one number. ``tags`` are the names of its tags and those above, of
    promotion its code.

    What names a product carries that product's risk and needs the licence of its category, of
    whatever type it is; else its own field and tags tell.
    """
    cut, size = bool(fields.get("price_cut")), str(fields.get("promo_level") or "")
    promo = PROMOTION in tags or cut or bool(size)
    marks = PROMO * promo | LARGE * (size == "large") | PRICE_CUT * cut
    levels = (str(told or "")[1:] for told in (sold and sold.risk_level, fields.get("risk_level")))
    level = max((int(each) for each in levels if each.isdigit()), default=0)
    licence = _licence(sold.category) if sold else 0
    if not licence and type_ in PRODUCTS:
        licence = next((at for at, name in enumerate(LICENCES, 1) if name in tags), 0)
    return marks | min(level, 5) << _RISK | licence << _LICENCE


def _licence(category: str) -> int:
    """Which licence a category of products needs, by the word in it: 年金保险 needs 保险's."""
    return next((at for at, name in enumerate(LICENCES, 1) if name in category), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is too much for this customer and this rep."""

    risk: int = 5
    """The highest level of risk she may be offered."""
    licences: frozenset[str] | None = None
    """The rep's; None when no rep speaks, so that none is asked for."""
    promo: bool = True
    price_cut: bool = True
    only_large: bool = False
    """Of promotion, only what is large."""
    tired_of: frozenset[str] = frozenset()
    """What she was told lately."""
    unfit: frozenset[str] = frozenset()
    """What her rep said does not fit her."""
    early: bool = False
    """Is she among those for whom content opens first?"""

    @property
    def by_nature(self) -> tuple[object, ...]:
        """All that asks what a content is, and not which."""
        return self.risk, self.licences, self.promo, self.price_cut, self.only_large


def tolerance(profile: Profile, today: date, zone: Zone) -> int:
    """Up to which level of risk she may be offered anything, by her last valid assessment.

    Who has none, or an old one, is offered what is low in risk: saving and protection.
    """
    level = profile.risk[1:]
    if not level.isdigit() or profile.risk_until(today, zone) is None:
        return UNASSESSED
    return min(5, int(level))


def barriers(candidates: Slice, limits: Limits) -> dict[str, Places]:
    """By the reason (a key of `kernel.wording`): which candidates it keeps off her list."""
    found = dict(candidates.remembered(limits.by_nature, lambda: _by_nature(candidates, limits)))
    found["why_told_lately"] = _these(candidates, limits.tired_of)
    if limits.unfit:
        found["why_unfit"] = _these(candidates, limits.unfit)
    return found


def _by_nature(candidates: Slice, limits: Limits) -> dict[str, Places]:
    natures = candidates.natures_there

    def all_that(barred: Mask) -> Places:
        return candidates.of_natures(natures[barred])

    promo, cut = (natures & PROMO) > 0, (natures & PRICE_CUT) > 0
    found = {"why_too_risky": all_that(((natures >> _RISK) & 7) > limits.risk)}
    if limits.licences is not None:
        missing = [0, *LICENCES.values()]
        lacking = [at for at, name in enumerate(missing) if at and name not in limits.licences]
        found["why_no_licence"] = all_that(np.isin(natures >> _LICENCE, lacking))
    if not limits.promo:
        found["why_no_promotion"] = all_that(promo)
    if not limits.price_cut:
        found["why_no_price_cut"] = all_that(cut)
    if limits.only_large:
        found["why_only_large"] = all_that(promo & ((natures & LARGE) == 0))
    return found


def _these(candidates: Slice, materials: Collection[str]) -> Places:
    return candidates.places(keys_of(materials))[1]


def consumed(used: Places, leading: Places, least: int) -> Places:
    """What she has read already; it may lead again where a persona has nothing else to."""
    if len(leading) and len(np.setdiff1d(leading, used)) < least:
        used = np.setdiff1d(used, leading)
    return used
