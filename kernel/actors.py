"""Who asks (身份): an actor, her role, and what a role may do. Does not know how she signed in."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Forbidden
from kernel.values import dataclass


class Role(StrEnum):
    """What somebody is here for. The last four are machines and customers."""

    EDITOR = "editor"
    PUBLISHER = "publisher"
    REP = "rep"
    TEAM_LEAD = "team_lead"
    ANALYST = "analyst"
    ADMIN = "admin"
    CHANNEL_APP = "channel_app"
    COLLECTOR = "collector"
    SERVICE = "service"
    CUSTOMER = "customer"


VIPS = "@vip"
"""Whose content opens for the best customers first: stands where a unit stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever asks, as far as the answer depends on it."""

    id: str
    role: Role
    name: str = ""
    staff: str = ""
    """Her id as an employee; empty for machines and customers."""
    unit: str = ""
    """The unit she belongs to; empty is headquarters."""
    units: frozenset[str] = frozenset({""})
    """Units whose content she sees: her own and those above it (``""`` is headquarters')."""
    reach: frozenset[str] | None = None
    """Units whose people and content she may manage: her own and those below; None is all."""
    account: str = ""
    """The one channel account that a front end speaks for."""
    customer: str = ""
    """The handle of the one customer that a customer's token answers for."""
    language: str = "zh"

    @property
    def seen_units(self) -> frozenset[str] | None:
        """Units whose content she sees: those above hers and those she manages; None is all."""
        return None if self.reach is None else self.units | self.reach

    @property
    def own_units(self) -> frozenset[str] | None:
        """Units whose content she may change: her own and those below; None is all."""
        return None if self.reach is None else self.reach | {self.unit}

    @property
    def sight(self) -> str:
        """Her visibility class: two actors with the same one see the same content."""
        seen = self.seen_units
        return "*" if seen is None else ",".join(sorted(seen))


_ALWAYS = {"me"}
_CONTENT = {"read_library", "read_shelf", "search", "read_campaigns", "read_deliveries"}
_EDITING = (
    _CONTENT
    | {"edit_materials", "tag_materials", "manage_tags", "upload_media", "remake_videos"}
    | {"manage_products", "manage_wording", "manage_types", "read_rules"}
)
_PUBLISHING = (
    _CONTENT
    | {"place_materials", "retire_materials", "tag_materials", "simulate_shelf"}
    | {"review_materials", "read_segments", "broadcast"}
)
_SELLING = {
    "read_library", "read_shelf", "search", "read_customers", "recommend", "remind",
    "remake_videos",
}  # fmt: skip

_MAY: dict[Role, frozenset[str] | None] = {
    Role.EDITOR: frozenset(_EDITING | _PUBLISHING),
    Role.PUBLISHER: frozenset(_PUBLISHING),
    Role.REP: frozenset(_SELLING),
    Role.TEAM_LEAD: frozenset(
        _SELLING
        | _CONTENT
        | {"read_boards", "read_segments", "rule_identities", "read_rules", "manage_rules"}
        | {"hand_over_customers", "reveal_customers"}
    ),
    Role.ANALYST: frozenset(
        _CONTENT
        | {"read_boards", "read_counts", "read_segments", "manage_segments", "read_rules"}
        | {"note_spend"}
    ),
    Role.ADMIN: None,  # everything
    Role.CHANNEL_APP: frozenset({"read_shelf", "simulate_shelf", "send_events", "exchange_token"}),
    Role.COLLECTOR: frozenset({"send_events"}),
    Role.SERVICE: frozenset(
        _EDITING
        | _PUBLISHING
        | _SELLING
        | {"send_events", "read_counts", "manage_segments", "rule_identities"}
        | {"replay_events", "read_rules", "manage_rules", "pay_rewards", "reveal_customers"}
    ),
    Role.CUSTOMER: frozenset({"read_shelf", "act_as_customer"}),
}


def may(actor: Actor, verb: str) -> bool:
    """Denied unless the table says otherwise."""
    allowed = _MAY[actor.role]
    return allowed is None or verb in allowed or verb in _ALWAYS


def require(actor: Actor, verb: str) -> None:
    """Raise `Forbidden` unless the actor may."""
    if not may(actor, verb):
        raise Forbidden("may_not", role=actor.role.value, verb=verb)


def require_own(actor: Actor, by: str) -> None:
    """Raise `Forbidden` unless it was her who did it, or she works for everybody's content."""
    if actor.own_units is not None and by != actor.id:
        raise Forbidden("content_of_another_unit")
