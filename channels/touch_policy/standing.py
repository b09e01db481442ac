"""Standing (触达对象与内容性质): who is behind a handle and what a content is, for the policy.

Asks the two hubs and adds nothing: identities say who is one person, profiles when she was last
heard of, tags and fields what is promotion.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from channels.touch_policy.touch import Known, Nature, Person
from content_hub.campaigns import CampaignKind, Campaigns
from content_hub.campaigns.parameters import PRIORITY, Parameters
from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from data_hub.identities import Identities
from data_hub.profiles import Profiles
from data_hub.standings import Standings as Standing
from data_hub.vip import Vips

PROMOTION = "purpose.promotion"
"""The tag of everything that is promotion."""
Standings = Callable[[Collection[str]], Mapping[str, tuple[str, bool]]]
"""By customer: the point of her life (``active``, ``silent``, ``sleeping``, ``churned``, or empty)
and whether she is a VIP."""


class KnownPersons:
    """Whoever the data hub knows, with all of her handles."""

    def __init__(
        self, identities: Identities, profiles: Profiles, standings: Standings | None = None
    ) -> None:
        self._identities = identities
        self._profiles = profiles
        self._standings: Standings = standings or (lambda _customers: {})

    def behind(self, handles: Collection[str], /) -> dict[str, Person]:
        """By handle; somebody never seen is only that handle."""
        customers = self._identities.customers_of(handles)
        ids = set(customers.values())
        hers = self._identities.handles_of(ids)
        profiles = self._profiles.many(ids)
        standings = self._standings(ids)
        persons = {}
        for customer in ids:
            profile = profiles.get(customer)
            known = Known(customer, hers.get(customer, ()), profile.active_at if profile else None)
            persons[customer] = _person(known, standings)
        return {
            handle: persons[customer]
            if handle in persons[customer].handles
            else _also(persons[customer], handle)
            for handle, customer in customers.items()
        }

    def person(self, known: Known, /) -> Person:
        """Somebody who was looked up already, as the policy sees her."""
        return _person(known, self._standings([known.customer]))


def _person(known: Known, standings: Mapping[str, tuple[str, bool]]) -> Person:
    lifecycle, vip = standings.get(known.customer, ("", False))
    return Person(
        customer=known.customer, handles=tuple(map(str, known.handles)), lifecycle=lifecycle,
        vip=vip, active=known.active,
    )  # fmt: skip


def standings_of(standings: Standing, vips: Vips) -> Standings:
    """The point of her life and whether she is a VIP, as the data hub worked them out."""

    def of(customers: Collection[str]) -> dict[str, tuple[str, bool]]:
        stages, chosen = standings.stages(customers), vips.among(customers)
        return {key: (stages.get(key, ""), key in chosen) for key in {*stages, *chosen}}

    return of


class ContentNatures:
    """What is promotion, how large, and whether a price is cut: from a material's tags and
    fields."""

    def __init__(
        self,
        materials: Materials,
        taxonomy: Taxonomy,
        campaigns: Campaigns,
        parameters: Parameters | None = None,
    ) -> None:
        self._materials = materials
        self._taxonomy = taxonomy
        self._campaigns = campaigns
        self._parameters = parameters

    def of(self, materials: Collection[str], /) -> dict[str, Nature]:
        if not materials:
            return {}
        tree = self._taxonomy.now()
        shipped = tree.find(PROMOTION)
        worn = self._materials.topics(materials)
        return {
            key: nature(material.fields, shipped is not None and shipped.id in worn[key])
            for key, material in self._materials.many(materials).items()
        }

    def mega_sales(self, campaigns: Collection[str], /) -> set[str]:
        found = self._campaigns.many(campaigns) if campaigns else {}
        return {key for key, each in found.items() if each.kind == CampaignKind.MEGA_SALE}

    def priorities(self, campaigns: Collection[str], /) -> dict[str, int]:
        if self._parameters is None:
            return {}
        told = self._parameters.in_force(campaigns, PRIORITY)
        return {key: min(max(int(value), 0), 100) for key, value in told.items()}


def nature(fields: Mapping[str, object], tagged: bool) -> Nature:
    """A price cut is promotion whatever its tags say."""
    cut, level = bool(fields.get("price_cut")), str(fields.get("promo_level") or "")
    return Nature(promo=tagged or cut or bool(level), large=level == "large", price_cut=cut)


def _also(person: Person, handle: str) -> Person:
    """A handle that nothing was folded of yet is hers too."""
    return replace(person, handles=(*person.handles, handle))
