"""A placement's tracked link (埋点链接): for a rep, for one customer, as a QR code, as a mini
program's code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from flask import Blueprint, request

from channels.accounts import Account
from channels.live_codes import LiveCode
from content_hub.placements import Placement
from juzhen.console.desk import allowed, done, flaws_of, managed, seen
from juzhen.web.asking import asker
from kernel.actors import may
from kernel.errors import Flaw, NotFound, Problem
from kernel.values import dataclass

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from juzhen.wiring import Platform


@dataclass(frozen=True, slots=True)
class Made:
    """The link, as it was asked for."""

    code: str
    address: str
    rep: str
    """As it was typed."""
    customer: str
    draws: bool
    """Could its account draw a mini program's code?"""
    drawn: LiveCode | None
    flaws: Sequence[Flaw] = field(default=())


def install(door: Blueprint, platform: Platform) -> None:
    @door.post("/placements/<key>/code")
    def draw_link(key: str) -> AnyResponse:
        """Ask the platform for the code of the link that is shown."""
        actor = allowed("place_materials")
        placement = platform.shelf.one(key)
        managed(actor, placement.unit)
        material, told = seen(actor, platform, placement.material), made(platform, placement)
        if told.flaws:
            return done("placement", "link_not_drawn", key=key)
        platform.live_codes.share(
            placement.account, told.code, material.title, material=material.id, by=actor.id
        )
        return done("placement", "link_drawn", key=key, rep=told.rep, customer=told.customer)


def made(platform: Platform, placement: Placement, account: Account | None = None) -> Made:
    """For whom the form says; what it says wrong stands beside it, and the link is everybody's."""
    rep, customer = (request.values.get(name, "").strip() for name in ("rep", "customer"))
    whose, whom, flaws = "", "", []
    try:
        whose = platform.staff.one(rep).id if rep else ""
    except NotFound as missing:
        flaws.append(Flaw("rep", missing.reason, missing.facts))
    actor = asker()
    if customer and may(actor, "read_customers"):
        try:
            whom = platform.customers.seen_by(actor).one(customer).id
        except Problem as missing:
            flaws += [Flaw("customer", each.reason, each.facts) for each in flaws_of(missing)]
    code = platform.links.make(placement.material, placement.account, whose, whom)
    there = account or platform.accounts.one(placement.account)
    draws = platform.live_codes.shares(there)
    return Made(
        code, f"{platform.base_url.rstrip('/')}/t/{code}", rep, customer, draws,
        platform.live_codes.of_link(there.id, code) if draws else None, flaws,
    )  # fmt: skip
