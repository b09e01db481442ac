"""Hand-overs (客户接替): customers of one rep given to another, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.transfers import MOST, HandsOver
from juzhen.console.desk import allowed, done, flaws_of, known_as, listed, names_of, typed_rep
from juzhen.web import pages
from kernel.actors import Actor
from kernel.errors import Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/transfers")
    def transfers() -> str:
        return _page(platform)

    @door.post("/transfers")
    def hand_over() -> AnyResponse | tuple[str, int]:
        """Those who are named, or as many of the giver's as one act takes."""
        actor, form = allowed("hand_over_customers"), request.form
        try:
            giver, taker = typed_rep(platform, "giver", gone=True), typed_rep(platform, "taker")
            chosen = _chosen(platform, actor, form.get("customers", ""), giver)
            handles = platform.identities.handles_of(chosen)
            platform.transfers.hand_over(
                form.get("account", ""),
                [handle for each in chosen for handle in handles.get(each, ())],
                giver=giver, taker=taker, by=actor.id, words=form.get("words", ""),
                resigned=bool(form.get("resigned")),
            )  # fmt: skip
        except Problem as refusal:
            return _page(platform, refusal), 422
        return done("transfers", "transfers_asked")


def _chosen(platform: Platform, actor: Actor, named: str, giver: str) -> list[str]:
    """Ids of customers whom the asker may see."""
    seen = platform.customers.seen_by(actor)
    if words := [each for line in listed(named) for each in line.split()]:
        return [known_as(seen, each, "customers") for each in words]
    return [each.id for each in seen.page(rep=giver, first=MOST).items]


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    actor = allowed("hand_over_customers")
    page = platform.transfers.page(first=50, after=request.args.get("after"))
    known = platform.identities.customers_of({each.handle for each in page.items})
    customers = {each.id: known[str(each.handle)] for each in page.items}
    seen = platform.customers.seen_by(actor).many(list(customers.values()))
    return pages.render(
        "console/transfers.html",
        transfers=page.items,
        onward=page.next,
        accounts=platform.channels.able(HandsOver),
        customers=customers,
        names={key: each.name for key, each in seen.items()},
        people=names_of(platform, [who for each in page.items for who in (each.giver, each.taker)]),
        most=MOST,
        typed=request.form if refusal else {},
        flaws=flaws_of(refusal) if refusal else (),
    )
