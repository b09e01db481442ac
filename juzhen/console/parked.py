"""The parked page (待处理投放): why deliveries stay where they are, what to do, and all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.deliveries import Delivery
from channels.deliveries.record import RETRYABLE
from channels.deliveries.remedies import Pile, Remedy
from juzhen.console.desk import allowed, done
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_LOOKS = {
    Remedy.RETRY: "wait", Remedy.ACCOUNT: "bad", Remedy.CONTENT: "warn", Remedy.LOOK: "warn",
    Remedy.PERSON: "good", Remedy.DROP: "over",
}  # fmt: skip


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/parked")
    def parked() -> str:
        """Why they stay, what to do about it, and what to do with all of them at once."""
        allowed("read_deliveries")
        piles = platform.deliveries.piles(account=request.args.get("account", ""))
        shown = [_some_of(platform, pile) for pile in piles]
        tongue = language()
        parts = [
            (say(f"remedy_short_{remedy}", tongue), float(n), look)
            for remedy, look in _LOOKS.items()
            if (n := sum(pile.count for pile in piles if pile.remedy == remedy))
        ]
        total = sum(pile.count for pile in piles)
        return pages.render(
            "console/parked.html",
            piles=piles,
            shown=shown,
            total=total,
            strip=charts.strip(parts, say("n_found", tongue, n=total)) if parts else None,
            accounts={each.id: each for each in platform.accounts.all()},
            materials=platform.materials.many({one.material for some in shown for one in some}),
            retryable=set(RETRYABLE),
        )

    @door.post("/parked/retry")
    def retry_pile() -> AnyResponse:
        """Up to a hundred of one account and reason."""
        actor = allowed("place_materials")
        again = platform.deliveries.retry_many(**_pile(), by=actor.id)
        return done("parked", "retried_many", n=again)

    @door.post("/parked/drop")
    def drop_pile() -> AnyResponse:
        """Let up to a hundred of them go for good."""
        actor = allowed("place_materials")
        dropped = platform.deliveries.drop_many(**_pile(), by=actor.id)
        return done("parked", "dropped_many", n=dropped)


def _pile() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in ("account", "reason")}


def _some_of(platform: Platform, pile: Pile) -> list[Delivery]:
    """The latest of a pile, to look at."""
    alike = Delivery.reason == pile.reason
    page = platform.deliveries.page(alike, account=pile.account, state=pile.state, first=5)
    return list(page.items)
