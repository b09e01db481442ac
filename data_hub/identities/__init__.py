"""Identities (身份合并): which handles are one person. Rewrites no event and no decision.

A customer is a component of handles, named by its oldest. Every handle has an id of its own that
leads to the component it is in now, so an old id never breaks, whatever is merged or parted.
"""

from data_hub.identities.components import Link, Parting, Strength, partition, strength
from data_hub.identities.deciding import Decision, Decisions
from data_hub.identities.handles import (
    DEVICES,
    email,
    own_id,
    phone,
    phone_number,
    somebodys,
)
from data_hub.identities.keeping import Identities
from data_hub.identities.records import Act, Cause, Doubt, Edge, Known, Noted, Parked, Ruling, Says

__all__ = [
    "DEVICES",
    "Act",
    "Cause",
    "Decision",
    "Decisions",
    "Doubt",
    "Edge",
    "Identities",
    "Known",
    "Link",
    "Noted",
    "Parked",
    "Parting",
    "Ruling",
    "Says",
    "Strength",
    "email",
    "own_id",
    "partition",
    "phone",
    "phone_number",
    "somebodys",
    "strength",
]
