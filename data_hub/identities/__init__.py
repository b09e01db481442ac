"""Identities (身份合并): which handles are one person. Rewrites no event and no decision.

A customer is a component of handles, named by its oldest. Every handle has an id of its own that
leads to the component it is in now, so an old id never breaks, whatever is merged or parted.
"""

from data_hub.identities.components import Link, Parting, partition
from data_hub.identities.handles import email, own_id, phone, phone_number
from data_hub.identities.keeping import Edge, Identities, Known, Noted, Parked, Ruling

__all__ = [
    "Edge",
    "Identities",
    "Known",
    "Link",
    "Noted",
    "Parked",
    "Parting",
    "Ruling",
    "email",
    "own_id",
    "partition",
    "phone",
    "phone_number",
]
