"""Approaching (主动触达): what a date calls for goes to the customer herself, not to her rep.

For the occasions whose audience the company has set to the customer: the best of her own list that
stands on an account which knows her, once an occasion, inside the caps of the touch policy like
anything else. Decides on no occasion; where no way leads to her, her rep is reminded instead.
"""

from __future__ import annotations

from datetime import datetime

from channels.deliveries import Delivery, State
from channels.publishing import Publishing
from content_hub.materials import Materials
from data_hub.consents import MARKETING
from data_hub.customers import Customers
from data_hub.staff import StaffBook
from engagement.sharing import Sharing
from kernel.errors import Conflict, NotFound
from matching.recommender import Recommender


class Approaches:
    """Speaks to customers by itself."""

    def __init__(
        self,
        *,
        recommender: Recommender,
        sharing: Sharing,
        publishing: Publishing,
        materials: Materials,
        customers: Customers,
        staff: StaffBook,
    ) -> None:
        self._recommender = recommender
        self._sharing = sharing
        self._publishing = publishing
        self._materials = materials
        self._customers = customers
        self._staff = staff

    def approach(
        self, customer: str, rep: str, occasion: str, expires: datetime
    ) -> Delivery | None:
        """Queue the best of her list for her, to go before it ``expires``; the same occasion
        queues once, on whatever account. None if no content of it can go to her by any, or what
        was queued was cancelled."""
        actor = self._staff.actor(rep)
        try:
            her = self._customers.seen_by(actor).one(customer)
        except NotFound:  # another's by now
            return None
        if queued := self._publishing.queued(her.handles, occasion):
            return next((each for each in queued if each.state != State.CANCELLED), None)
        items = self._recommender.answer(her.id, actor)
        materials = self._materials.many({item.material for item in items})
        for item in items:
            material = materials.get(item.material)
            if material is None or material.type == "script":
                continue
            for way in self._sharing.ways(her, material):
                if way.handle is None or way.refuses:
                    continue
                try:
                    return self._publishing.send(
                        way.handle, way.key, occasion=occasion, purpose=MARKETING, by="juzhen",
                        material=material.id, expires=expires,
                    )  # fmt: skip
                except Conflict:  # this account cannot say this now
                    continue
        return None
