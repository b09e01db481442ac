"""Placements as rows (投放列表): what is shown where, and how far it got. For the pages that list
them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from content_hub.placements import Placement
from juzhen.console import states
from juzhen.web.asking import language

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def rows(platform: Platform, placements: Sequence[Placement]) -> list[dict[str, Any]]:
    """Each placement with its material, account, latest delivery and state, in the order given."""
    materials = platform.materials.many({each.material for each in placements})
    known = platform.deliveries.of_placements([each.id for each in placements])
    accounts = {each.id: each for each in platform.accounts.all()}
    pulled = {key: states.pulled(platform, each) for key, each in accounts.items()}
    now, tongue = platform.clock(), language()
    return [
        {
            "placement": each,
            "material": materials[each.material],
            "account": accounts.get(each.account),
            "delivery": (delivery := known.get(each.id)),
            "state": states.of_placement(
                each, delivery, now, tongue, pulled=pulled.get(each.account, False)
            ),
        }
        for each in placements
    ]
