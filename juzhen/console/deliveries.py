"""The delivery page (投放记录): what went out, and what waits for a person, with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.deliveries import Delivery
from channels.deliveries.record import RETRYABLE, STUCK
from channels.deliveries.record import State as Step
from channels.deliveries.remedies import remedy_of
from juzhen.console import states, views
from juzhen.console.desk import allowed, done, names_of
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    _by_hand(door, platform)

    @door.get("/deliveries")
    def deliveries() -> str:
        allowed("read_deliveries")
        state, account = request.args.get("state", "stuck"), request.args.get("account", "")
        if state not in {"stuck", "", *Step}:
            raise Invalid("state", "not_a_choice", choices=[*Step])
        stuck = [Delivery.state.in_(STUCK)] if state == "stuck" else []
        page = platform.deliveries.page(
            *stuck, account=account, state="" if state == "stuck" else state,
            after=request.args.get("after"), count=True,
        )  # fmt: skip
        tongue = language()
        return pages.render(
            "console/deliveries.html",
            rows=[(each, states.of_delivery(each, tongue)) for each in page.items],
            total=page.total,
            following=page.next,
            state=state,
            steps=list(Step),
            account=account,
            accounts={each.id: each for each in platform.accounts.all()},
            materials=platform.materials.many({each.material for each in page.items}),
            retryable=set(RETRYABLE),
            **views.shown(platform, "deliveries"),
        )

    @door.get("/deliveries/<key>")
    def delivery(key: str) -> str:
        """One of them, explained: whose doing it is, what it waits for, and every step."""
        allowed("read_deliveries")
        one, tongue = platform.deliveries.one(key), language()
        happened = one.happened(tongue)
        accounts = {each.id: each for each in platform.accounts.all()}
        return pages.render(
            "console/delivery.html", one=one, happened=happened, retryable=set(RETRYABLE),
            shown=states.of_delivery(one, tongue), account=accounts.get(one.account),
            material=platform.materials.many([one.material]).get(one.material),
            names=names_of(platform, {one.by, *(each.by for each in happened)}),
            remedy=remedy_of(one.state, one.reason) if one.state in STUCK else "",
            ready=platform.hand_offs.known(one.id),
        )  # fmt: skip

    @door.post("/deliveries/retry")
    def retry_all() -> AnyResponse:
        """Up to a hundred at once, of the account that is looked at."""
        actor = allowed("place_materials")
        again = platform.deliveries.retry_many(account=request.form.get("account", ""), by=actor.id)
        return done("deliveries", "retried_many", n=again)

    @door.post("/deliveries/<key>/retry")
    def retry(key: str) -> AnyResponse:
        actor = allowed("place_materials")
        platform.deliveries.retry(key, by=actor.id)
        return done("deliveries", "retried")


def _by_hand(door: Blueprint, platform: Platform) -> None:
    @door.post("/deliveries/<key>/posted")
    def posted(key: str) -> AnyResponse:
        """A person has posted what lay ready for her, and says where."""
        actor = allowed("place_materials")
        platform.hand_offs.note_posted(key, by=actor.id, address=request.form.get("address", ""))
        return done("delivery", "hand_off_posted", key=key)

    @door.post("/deliveries/<key>/taken-down")
    def taken_down(key: str) -> AnyResponse:
        actor = allowed("place_materials")
        platform.hand_offs.note_taken_down(key, by=actor.id)
        return done("delivery", "hand_off_taken_down", key=key)
